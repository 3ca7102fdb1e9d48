//! Several keys at once.

use super::support::{Scene, is_verified, ms, pin, seconds};
use passkey_core::ceremony::{Lock, Notice, SignInError};
use passkey_core::config::UserVerification;
use virtual_key::{Asked, Fingerprints, KeyConfig, Misbehaviour, Sabotage};

#[test]
fn either_of_two_enrolled_keys_signs_in_at_once() {
    for touched in [0, 1] {
        let mut scene = Scene::new();
        let keys = [scene.add(KeyConfig::new("blue")), scene.add(KeyConfig::new("green"))];
        for key in keys {
            scene.enrol(key, None);
        }
        scene.person.touches.push_back((keys[touched], seconds(2)));
        let (attempt, taken) = scene.timed_sign_in();
        assert_eq!(attempt.result.unwrap().credential(), &scene.passkeys[touched]);
        assert!(taken < seconds(2) + ms(200), "{taken:?}");
        assert_eq!(scene.person.told, [Notice::TouchKey]);
    }
}

#[test]
fn both_enrolled_keys_blink() {
    let mut scene = Scene::new();
    let blue = scene.add(KeyConfig::new("blue"));
    let green = scene.add(KeyConfig::new("green"));
    for key in [blue, green] {
        scene.enrol(key, None);
    }
    scene.settings.policy.timeout = seconds(3);
    assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::NoTouch);
    // Each was asked for the assertion proper, beside the silent one, and told to stop at the end.
    for key in [blue, green] {
        let counts = scene.bench().counts(key);
        assert_eq!((counts.commands[&2], counts.cancels), (2, 1));
    }
}

#[test]
fn only_the_enrolled_one_of_two_keys_is_asked_for_a_touch() {
    let mut scene = Scene::new();
    let blue = scene.add(KeyConfig::new("blue"));
    let foreign = scene.add(KeyConfig::new("foreign"));
    scene.enrol(blue, None);
    scene.bench().touch_after(blue, ms(100));
    assert!(is_verified(&scene.sign_in()));
    let counts = scene.bench().counts(foreign);
    assert_eq!((counts.transactions, counts.cancels), (3, 0), "INIT, getInfo and the silent question");
}

#[test]
fn the_person_chooses_by_touch_which_of_two_keys_gets_the_pin() {
    for touched in [0, 1] {
        let mut scene = Scene::new();
        let keys =
            [scene.add(KeyConfig::new("blue").pin("1234")), scene.add(KeyConfig::new("green").pin("5678"))];
        let pins = ["1234", "5678"];
        for (key, pin) in keys.iter().zip(pins) {
            scene.enrol(*key, Some(pin));
        }
        scene.settings.policy.verification = UserVerification::Required;
        scene.person.touches.push_back((keys[touched], ms(700)));
        scene.person.touches.push_back((keys[touched], ms(700)));
        scene.person.answers.push_back(pin(pins[touched]));
        let attempt = scene.sign_in();
        assert_eq!(attempt.result.unwrap().credential(), &scene.passkeys[touched]);
        assert_eq!(scene.person.told, [Notice::TouchToChoose, Notice::TouchKey]);
        assert_eq!(scene.person.asked.len(), 1, "one prompt, for the key that was meant");
        assert_eq!(scene.bench().pin_retries(keys[0]), 8);
        assert_eq!(scene.bench().pin_retries(keys[1]), 8);
    }
}

/// It takes longer than the fast one is held back, but it gets on.
#[test]
fn the_person_may_choose_the_slower_of_two_keys() {
    let mut scene = Scene::new();
    let fast = scene.add(KeyConfig::new("fast").pin("1234"));
    let slow = scene.add(KeyConfig { latency: ms(25), ..KeyConfig::new("slow").pin("5678") });
    scene.enrol(fast, Some("1234"));
    scene.enrol(slow, Some("5678"));
    scene.settings.policy.verification = UserVerification::Required;
    scene.person.touches.extend([(slow, ms(700)), (slow, ms(700))]);
    scene.person.answers.push_back(pin("5678"));
    assert_eq!(scene.sign_in().result.unwrap().credential(), &scene.passkeys[1]);
    assert_eq!(scene.person.told, [Notice::TouchToChoose, Notice::TouchKey]);
    assert_eq!(scene.person.asked.len(), 1);
}

#[test]
fn the_pin_is_asked_for_only_for_the_key_that_holds_the_passkey() {
    let mut scene = Scene::new();
    let foreign = scene.add(KeyConfig::new("foreign").pin("1111"));
    let blue = scene.add(KeyConfig::new("blue").pin("1234"));
    scene.enrol(blue, Some("1234"));
    scene.settings.policy.verification = UserVerification::Required;
    scene.person.answers.push_back(pin("1234"));
    scene.person.touches.push_back((blue, ms(300)));
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.person.asked.len(), 1);
    assert_eq!(scene.bench().pin_retries(foreign), 8);
}

#[test]
fn sixteen_keys_take_no_longer_than_one() {
    let mut alone = Scene::new();
    let key = alone.add(KeyConfig { latency: ms(4), ..KeyConfig::new("blue") });
    alone.enrol(key, None);
    alone.bench().auto_touch(key, ms(0));
    let (attempt, one) = alone.timed_sign_in();
    assert!(is_verified(&attempt));

    let mut scene = Scene::new();
    let key = scene.add(KeyConfig { latency: ms(4), ..KeyConfig::new("blue") });
    scene.enrol(key, None);
    for n in 0..15 {
        scene.add(KeyConfig { latency: ms(4), ..KeyConfig::new(&format!("foreign {n}")) });
    }
    scene.bench().auto_touch(key, ms(0));
    let (attempt, sixteen) = scene.timed_sign_in();
    assert!(is_verified(&attempt));
    assert!(sixteen <= 2 * one, "one {one:?}, sixteen {sixteen:?}");
}

/// Some programs answer a question that they have seen before by themselves: the PIN of one key must not go to another one so.
#[test]
fn the_questions_for_two_keys_are_counted_together() {
    let mut scene = Scene::new();
    let keys =
        [scene.add(KeyConfig::new("blue").pin("1234")), scene.add(KeyConfig::new("green").pin("5678"))];
    scene.enrol(keys[0], Some("1234"));
    scene.enrol(keys[1], Some("5678"));
    scene.settings.policy.verification = UserVerification::Required;
    scene.settings.policy.pin_attempts = 5;
    scene.person.numbers.clear();
    // The third wrong PIN in a row locks the blue one, and the green one is left.
    scene.person.touches.push_back((keys[0], ms(500)));
    scene.person.answers.extend([pin("9999"), pin("9998"), pin("9997"), pin("5678")]);
    scene.person.touches.push_back((keys[1], ms(500)));
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.person.numbers, [1, 2, 3, 4]);
    assert!(scene.person.told.contains(&Notice::KeyLocked(Lock::Pin)), "{:?}", scene.person.told);
}

/// Its keep-alives would overflow, and with them what it has to say.
#[test]
fn no_sensor_waits_for_a_finger_while_a_pin_is_typed() {
    let mut scene = Scene::new();
    let pinned = scene.add(KeyConfig::new("pinned").pin("1234"));
    let sensor =
        scene.add(KeyConfig { fingerprints: Fingerprints::Enrolled, ..KeyConfig::new("sensor").pin("5678") });
    scene.enrol(pinned, Some("1234"));
    scene.bench().auto_touch(sensor, ms(1));
    scene.enrol(sensor, None);
    scene.settings.policy.verification = UserVerification::Required;
    scene.person.answers.push_back(pin("1234"));
    scene.bench().auto_touch(pinned, ms(700));
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.person.asked.len(), 1);
    assert_eq!(scene.person.lit, [vec![]]);
}

fn sensor(name: &str, pin: &str) -> KeyConfig {
    KeyConfig { fingerprints: Fingerprints::Enrolled, ..KeyConfig::new(name).pin(pin) }
}

/// Words name the key, since the person may think of the other one.
#[test]
fn beside_a_locked_sensor_the_other_keys_finger_signs_in_or_the_person_chooses_the_pin() {
    for touched in [0, 1] {
        let mut scene = Scene::new();
        let keys = [scene.add(sensor("blue", "1234")), scene.add(sensor("green", "5678"))];
        for key in keys {
            scene.bench().auto_touch(key, ms(1));
            scene.enrol(key, None);
        }
        let locked = Misbehaviour::Refusal(0x3c);
        scene.bench().sabotage(keys[0], Some(Sabotage { asked: Some(Asked::UvToken), nth: 1, how: locked }));
        scene.settings.policy.verification = UserVerification::Required;
        scene.person.answers.push_back(pin("1234"));
        scene.bench().auto_touch(keys[touched], seconds(2));
        let attempt = scene.sign_in();
        assert_eq!(attempt.result.unwrap().credential(), &scene.passkeys[touched]);
        let blue = || Some("passkey 0".to_owned());
        assert!(scene.person.told.contains(&Notice::FingerprintLocked { key: blue() }));
        assert_eq!(scene.person.shown, if touched == 0 { vec![blue()] } else { vec![] });
        assert_eq!(scene.person.lit.concat(), [], "no other key blinks while the PIN is typed");
    }
}

/// The prompt names the key that was touched, by the name that its passkey was given.
#[test]
fn the_prompt_names_the_key_that_was_chosen() {
    for touched in [0, 1] {
        let mut scene = Scene::new();
        let keys =
            [scene.add(KeyConfig::new("blue").pin("1234")), scene.add(KeyConfig::new("green").pin("5678"))];
        let pins = ["1234", "5678"];
        for (key, pin) in keys.iter().zip(pins) {
            scene.enrol(*key, Some(pin));
        }
        scene.settings.policy.verification = UserVerification::Required;
        scene.bench().auto_touch(keys[touched], ms(700));
        scene.person.answers.push_back(pin(pins[touched]));
        assert!(is_verified(&scene.sign_in()));
        assert_eq!(scene.person.shown, [Some(format!("passkey {touched}"))]);
    }
}

/// One that needs a PIN under any policy blinks to be chosen, one that needs a touch for the assertion itself.
#[test]
fn in_second_factor_mode_a_touch_of_the_key_without_a_pin_signs_in() {
    let mut scene = Scene::new();
    let pinned = scene.add(KeyConfig { always_uv: true, ..KeyConfig::new("pinned") }.pin("1234"));
    let plain = scene.add(KeyConfig::new("plain"));
    scene.enrol(pinned, Some("1234"));
    scene.enrol(plain, None);
    scene.settings.policy.verification = UserVerification::Discouraged;
    scene.person.touches.push_back((plain, seconds(1)));
    let (attempt, taken) = scene.timed_sign_in();
    assert_eq!(attempt.result.unwrap().credential(), &scene.passkeys[1]);
    assert_eq!(scene.person.told, [Notice::TouchToChoose]);
    assert!(scene.person.asked.is_empty());
    assert!(taken < ms(1600), "one touch is enough: {taken:?}");

    scene.forget_the_past();
    scene.person.answers.push_back(pin("1234"));
    scene.person.touches.push_back((pinned, seconds(1)));
    scene.person.touches.push_back((pinned, seconds(1)));
    assert_eq!(scene.sign_in().result.unwrap().credential(), &scene.passkeys[0]);
    assert_eq!(scene.person.shown, [Some("passkey 0".to_owned())]);
}
