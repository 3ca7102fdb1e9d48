use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A limit after so many wrong codes, all at the same moment.
fn after(failures: u32, now: Timestamp) -> Limit {
    let mut limit = Limit::default();
    for _ in 0..failures {
        limit.charge(now);
    }
    limit
}

fn seconds(limit: &Limit, now: i64) -> Option<u64> {
    limit.wait(at(now)).map(|wait| wait.as_secs())
}

#[test]
fn the_wait_begins_with_the_fifth_and_grows_up_to_an_hour() {
    for (failures, wait) in [
        (0, None),
        (1, None),
        (4, None),
        (5, Some(60)),
        (6, Some(120)),
        (7, Some(240)),
        (10, Some(1920)),
        (11, Some(3600)),
        (12, Some(3600)),
        (100, Some(3600)),
    ] {
        assert_eq!(seconds(&after(failures, at(1000)), 1000), wait, "{failures}");
    }
    let endless = Limit { failures: u32::MAX, lock: None };
    let mut more = endless;
    more.charge(at(0));
    assert_eq!((more.failures, seconds(&more, 0)), (u32::MAX, Some(3600)));
}

#[test]
fn it_ends_by_itself() {
    let limit = after(5, at(1000));
    for (now, wait) in [(1000, Some(60)), (1001, Some(59)), (1059, Some(1)), (1060, None), (9999, None)] {
        assert_eq!(seconds(&limit, now), wait, "{now}");
    }
    let mut limit = limit;
    limit.charge(at(1060));
    assert_eq!(seconds(&limit, 1060), Some(120), "the next one costs twice as much");
}

#[test]
fn a_clock_that_is_set_back_costs_one_more_wait_and_not_a_year() {
    let mut limit = after(5, at(1_000_000));
    assert!(!limit.clock_was_set_back(at(1_000_000)));
    assert!(limit.clock_was_set_back(at(5)));
    assert_eq!(seconds(&limit, 5), Some(60));
    limit.begin_again(at(5));
    assert_eq!((seconds(&limit, 5), seconds(&limit, 64), seconds(&limit, 65)), (Some(60), Some(1), None));
    assert_eq!(limit.failures, 5, "nothing is forgiven");
}

#[test]
fn no_file_locks_anybody_out_for_good() {
    let until = Timestamp::MAX;
    let lock = Some(Lock { since: at(0), until });
    assert_eq!(seconds(&Limit { failures: 5, lock }, 10), Some(3600));
    let lock = Some(Lock { since: at(100), until: at(50) });
    assert_eq!(seconds(&Limit { failures: 5, lock }, 10), None);
    let lock = Some(Lock { since: Timestamp::MAX, until });
    assert_eq!(seconds(&Limit { failures: 5, lock }, 10), None);
}

#[test]
fn at_the_end_of_time_nothing_breaks() {
    let limit = after(5, Timestamp::MAX);
    assert_eq!(limit.wait(Timestamp::MAX), None);
    assert_eq!(after(5, Timestamp::MIN).wait(Timestamp::MIN).map(|wait| wait.as_secs()), Some(60));
}
