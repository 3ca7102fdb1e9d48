//! Transfers that fail, keys that have got stuck, and machines that run short: what has happened is told, and the person can put it right.

use super::support::{Key, Scene, is_verified, ms, pin, seconds};
use passkey_core::ceremony::{KeyError, ListError, Notice, OpenError, SignInError};
use passkey_core::config::UserVerification;
use std::time::Duration;
use virtual_key::{Asked, Fingerprints, ImpostorConfig, KeyConfig, Misbehaviour, Quirks, Sabotage};

const UNUSABLE: [Misbehaviour; 5] = [
    Misbehaviour::Refusal(0x7f),
    Misbehaviour::HidError(0x7f),
    Misbehaviour::Busy,
    Misbehaviour::UntilReplugged(0x7f),
    Misbehaviour::UntilReplugged(0x06),
];

/// The person does as they are told, and the key is well again.
fn replug_once_told(scene: &mut Scene, key: Key) {
    scene.person.once_told(
        |notice| matches!(notice, Notice::KeyUnusable(_)),
        move |bench| {
            let mut bench = bench.borrow_mut();
            let at = bench.now() + seconds(3);
            bench.unplug(key);
            bench.sabotage(key, None);
            bench.plug_at(key, at);
        },
    );
}

#[test]
fn a_key_that_answers_only_that_it_cannot_signs_in_once_replugged() {
    for how in UNUSABLE {
        for asked in [Asked::Init, Asked::Info] {
            let mut scene = Scene::new();
            let key = scene.add(KeyConfig::new("mine"));
            scene.enrol(key, None);
            scene.settings.policy.wait_for_key = seconds(30);
            // No status is a reply to INIT: what answers with one does so from the first request behind it on.
            let asked_first = (how != Misbehaviour::Refusal(0x7f) || asked != Asked::Init).then_some(asked);
            scene.bench().sabotage(key, Some(Sabotage { asked: asked_first, nth: 1, how }));
            scene.bench().auto_touch(key, ms(200));
            replug_once_told(&mut scene, key);
            let (attempt, taken) = scene.timed_sign_in();
            assert!(is_verified(&attempt), "{how:?} at {asked:?}: {attempt:?} {:?}", scene.person.told);
            assert!(taken < seconds(10), "{how:?} at {asked:?}: {taken:?}");
            assert!(scene.person.at_notices.is_empty(), "{how:?} at {asked:?}: {:?}", scene.person.told);
        }
    }
}

#[test]
fn a_key_that_gets_stuck_after_a_wrong_finger_signs_in_once_replugged() {
    for how in UNUSABLE {
        let mut scene = Scene::new();
        let sensor = KeyConfig { fingerprints: Fingerprints::Enrolled, ..KeyConfig::new("mine") };
        let key = scene.add(sensor.pin("1234"));
        scene.bench().auto_touch(key, ms(1));
        scene.enrol(key, None);
        scene.settings.policy.verification = UserVerification::Required;
        let wrong_finger = Misbehaviour::Refusal(0x3f);
        let sabotage = Sabotage { asked: Some(Asked::UvToken), nth: 1, how: wrong_finger };
        scene.bench().sabotage(key, Some(sabotage));
        scene.person.once_told(
            |notice| matches!(notice, Notice::FingerprintAgain { .. }),
            move |bench| {
                let stuck = Sabotage { asked: None, nth: 1, how };
                bench.borrow_mut().sabotage(key, Some(stuck));
            },
        );
        replug_once_told(&mut scene, key);
        scene.bench().auto_touch(key, ms(200));
        let (attempt, taken) = scene.timed_sign_in();
        assert!(is_verified(&attempt), "{how:?}: {attempt:?} {:?}", scene.person.told);
        assert!(taken < seconds(12), "{how:?}: {taken:?}");
        assert_eq!(scene.person.told.first(), Some(&Notice::UseFingerprint));
        assert!(scene.person.asked.is_empty(), "no PIN of a key that merely got stuck");
    }
}

#[test]
fn a_write_that_fails_costs_nothing() {
    for nth in 1..=20 {
        let mut scene = Scene::new();
        let key = scene.add(KeyConfig::new("mine"));
        scene.enrol(key, None);
        scene.add(KeyConfig::new("another"));
        scene.bench().auto_touch(key, ms(200));
        scene.bench().fail_write(key, nth);
        let (attempt, taken) = scene.timed_sign_in();
        assert!(is_verified(&attempt), "write {nth}: {attempt:?}");
        assert!(taken < seconds(1), "write {nth}: {taken:?}");
        assert_eq!(scene.person.told, [Notice::TouchKey], "write {nth}");
    }
}

/// A PIN is not sent again for it: where it may have been lost, the person types it anew once they have plugged the key in again.
#[test]
fn a_write_that_fails_sends_no_pin_twice() {
    let mut replugged = 0;
    for nth in 1..=25 {
        let mut scene = Scene::new();
        let key = scene.add(KeyConfig::new("mine").pin("1234"));
        scene.enrol(key, Some("1234"));
        scene.settings.policy.verification = UserVerification::Required;
        scene.bench().auto_touch(key, ms(200));
        scene.bench().fail_write(key, nth);
        scene.person.answers.extend([pin("1234"), pin("1234")]);
        replug_once_told(&mut scene, key);
        let attempt = scene.sign_in();
        assert!(is_verified(&attempt), "write {nth}: {attempt:?} {:?}", scene.person.told);
        let told = scene.person.at_notices.is_empty();
        replugged += usize::from(told);
        assert_eq!(scene.person.asked.len(), 1 + usize::from(told), "write {nth}");
        assert_eq!(scene.bench().pin_retries(key), 8);

        // A wrong one costs one try at the most.
        scene.forget_the_past();
        scene.settings.policy.pin_attempts = 1;
        scene.bench().fail_write(key, nth);
        scene.person.answers.push_back(pin("9999"));
        assert!(!is_verified(&scene.sign_in()));
        assert!(scene.bench().pin_retries(key) >= 7, "write {nth}");
    }
    assert!((1..5).contains(&replugged), "only for the reports with the PIN: {replugged}");
}

#[test]
fn keys_that_cannot_be_listed_once_are_listed_again() {
    for wait_for_key in [0, 30] {
        let mut scene = Scene::new();
        let key = scene.add(KeyConfig::new("mine"));
        scene.enrol(key, None);
        scene.settings.policy.wait_for_key = seconds(wait_for_key);
        let until = scene.bench().now() + ms(1);
        scene.platform.unlistable = Some((ListError::Failed, Duration::ZERO..until));
        scene.bench().auto_touch(key, ms(200));
        let (attempt, taken) = scene.timed_sign_in();
        assert!(is_verified(&attempt), "{attempt:?}");
        assert!(taken < seconds(1), "{taken:?}");
    }
}

/// A key that is there already is not given up for it.
#[test]
fn keys_that_cannot_be_listed_later_stay() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("mine"));
    scene.enrol(key, None);
    let another = scene.add(KeyConfig::new("another"));
    scene.bench().unplug(another);
    let now = scene.bench().now();
    scene.bench().plug_at(another, now + seconds(1));
    scene.bench().touch_at(key, now + seconds(3));
    scene.platform.unlistable = Some((ListError::Failed, now + ms(500)..now + seconds(2)));
    assert!(is_verified(&scene.sign_in()));
}

#[test]
fn a_machine_without_descriptors_is_named() {
    for wait_for_key in [0, 10] {
        for lists in [true, false] {
            let mut scene = Scene::new();
            let key = scene.add(KeyConfig::new("mine"));
            scene.enrol(key, None);
            scene.settings.policy.wait_for_key = seconds(wait_for_key);
            if lists {
                scene.platform.unopenable = Some(OpenError::NoDescriptors);
            } else {
                scene.platform.unlistable = Some((ListError::NoDescriptors, Duration::ZERO..Duration::MAX));
            }
            let attempt = scene.sign_in();
            let error = SignInError::KeyUnusable(KeyError::NoDescriptors);
            assert_eq!(attempt.result.unwrap_err(), error);
            // It is no use to wait.
            assert_eq!(scene.person.told, []);
        }
    }
}

#[test]
fn a_key_that_says_nothing_at_first_signs_in_once_it_does() {
    let mut scene = Scene::new();
    let quirks = Quirks { mute_for: seconds(20), ..Quirks::default() };
    let key = scene.add(KeyConfig::new("mine"));
    let passkey = scene.enrol(key, None);
    let slow = scene.add(KeyConfig { quirks, ..KeyConfig::new("mine") });
    scene.bench().unplug(key);
    scene.bench().advance(seconds(30));
    assert_eq!(scene.enrol(slow, None).id, passkey.id);
    scene.passkeys.pop();
    scene.settings.policy.wait_for_key = seconds(40);
    scene.bench().unplug(slow);
    scene.bench().plug(slow);
    scene.bench().auto_touch(slow, ms(200));
    let (attempt, taken) = scene.timed_sign_in();
    assert!(is_verified(&attempt), "{attempt:?} {:?}", scene.person.told);
    assert!(taken < seconds(26), "{taken:?}");
    assert!(!scene.person.told.contains(&Notice::NoPasskeyOnKeys), "{:?}", scene.person.told);
}

/// INIT says neither CTAP2 nor U2F.
#[test]
fn a_device_that_speaks_nothing_we_know_is_named() {
    for capabilities in [0x08, 0x09] {
        let mut scene = Scene::new();
        let key = scene.add(KeyConfig::new("mine"));
        scene.enrol(key, None);
        scene.bench().unplug(key);
        scene.settings.policy.wait_for_key = seconds(10);
        scene.bench().add_impostor(ImpostorConfig { capabilities, ..ImpostorConfig::new("dumb") });
        let attempt = scene.sign_in();
        let error = SignInError::KeyUnusable(KeyError::NoProtocol);
        assert_eq!(attempt.result.unwrap_err(), error, "0x{capabilities:02x}");
        assert_eq!(scene.person.told, [Notice::KeyUnusable(KeyError::NoProtocol)]);
    }
}

/// Some programs show a message until the person has confirmed it, and the module waits meanwhile; the kernel keeps six seconds of what a
/// blinking key says, and the reply comes later.
#[test]
fn a_touch_while_a_message_is_held_is_asked_for_again() {
    for held in [1, 5, 8, 20] {
        let mut scene = Scene::new();
        let key = scene.add(KeyConfig::new("mine"));
        scene.enrol(key, None);
        scene.person.once_told(
            |notice| *notice == Notice::TouchKey,
            move |bench| {
                let mut bench = bench.borrow_mut();
                let at = bench.now() + seconds(held) - ms(200);
                bench.touch_at(key, at);
                bench.advance(seconds(held));
                bench.auto_touch(key, ms(500));
            },
        );
        let (attempt, taken) = scene.timed_sign_in();
        assert!(is_verified(&attempt), "{held} s: {attempt:?} {:?}", scene.person.told);
        assert!(taken < seconds(held + 3), "{held} s: {taken:?}");
    }
}
