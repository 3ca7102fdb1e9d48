//! What a status means under its circumstances: the same word can be a time-out, a refusal, or a token that has expired.

use super::support::{Key, Scene, is_verified, ms, pin, seconds};
use passkey_core::ceremony::{Notice, PinReason, SignInError};
use passkey_core::config::{CounterPolicy, UserVerification};
use passkey_core::verify::VerifyError;
use std::time::Duration;
use virtual_key::{Asked, KeyConfig, Misbehaviour, Profile, Quirks, Sabotage, UserTimeout};

fn gives_up(after: Duration, status: u8) -> KeyConfig {
    let user_timeout = Some(UserTimeout { after, status });
    KeyConfig { quirks: Quirks { user_timeout, ..Quirks::default() }, ..KeyConfig::new("mine") }
}

/// Another key, so that both are asked without a touch first.
fn beside_another(scene: &mut Scene) {
    scene.add(KeyConfig::new("another"));
}

#[test]
fn a_key_whose_own_time_is_shorter_is_asked_again() {
    for status in [0x27, 0x2f, 0x3a] {
        for is_alone in [true, false] {
            let mut scene = Scene::new();
            let key = scene.add(gives_up(seconds(10), status));
            scene.enrol(key, None);
            if !is_alone {
                beside_another(&mut scene);
            }
            let at = scene.bench().now() + seconds(15);
            scene.bench().touch_at(key, at);
            let (attempt, taken) = scene.timed_sign_in();
            assert!(is_verified(&attempt), "0x{status:02x}: {attempt:?}");
            assert!(taken < seconds(16), "{taken:?}");
            assert_eq!(scene.person.told, [Notice::TouchKey], "it goes on blinking, as far as they see");
        }
    }
}

#[test]
fn a_refusal_on_the_key_ends_it_at_once() {
    for is_alone in [true, false] {
        let mut scene = Scene::new();
        let key = scene.add(gives_up(ms(1500), 0x27));
        scene.enrol(key, None);
        if !is_alone {
            beside_another(&mut scene);
        }
        let (attempt, taken) = scene.timed_sign_in();
        assert_eq!(attempt.result.unwrap_err(), SignInError::Declined);
        assert!(taken < ms(1700), "{taken:?}");
        assert_eq!(attempt.passkey, Some(scene.passkeys[0].clone()), "it has proved it by then");
    }
}

fn two_keys(second: KeyConfig) -> (Scene, [Key; 2]) {
    let mut scene = Scene::new();
    let keys = [scene.add(KeyConfig::new("blue").pin("1234")), scene.add(second.pin("5678"))];
    scene.enrol(keys[0], Some("1234"));
    scene.enrol(keys[1], Some("5678"));
    scene.settings.policy.verification = UserVerification::Required;
    (scene, keys)
}

/// It is what an older key says once it was touched, and this one was not.
#[test]
fn a_refusal_to_be_chosen_is_no_choice() {
    for profile in [Profile::Ctap21, Profile::Ctap20] {
        let (mut scene, [blue, green]) = two_keys(KeyConfig { profile, ..KeyConfig::new("green") });
        let how = Misbehaviour::Refusal(0x33);
        scene.bench().sabotage(green, Some(Sabotage { asked: Some(Asked::Selection), nth: 1, how }));
        scene.person.answers.push_back(pin("1234"));
        scene.bench().touch_after(blue, seconds(3));
        scene.person.once_told(
            |notice| *notice == Notice::TouchKey,
            move |bench| bench.borrow_mut().touch_after(blue, ms(300)),
        );
        let attempt = scene.sign_in();
        assert_eq!(attempt.result.unwrap().credential(), &scene.passkeys[0], "{profile:?}");
        assert_eq!(scene.person.shown, [Some("passkey 0".to_owned())]);
        assert_eq!(scene.bench().pin_retries(green), 8);
    }
}

#[test]
fn a_token_that_has_expired_has_the_person_verified_again() {
    for status in [0x33, 0x38] {
        let mut scene = Scene::new();
        let key = scene.add(KeyConfig::new("mine").pin("1234"));
        scene.enrol(key, Some("1234"));
        scene.settings.policy.verification = UserVerification::Required;
        let how = Misbehaviour::Refusal(status);
        scene.bench().sabotage(key, Some(Sabotage { asked: Some(Asked::Assertion), nth: 1, how }));
        scene.person.answers.extend([pin("1234"), pin("1234")]);
        scene.person.once_asked(|_| {});
        scene.person.once_asked(move |bench| bench.borrow_mut().sabotage(key, None));
        scene.bench().auto_touch(key, ms(200));
        let attempt = scene.sign_in();
        assert!(is_verified(&attempt), "0x{status:02x}: {attempt:?}");
        assert_eq!(scene.person.asked, [(PinReason::First, Some(8)), (PinReason::First, Some(8))]);
        assert_eq!(scene.bench().pin_retries(key), 8);
    }
}

/// Some keys wait for a touch although they are asked without one.
#[test]
fn a_key_that_always_wants_a_touch_gets_it() {
    let quirks = Quirks { ignores_up_false: true, ..Quirks::default() };
    let key = || KeyConfig { quirks: quirks.clone(), ..KeyConfig::new("mine") };
    for is_alone in [true, false] {
        let mut scene = Scene::new();
        let mine = scene.add(key());
        scene.bench().auto_touch(mine, ms(300));
        scene.enrol(mine, None);
        assert_eq!(scene.passkeys[0].answers_silently, Some(false));
        if !is_alone {
            beside_another(&mut scene);
        }
        scene.bench().touch_after(mine, ms(300));
        let (attempt, taken) = scene.timed_sign_in();
        assert!(is_verified(&attempt), "{attempt:?}");
        assert!(taken < seconds(1), "one touch is enough: {taken:?}");
        assert_eq!(scene.person.told, [Notice::TouchKey]);
        assert_eq!(attempt.answers_silently, None);
    }
    let mut scene = Scene::new();
    let mine = scene.add(key().pin("1234"));
    scene.bench().auto_touch(mine, ms(300));
    scene.enrol(mine, Some("1234"));
    scene.settings.policy.verification = UserVerification::Required;
    scene.bench().auto_touch(mine, ms(300));
    scene.person.answers.push_back(pin("1234"));
    let attempt = scene.sign_in();
    assert!(is_verified(&attempt), "{attempt:?}");
    assert_eq!(scene.person.told, [Notice::TouchKey, Notice::TouchKey], "before the PIN and after it");
    assert_eq!(scene.person.asked.len(), 1);
}

/// There may be a copy of the passkey, and no other key makes that good.
#[test]
fn a_copy_that_is_touched_ends_it_while_the_original_waits() {
    let mut scene = Scene::new();
    let original = scene.add(KeyConfig::new("mine"));
    let passkey = scene.enrol(original, None);
    // The same secrets, and a counter of its own.
    let copy = scene.add(KeyConfig::new("mine"));
    assert_eq!(scene.enrol(copy, None).id, passkey.id);
    scene.passkeys.pop();
    scene.bench().unplug(copy);
    for _ in 0..3 {
        scene.bench().touch_after(original, ms(100));
        let counted = scene.sign_in().result.unwrap().sign_count();
        scene.settings.sign_count = Some(counted);
    }
    scene.settings.policy.counter = CounterPolicy::Deny;
    scene.bench().plug(copy);
    scene.bench().touch_after(copy, seconds(2));
    let (attempt, taken) = scene.timed_sign_in();
    let error = attempt.result.unwrap_err();
    assert!(matches!(error, SignInError::Rejected(VerifyError::CounterNotGreater(_))), "{error:?}");
    assert!(taken < ms(2200), "{taken:?}");
    // The original is none the worse for it.
    scene.bench().unplug(copy);
    scene.bench().touch_after(original, ms(100));
    assert!(is_verified(&scene.sign_in()));
}
