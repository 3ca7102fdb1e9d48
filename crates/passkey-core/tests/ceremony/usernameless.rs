//! Signing in without a user name.

use super::support::{Key, PhoneBook, Scene, ms, pin, seconds};
use passkey_core::ceremony::{
    AccountAnswer, Enrolment, Impossible, Notice, SignInError, TokenError, account_index, enrol,
};
use passkey_core::config::UserVerification;
use passkey_core::credential::{Credential, UserHandle};
use passkey_core::verify::VerifyError;
use virtual_key::{Corruption, KeyConfig, Profile};

fn handle(byte: u8) -> UserHandle {
    UserHandle::new(vec![byte; 32]).unwrap()
}

/// Enrols a discoverable passkey for the holder of `handle`.
fn enrol_discoverable(
    scene: &mut Scene,
    key: Key,
    handle: &UserHandle,
    pin_text: Option<&str>,
) -> Credential {
    let mut others = scene.bench().plugged();
    others.retain(|other| *other != key);
    for other in &others {
        scene.bench().unplug(*other);
    }
    scene.person.answers.extend(pin_text.map(pin));
    scene.bench().touch_after(key, ms(100));
    let enrolment = Enrolment { discoverable: true, ..Scene::enrolment("mine", handle, &[]) };
    let enrolled = enrol(&mut scene.platform, &mut scene.person, &enrolment).unwrap();
    for other in &others {
        scene.bench().plug(*other);
    }
    scene.forget_the_past();
    enrolled.credential
}

/// A key with the passkeys of so many users, called a, b, c …
fn scene(users: u8) -> (Scene, Key, PhoneBook) {
    let mut scene = Scene::new();
    scene.settings.policy.verification = UserVerification::Required;
    let key = scene.add(KeyConfig::new("blue").pin("1234"));
    let mut phone_book = PhoneBook::default();
    for user in 0..users {
        let handle = handle(user + 1);
        let passkey = enrol_discoverable(&mut scene, key, &handle, Some("1234"));
        phone_book.add(&char::from(b'a' + user).to_string(), &handle, &[&passkey]);
    }
    (scene, key, phone_book)
}

#[test]
fn the_key_says_who_it_is() {
    let (mut scene, key, phone_book) = scene(1);
    scene.person.answers.push_back(pin("1234"));
    scene.bench().touch_after(key, ms(200));
    let attempt = scene.sign_in_anyone(&phone_book);
    assert!(attempt.result.unwrap().user_verified());
    assert_eq!(attempt.account.unwrap().name, "a");
    assert_eq!(scene.person.asked.len(), 1);
    assert_eq!(scene.person.told, [Notice::TouchKey]);
    assert!(scene.person.offered.is_empty());
    assert_eq!(scene.bench().counts(key).transactions, 6, "no silent question");
}

#[test]
fn of_several_accounts_the_person_chooses_one() {
    for chosen in 0..3 {
        let (mut scene, key, phone_book) = scene(3);
        scene.person.answers.push_back(pin("1234"));
        scene.person.account = AccountAnswer::Chosen(chosen);
        scene.bench().touch_after(key, ms(200));
        let attempt = scene.sign_in_anyone(&phone_book);
        let offered = scene.person.offered[0].clone();
        let mut sorted = offered.clone();
        sorted.sort();
        assert_eq!(sorted, ["a", "b", "c"]);
        let account = attempt.account.unwrap().name.clone();
        assert_eq!(account, offered[chosen]);
        assert_eq!(attempt.result.unwrap().credential().id, attempt.passkey.unwrap().id);
    }
}

#[test]
fn who_chooses_none_is_not_signed_in() {
    for (answer, expected) in [
        (AccountAnswer::None, SignInError::NoAccountChosen),
        (AccountAnswer::Chosen(3), SignInError::NoAccountChosen),
        (AccountAnswer::Interrupted, SignInError::Interrupted),
    ] {
        let (mut scene, key, phone_book) = scene(3);
        scene.person.answers.push_back(pin("1234"));
        scene.person.account = answer;
        scene.bench().touch_after(key, ms(200));
        let attempt = scene.sign_in_anyone(&phone_book);
        assert_eq!(attempt.result.unwrap_err(), expected);
        assert!(attempt.account.is_none());
    }
}

#[test]
fn accounts_that_are_gone_are_not_offered() {
    let (mut scene, key, _) = scene(2);
    let green = scene.add(KeyConfig::new("green").pin("5678"));
    let passkey = enrol_discoverable(&mut scene, green, &handle(9), Some("5678"));
    scene.bench().unplug(green);
    let mut phone_book = PhoneBook::default();
    phone_book.add("other", &handle(9), &[&passkey]);
    scene.person.answers.push_back(pin("1234"));
    scene.bench().touch_after(key, ms(200));
    let attempt = scene.sign_in_anyone(&phone_book);
    assert_eq!(attempt.result.unwrap_err(), SignInError::UnknownAccount);
}

/// The key names the user; whether it may do so is for the passkeys on file to say.
#[test]
fn a_handle_alone_opens_nothing() {
    let (mut scene, key, _) = scene(1);
    let green = scene.add(KeyConfig::new("green").pin("5678"));
    let passkey = enrol_discoverable(&mut scene, green, &handle(9), Some("5678"));
    scene.bench().unplug(green);
    let mut phone_book = PhoneBook::default();
    phone_book.add("victim", &handle(1), &[&passkey]);
    scene.person.answers.push_back(pin("1234"));
    scene.bench().touch_after(key, ms(200));
    let attempt = scene.sign_in_anyone(&phone_book);
    assert_eq!(attempt.result.unwrap_err(), SignInError::Rejected(VerifyError::CredentialNotAskedFor));
}

#[test]
fn lies_are_noticed() {
    for (corruption, expected) in
        [(Corruption::Signature, VerifyError::BadSignature), (Corruption::RpHash, VerifyError::WrongRpId)]
    {
        let (mut scene, key, phone_book) = scene(1);
        scene.bench().corrupt(key, Some(corruption));
        scene.person.answers.push_back(pin("1234"));
        scene.bench().touch_after(key, ms(200));
        let error = scene.sign_in_anyone(&phone_book).result.unwrap_err();
        assert_eq!(error, SignInError::Rejected(expected));
    }
}

#[test]
fn a_key_without_such_a_passkey_says_so() {
    let (mut scene, _key, phone_book) = scene(0);
    scene.person.answers.push_back(pin("1234"));
    let attempt = scene.sign_in_anyone(&phone_book);
    assert_eq!(attempt.result.unwrap_err(), SignInError::NothingDiscoverable);
}

#[test]
fn an_empty_pin_falls_through() {
    let (mut scene, key, phone_book) = scene(1);
    let error = scene.sign_in_anyone(&phone_book).result.unwrap_err();
    assert_eq!(error, SignInError::Pin(TokenError::Empty));
    assert_eq!(scene.bench().pin_retries(key), 8);
}

#[test]
fn keys_that_cannot_are_let_go() {
    let mut scene = Scene::new();
    scene.settings.policy.verification = UserVerification::Required;
    scene.add(KeyConfig { profile: Profile::U2f, ..KeyConfig::new("old") });
    let error = scene.sign_in_anyone(&PhoneBook::default()).result.unwrap_err();
    assert_eq!(error, SignInError::NothingDiscoverable);

    let mut scene = Scene::new();
    scene.settings.policy.verification = UserVerification::Required;
    scene.add(KeyConfig::new("blank"));
    let error = scene.sign_in_anyone(&PhoneBook::default()).result.unwrap_err();
    assert_eq!(error, SignInError::CannotVerifyUser(Impossible::NotSetUp));
}

#[test]
fn of_several_keys_the_touched_one_is_asked() {
    let (mut scene, blue, mut phone_book) = scene(1);
    let green = scene.add(KeyConfig::new("green").pin("5678"));
    let passkey = enrol_discoverable(&mut scene, green, &handle(9), Some("5678"));
    phone_book.add("g", &handle(9), &[&passkey]);
    scene.person.touches.extend([(green, seconds(1)), (green, seconds(1))]);
    scene.person.answers.push_back(pin("5678"));
    let attempt = scene.sign_in_anyone(&phone_book);
    assert!(attempt.result.is_ok());
    assert_eq!(attempt.account.unwrap().name, "g");
    assert_eq!(scene.person.told, [Notice::TouchToChoose, Notice::TouchKey]);
    assert_eq!(scene.bench().pin_retries(blue), 8);
}

#[test]
fn an_answer_is_a_number_or_a_name() {
    let accounts = ["alice".to_owned(), "2".to_owned(), "bob".to_owned()];
    for (answer, index) in [
        ("1", Some(0)),
        (" alice ", Some(0)),
        ("bob", Some(2)),
        ("3", Some(2)),
        ("2", Some(1)),
        ("0", None),
        ("4", None),
        ("", None),
        ("-1", None),
        ("carol", None),
        ("99999999999999999999999", None),
    ] {
        assert_eq!(account_index(answer, &accounts), index, "{answer:?}");
    }
}
