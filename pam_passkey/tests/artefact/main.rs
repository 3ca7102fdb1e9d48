//! The built module as applications get it: what it brings into a process, and how it behaves under the real libpam.
//!
//! The release artefact is built here, unless `PASSKEY_RELEASE_DIR` names a folder that holds `libpam_passkey.so` and
//! `examples/libpanicking.so` already.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "helpers of tests")]
#![allow(unsafe_code, reason = "a host of PAM modules speaks C")]

/// Faults of the system.
mod faults;
/// The module inside an application.
mod host;
/// What the linker made of it.
mod linked;
#[path = "../../../tests/shared/machine.rs"]
mod machine;
/// A defect inside the module.
mod panics;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

/// `libpam_passkey.so`, built for release.
fn module() -> PathBuf {
    RELEASE.join("libpam_passkey.so")
}

/// A module that panics, linked in the same way.
fn panicking_module() -> PathBuf {
    RELEASE.join("examples/libpanicking.so")
}

static RELEASE: LazyLock<PathBuf> = LazyLock::new(|| match std::env::var_os("PASSKEY_RELEASE_DIR") {
    Some(folder) => folder.into(),
    None => build(),
});

fn build() -> PathBuf {
    // target/debug/deps/artefact-0123 → target
    let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    let status = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/cargo"))
        .env("CARGO", env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--release", "--quiet", "--lib", "--example", "panicking", "--target-dir"])
        .arg(&target)
        .status()
        .unwrap();
    assert!(status.success(), "the release build fails");
    target.join("release")
}

/// Runs a program that must succeed; what it wrote.
fn run(program: &str, arguments: &[&str], file: &Path) -> Output {
    let output = Command::new(program)
        .args(arguments)
        .arg(file)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
