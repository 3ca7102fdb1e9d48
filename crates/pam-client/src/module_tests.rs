use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::*;

/// What a module of this interface looks like from outside.
const MODULE: &str = "int pam_sm_authenticate(void) { return 0; }\n";

/// Shared objects, made by the C compiler that links Rust programs too.
struct Workshop {
    folder: tempfile::TempDir,
}

impl Workshop {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a shared object of these lines of C.
    fn library(&self, name: &str, source: &str, options: &[&str]) -> PathBuf {
        let (code, object) = (self.path(&format!("{name}.c")), self.path(name));
        fs::write(&code, source).unwrap();
        let made =
            Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&object, &code]).args(options).status();
        assert!(made.unwrap().success(), "{name}");
        object
    }
}

#[track_caller]
fn linker_words(path: &Path) -> String {
    match load(path).unwrap_err() {
        NotLoaded::Linker(words) => words,
        NotLoaded::NotAModule => panic!("{} loads", path.display()),
    }
}

#[test]
fn a_module_loads_and_another_library_is_told_from_it() {
    let workshop = Workshop::new();
    assert_eq!(load(&workshop.library("pam_good.so", MODULE, &[])), Ok(()));
    let other = workshop.library("libother.so", "int other(void) { return 0; }\n", &[]);
    assert_eq!(load(&other), Err(NotLoaded::NotAModule));
}

#[test]
fn a_library_that_is_not_there_is_named() {
    let workshop = Workshop::new();
    let needed = workshop.library("libneeded.so", "int needed(void) { return 0; }\n", &[]);
    let source = format!("int needed(void);\nint use(void) {{ return needed(); }}\n{MODULE}");
    let module = workshop.library("pam_needy.so", &source, &[needed.to_str().unwrap()]);
    fs::remove_file(&needed).unwrap();
    let words = linker_words(&module);
    assert!(words.contains("libneeded.so: cannot open shared object file"), "{words}");
}

#[test]
fn a_newer_version_of_a_library_is_named() {
    let workshop = Workshop::new();
    let version = |number: &str| {
        let script = workshop.path("versions");
        fs::write(&script, format!("DEMO_{number} {{ global: versioned; }};\n")).unwrap();
        let script = format!("-Wl,--version-script={}", script.display());
        workshop.library("libversioned.so", "int versioned(void) { return 0; }\n", &[&script])
    };
    let newer = version("9.9");
    let rpath = format!("-Wl,-rpath,{}", workshop.folder.path().display());
    let source = format!("int versioned(void);\nint use(void) {{ return versioned(); }}\n{MODULE}");
    let module = workshop.library("pam_newer.so", &source, &[newer.to_str().unwrap(), &rpath]);
    version("1.0");
    let words = linker_words(&module);
    assert!(words.contains("version `DEMO_9.9' not found"), "{words}");
}

#[test]
fn a_symbol_that_nobody_has_is_found_missing_at_once() {
    let workshop = Workshop::new();
    let source = format!("int nowhere(void);\nint use(void) {{ return nowhere(); }}\n{MODULE}");
    let words = linker_words(&workshop.library("pam_lacking.so", &source, &[]));
    assert!(words.contains("undefined symbol: nowhere"), "{words}");
}

#[test]
fn what_is_no_library_of_this_machine_is_refused() {
    let workshop = Workshop::new();
    let bytes = fs::read(workshop.library("pam_good.so", MODULE, &[])).unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = workshop.path(name);
        fs::write(&path, bytes).unwrap();
        linker_words(&path)
    };
    assert!(
        file("script.so", b"#!/bin/sh\nexit 0\n# and more, so that it is long enough for a header\n")
            .contains("invalid ELF header")
    );
    assert!(file("empty.so", b"").contains("file too short"));
    let mut narrow = bytes.clone();
    narrow[4] = 3 - narrow[4];
    assert!(file("narrow.so", &narrow).contains("wrong ELF class"));
    assert!(linker_words(&workshop.path("nosuch.so")).contains("No such file"));
    assert!(linker_words(Path::new("no\0such")).contains("zero byte"));
}
