//! System calls and instructions of one sign-in, each counted in a run of its own.

use std::time::Duration;

use bench_probe::{Cost, SignIn};
use guest::Guest;
use serde::{Deserialize, Serialize};

/// Valgrind under emulation is slower by two orders of magnitude.
const PATIENCE: Duration = Duration::from_secs(300);

/// What a sign-in asks of kernel and processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// System calls, those of child processes included.
    pub system_calls: u64,
    /// Bytes that `read`, `pread64` and `readv` have returned.
    pub bytes_read: u64,
    /// Instructions outside of the kernel, loading and relocating included, where they were counted.
    pub instructions: Option<u64>,
}

impl Profile {
    /// What is beyond another one.
    #[must_use]
    pub fn less(self, base: &Self) -> Self {
        Self {
            system_calls: self.system_calls.saturating_sub(base.system_calls),
            bytes_read: self.bytes_read.saturating_sub(base.bytes_read),
            instructions: self
                .instructions
                .zip(base.instructions)
                .map(|(count, base)| count.saturating_sub(base)),
        }
    }
}

/// Counts the system calls of a sign-in, and what they have read.
pub(crate) fn system_calls(guest: &Guest, sign_in: &SignIn) -> (u64, u64) {
    let trace = run(guest, sign_in, "strace -f -qq -o /run/bench-trace", "cat /run/bench-trace");
    calls(&trace)
}

/// Counts the instructions of a sign-in, or of a program.
pub(crate) fn instructions(guest: &Guest, sign_in: &SignIn) -> u64 {
    // A child process has a file of its own. Valgrind hides the kernel's vDSO, but `prctl` would still tell of it, and rustix look for it.
    let tool = "strace -f --seccomp-bpf -qq -o /dev/null -e inject=prctl:error=EINVAL valgrind -q --tool=callgrind --trace-children=yes --callgrind-out-file=/run/bench-instructions.%p";
    let show = "grep -h ^summary: /run/bench-instructions.*; rm /run/bench-instructions.*";
    let counted = run(guest, sign_in, tool, show);
    callgrind_sum(&counted)
}

/// The instructions that callgrind's files speak of.
#[track_caller]
pub(crate) fn callgrind_sum(files: &str) -> u64 {
    let numbers = files.lines().filter_map(|line| line.strip_prefix("summary:")?.trim().parse::<u64>().ok());
    let sum = numbers.sum();
    assert!(sum > 0, "callgrind has counted nothing: {files}");
    sum
}

/// Has a sign-in run under a tool; what the tool has written.
fn run(guest: &Guest, sign_in: &SignIn, tool: &str, show: &str) -> String {
    let input = serde_json::to_vec(sign_in).expect("plain data");
    let command = format!("{tool} bench-probe once >/run/bench-cost");
    guest.run("root", &command, &input, PATIENCE).ok();
    let cost = guest.root("cat /run/bench-cost").ok();
    let cost: Cost = serde_json::from_str(&cost).unwrap_or_else(|error| panic!("{tool}: {error}: {cost}"));
    assert_eq!(cost.code, 0, "under {tool} the sign-in fails: {:?}\n{}", cost.said, guest.syslog());
    guest.root(show).ok()
}

/// Counts the lines of strace's output that end a call, and sums what was read. With `-f`, each begins with the number of its process.
fn calls(trace: &str) -> (u64, u64) {
    let (mut count, mut bytes) = (0, 0);
    for line in trace.lines() {
        let call = line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        let name = call.strip_prefix("<... ").unwrap_or(call);
        let name = name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
        // A signal, an end, or a call whose end comes later.
        if name.is_empty() || call.ends_with("<unfinished ...>") {
            continue;
        }
        count += 1;
        if ["read", "pread64", "readv"].contains(&name)
            && let Some((_, result)) = call.rsplit_once(" = ")
        {
            bytes +=
                result.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0);
        }
    }
    (count, bytes)
}

#[cfg(test)]
mod tests {
    use super::{Profile, calls};

    #[test]
    fn each_call_is_counted_once() {
        let trace = "12 read(3, \"= 7\", 64) = 5\n\
                     12 poll([{fd=4, events=POLLIN}], 1, -1 <unfinished ...>\n\
                     13 +++ exited with 0 +++\n\
                     12 <... poll resumed>) = 1 ([{fd=4, revents=POLLIN}])\n\
                     12 --- SIGCHLD {si_signo=SIGCHLD} ---\n\
                     12 read(4, 0x7ffd, 64) = -1 EAGAIN (Resource temporarily unavailable)\n\
                     12 <... pread64 resumed>\"x\", 8, 0) = 8\n\
                     12 exit_group(0) = ?\n";
        assert_eq!(calls(trace), (5, 13));
    }

    #[test]
    fn the_empty_stack_is_subtracted() {
        let profile =
            |system_calls, bytes_read, instructions| Profile { system_calls, bytes_read, instructions };
        assert_eq!(profile(10, 20, Some(30)).less(&profile(1, 30, Some(10))), profile(9, 0, Some(20)));
        assert_eq!(profile(1, 1, None).less(&profile(1, 1, None)).instructions, None);
    }
}
