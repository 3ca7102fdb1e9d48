use bench_probe::{Cost, KeyRecord, Library, Measurement, Timeline};
use serde_json::json;

use super::figures;

/// A sign-in that begins at 1,000, is touched at 5,000 and has its last report at 6,000.
fn measurement(transactions: u64, ended: u64, cpu_ns: u64, libraries: &[&str]) -> Measurement {
    let libraries = libraries.iter().map(|&path| Library { path: path.to_owned(), bytes: 10 }).collect();
    let cost = Cost {
        code: 0,
        said: Vec::new(),
        begun: 900,
        started: 1_000,
        ended,
        cpu_ns,
        peak_kib: 3_000,
        mapped_kib: 500,
        anonymous_kib: 40,
        libraries,
    };
    let counts = json!({
        "transactions": transactions, "init": 1, "cbor": 2, "msg": 0, "commands": {}, "cancel": 0,
        "reports_in": 5, "reports_out": 9, "keepalives": 2, "opens": 1,
    });
    let timeline = Timeline {
        first_report_in: Some(1_500),
        blinks: vec![2_000, 2_500],
        touches: vec![5_000],
        last_report_out: Some(6_000),
    };
    Measurement { sign_in: 0, cost: Some(cost), keys: vec![KeyRecord { counts, timeline }] }
}

#[test]
fn the_empty_stack_is_subtracted_from_what_it_takes_too() {
    let empty = [measurement(0, 1_100, 300, &["libc"])];
    let ours =
        [measurement(3, 7_000, 900, &["libc", "ours"]), measurement(3, 9_000, 1_000, &["libc", "ours"])];
    let figures = figures(&ours, Some(&empty));
    let median = |spread: Option<crate::Spread>| spread.map(|spread| spread.median);
    assert_eq!((median(figures.transactions), median(figures.reports_out)), (Some(3), Some(7)));
    assert_eq!((median(figures.blink_ns), median(figures.load_ns)), (Some(1_000), Some(0)));
    assert_eq!(figures.touch_to_return_ns.map(|it| (it.min, it.max)), Some((2_000, 4_000)));
    assert_eq!(figures.reply_to_return_ns.map(|it| (it.min, it.max)), Some((1_000, 3_000)));
    assert_eq!(figures.cpu_ns.map(|it| (it.min, it.max)), Some((600, 700)));
    assert_eq!(figures.libraries.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(), ["ours"]);

    let program = super::figures(&ours, None);
    assert_eq!((median(program.cpu_ns), median(program.peak_kib)), (Some(1_000), Some(3_000)));
    assert_eq!((program.mapped_kib, program.libraries.len()), (None, 2));
}

#[test]
fn a_sign_in_that_did_not_end_has_no_time() {
    let mut hung = measurement(9, 0, 0, &[]);
    hung.cost = None;
    let figures = figures(&[hung], Some(&[measurement(0, 1_100, 300, &[])]));
    assert_eq!((figures.rounds, figures.ended, figures.blink_ns, figures.cpu_ns), (1, 0, None, None));
    assert_eq!(figures.transactions.map(|it| it.median), Some(9));
}
