//! A passkey that is somewhere else, such as on a phone: a service shows a code, and the person does the rest there.

use super::support::{Key, Scene, is_verified, ms, pin, seconds};
use ctap::show::Drawing;
use passkey_core::ceremony::{KeyError, Notice, SignInError};
use passkey_core::config::UserVerification;
use passkey_core::verify::Verified;
use virtual_key::{Fingerprints, Form, Hybrid, KeyConfig, Misbehaviour, Profile, Sabotage};

fn phone() -> KeyConfig {
    KeyConfig {
        profile: Profile::Ctap20,
        fingerprints: Fingerprints::Enrolled,
        form: Form::Hybrid,
        ..KeyConfig::new("phone")
    }
    .pin("1111")
}

/// A scene with a passkey on a phone. The person looks into it some time after they have been shown the code.
fn scene() -> (Scene, Key) {
    let mut scene = Scene::new();
    let phone = scene.add(phone());
    scene.platform.services.insert(phone.0);
    let handle = scene.user_handle.clone();
    scene.bench().auto_touch(phone, ms(500));
    let enrolled = scene.enrol_with(phone, Scene::enrolment("phone", &handle, &[])).expect("enrolled");
    scene.bench().never(phone);
    assert_eq!(enrolled.credential.transports, ["hybrid"]);
    scene.passkeys.push(enrolled.credential);
    scene.forget_the_past();
    (scene, phone)
}

#[test]
fn the_code_is_shown_and_the_phone_signs_in_with_its_user_verified() {
    for verification in [UserVerification::Discouraged, UserVerification::Required] {
        let (mut scene, phone) = scene();
        scene.settings.policy.verification = verification;
        scene.bench().touch_after(phone, seconds(5));
        let attempt = scene.sign_in();
        assert!(attempt.result.as_ref().is_ok_and(Verified::user_verified), "{attempt:?}");
        assert_eq!(scene.person.pictures.len(), 1);
        assert_eq!(scene.person.pictures[0].text, Hybrid::TEXT);
        assert_eq!(scene.person.pictures[0].drawing.as_ref().map(Drawing::as_str), Some(Hybrid::DRAWING));
        assert_eq!(scene.person.told, [], "what is shown says what to do");
        assert!(scene.person.asked.is_empty(), "no PIN is asked for a phone");
    }
}

#[test]
fn where_no_picture_can_be_shown_it_is_as_if_it_were_not_there() {
    let (mut scene, phone) = scene();
    scene.person.can_show = false;
    let error = scene.sign_in().result.unwrap_err();
    assert_eq!(error, SignInError::ThisComputerUnusable(KeyError::Unplugged));
    assert_eq!(scene.bench().counts(phone).commands.get(&0x02), None, "it is asked for nothing");
}

#[test]
fn a_key_may_be_touched_instead() {
    let (mut scene, _) = scene();
    let key = scene.add(KeyConfig::new("blue"));
    scene.enrol(key, None);
    scene.bench().touch_after(key, seconds(2));
    let attempt = scene.sign_in();
    assert!(is_verified(&attempt));
    assert_eq!(attempt.result.unwrap().credential().name, "passkey 1");
    assert_eq!(scene.person.told, [Notice::TouchKey]);
    assert_eq!(scene.person.pictures.len(), 1);
}

#[test]
fn a_key_with_a_pin_beside_it_asks_for_its_pin_at_once() {
    let (mut scene, _) = scene();
    let key = scene.add(KeyConfig::new("blue").pin("1234"));
    scene.enrol(key, Some("1234"));
    scene.settings.policy.verification = UserVerification::Required;
    scene.person.answers.push_back(pin("1234"));
    scene.bench().auto_touch(key, ms(200));
    assert!(is_verified(&scene.sign_in()));
    assert!(!scene.person.told.contains(&Notice::TouchToChoose), "a phone cannot be touched");
}

/// A device that was plugged in and says that it is a phone shows nothing, and is asked for no passkey that is on one.
#[test]
fn a_device_cannot_be_a_phone() {
    let (mut scene, phone) = scene();
    scene.platform.services.clear();
    assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::ThisComputerUnusable(KeyError::Unplugged));
    assert!(scene.person.pictures.is_empty());
    assert_eq!(scene.bench().counts(phone).commands.get(&0x02), None);
}

#[test]
fn whatever_it_answers_is_told_as_its_own() {
    for how in Misbehaviour::NAMED.map(|(_, how)| how) {
        let (mut scene, phone) = scene();
        scene.settings.policy.timeout = seconds(20);
        scene.bench().touch_after(phone, seconds(1));
        scene.bench().sabotage(phone, Some(Sabotage { asked: None, nth: 2, how }));
        let begun_at = scene.bench().now();
        let attempt = scene.sign_in();
        assert!(scene.ended_at - begun_at <= seconds(22), "{}", how.name());
        println!("{}: {:?}", how.name(), attempt.result.as_ref().err());
    }
}
