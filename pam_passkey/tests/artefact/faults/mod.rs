//! Everything that a sign-in asks of the system fails once, in a process that signs in again right after it.
//!
//! The host is a program on the real libpam, the key one behind a socket, as this computer's TPM is. Root has the machine to itself: the
//! folders of the store and `/dev` are the test's own.

/// Allocations that fail.
mod memory;
/// What is lacking from the start.
mod surroundings;
/// System calls that fail.
mod system_calls;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Output;

use faults::{Machine, Report};
use passkey_core::store::State;

use super::machine;

/// `PAM_IGNORE`.
const IGNORE: i32 = 25;
/// `PAM_MODULE_UNKNOWN`: libpam could not load the module.
const MODULE_UNKNOWN: i32 = 28;
const SUCCESS: i32 = 0;
/// A stack that an answer of the module's to pass by would open.
const ARGUMENTS: &str = "unenrolled=ignore verification=required wait_for_key=0 timeout=10";

/// Whether this test can run. `what` else it needs is checked by name.
fn can_run() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    machine::has(is_root, "root") && machine::has(has_strace(), "strace")
}

fn has_strace() -> bool {
    std::process::Command::new("strace").arg("--version").output().is_ok()
}

/// The codes of sign-ins, and how often each was returned.
#[derive(Default)]
struct Codes(BTreeMap<i32, usize>);

impl Codes {
    fn count(&mut self, code: i32) {
        let count = self.0.entry(code).or_default();
        *count = count.saturating_add(1);
    }

    fn merge(&mut self, other: &Self) {
        for (code, count) in &other.0 {
            let sum = self.0.entry(*code).or_default();
            *sum = sum.saturating_add(*count);
        }
    }
}

impl std::fmt::Display for Codes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (code, count) in &self.0 {
            writeln!(f, "{:>6} {}", count, name(*code))?;
        }
        Ok(())
    }
}

/// What one thread, or all of them, have tried.
#[derive(Default)]
struct Tally {
    codes: Codes,
    runs: usize,
    wrong: Vec<String>,
}

impl Tally {
    /// All of them together.
    fn whole(tallies: impl IntoIterator<Item = Self>) -> Self {
        let mut whole = Self::default();
        for tally in tallies {
            whole.codes.merge(&tally.codes);
            whole.runs = whole.runs.saturating_add(tally.runs);
            whole.wrong.extend(tally.wrong);
        }
        whole
    }
}

/// The name of a PAM code (`security/_pam_types.h`), as far as the module or libpam in its place returns it.
fn name(code: i32) -> String {
    let name = match code {
        SUCCESS => "PAM_SUCCESS",
        1 => "PAM_OPEN_ERR",
        3 => "PAM_SERVICE_ERR",
        4 => "PAM_SYSTEM_ERR",
        5 => "PAM_BUF_ERR",
        6 => "PAM_PERM_DENIED",
        7 => "PAM_AUTH_ERR",
        9 => "PAM_AUTHINFO_UNAVAIL",
        10 => "PAM_USER_UNKNOWN",
        26 => "PAM_ABORT",
        MODULE_UNKNOWN => "PAM_MODULE_UNKNOWN",
        other => return format!("PAM code {other}"),
    };
    name.to_owned()
}

/// What every sign-in with a fault is held to: the host lives and has heard nothing, nobody passes by, and nobody signs in without the
/// key's `proofs`.
///
/// # Errors
/// What is wrong.
fn judge(output: &Output, proofs: u64, logged: &str) -> Result<Report, String> {
    if !output.status.success() {
        return Err(format!("{}", output.status));
    }
    if !output.stderr.is_empty() {
        return Err(format!("on the host's stderr: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let report = Report::parse(&output.stdout).ok_or("no report")?;
    let successes = [report.first, report.second].into_iter().filter(|code| *code == SUCCESS).count();
    if report.first == IGNORE || proofs < u64::try_from(successes).unwrap() {
        return Err(format!("{report:?} on {proofs} proofs: {logged}"));
    }
    Ok(report)
}

/// Whether the files are those of a machine on which somebody has just signed in, and nothing else lies there.
///
/// # Errors
/// What is wrong.
fn judge_files(before: &[(PathBuf, Vec<u8>)]) -> Result<(), String> {
    let after = Machine::files();
    let of_the_state = |file: &&(PathBuf, Vec<u8>)| file.0.starts_with("/var/lib/passkey");
    if !before.iter().filter(|file| !of_the_state(file)).eq(after.iter().filter(|file| !of_the_state(file))) {
        return Err(format!("the store has changed: {after:?}"));
    }
    for (path, content) in after.iter().filter(of_the_state) {
        let text = String::from_utf8_lossy(content);
        let name = path.to_string_lossy();
        if name.ends_with("/nobody.toml") {
            let state = State::parse(&text).map_err(|error| format!("{}: {error:?}", path.display()))?;
            if !state.skipped().is_empty() || !text.contains("last_used") {
                return Err(format!("{}: {text}", path.display()));
            }
        } else if !(name.ends_with(".lock") && content.is_empty()) {
            return Err(format!("left behind: {}", path.display()));
        }
    }
    Ok(())
}
