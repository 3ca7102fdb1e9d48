//! The settings of `.cargo/config.toml` hold whatever flags a packager's environment has, or the build says what is wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A crate that asks for the same settings as the module, and for a flag of the packager's.
struct Probe {
    folder: tempfile::TempDir,
}

/// The variables that bear flags.
const VARIABLES: [&str; 3] = ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"];

fn tree() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

impl Probe {
    fn new(asks_for: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/build_settings.rs");
        let code = format!("#[path = \"{}\"]\nmod build_settings;\n{asks_for}", settings.display());
        std::fs::write(folder.path().join("lib.rs"), code).unwrap();
        let manifest =
            "[package]\nname = \"probe\"\nedition = \"2024\"\n[lib]\npath = \"lib.rs\"\n[workspace]\n";
        std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        Self { folder }
    }

    /// Has `cargo` check it, in our tree, so that our configuration is in force.
    fn check(&self, cargo: &Path, environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new(cargo);
        for variable in VARIABLES {
            command.env_remove(variable);
        }
        command
            .args(["check", "--quiet", "--offline", "--manifest-path"])
            .arg(self.folder.path().join("Cargo.toml"))
            .arg("--target-dir")
            .arg(self.folder.path().join("target"))
            .envs(environment.iter().copied())
            .env("CARGO", env!("CARGO"))
            .current_dir(tree())
            .output()
            .unwrap()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Without the flag that only a packager sets.
const ASK_FOR_THE_PACKAGERS: &str =
    "#[cfg(not(of_the_packager))]\ncompile_error!(\"the packager's flag is lost\");\n";

/// The variable with the flags for this machine's kind alone, which cargo joins to ours.
fn variable_of_the_target() -> String {
    let output = Command::new(env!("CARGO")).arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    format!("CARGO_TARGET_{}_RUSTFLAGS", host.to_uppercase().replace('-', "_"))
}

#[test]
fn packages_are_built_with_our_flags_and_the_packagers() {
    let cargo = tree().join("packaging/cargo");
    let probe = Probe::new(ASK_FOR_THE_PACKAGERS);
    let (flag, of_the_target) = ("--cfg=of_the_packager", variable_of_the_target());
    for environment in [
        &[("RUSTFLAGS", "-Copt-level=1  --cfg=of_the_packager ")][..],
        &[("CARGO_ENCODED_RUSTFLAGS", "--cfg\u{1f}of_the_packager")],
        // The one that cargo heeds.
        &[("CARGO_ENCODED_RUSTFLAGS", flag), ("RUSTFLAGS", "--no-such-flag")],
        &[(&of_the_target, flag)],
    ] {
        let output = probe.check(&cargo, environment);
        assert!(output.status.success(), "{environment:?}: {}", said(&output));
    }
    // What those are held against.
    let output = probe.check(&cargo, &[]);
    assert!(said(&output).contains("the packager's flag is lost"), "{}", said(&output));
    // Set to nothing, it takes the place of ours as well.
    let output = Probe::new("").check(&cargo, &[("RUSTFLAGS", "")]);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn a_plain_build_has_our_flags_or_says_that_it_has_not() {
    let (cargo, probe) = (Path::new(env!("CARGO")), Probe::new(""));
    for environment in [&[][..], &[(&*variable_of_the_target(), "-Copt-level=1")]] {
        let output = probe.check(cargo, environment);
        assert!(output.status.success(), "{environment:?}: {}", said(&output));
    }
    for environment in [[("RUSTFLAGS", "-Copt-level=1")], [("CARGO_ENCODED_RUSTFLAGS", "-Copt-level=1")]] {
        let output = probe.check(cargo, &environment);
        assert!(!output.status.success(), "{environment:?}");
        assert!(said(&output).contains("`packaging/cargo build …`"), "{}", said(&output));
    }
}
