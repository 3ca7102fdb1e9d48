//! Hosts that first show the person what they can sign in with: no key blinks before that.

use super::support::{Scene, is_verified, ms, pin, seconds};
use passkey_core::ceremony::{Invitation, Invited, Notice, PinReason, SignInError, TokenError};
use passkey_core::config::UserVerification;
use virtual_key::{Fingerprints, KeyConfig};

fn scene(configs: &[KeyConfig], pin_text: Option<&str>) -> (Scene, Vec<super::support::Key>) {
    let mut scene = Scene::new();
    let keys: Vec<_> = configs.iter().map(|config| scene.add(config.clone())).collect();
    for key in &keys {
        scene.enrol(*key, pin_text);
    }
    scene.person.invited = Some(Invited::Accepted);
    (scene, keys)
}

const NO_PIN: Invitation = Invitation { needs_pin: false, by_finger_alone: false };
const A_PIN: Invitation = Invitation { needs_pin: true, by_finger_alone: false };

#[test]
fn a_key_that_only_needs_a_touch_is_known_before_the_person_is_invited() {
    let (mut scene, keys) = scene(&[KeyConfig::new("blue")], None);
    scene.person.touches.push_back((keys[0], ms(500)));
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.person.invitations, [NO_PIN]);
    assert_eq!(scene.person.lit, [vec![]], "nothing blinks meanwhile");
    assert_eq!(scene.person.told, [Notice::TouchKey]);
    // The silent question comes first, although one key alone could be asked for the touch at once.
    assert_eq!(scene.bench().counts(keys[0]).commands[&2], 2);
}

#[test]
fn the_question_for_the_only_pin_stands_for_the_invitation() {
    let (mut scene, keys) = scene(&[KeyConfig::new("blue").pin("1234")], Some("1234"));
    scene.settings.policy.verification = UserVerification::Required;
    scene.person.answers.push_back(pin("1234"));
    scene.bench().auto_touch(keys[0], ms(100));
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.person.invitations, []);
    assert_eq!(scene.person.asked, [(PinReason::First, Some(8))]);
}

#[test]
fn of_several_keys_the_person_hears_first_and_touches_then() {
    let configs = ["blue", "green"].map(|name| KeyConfig::new(name).pin("1234"));
    let (mut scene, keys) = scene(&configs, Some("1234"));
    scene.settings.policy.verification = UserVerification::Required;
    scene.person.answers.push_back(pin("1234"));
    scene.person.touches.extend([(keys[1], ms(900)), (keys[1], ms(900))]);
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.person.invitations, [A_PIN]);
    assert_eq!(scene.person.told, [Notice::TouchToChoose, Notice::TouchKey]);
    assert!(scene.person.lit.iter().all(Vec::is_empty));
}

#[test]
fn a_fingerprint_is_asked_for_after_it() {
    let config = KeyConfig { fingerprints: Fingerprints::Enrolled, ..KeyConfig::new("blue").pin("1234") };
    let (mut scene, keys) = scene(&[config], Some("1234"));
    scene.settings.policy.verification = UserVerification::Required;
    scene.bench().auto_touch(keys[0], ms(100));
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.person.invitations, [NO_PIN]);
    assert_eq!(scene.person.told.first(), Some(&Notice::UseFingerprint));
}

#[test]
fn without_a_key_nobody_is_invited() {
    let (mut scene, keys) = scene(&[KeyConfig::new("blue")], None);
    scene.bench().unplug(keys[0]);
    assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::NoKey);
    scene.add(KeyConfig::new("foreign"));
    assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::ForeignKeys);
    assert_eq!(scene.person.invitations, []);
}

#[test]
fn who_does_not_come_ends_it_and_no_key_is_asked_for_a_touch() {
    for (invited, error) in
        [(Invited::Password, TokenError::NeverAPin), (Invited::Unavailable, TokenError::Unavailable)]
    {
        let (mut scene, keys) = scene(&[KeyConfig::new("blue")], None);
        scene.person.invited = Some(invited);
        assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::Pin(error));
        assert_eq!(scene.bench().counts(keys[0]).commands[&2], 1, "the silent question");
    }
}

#[test]
fn the_time_that_the_person_takes_does_not_count() {
    let (mut scene, keys) = scene(&[KeyConfig::new("blue")], None);
    scene.settings.policy.timeout = seconds(5);
    scene.person.typing = seconds(300);
    scene.person.touches.push_back((keys[0], seconds(4)));
    assert!(is_verified(&scene.sign_in()));
}
