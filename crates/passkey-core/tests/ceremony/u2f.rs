//! Keys that speak U2F alone.

use super::support::{Key, Scene, is_verified, ms, pin, seconds};
use ctap::cose::Algorithm;
use passkey_core::ceremony::{EnrolError, Enrolment, Impossible, Notice, SignInError, inspect};
use passkey_core::config::{CounterPolicy, UserVerification};
use passkey_core::credential::UvCapability;
use passkey_core::verify::VerifyError;
use virtual_key::{Corruption, KeyConfig, Profile, Refusal};

fn old(name: &str) -> KeyConfig {
    KeyConfig { profile: Profile::U2f, ..KeyConfig::new(name) }
}

fn scene() -> (Scene, Key) {
    let mut scene = Scene::new();
    let key = scene.add(old("old"));
    scene.enrol(key, None);
    (scene, key)
}

#[test]
fn enrols_and_signs_in() {
    let (mut scene, key) = scene();
    let passkey = scene.passkeys[0].clone();
    assert_eq!(passkey.public_key.algorithm(), Algorithm::Es256);
    assert_eq!(passkey.user_verification, UvCapability::None);
    assert_eq!(passkey.attestation.unwrap().format, "fido-u2f");
    scene.person.touches.push_back((key, seconds(2)));
    let (attempt, taken) = scene.timed_sign_in();
    assert_eq!(attempt.result.unwrap().credential().id, passkey.id);
    assert_eq!(attempt.passkey.unwrap().id, passkey.id);
    assert_eq!(scene.person.told, [Notice::TouchKey]);
    assert!(taken < seconds(2) + ms(200), "{taken:?}");
    assert_eq!(scene.bench().counts(key).cbor, 0);
}

#[test]
fn a_touch_beforehand_signs_in_with_two_transactions() {
    let (mut scene, key) = scene();
    scene.bench().auto_touch(key, ms(0));
    assert!(is_verified(&scene.sign_in()));
    let counts = scene.bench().counts(key);
    assert!(counts.transactions <= 3, "INIT, and the signature asked for once or twice: {counts:?}");
}

#[test]
fn the_right_one_of_many_passkeys_is_found() {
    let mut scene = Scene::new();
    let key = scene.add(old("old"));
    for name in ["a", "b", "c"] {
        let other = scene.add(old(name));
        scene.enrol(other, None);
        scene.bench().unplug(other);
    }
    let modern = scene.add(KeyConfig::new("modern"));
    scene.enrol(modern, None);
    scene.bench().unplug(modern);
    let mine = scene.enrol(key, None);
    scene.bench().auto_touch(key, ms(300));
    assert_eq!(scene.sign_in().result.unwrap().credential().id, mine.id);
}

#[test]
fn beside_other_keys_each_can_be_touched() {
    for touched in [0, 1, 2] {
        let mut scene = Scene::new();
        let keys = [
            scene.add(old("old")),
            scene.add(KeyConfig { profile: Profile::Ctap20, ..KeyConfig::new("middle") }),
            scene.add(KeyConfig::new("new")),
        ];
        for key in keys {
            scene.enrol(key, None);
        }
        scene.person.touches.push_back((keys[touched], seconds(1)));
        let (attempt, taken) = scene.timed_sign_in();
        assert_eq!(attempt.result.unwrap().credential().id, scene.passkeys[touched].id);
        assert!(taken < seconds(1) + ms(200), "{taken:?}");
    }
}

#[test]
fn beside_a_key_that_needs_its_pin_only_the_touched_one_matters() {
    let mut scene = Scene::new();
    let old = scene.add(old("old"));
    let pinned = scene.add(KeyConfig { always_uv: true, ..KeyConfig::new("pinned").pin("1234") });
    scene.enrol(old, None);
    scene.enrol(pinned, Some("1234"));
    scene.bench().touch_after(old, ms(500));
    let attempt = scene.sign_in();
    assert_eq!(attempt.result.unwrap().credential().id, scene.passkeys[0].id);
    assert!(scene.person.asked.is_empty());

    scene.forget_the_past();
    scene.bench().auto_touch(pinned, ms(500));
    scene.person.answers.push_back(pin("1234"));
    assert_eq!(scene.sign_in().result.unwrap().credential().id, scene.passkeys[1].id);
}

#[test]
fn a_foreign_one_is_let_go_and_never_blinks() {
    let (mut scene, mine) = scene();
    scene.bench().unplug(mine);
    let foreign = scene.add(old("foreign"));
    assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::ForeignKeys);
    assert_eq!(scene.person.told, []);
    assert!(!scene.bench().blinking(foreign));
}

#[test]
fn it_cannot_verify_its_user() {
    let (mut scene, _key) = scene();
    scene.settings.policy.verification = UserVerification::Required;
    let error = scene.sign_in().result.unwrap_err();
    assert_eq!(error, SignInError::CannotVerifyUser(Impossible::U2fOnly));
    scene.settings.policy.verification = UserVerification::Preferred;
    let key = Key(0);
    scene.bench().auto_touch(key, ms(100));
    assert!(is_verified(&scene.sign_in()));
}

#[test]
fn without_a_touch_it_ends_at_the_deadline() {
    let (mut scene, key) = scene();
    scene.settings.policy.timeout = seconds(5);
    let (attempt, taken) = scene.timed_sign_in();
    assert_eq!(attempt.result.unwrap_err(), SignInError::NoTouch);
    assert_eq!(attempt.passkey, None, "it has not proved to hold any");
    assert_eq!(taken, seconds(5));
    assert!(scene.bench().counts(key).transactions < 40, "asked a few times a second");
}

#[test]
fn unplugging_and_ctrl_c_are_noticed_at_once() {
    let (mut scene, key) = scene();
    scene.bench().unplug_at(key, seconds(100));
    let now = scene.bench().now();
    scene.platform.interrupt_at = Some(now + seconds(1));
    let (attempt, taken) = scene.timed_sign_in();
    assert_eq!(attempt.result.unwrap_err(), SignInError::Interrupted);
    assert_eq!(taken, seconds(1));
    scene.platform.interrupt_at = None;

    scene.settings.policy.wait_for_key = seconds(20);
    let now = scene.bench().now();
    scene.bench().unplug_at(key, now + seconds(2));
    scene.bench().plug_at(key, now + seconds(4));
    scene.forget_the_past();
    scene.bench().touch_at(key, now + seconds(6));
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.person.told, [Notice::TouchKey, Notice::KeyRemoved, Notice::TouchKey]);
}

#[test]
fn lies_are_noticed() {
    let not_present = SignInError::Rejected(VerifyError::UserNotPresent);
    for (corruption, error) in
        [(Corruption::Signature, SignInError::ForeignKeys), (Corruption::Flags, not_present)]
    {
        let (mut scene, key) = scene();
        scene.bench().auto_touch(key, ms(100));
        scene.bench().corrupt(key, Some(corruption));
        let failed = scene.sign_in().result.unwrap_err();
        assert_eq!(failed, error, "{corruption:?}");
    }
    let (mut scene, key) = scene();
    scene.settings.sign_count = Some(u32::MAX);
    scene.settings.policy.counter = CounterPolicy::Deny;
    scene.bench().auto_touch(key, ms(100));
    let failed = scene.sign_in().result.unwrap_err();
    assert!(matches!(failed, SignInError::Rejected(VerifyError::CounterNotGreater(_))), "{failed:?}");
}

#[test]
fn what_it_cannot_do_is_refused_before_anybody_touches_it() {
    type Change = fn(&mut Enrolment<'_>);
    let cases: [(Change, EnrolError); 3] = [
        (
            |enrolment| enrolment.verification = UserVerification::Required,
            EnrolError::CannotVerifyUser(Impossible::U2fOnly),
        ),
        (|enrolment| enrolment.discoverable = true, EnrolError::NotDiscoverable),
        (|enrolment| enrolment.algorithms = &[Algorithm::EdDsa], EnrolError::NoAlgorithm),
    ];
    for (change, expected) in cases {
        let mut scene = Scene::new();
        let key = scene.add(old("old"));
        let handle = scene.user_handle.clone();
        let mut enrolment = Scene::enrolment("mine", &handle, &[]);
        change(&mut enrolment);
        assert_eq!(scene.enrol_with(key, enrolment).unwrap_err(), expected);
        assert_eq!(scene.person.told, []);
    }
}

#[test]
fn it_is_not_enrolled_twice() {
    let (mut scene, key) = scene();
    let handle = scene.user_handle.clone();
    let first = scene.passkeys[0].clone();
    let existing = [&first];
    let error = scene.enrol_with(key, Scene::enrolment("again", &handle, &existing)).unwrap_err();
    assert_eq!(error, EnrolError::AlreadyEnrolled(Some("passkey 0".into())));
    assert_eq!(scene.person.told, []);
}

#[test]
fn of_several_keys_the_touched_one_is_enrolled() {
    for touched in [0, 1] {
        let mut scene = Scene::new();
        let keys = [scene.add(old("old")), scene.add(KeyConfig::new("new"))];
        let handle = scene.user_handle.clone();
        scene.person.touches.extend([(keys[touched], seconds(1)), (keys[touched], seconds(1))]);
        let enrolment = Scene::enrolment("mine", &handle, &[]);
        let enrolled =
            passkey_core::ceremony::enrol(&mut scene.platform, &mut scene.person, &enrolment).unwrap();
        let format = enrolled.credential.attestation.unwrap().format;
        assert_eq!(format == "fido-u2f", touched == 0, "{format}");
        assert_eq!(scene.person.told, [Notice::TouchToChoose, Notice::TouchKey]);
    }
}

#[test]
fn a_survey_tells_which_passkeys_it_holds() {
    let (mut scene, mine) = scene();
    let other = scene.add(old("other"));
    scene.enrol(other, None);
    let passkeys: Vec<_> = scene.passkeys.iter().collect();
    let keys = inspect(&mut scene.platform, &passkeys, seconds(5));
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[mine.0].holds, [passkeys[0].id.clone()]);
    assert_eq!(keys[other.0].holds, [passkeys[1].id.clone()]);
    assert_eq!(keys[0].info, Ok(None));
}

/// INIT says CTAP2, as with a YubiKey 4 FIPS, and every request of it is refused.
#[test]
fn a_key_that_claims_ctap2_and_refuses_it_is_one_of_u2f() {
    for refusal in [Refusal::Status(0x01), Refusal::HidError(0x01)] {
        let mut scene = Scene::new();
        let key = scene.add(KeyConfig { profile: Profile::U2fClaimingCbor(refusal), ..old("old") });
        let passkey = scene.enrol(key, None);
        assert_eq!(passkey.attestation.as_ref().unwrap().format, "fido-u2f");
        let keys = inspect(&mut scene.platform, &[&passkey], seconds(5));
        assert!(matches!(keys[0].info, Ok(None)), "{refusal:?}: {:?}", keys[0].info);
        assert_eq!(keys[0].holds, std::slice::from_ref(&passkey.id), "{refusal:?}");
        for is_alone in [true, false] {
            if !is_alone {
                scene.add(KeyConfig::new("another"));
            }
            scene.bench().auto_touch(key, ms(300));
            let attempt = scene.sign_in();
            assert!(is_verified(&attempt), "{refusal:?}: {attempt:?}");
        }
    }
}
