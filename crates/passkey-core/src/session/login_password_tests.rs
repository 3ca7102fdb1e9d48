use super::super::tests::{Machine, credential, ready, signed_with};
use super::*;
use crate::ceremony::KeySecret;
use crate::config::{KeyringPolicy, Settings};
use crate::session::Complaint;
use crate::store::Store;
use crate::store::keyring::WrappedPassword;
use ctap::hmac_secret::Salt;

/// User present, and verified.
const UP_UV: u8 = 0x05;

fn machine() -> Machine {
    let mut machine = Machine::new(&["alice", "bob"]);
    machine.settings = Settings { keyring: Some(KeyringPolicy::On), ..Settings::default() };
    for passkey in ["blue", "red", "old"] {
        machine.enrol("alice", passkey);
    }
    let alice = machine.account("alice");
    let wrapped = WrappedPassword::wrap(
        &alice,
        &credential("blue"),
        Salt([3; 32]),
        &Secret::new(vec![7; 32]),
        &Secret::new(b"a password".to_vec()),
        mark(&machine, &alice),
        jiff::Timestamp::UNIX_EPOCH,
    );
    Store::new(&machine.config).update_keyring(&alice, |keyring| keyring.put(wrapped.unwrap())).unwrap();
    machine
}

fn made(byte: u8) -> KeySecret {
    KeySecret::Made(Outputs { first: Secret::new(vec![byte; 32]), second: None })
}

/// What a sign-in with this passkey has, and whether the log complains.
fn sign_in(machine: &Machine, passkey: &str, flags: u8, secret: KeySecret) -> (LoginPassword, bool) {
    machine.run(|session| {
        let mut attempt = signed_with(passkey, 1, flags);
        attempt.secret = secret;
        let proved = ready(session, "alice").conclude(attempt).result.unwrap();
        let signed_in = session.record(proved, Some("lightdm"), |_, _| {}).unwrap();
        let complains =
            signed_in.complaints().iter().any(|complaint| matches!(complaint, Complaint::KeyringShut { .. }));
        (signed_in.login_password().clone(), complains)
    })
}

#[test]
fn the_secret_of_the_passkey_that_signed_in_unwraps_the_password() {
    let password = Secret::new(b"a password".to_vec());
    assert_eq!(sign_in(&machine(), "blue", UP_UV, made(7)), (LoginPassword::Unwrapped(password), false));
}

#[test]
fn whatever_keeps_it_wrapped_leaves_the_sign_in_and_says_why() {
    let machine = machine();
    for (passkey, flags, secret, expected) in [
        ("red", UP_UV, made(7), Shut::OtherPasskey),
        ("old", UP_UV, KeySecret::NotAsked, Shut::Unable),
        ("blue", UP_UV, made(8), Shut::NotUnwrapped),
        ("blue", UP_UV, KeySecret::Withheld, Shut::Withheld),
        // A secret without its user's verification is worth nothing, whatever it would unwrap.
        ("blue", 0x01, made(7), Shut::Withheld),
    ] {
        assert_eq!(
            sign_in(&machine, passkey, flags, secret),
            (LoginPassword::Shut(expected), true),
            "{expected:?}"
        );
    }
}

/// As a second factor, behind the password.
#[test]
fn where_nobody_is_verified_nothing_is_said() {
    assert_eq!(sign_in(&machine(), "blue", 0x01, KeySecret::NotAsked), (LoginPassword::None, false));
}

#[test]
fn a_password_that_was_changed_is_not_handed_on() {
    let machine = machine();
    "$y$two$twotwo".clone_into(&mut machine.password_field.borrow_mut());
    assert_eq!(sign_in(&machine, "blue", UP_UV, made(7)).0, LoginPassword::Shut(Shut::Stale));
    // A lock is no change.
    "!$y$one$oneone".clone_into(&mut machine.password_field.borrow_mut());
    assert!(matches!(sign_in(&machine, "blue", UP_UV, made(7)).0, LoginPassword::Unwrapped(_)));
}

#[test]
fn a_service_that_opens_no_keyring_reads_none() {
    let mut machine = machine();
    machine.settings.keyring = Some(KeyringPolicy::Off);
    assert_eq!(sign_in(&machine, "blue", UP_UV, made(7)), (LoginPassword::None, false));
}

#[test]
fn an_account_that_has_wrapped_nothing_hears_nothing() {
    let machine = machine();
    let store = Store::new(&machine.config);
    store.update_keyring(&machine.account("alice"), Keyring::clear).unwrap();
    assert!(!machine.config.keyring_dir.join("alice.toml").exists());
    assert_eq!(sign_in(&machine, "blue", UP_UV, KeySecret::NotAsked), (LoginPassword::None, false));
}

#[test]
fn a_file_that_cannot_be_read_leaves_the_sign_in() {
    let machine = machine();
    std::fs::write(machine.config.keyring_dir.join("alice.toml"), "nonsense").unwrap();
    let found = sign_in(&machine, "blue", UP_UV, KeySecret::NotAsked);
    assert_eq!(found, (LoginPassword::Shut(Shut::Unreadable), false), "one complaint is enough");
    let complaints = machine.run(|session| {
        let enrolled = session.find(&machine.account("alice")).unwrap().unwrap();
        session.ready(enrolled).unwrap().1
    });
    assert!(matches!(complaints.as_slice(), [Complaint::KeyringUnreadable(_)]), "{complaints:?}");
}
