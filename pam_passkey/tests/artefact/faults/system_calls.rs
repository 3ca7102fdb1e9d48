//! Each system call of a sign-in fails once, in turn, with each error that it may well return.

use faults::{Call, Machine, Report, errors_of, host, inject, record, spread};

use super::{ARGUMENTS, SUCCESS, Tally, can_run, judge, judge_files};
use crate::module;

/// How the module's lines begin.
const OURS: &str = "libpam_passkey(faulty:auth): ";

/// Calls that nobody signs in without: what they read could refuse a sign-in.
const NEEDED: [&str; 5] = [
    "\"passkey.toml\", O_RDONLY",
    "\"credentials\", O_RDONLY",
    "\"/proc/self/cgroup\"",
    "\"/proc/self/sessionid\"",
    "mmap(NULL, 16777216",
];

#[test]
fn each_system_call_of_a_sign_in_fails_once() {
    if !can_run() {
        return;
    }
    let Tally { codes, runs, wrong } = Tally::whole(spread(share));
    println!("{runs} sign-ins with a system call that fails:\n{codes}");
    assert!(wrong.is_empty(), "{} of {runs}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(runs > 100, "{runs} are too few for a sign-in");
}

/// Every so many calls, on a machine of this thread's own.
fn share(part: usize, parts: usize) -> Tally {
    let machine = Machine::new();
    let host = host(&module(), ARGUMENTS);
    let program = host.command();
    // The first sign-in makes the folder of the state.
    let (_, first) = record(&program);
    let asked = machine.assertions() / 2;
    let (output, again) = record(&program);
    assert_eq!(
        (output.stdout.as_slice(), output.stderr.as_slice()),
        (&b"0 0 0 1\n"[..], &b""[..]),
        "{}",
        machine.logged()
    );
    assert_eq!(machine.assertions() / 2, asked);
    machine.logged();
    assert!(asked > 0);
    let files = Machine::files();
    let mut tally = Tally::default();
    for (makes_state, calls) in [(true, first), (false, again)] {
        let place = |text: &str| calls.iter().position(|call| call.text.contains(text)).unwrap();
        // The first file that the module itself reads; libpam has read its own and mapped the module.
        let begun = place("/proc/self/comm");
        // Until the line of a success, both are the same.
        let start = if makes_state { place("result=success") } else { 0 };
        for (place, call) in calls.iter().enumerate().skip(start).skip(part).step_by(parts) {
            for error in errors_of(&call.name) {
                if makes_state {
                    let _ = std::fs::remove_dir_all("/var/lib/passkey/state");
                }
                let traced = inject(&program, call, error);
                let logged = machine.logged();
                let assertions = machine.assertions();
                if !traced.injected {
                    continue;
                }
                tally.runs = tally.runs.saturating_add(1);
                let fine = judge(&traced.output, assertions.checked_div(asked).unwrap(), &logged).and_then(
                    |report| {
                        tally.codes.count(report.first);
                        if report.first == SUCCESS
                            && *error != "EINTR"
                            && NEEDED.iter().any(|text| call.text.contains(text))
                        {
                            return Err(format!("signed in without it: {logged}"));
                        }
                        judge_process(call, report)?;
                        judge_log(call, place >= begun, report, &logged)?;
                        judge_files(&files)
                    },
                );
                if let Err(what) = fine {
                    tally.wrong.push(format!("{error}: {}: {what}", call.text));
                }
            }
        }
    }
    tally
}

/// The process is as it was, and signs in again.
fn judge_process(call: &Call, report: Report) -> Result<(), String> {
    // Linux closes a descriptor whatever it returns; here it stays open, and the service behind it serves nobody else.
    let is_open = call.name == "close";
    let is_blocked = call.name == "rt_sigprocmask";
    let can_sign_in = report.second == SUCCESS || is_open;
    if can_sign_in && report.descriptors <= i32::from(is_open) && (report.same_mask || is_blocked) {
        return Ok(());
    }
    Err(format!("left behind: {report:?}"))
}

/// Both sign-ins are in the log: each success as such, each failure of the module's with its reason. Only a line that could not be sent is
/// missing.
fn judge_log(call: &Call, has_begun: bool, report: Report, logged: &str) -> Result<(), String> {
    let lines: Vec<&str> = logged.lines().filter(|line| line.contains(OURS)).collect();
    let successes = lines.iter().filter(|line| line.contains("result=success")).count();
    // libpam records each success itself, and makes a failure of it where it cannot.
    let is_refused_by_libpam = logged.contains(": PAM audit_");
    let expected = [report.first, report.second].into_iter().filter(|code| *code == SUCCESS).count();
    let expected = expected.saturating_add(usize::from(is_refused_by_libpam));
    let is_in_the_log = successes == expected && (lines.len() >= 2 || !has_begun);
    let is_of_the_log = call.name == "sendto" && call.text.contains(OURS);
    if is_in_the_log || is_of_the_log { Ok(()) } else { Err(format!("{report:?} in the log: {logged}")) }
}
