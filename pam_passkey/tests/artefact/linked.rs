use std::path::Path;

use super::{module, panicking_module, run};

/// The libraries that `file` asks the loader for.
fn needed(file: &Path) -> Vec<String> {
    let output = run("readelf", &["--dynamic", "--wide"], file);
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .map(|line| line.split(['[', ']']).nth(1).unwrap().to_owned())
        .collect()
}

/// The loader is no library that anybody brings along: whoever uses thread-local storage names it, and libc itself does.
fn is_loader(library: &str) -> bool {
    library.starts_with("ld-linux") || library.starts_with("ld64.")
}

#[test]
fn nothing_but_libc_and_libpam_comes_along() {
    let mut libraries = needed(&module());
    libraries.retain(|library| !is_loader(library));
    libraries.sort();
    assert_eq!(libraries, ["libc.so.6", "libpam.so.0"]);
}

#[test]
fn the_module_that_panics_is_linked_in_the_same_way() {
    let libraries = needed(&panicking_module());
    assert!(!libraries.iter().any(|library| library.contains("gcc")), "{libraries:?}");
}

#[test]
fn exactly_the_six_entry_points_are_exported() {
    let output = run("nm", &["--dynamic", "--defined-only", "--format=posix"], &module());
    let text = String::from_utf8(output.stdout).unwrap();
    let mut symbols: Vec<&str> = text.lines().map(|line| line.split(' ').next().unwrap()).collect();
    symbols.sort_unstable();
    assert_eq!(
        symbols,
        [
            "pam_sm_acct_mgmt",
            "pam_sm_authenticate",
            "pam_sm_chauthtok",
            "pam_sm_close_session",
            "pam_sm_open_session",
            "pam_sm_setcred",
        ]
    );
}

#[test]
fn it_is_stripped_and_stays_small() {
    let len = std::fs::metadata(module()).unwrap().len();
    assert!(len < 1_150_000, "{len} bytes");
    let sections = String::from_utf8(run("readelf", &["--sections", "--wide"], &module()).stdout).unwrap();
    assert!(sections.contains(".dynsym"), "{sections}");
    assert!(!sections.contains(".symtab") && !sections.contains(".debug_info"));
}

#[test]
fn it_is_hardened_as_distributions_expect() {
    let module = module();
    let headers =
        String::from_utf8(run("readelf", &["--program-headers", "--wide"], &module).stdout).unwrap();
    let stack = headers.lines().find(|line| line.contains("GNU_STACK")).unwrap();
    assert!(stack.contains(" RW "), "executable stack: {stack}");
    assert!(headers.contains("GNU_RELRO"));
    let dynamic = String::from_utf8(run("readelf", &["--dynamic", "--wide"], &module).stdout).unwrap();
    assert!(dynamic.contains("NOW"), "late binding");
    assert!(dynamic.contains("NEEDED"), "{dynamic}");
    assert!(!dynamic.contains("TEXTREL") && !dynamic.contains("RPATH") && !dynamic.contains("RUNPATH"));
}

/// The folders of the machine that built it: what is in the bytes would be other bytes elsewhere. packaging/check looks at the other
/// programs.
#[test]
fn nothing_in_it_tells_where_it_was_built() {
    let module = module();
    let bytes = std::fs::read(&module).unwrap();
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().canonicalize().unwrap();
    let target = module.ancestors().nth(2).unwrap().canonicalize().unwrap();
    let cargo_home =
        std::env::var("CARGO_HOME").unwrap_or_else(|_| std::env::var("HOME").unwrap() + "/.cargo");
    // …/bin/cargo
    let toolchain = Path::new(env!("CARGO")).ancestors().nth(2).unwrap();
    for folder in [&*tree, &*target, Path::new(&cargo_home), toolchain] {
        let folder = folder.to_str().unwrap();
        // A toolchain of the distribution's is below /usr, as the names are that are given.
        assert!(folder == "/usr" || !has(&format!("{folder}/")), "{folder}");
    }
    // That paths are in it at all, under the names that packaging/cargo gives them.
    assert!(has("/usr/src/cargo/registry/src/"));
}
