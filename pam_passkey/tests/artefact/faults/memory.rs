//! Each allocation of a sign-in fails once, in turn; and all of them from one on.

use faults::{Machine, fail_allocation, host, spread};

use super::{ARGUMENTS, SUCCESS, Tally, can_run, judge, judge_files};
use crate::module;

/// Whose allocations fail: the module's own, those that libc makes for it, and libpam's.
const LIBRARIES: [&str; 3] = ["libpam_passkey.so", "libc.so", "libpam.so"];

#[test]
fn each_allocation_of_a_sign_in_fails_once_and_all_from_there_on() {
    if !can_run() {
        return;
    }
    let (tallies, allocations): (Vec<_>, Vec<_>) = spread(share).into_iter().unzip();
    // The numbers of two threads differ by a few, which depend on when the key answers.
    for (library, allocations) in &allocations[0] {
        println!("{allocations} allocations by {library}");
    }
    let Tally { codes, runs, wrong } = Tally::whole(tallies);
    println!("{runs} sign-ins with allocations that fail:\n{codes}");
    assert!(wrong.is_empty(), "{} of {runs}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(runs > 500, "{runs} are too few for a sign-in");
}

/// Every so many allocations, on a machine of this thread's own; and how many each library makes.
fn share(part: usize, parts: usize) -> (Tally, Vec<(&'static str, usize)>) {
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
    let (mut tally, mut counts) = (Tally::default(), Vec::new());
    for library in LIBRARIES {
        sign_in(library, 0, "1");
        let allocations: usize = std::fs::read_to_string(&count).unwrap().trim().parse().unwrap();
        counts.push((library, allocations));
        for nth in (1..=allocations).skip(part).step_by(parts) {
            for times in ["1", "all"] {
                machine.assertions();
                machine.logged();
                let output = sign_in(library, nth, times);
                tally.runs = tally.runs.saturating_add(1);
                let logged = machine.logged();
                let fine = judge(&output, machine.assertions().checked_div(asked).unwrap(), &logged)
                    .and_then(|report| {
                        tally.codes.count(report.first);
                        if report.second != SUCCESS {
                            return Err(format!("the next sign-in: {report:?}: {logged}"));
                        }
                        judge_files(&files)
                    });
                if let Err(what) = fine {
                    tally.wrong.push(format!("{library}, allocation {nth}, {times}: {what}"));
                }
            }
        }
    }
    (tally, counts)
}
