//! Each system call by which a command changes a file fails once, in turn: nothing that was there is lost, and the exit code says
//! what is there now. It takes root and `strace`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

/// The commands, and the machine that they change.
mod changes;
/// The order of what goes to the disk.
mod durable;
/// The files of that machine.
mod files;
/// What holds whichever call fails.
mod judge;
#[path = "../../../tests/shared/machine.rs"]
mod machine;

use faults::{Call, Machine, inject, record, spread};
use std::collections::BTreeMap;
use std::process::Command;

use changes::{CHANGES, Change, Phase};
use files::Files;
use judge::{Case, Ending};

/// What one thread has tried.
#[derive(Default)]
struct Share {
    /// By command: how many failed calls came to which end.
    endings: BTreeMap<&'static str, BTreeMap<Ending, usize>>,
    wrong: Vec<String>,
}

/// Whether this test can run.
fn can_run() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    let has_strace = Command::new("strace").arg("--version").output().is_ok();
    machine::has(is_root, "root") && machine::has(has_strace, "strace")
}

#[test]
fn each_system_call_of_a_change_fails_once() {
    if !can_run() {
        return;
    }
    let shares = spread(share);
    let mut whole = Share::default();
    for share in shares {
        for (name, endings) in share.endings {
            for (ending, count) in endings {
                let sum = whole.endings.entry(name).or_default().entry(ending).or_default();
                *sum = sum.saturating_add(count);
            }
        }
        whole.wrong.extend(share.wrong);
    }
    assert!(whole.wrong.is_empty(), "{} are wrong:\n{}", whole.wrong.len(), whole.wrong.join("\n"));
    for change in &CHANGES {
        let endings = whole.endings.get(change.name()).unwrap();
        println!("{:>8} failed calls of {}: {endings:?}", endings.values().sum::<usize>(), change.name());
        // Every command has calls before, in and after the change, or it was not the change that failed.
        for ending in [Ending::Refused, Ending::Done] {
            assert!(endings.contains_key(&ending), "{}: none is {ending:?}", change.name());
        }
    }
}

#[test]
fn a_change_is_on_the_disk_before_it_takes_the_place_of_the_old() {
    if !can_run() {
        return;
    }
    let machine = Machine::new();
    changes::prepare(&machine);
    let before = Files::now();
    let mut wrong = Vec::new();
    for change in &CHANGES {
        let (_, calls) = record(&change.command());
        before.restore();
        for file in change.files {
            wrong.extend(
                durable::faults(&calls, file).into_iter().map(|what| format!("{}: {what}", change.name())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every so many calls, on a machine of this thread's own.
fn share(part: usize, parts: usize) -> Share {
    let machine = Machine::new();
    changes::prepare(&machine);
    let before = Files::now();
    let mut share = Share::default();
    for change in &CHANGES {
        let command = change.command();
        let (output, calls) = record(&command);
        let after = Files::now();
        before.restore();
        let usual = String::from_utf8(output.stderr).unwrap();
        let case = Case { change, before: &before, after: &after, renamed: renamed(change, &calls), usual };
        // Before it, there is nothing that could be left behind.
        let locked = calls.iter().position(|call| call.text.contains("O_CREAT")).unwrap();
        let (early, _) = calls.split_at(locked);
        let random = early.iter().rposition(|call| call.name == "getrandom").unwrap();
        let begun = calls.iter().position(|call| call.text.starts_with("open(\"/\", ")).unwrap();
        let attempts = calls.iter().enumerate().skip(if change.begins_alike { locked } else { begun });
        let attempts =
            attempts.filter(|(place, call)| change.is_tried(call, Phase::of(*place, random, case.renamed)));
        for (place, call) in attempts.skip(part).step_by(parts) {
            for error in changes::errors_of(call) {
                let traced = inject(&command, call, error);
                if !traced.injected {
                    before.restore();
                    continue;
                }
                let judged = case.judge(place, &traced.output).and_then(|ending| {
                    if place >= locked && ending == Ending::Refused {
                        again(&case)?;
                    }
                    Ok(ending)
                });
                before.restore();
                match judged {
                    Ok(ending) => {
                        let count =
                            share.endings.entry(change.name()).or_default().entry(ending).or_default();
                        *count = count.saturating_add(1);
                    }
                    Err(what) => {
                        share.wrong.push(format!("{}: {error}: {}: {what}", change.name(), call.text));
                    }
                }
            }
        }
    }
    share
}

/// The place of the call that puts the new content in the file's place.
fn renamed(change: &Change, calls: &[Call]) -> usize {
    let name = change.file().rsplit('/').next().unwrap();
    let is_rename =
        |call: &Call| call.name.starts_with("rename") && call.text.contains(&format!(", \"{name}\""));
    calls.iter().position(is_rename).unwrap()
}

/// Nothing that the failed command has left is in the way of the next.
fn again(case: &Case<'_>) -> Result<(), String> {
    case.before.put_back();
    let output = case.change.command().output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    if output.status.success() && case.is_done(&Files::now()) {
        return Ok(());
    }
    Err(format!("the next command: {}: {stderr}", output.status))
}
