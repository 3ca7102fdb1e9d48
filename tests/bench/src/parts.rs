//! Instructions of what needs no device, counted by callgrind on this machine.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use bench_probe::Part;
use serde::{Deserialize, Serialize};

use crate::profile::callgrind_sum;

/// A part of a sign-in, as a release is built.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PartResult {
    /// What it is, for a table.
    pub title: String,
    /// What it takes the first time, beyond a process that does nothing.
    pub instructions: u64,
}

/// Counts all of them.
pub fn count() -> Vec<PartResult> {
    let this = env::current_exe().expect("this program");
    // Built beside this one's folder, by tests/bench/run.
    let release = this.ancestors().nth(2).expect("a target folder").join("release");
    Part::ALL
        .map(|(name, part, title)| {
            let count = |times: &str| instructions(&release, name, times, part.toggles());
            // Where only what counts is counted, nothing is to be subtracted.
            let besides = if part.toggles().is_empty() { count("0") } else { 0 };
            PartResult { title: title.to_owned(), instructions: count("1") - besides }
        })
        .to_vec()
}

fn instructions(release: &Path, part: &str, times: &str, toggles: &[&str]) -> u64 {
    let output = release.join("bench-part.callgrind");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["-q", "--tool=callgrind"]).arg(format!("--callgrind-out-file={}", output.display()));
    valgrind.args(toggles.iter().map(|function| format!("--toggle-collect={function}")));
    valgrind.arg(release.join("bench-part")).args([part, times]).arg(release.join("libpam_passkey.so"));
    let status =
        valgrind.status().unwrap_or_else(|error| panic!("valgrind: {error}; tests/bench/run installs it"));
    assert!(status.success(), "{part}: {status}");
    callgrind_sum(&fs::read_to_string(&output).expect("callgrind has written it"))
}
