//! Sign-ins in a process, or on a machine, that lacks what every other one has.

use std::process::{Command, Stdio};

use faults::{Machine, SignIn, host, inject, record};

use super::{ARGUMENTS, MODULE_UNKNOWN, SUCCESS, can_run, judge, name};
use crate::module;

const SYSTEM_ERR: i32 = 4;
const AUTHINFO_UNAVAIL: i32 = 9;
/// libpam's own.
const ABORT: i32 = 26;

/// Of the key for one sign-in: a silent one, and the one that counts.
const ASSERTIONS: u64 = 2;

/// Something that is lacking.
struct Row {
    what: String,
    /// A command for it, which runs before the host and with mounts of its own.
    shell: String,
    /// Standard descriptors that are closed.
    closed: &'static str,
    /// `RLIMIT_NOFILE`, or 0.
    limit: u32,
    /// The code of the sign-in.
    code: i32,
    /// Words that the log must have.
    words: &'static str,
}

fn row(what: &str, shell: &str, code: i32, words: &'static str) -> Row {
    Row { what: what.to_owned(), shell: shell.to_owned(), closed: "", limit: 0, code, words }
}

fn rows() -> Vec<Row> {
    let mut rows = vec![
        row("nothing", "true", SUCCESS, "verified"),
        row("RLIMIT_FSIZE 0", "ulimit -f 0", SUCCESS, "not written down"),
        row("no /sys", "mount -t tmpfs none /sys", SUCCESS, "verified"),
        row("no /dev", "mount -t tmpfs none /dev", SUCCESS, ""),
        row("no /proc", "mount -t tmpfs none /proc", SUCCESS, "verified"),
        row("no /run", "mount -t tmpfs none /run", AUTHINFO_UNAVAIL, "it is no longer there"),
        row("state read-only", "mount -o bind,remount,ro /var/lib/passkey", SUCCESS, "not written down"),
        row(
            "no /var/lib",
            "mount -t tmpfs none /var/lib && mount -o bind,remount,ro /var/lib",
            SUCCESS,
            "not written down",
        ),
    ];
    for closed in ["0", "1", "2", "01", "02", "12", "012"] {
        rows.push(Row { closed, ..row(&format!("{closed} closed"), "true", SUCCESS, "verified") });
    }
    for limit in 3..=20 {
        let (code, words) = match limit {
            // libpam cannot open the service's file,
            ..=4 => (ABORT, ""),
            // nor the module.
            5 => (MODULE_UNKNOWN, "Too many open files"),
            6..=7 => (AUTHINFO_UNAVAIL, "no file descriptor left"),
            _ => (SUCCESS, "verified"),
        };
        rows.push(Row { limit, ..row(&format!("RLIMIT_NOFILE {limit}"), "true", code, words) });
    }
    rows
}

#[test]
fn what_is_lacking_ends_in_a_sign_in_or_in_a_line_that_names_it() {
    if !can_run() {
        return;
    }
    let machine = Machine::new();
    let host = host(&module(), ARGUMENTS);
    let mut wrong = Vec::new();
    for row in rows() {
        let (code, logged) = sign_in(&machine, &host, &row);
        println!("{:20} {}", row.what, name(code));
        if code != row.code || !logged.contains(row.words) {
            wrong.push(format!("{}: {}: {logged}", row.what, name(code)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The code, and what is in the log; -1 where the host itself came to harm.
fn sign_in(machine: &Machine, host: &SignIn, row: &Row) -> (i32, String) {
    let host = host.command_without(row.closed, row.limit);
    let mut command = Command::new("unshare");
    command.args(["--mount", "bash", "-c", &format!("{} && exec \"$@\"", row.shell), "bash"]);
    let output = command.arg(host.get_program()).args(host.get_args()).stdin(Stdio::null()).output().unwrap();
    let logged = machine.logged();
    match judge(&output, machine.assertions().checked_div(ASSERTIONS).unwrap(), &logged) {
        Ok(report) => (report.first, logged),
        Err(what) => (-1, what + &logged),
    }
}

/// A machine that has just started has none yet (`EAGAIN`), and a kernel from before 3.17, or a filter, no such call (`ENOSYS`).
#[test]
fn without_randomness_nobody_signs_in_and_the_log_says_why() {
    if !can_run() {
        return;
    }
    let machine = Machine::new();
    let host = host(&module(), ARGUMENTS);
    let program = host.command();
    let (_, calls) = record(&program);
    let calls: Vec<_> = calls.into_iter().filter(|call| call.name == "getrandom").collect();
    assert!(calls.len() >= 2, "a nonce and a challenge: {calls:?}");
    for (call, error) in calls.iter().flat_map(|call| [(call, "EAGAIN"), (call, "ENOSYS")]) {
        machine.assertions();
        machine.logged();
        let traced = inject(&program, call, error);
        let logged = machine.logged();
        let proofs = machine.assertions().checked_div(ASSERTIONS).unwrap();
        let report =
            judge(&traced.output, proofs, &logged).unwrap_or_else(|what| panic!("{}: {what}", call.text));
        assert_eq!(report.first, SYSTEM_ERR, "{error}: {}: {logged}", call.text);
        assert!(logged.contains("the kernel gives no randomness"), "{logged}");
    }
}
