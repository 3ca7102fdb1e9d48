//! The host that signs in.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::machine::{PIN, USER};

const HOST: &str = include_str!("host.c");
const ALLOCATIONS: &str = include_str!("allocations.c");

/// A host and its PAM service.
pub struct SignIn {
    folder: TempDir,
}

/// What a host says of its two sign-ins, of which the first one met the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// The PAM code of the first, as the module gave it.
    pub first: i32,
    /// That of the second, in the same process.
    pub second: i32,
    /// How many more descriptors were open after the first than before.
    pub descriptors: i32,
    /// Whether the first left the signal mask as it was.
    pub same_mask: bool,
}

impl Report {
    /// Reads the host's line; `None` where it is none.
    pub fn parse(output: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(output).ok()?;
        let numbers: Vec<i32> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
        let [first, second, descriptors, same_mask] = numbers.try_into().ok()?;
        Some(Self { first, second, descriptors, same_mask: same_mask == 1 })
    }
}

/// A host with `module` in its service file, and these arguments. Whatever the module returns is what the host gets.
///
/// # Panics
/// Without a C compiler and libpam's headers.
pub fn host(module: &Path, arguments: &str) -> SignIn {
    let folder = tempfile::tempdir().expect("a folder");
    let stack = format!("auth [success=done default=die] {} {arguments}\n", module.display());
    std::fs::write(folder.path().join("faulty"), stack).expect("a file");
    // libpam looks for it, and says so where it is missing.
    std::fs::write(folder.path().join("other"), "auth required pam_deny.so\n").expect("a file");
    compile(HOST, &folder.path().join("host"), &["-lpam"]);
    SignIn { folder }
}

/// A library for `LD_PRELOAD` that has one allocation of the library called `$FAIL_IN` fail, the `$FAIL_NTH` one from 1.
///
/// # Panics
/// Without a C compiler.
pub fn fail_allocation(folder: &Path) -> PathBuf {
    let library = folder.join("allocations.so");
    compile(ALLOCATIONS, &library, &["-shared", "-fPIC", "-ldl"]);
    library
}

fn compile(source: &str, program: &Path, options: &[&str]) {
    let file = program.with_extension("c");
    std::fs::write(&file, source).expect("a file");
    let status =
        Command::new("cc").args(["-Wall", "-Werror", "-o"]).arg(program).arg(&file).args(options).status();
    assert!(status.expect("a C compiler").success());
}

impl SignIn {
    /// The host's folder, for what else belongs to it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The host as a command.
    pub fn command(&self) -> Command {
        self.command_without("", 0)
    }

    /// The host without the standard descriptors in `closed`, such as `02`, and with this `RLIMIT_NOFILE` once it has begun; 0: its own.
    pub fn command_without(&self, closed: &str, limit: u32) -> Command {
        let mut command = Command::new(self.folder.path().join("host"));
        command.arg(self.folder.path()).args([USER, PIN, closed, &limit.to_string()]);
        command
    }
}
