//! A process that runs one function of this test program until it is killed.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Tells a victim where to work. Only the test's own children have it.
const WORK_IN: &str = "KILL_TEST_DIRECTORY";

/// Starts the test `function` as a victim that works in `dir`.
pub(crate) fn start(function: &str, dir: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", function, "--quiet"])
        .env(WORK_IN, dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Where this process is to work, if it is a victim.
pub(crate) fn place_of_work() -> Option<PathBuf> {
    env::var_os(WORK_IN).map(PathBuf::from)
}

/// Ends it as the kernel does that has no memory left, at whatever it is.
pub(crate) fn kill(mut victim: Child) {
    victim.kill().unwrap();
    victim.wait().unwrap();
}
