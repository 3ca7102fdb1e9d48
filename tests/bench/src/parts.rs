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
    let instructions = |part: &str, times: &str| instructions(&release, part, times);
    Part::ALL
        .map(|(part, _, title)| PartResult {
            title: title.to_owned(),
            instructions: instructions(part, "1") - instructions(part, "0"),
        })
        .to_vec()
}

fn instructions(release: &Path, part: &str, times: &str) -> u64 {
    let output = release.join("bench-part.callgrind");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["-q", "--tool=callgrind"]).arg(format!("--callgrind-out-file={}", output.display()));
    valgrind.arg(release.join("bench-part")).args([part, times]).arg(release.join("libpam_passkey.so"));
    let status =
        valgrind.status().unwrap_or_else(|error| panic!("valgrind: {error}; tests/bench/run installs it"));
    assert!(status.success(), "{part}: {status}");
    callgrind_sum(&fs::read_to_string(&output).expect("callgrind has written it"))
}
