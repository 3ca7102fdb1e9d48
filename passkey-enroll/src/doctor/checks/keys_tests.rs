use passkey_core::account::PasswdEntry;

use super::*;

fn told() -> Told {
    Told {
        name: "Blue".to_owned(),
        path: "/dev/hidraw0".into(),
        error: None,
        speaks_ctap2: true,
        pin_set: Some(true),
        pin_retries: Some(8),
        pin_locked: false,
        pin_must_change: false,
        sensor: false,
        sensor_retries: None,
        holds: 1,
    }
}

fn codes(key: &Told, needs: &Needs) -> Vec<&'static str> {
    let account = Account::from_entry(PasswdEntry {
        name: "alice".to_owned(),
        uid: 1000,
        gid: 1000,
        home: "/home/alice".into(),
    });
    check_key(key, true, &account, needs).map(|(finding, _)| finding.code).collect()
}

#[test]
fn each_state_of_a_key_has_its_word() {
    let nothing = Needs::default();
    let lost = |loss| Some(InspectError::Lost(loss));
    let verified = Needs { verification: Some("login".to_owned()), ..Needs::default() };
    for (key, needs, expected) in [
        (told(), &verified, &["key_enrolled"][..]),
        (Told { holds: 0, ..told() }, &nothing, &["key_foreign"]),
        (Told { pin_set: Some(false), ..told() }, &nothing, &["key_enrolled"]),
        (Told { pin_set: Some(false), ..told() }, &verified, &["pin_not_set", "key_enrolled"]),
        (Told { pin_set: Some(false), sensor: true, ..told() }, &verified, &["key_enrolled"]),
        (Told { pin_set: None, ..told() }, &verified, &["no_user_verification", "key_enrolled"]),
        (
            Told { pin_set: None, speaks_ctap2: false, ..told() },
            &verified,
            &["no_user_verification", "key_enrolled"],
        ),
        (Told { pin_retries: Some(4), ..told() }, &nothing, &["key_enrolled"]),
        (Told { pin_retries: Some(3), ..told() }, &nothing, &["pin_few_tries", "key_enrolled"]),
        (
            Told { pin_retries: Some(5), pin_locked: true, ..told() },
            &nothing,
            &["pin_locked", "key_enrolled"],
        ),
        (
            Told { pin_retries: Some(2), pin_locked: true, ..told() },
            &nothing,
            &["pin_locked", "key_enrolled"],
        ),
        (Told { pin_retries: None, pin_locked: true, ..told() }, &nothing, &["pin_locked", "key_enrolled"]),
        (
            Told { pin_retries: Some(0), pin_locked: true, ..told() },
            &nothing,
            &["pin_blocked", "key_enrolled"],
        ),
        (Told { pin_retries: Some(0), ..told() }, &nothing, &["pin_blocked", "key_enrolled"]),
        (Told { pin_must_change: true, ..told() }, &nothing, &["pin_must_change", "key_enrolled"]),
        (
            Told { sensor: true, sensor_retries: Some(0), ..told() },
            &nothing,
            &["sensor_locked", "key_enrolled"],
        ),
        (Told { error: lost(KeyError::Silent), ..told() }, &nothing, &["key_silent"]),
        (Told { error: Some(InspectError::Malformed), ..told() }, &nothing, &["key_garbled"]),
        (Told { error: lost(KeyError::Busy), ..told() }, &nothing, &["key_busy"]),
        (Told { error: lost(KeyError::CannotOpen), ..told() }, &nothing, &[]),
        (Told { error: lost(KeyError::Unplugged), ..told() }, &nothing, &[]),
    ] {
        assert_eq!(codes(&key, needs), expected, "{key:?}");
    }
}

#[test]
fn a_key_that_is_plugged_in_again_takes_a_pin_and_one_that_is_blocked_does_not() {
    let remedy = |key: &Told| pin(key, &Needs::default()).unwrap().remedy.unwrap();
    let locked = Told { pin_locked: true, ..told() };
    assert_eq!(remedy(&Told { pin_retries: Some(5), ..locked.clone() }), "Unplug it and plug it in again.");
    assert_eq!(
        remedy(&Told { pin_retries: Some(2), ..locked.clone() }),
        "Unplug it and plug it in again, and think first: wrong 2 more times, it is blocked for good."
    );
    assert!(remedy(&Told { pin_retries: Some(0), ..locked }).contains("key reset"));
}
