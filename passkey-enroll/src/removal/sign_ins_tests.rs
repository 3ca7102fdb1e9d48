#![allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]

use passkey_core::store::ServiceSignIn;

use super::*;

fn id(name: &str) -> CredentialId {
    CredentialId::new(name.as_bytes().to_vec()).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

/// A sign-in with one of the passkeys, as the module records it.
fn sign_in(state: &mut State, name: &str, service: &str, seconds: i64) {
    state.record_success(&id(name), 1, at(seconds));
    let time = at(seconds) + SignedDuration::from_millis(700);
    state.record_service(ServiceSignIn { service: service.to_owned(), pid: 1, time });
}

fn all() -> [CredentialId; 2] {
    [id("blue"), id("green")]
}

#[test]
fn the_passkey_that_was_used_at_the_time_signed_in() {
    let (mut state, mut sign_ins) = (State::default(), SignIns::default());
    sign_in(&mut state, "green", "sudo", 0);
    sign_in(&mut state, "blue", "lightdm", 100);
    sign_ins.observe(&state, &all());
    assert_eq!(sign_ins.of_session("lightdm", Some(at(101))), [id("blue")]);
    assert_eq!(sign_ins.of_session("gdm-password", Some(at(101))), []);

    // What is known stays known when either is used again.
    sign_in(&mut state, "green", "sudo", 200);
    sign_in(&mut state, "blue", "sudo", 300);
    sign_ins.observe(&state, &all());
    assert_eq!(sign_ins.of_session("lightdm", Some(at(101))), [id("blue")]);

    // The screen was unlocked with the other one.
    sign_in(&mut state, "green", "lightdm", 400);
    sign_ins.observe(&state, &all());
    assert_eq!(sign_ins.of_session("lightdm", Some(at(101))), [id("green")]);
}

#[test]
fn a_passkey_that_was_used_since_is_found_unless_there_are_two() {
    let mut state = State::default();
    sign_in(&mut state, "blue", "lightdm", 100);
    sign_in(&mut state, "blue", "sudo", 5000);
    let mut sign_ins = SignIns::default();
    sign_ins.observe(&state, &all());
    assert_eq!(sign_ins.of_session("lightdm", Some(at(101))), [id("blue")]);
    sign_in(&mut state, "green", "sudo", 6000);
    let mut sign_ins = SignIns::default();
    sign_ins.observe(&state, &all());
    assert_eq!(sign_ins.of_session("lightdm", Some(at(101))), all());
}

#[test]
fn a_sign_in_of_long_before_is_another_sessions() {
    let mut state = State::default();
    sign_in(&mut state, "blue", "lightdm", 100);
    let mut sign_ins = SignIns::default();
    sign_ins.observe(&state, &all());
    assert_eq!(sign_ins.of_session("lightdm", Some(at(1000))), []);
    assert_eq!(sign_ins.of_session("lightdm", Some(at(200))), [id("blue")]);
    assert_eq!(sign_ins.of_session("lightdm", None), [id("blue")]);
}

#[test]
fn what_has_just_signed_in_is_recent() {
    let mut state = State::default();
    sign_in(&mut state, "blue", "lightdm", 100);
    let mut sign_ins = SignIns::default();
    sign_ins.observe(&state, &all());
    let minute = SignedDuration::from_mins(1);
    assert_eq!(sign_ins.recent(at(110), minute).collect::<Vec<_>>(), [&id("blue")]);
    assert_eq!(sign_ins.recent(at(99), minute).count(), 0, "the clock was set back");
    assert_eq!(sign_ins.recent(at(200), minute).count(), 0);
}
