//! Each allocation of a sign-in fails once, in turn; and all of them from one on.

use std::thread;

use faults::{Machine, fail_allocation, host};

use super::{ARGUMENTS, Codes, SUCCESS, can_run, judge, judge_files};
use crate::module;

/// What one thread has tried.
#[derive(Default)]
struct Share {
    allocations: Vec<(&'static str, usize)>,
    codes: Codes,
    runs: usize,
    wrong: Vec<String>,
}

/// Whose allocations fail: the module's own, those that libc makes for it, and libpam's.
const LIBRARIES: [&str; 3] = ["libpam_passkey.so", "libc.so", "libpam.so"];

#[test]
fn each_allocation_of_a_sign_in_fails_once_and_all_from_there_on() {
    if !can_run() {
        return;
    }
    let parts = thread::available_parallelism().map_or(1, usize::from);
    let shares: Vec<Share> = thread::scope(|scope| {
        let threads: Vec<_> = (0..parts).map(|part| scope.spawn(move || share(part, parts))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (mut codes, mut runs, mut wrong) = (Codes::default(), 0_usize, Vec::new());
    // The numbers of two threads differ by a few, which depend on when the key answers.
    for (library, allocations) in &shares[0].allocations {
        println!("{allocations} allocations by {library}");
    }
    for share in shares {
        codes.merge(&share.codes);
        runs = runs.saturating_add(share.runs);
        wrong.extend(share.wrong);
    }
    println!("{runs} sign-ins with allocations that fail:\n{codes}");
    assert!(wrong.is_empty(), "{} of {runs}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(runs > 500, "{runs} are too few for a sign-in");
}

/// Every so many allocations, on a machine of this thread's own.
fn share(part: usize, parts: usize) -> Share {
    let machine = Machine::new();
    let host = host(&module(), ARGUMENTS);
    let shim = fail_allocation(host.folder());
    let count = host.folder().join("count");
    let sign_in = |library: &str, nth: usize, times: &str| {
        let mut command = host.command();
        command.env("LD_PRELOAD", &shim).env("FAIL_IN", library).env("FAIL_NTH", nth.to_string());
        command.env("FAIL_TIMES", times).env("FAIL_COUNT", &count);
        command.output().unwrap()
    };
    assert_eq!(sign_in("libpam_passkey.so", 0, "1").stdout, b"0 0 0 1\n", "{}", machine.logged());
    let asked = machine.assertions() / 2;
    let files = Machine::files();
    let mut share = Share::default();
    for library in LIBRARIES {
        sign_in(library, 0, "1");
        let allocations: usize = std::fs::read_to_string(&count).unwrap().trim().parse().unwrap();
        share.allocations.push((library, allocations));
        for nth in (1..=allocations).skip(part).step_by(parts) {
            for times in ["1", "all"] {
                machine.assertions();
                machine.logged();
                let output = sign_in(library, nth, times);
                share.runs = share.runs.saturating_add(1);
                let logged = machine.logged();
                let fine = judge(&output, machine.assertions().checked_div(asked).unwrap(), &logged)
                    .and_then(|report| {
                        share.codes.count(report.first);
                        if report.second != SUCCESS {
                            return Err(format!("the next sign-in: {report:?}: {logged}"));
                        }
                        judge_files(&files)
                    });
                if let Err(what) = fine {
                    share.wrong.push(format!("{library}, allocation {nth}, {times}: {what}"));
                }
            }
        }
    }
    share
}
