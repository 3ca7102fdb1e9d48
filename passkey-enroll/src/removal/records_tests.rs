use passkey_core::store::{ServiceSignIn, State};

use super::*;

fn id(name: &str) -> CredentialId {
    CredentialId::new(name.as_bytes().to_vec()).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000_i64.saturating_add(seconds)).unwrap()
}

fn sign_in(state: &mut State, name: &str, service: &str, seconds: i64) {
    state.record_success(&id(name), 1, at(seconds));
    state.record_service(ServiceSignIn { service: service.to_owned(), pid: 1, time: at(seconds) });
}

/// With a passkey on this computer and two on keys.
fn records(state: &State) -> Records {
    let mut records = Records::new(None);
    let known = |name: &str, stays| OnRecord { id: id(name), name: name.to_owned(), stays };
    records.passkeys = vec![known("laptop", true), known("blue", false), known("green", false)];
    records.signed_in = records.sign_ins.observe(state, &["laptop", "blue", "green"].map(id));
    records
}

fn session() -> Session {
    Session { id: "1".to_owned(), service: "lightdm".to_owned(), start: Some(at(101)), is_locked: false }
}

#[test]
fn a_session_of_this_computer_is_locked_by_no_keys_removal() {
    let mut state = State::default();
    sign_in(&mut state, "blue", "sudo", 50);
    sign_in(&mut state, "laptop", "lightdm", 100);
    sign_in(&mut state, "blue", "sudo", 200);
    let mut records = records(&state);
    for gone in [Gone::Passkey(id("blue")), Gone::Passkey(id("laptop")), Gone::All] {
        assert!(!records.is_unattended(&session(), &gone, |_| false), "{gone:?}");
    }
    // It is not waited for where keys are.
    assert_eq!(records.take_signed_in(), [id("blue")]);
    assert_eq!(records.recent(at(201), SignedDuration::from_mins(5)), [id("blue")]);
    let watched: Vec<&str> = records.passkeys().map(|(_, name)| name).collect();
    assert_eq!(watched, ["blue", "green"]);
    assert_eq!(records.name(&id("laptop")), "laptop");
}

#[test]
fn a_session_that_may_be_of_this_computer_stays_open() {
    // Both have been used since, so that it cannot be told which of them it was.
    let mut state = State::default();
    sign_in(&mut state, "laptop", "lightdm", 100);
    sign_in(&mut state, "laptop", "sudo", 300);
    sign_in(&mut state, "blue", "sudo", 400);
    assert!(!records(&state).is_unattended(&session(), &Gone::Passkey(id("blue")), |_| false));
}

#[test]
fn a_session_of_a_key_is_locked_as_before() {
    let mut state = State::default();
    sign_in(&mut state, "blue", "lightdm", 100);
    let records = records(&state);
    assert!(records.is_unattended(&session(), &Gone::Passkey(id("blue")), |_| false));
    assert!(records.is_unattended(&session(), &Gone::All, |_| false));
    assert!(!records.is_unattended(&session(), &Gone::Passkey(id("green")), |_| false));
    assert!(!records.is_unattended(&session(), &Gone::Passkey(id("blue")), |one| *one == id("blue")));
}
