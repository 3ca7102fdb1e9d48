//! System calls as `strace` sees them, and makes them fail.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::process::{Command, Output, Stdio};

/// The longest that a program with a failing call may take, in seconds: it counts as hanging then.
const PATIENCE: &str = "30";

/// What looks for a file.
const MARKS: &str = "?access,?faccessat,?faccessat2";

/// One system call of a program that was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub name: String,
    /// Its number among the program's calls of that name, from 1.
    pub nth: usize,
    /// As `strace` shows it, with its arguments and what it returned.
    pub text: String,
}

/// A program that ran under `strace`.
#[derive(Debug)]
pub struct Traced {
    /// What it wrote, and its exit status: 124 is a program that did not end in time.
    pub output: Output,
    /// Whether a call failed between the marks. Where the number of calls depends on the clock, it may have been a later one, or none.
    pub injected: bool,
}

/// Errors that this call may well return, `EINTR` among them where a signal can interrupt it. A number is what it returns instead.
pub fn errors_of(name: &str) -> &'static [&'static str] {
    match name {
        "open" | "openat" => &["EIO", "EMFILE", "EINTR"],
        // The kernel then returns the old end of the heap, which is never below the new one.
        "brk" => &["0"],
        "mmap" | "mprotect" | "munmap" | "mremap" | "clone" | "clone3" => &["ENOMEM"],
        "read" | "write" | "pread64" | "fsync" | "ftruncate" | "fchmod" | "fchown" | "close" => {
            &["EIO", "EINTR"]
        }
        "poll" | "ppoll" | "futex" => &["ENOMEM", "EINTR"],
        "socket" | "signalfd4" | "inotify_init1" | "dup" | "fcntl" => &["EMFILE"],
        "inotify_add_watch" | "rename" | "renameat" | "renameat2" | "link" | "linkat" | "mkdir"
        | "mkdirat" => &["ENOSPC"],
        "connect" => &["ECONNREFUSED", "EAGAIN", "EINTR"],
        "sendto" | "sendmsg" | "recvfrom" | "recvmsg" => &["ENOBUFS", "ECONNRESET", "EINTR"],
        "flock" => &["ENOLCK", "EINTR"],
        "getrandom" => &["ENOSYS", "EAGAIN", "EINTR"],
        "clock_nanosleep" | "nanosleep" | "rt_sigtimedwait" => &["EINTR"],
        // They cannot fail.
        "geteuid" | "getpid" | "gettid" => &[],
        _ => &["EIO"],
    }
}

/// Runs `program` and gives its system calls: those between two failing looks for files called `begin` and `end`, or all without them.
///
/// # Panics
/// Without `strace`, and where the program does not end well.
pub fn record(program: &Command) -> (Output, Vec<Call>) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("trace");
    let mut strace = strace(program, [OsStr::new("--string-limit=256"), OsStr::new("-o"), file.as_os_str()]);
    let output = strace.output().expect("strace is installed");
    assert!(output.status.success(), "{output:?}");
    let trace = fs::read(&file).expect("a trace");
    (output, calls(&String::from_utf8_lossy(&trace)))
}

fn calls(trace: &str) -> Vec<Call> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut calls = Vec::new();
    for line in trace.lines() {
        // A program's end and its signals are lines too.
        let Some((name, _)) = line.split_once('(').filter(|(name, _)| !name.contains([' ', '+', '-'])) else {
            continue;
        };
        let nth = counts.entry(name).or_default();
        *nth = nth.saturating_add(1);
        calls.push(Call { name: name.to_owned(), nth: *nth, text: line.to_owned() });
    }
    let mark = |name: &str| calls.iter().position(|call| call.text.contains(&format!("\"/{name}\"")));
    match (mark("begin"), mark("end")) {
        (Some(begin), Some(end)) => calls.drain(begin..end).skip(1).collect(),
        _ => calls,
    }
}

/// Runs `program` and has the kernel refuse one of its calls with this error, without doing any of it.
///
/// # Panics
/// Without `strace`.
pub fn inject(program: &Command, call: &Call, error: &str) -> Traced {
    let Call { name, nth, .. } = call;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("trace");
    // What is no error is returned as it is.
    let kind = if error.starts_with('E') { "error" } else { "retval" };
    let options = [format!("--trace={name},{MARKS}"), format!("--inject={name}:{kind}={error}:when={nth}")];
    let [trace, fault] = options.each_ref().map(OsStr::new);
    let mut strace = strace(program, [trace, fault, OsStr::new("-o"), file.as_os_str()]);
    let output = strace.output().expect("strace is installed");
    let trace = fs::read(&file).unwrap_or_default();
    let trace = String::from_utf8_lossy(&trace);
    let recorded = trace.split("\"/end\"").next().unwrap_or_default();
    Traced { output, injected: recorded.contains("(INJECTED)") }
}

/// `program` under `strace`, which ends as the program does: by the same status or signal.
fn strace<'a>(program: &Command, options: impl IntoIterator<Item = &'a OsStr>) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", PATIENCE, "strace", "--quiet=all"]).args(options).arg("--");
    command.arg(program.get_program()).args(program.get_args()).stdin(Stdio::null());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}
