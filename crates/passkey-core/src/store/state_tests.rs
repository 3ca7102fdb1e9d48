use super::*;

fn id(byte: u8) -> CredentialId {
    CredentialId::new(vec![byte; 16]).unwrap()
}

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn state() -> State {
    let mut state = State::default();
    state.record_success(&id(1), 7, time(1_700_000_000));
    state.record_failure(&id(1), time(1_700_000_100));
    state.record_failure(&id(1), time(1_700_000_200));
    state.record_failure(&id(2), time(1_700_000_300));
    state
}

const TEXT: &str = r#"# Kept by pam_passkey with every sign-in.
version = 1
count = 2

[[credential]]
id = "AQEBAQEBAQEBAQEBAQEBAQ"
sign_count = 7
last_used = "2023-11-14T22:13:20Z"
last_failure = "2023-11-14T22:16:40Z"
failures = 2

[[credential]]
id = "AgICAgICAgICAgICAgICAg"
last_failure = "2023-11-14T22:18:20Z"
failures = 1
"#;

#[test]
fn the_format_is_this() {
    assert_eq!(state().encode(), TEXT);
    assert_eq!(State::parse(TEXT).unwrap(), state());
    assert_eq!(State::parse(&State::default().encode()).unwrap(), State::default());
}

#[test]
fn a_sign_in_ends_a_row_of_failures_and_a_counter_never_falls() {
    let mut state = state();
    assert_eq!(state.sign_count(&id(1)), Some(7));
    assert_eq!(state.sign_count(&id(2)), None);
    state.record_success(&id(1), 5, time(1_800_000_000));
    let known = state.credential(&id(1)).unwrap();
    assert_eq!((known.sign_count, known.failures), (Some(7), 0));
    assert_eq!(known.last_used, Some(time(1_800_000_000)));
    assert_eq!(known.last_failure, Some(time(1_700_000_200)));
    state.record_success(&id(1), 8, time(1_800_000_000));
    assert_eq!(state.sign_count(&id(1)), Some(8));
    state.record_success(&id(2), 0, time(1_800_000_000));
    assert_eq!(state.sign_count(&id(2)), Some(0));
    state.forget(&id(1));
    assert_eq!(state.credential(&id(1)), None);
}

#[test]
fn a_new_passkey_brings_its_counter_and_no_past() {
    let mut state = state();
    state.record_enrolment(&id(1), 3);
    let begins = CredentialState { sign_count: Some(3), ..CredentialState::default() };
    assert_eq!(state.credential(&id(1)), Some(&begins));
    assert_eq!(State::parse(&state.encode()).unwrap(), state);
}

#[test]
fn no_cut_is_taken_for_a_state_that_knows_less() {
    for end in 0..TEXT.len() {
        if let Ok(cut) = State::parse(&TEXT[..end]) {
            assert!(cut == state() || cut.skipped().len() == 1, "{end}");
        }
    }
}

#[test]
fn a_damaged_entry_is_skipped_and_kept() {
    for (from, to) in [
        ("sign_count = 7", "sign_count = 4294967296"),
        ("sign_count = 7", "sign_count = -1"),
        ("sign_count = 7", "sign_count = \"7\""),
        ("failures = 2", "failures = 2.5"),
        ("failures = 2", ""),
        ("last_used = \"2023", "last_used = \"20x3"),
        ("id = \"AQEB", "id = \"AQ=B"),
    ] {
        let text = TEXT.replacen(from, to, 1);
        let damaged = State::parse(&text).unwrap();
        assert_eq!(damaged.skipped().len(), 1, "{to}");
        assert_eq!(damaged.sign_count(&id(1)), None, "{to}");
        assert!(damaged.credential(&id(2)).is_some(), "{to}");
        let again = State::parse(&damaged.encode()).unwrap();
        assert_eq!(again.skipped().len(), 1, "{to}");
        assert!(again.encode().contains(to), "{to}");
    }
}

#[test]
fn what_was_recorded_anew_counts_before_a_damaged_entry_of_the_same_id() {
    let mut state = State::parse(&TEXT.replacen("sign_count = 7", "sign_count = -1", 1)).unwrap();
    state.record_success(&id(1), 9, time(1_800_000_000));
    assert_eq!(State::parse(&state.encode()).unwrap().sign_count(&id(1)), Some(9));
}

fn sign_in(service: &str, pid: u32, nanosecond: i32) -> ServiceSignIn {
    let time = Timestamp::new(1_700_000_000, nanosecond).unwrap();
    ServiceSignIn { service: service.to_owned(), pid, time }
}

#[test]
fn the_last_sign_in_to_each_service_is_kept_to_the_fraction_of_a_second() {
    let mut state = state();
    state.record_service(sign_in("sudo", 12, 5));
    state.record_service(sign_in("odd \"name\"", 13, 0));
    state.record_service(sign_in("sudo", 14, 120_000_000));
    let text = state.encode();
    let head = "count = 2\nsign_ins = [\n    \"2023-11-14T22:13:20Z 13 odd \\\"name\\\"\",\n    \"2023-11-14T22:13:20.12Z 14 sudo\",\n]\n";
    assert!(text.contains(head), "{text}");
    let again = State::parse(&text).unwrap();
    assert_eq!(again, state);
    assert_eq!(again.sign_in("sudo"), Some(&sign_in("sudo", 14, 120_000_000)));
    assert_eq!(again.sign_in("su"), None);
}

#[test]
fn the_sign_ins_are_bounded_and_a_damaged_one_costs_nothing_else() {
    let mut state = state();
    for number in 0..40 {
        state.record_service(sign_in(&format!("service{number}"), number, 0));
    }
    state.record_service(sign_in("", 1, 0));
    state.record_service(sign_in(&"x".repeat(200), 1, 0));
    assert_eq!(state.sign_ins.len(), MAX_SIGN_INS);
    assert_eq!(state.sign_in("service23"), None);
    assert!(state.sign_in("service24").is_some() && state.sign_in("service39").is_some());
    let damaged = state.encode().replace("Z 24 service24", "Z -24 service24").replace("20Z 25", "20 25");
    let damaged = State::parse(&damaged).unwrap();
    assert_eq!((damaged.sign_in("service24"), damaged.sign_in("service25")), (None, None));
    assert!(damaged.sign_in("service26").is_some());
    assert_eq!((damaged.skipped().len(), damaged.sign_count(&id(1))), (0, Some(7)));
}
