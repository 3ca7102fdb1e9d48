//! Enrolling.

use super::support::{Scene, ms, pin, seconds};
use ctap::Aaguid;
use ctap::cose::Algorithm;
use passkey_core::ceremony::{EnrolError, Enrolment, Impossible, KeyFailure, Notice};
use passkey_core::config::UserVerification;
use passkey_core::credential::{UserHandle, UvCapability};
use virtual_key::{Asked, Attestation, Fingerprints, KeyConfig, Misbehaviour, Profile, Sabotage};

#[test]
fn a_new_passkey_says_what_it_is() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig { aaguid: [9; 16], ..KeyConfig::new("blue") });
    let credential = scene.enrol(key, None);
    assert_eq!(credential.rp_id, "desk.example");
    assert_eq!(credential.public_key.algorithm(), Algorithm::Es256);
    assert_eq!(credential.aaguid.0, [9; 16]);
    assert_eq!(credential.user_verification, UvCapability::None);
    assert!(!credential.discoverable);
    assert!(credential.enabled);
}

#[test]
fn a_key_with_a_pin_asks_for_it() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue").pin("1234"));
    let handle = scene.user_handle.clone();
    scene.person.answers.extend([pin("4321"), pin("1234")]);
    let enrolment =
        Enrolment { verification: UserVerification::Required, ..Scene::enrolment("blue", &handle, &[]) };
    let enrolled = scene.enrol_with(key, enrolment).unwrap();
    assert_eq!(enrolled.credential.user_verification, UvCapability::Pin);
    assert_eq!(scene.person.asked.iter().map(|asked| asked.1).collect::<Vec<_>>(), [Some(8), Some(7)]);
    assert_eq!(scene.person.told, [Notice::TouchKey]);
}

#[test]
fn a_key_that_lacks_only_a_pin_is_named() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig { fingerprints: Fingerprints::NoneEnrolled, ..KeyConfig::new("blue") });
    let handle = scene.user_handle.clone();
    let enrolment =
        Enrolment { verification: UserVerification::Required, ..Scene::enrolment("blue", &handle, &[]) };
    let error = scene.enrol_with(key, enrolment).unwrap_err();
    assert!(matches!(&error, EnrolError::PinNotSet(key) if key.name == "blue"), "{error:?}");
    assert_eq!(scene.person.told, [], "nobody was asked to touch it");
}

#[test]
fn a_full_key_says_so_and_keeps_what_it_has() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig { room: 1, ..KeyConfig::new("small") });
    let (first, second) = (scene.user_handle.clone(), UserHandle::random().unwrap());
    let on_key = |handle| Enrolment { discoverable: true, ..Scene::enrolment("mine", handle, &[]) };
    let held = scene.enrol_with(key, on_key(&first)).unwrap().credential;
    assert_eq!(scene.enrol_with(key, on_key(&second)).unwrap_err(), EnrolError::KeyFull);
    // Where the key need not keep it there is room for any number.
    scene.enrol_with(key, Scene::enrolment("other", &second, &[])).unwrap();
    let existing = [&held];
    let again = Enrolment { existing: &existing, ..on_key(&first) };
    assert!(matches!(scene.enrol_with(key, again), Err(EnrolError::AlreadyEnrolled(_))));
}

#[test]
fn the_same_key_is_not_enrolled_twice() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue"));
    let first = scene.enrol(key, None);
    let handle = scene.user_handle.clone();
    let existing = [&first];
    let enrolment = Scene::enrolment("again", &handle, &existing);
    let error = scene.enrol_with(key, enrolment).unwrap_err();
    assert_eq!(error, EnrolError::AlreadyEnrolled(Some("passkey 0".into())));
    assert_eq!(scene.person.told, [], "nobody was asked to touch it");
}

/// It is asked for a passkey all the same, with those that it must not hold.
#[test]
fn a_key_that_does_not_search_silently_still_is_not_enrolled_twice() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue"));
    let first = scene.enrol(key, None);
    let says_nothing =
        Sabotage { asked: Some(Asked::SilentAssertion), nth: 1, how: Misbehaviour::Refusal(0x27) };
    scene.bench().sabotage(key, Some(says_nothing));
    let handle = scene.user_handle.clone();
    let existing = [&first];
    let error = scene.enrol_with(key, Scene::enrolment("again", &handle, &existing)).unwrap_err();
    assert_eq!(error, EnrolError::AlreadyEnrolled(None));
    assert!(scene.person.told.contains(&Notice::TouchKey), "its own check follows a touch");
}

#[test]
fn of_several_keys_the_touched_one_is_enrolled() {
    let mut scene = Scene::new();
    let keys = [
        scene.add(KeyConfig { aaguid: [1; 16], ..KeyConfig::new("blue") }),
        scene.add(KeyConfig { aaguid: [2; 16], ..KeyConfig::new("green") }),
    ];
    let handle = scene.user_handle.clone();
    scene.person.touches.extend([(keys[1], seconds(1)), (keys[1], seconds(1))]);
    let enrolment = Scene::enrolment("mine", &handle, &[]);
    let enrolled = passkey_core::ceremony::enrol(&mut scene.platform, &mut scene.person, &enrolment).unwrap();
    assert_eq!(enrolled.credential.aaguid.0, [2; 16]);
    assert_eq!(scene.person.told, [Notice::TouchToChoose, Notice::TouchKey]);
    scene.bench().advance(ms(300));
    assert!(!scene.bench().blinking(keys[0]), "the other stops blinking");
}

#[test]
fn a_key_plugged_in_later_is_enrolled() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue"));
    scene.bench().unplug(key);
    scene.bench().plug_at(key, seconds(4));
    let handle = scene.user_handle.clone();
    let enrolment = Scene::enrolment("mine", &handle, &[]);
    scene.enrol_with(key, enrolment).unwrap();
    assert_eq!(scene.person.told, [Notice::InsertKey, Notice::TouchKey]);
}

#[test]
fn discoverable_and_eddsa_passkeys_can_be_asked_for() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue"));
    let handle = scene.user_handle.clone();
    let enrolment = Enrolment {
        discoverable: true,
        algorithms: &[Algorithm::EdDsa],
        ..Scene::enrolment("mine", &handle, &[])
    };
    let enrolled = scene.enrol_with(key, enrolment).unwrap();
    assert_eq!(enrolled.credential.public_key.algorithm(), Algorithm::EdDsa);
    assert!(enrolled.credential.discoverable);
    assert_eq!(enrolled.credential.cred_protect, Some(2), "its holder cannot list it without the PIN");
    assert_eq!(scene.bench().discoverable_credentials(key), 1);
    scene.passkeys.push(enrolled.credential);
    scene.bench().auto_touch(key, ms(100));
    assert!(scene.sign_in().result.is_ok());
}

#[test]
fn what_cannot_be_had_is_said() {
    type Change = fn(&mut Enrolment<'_>);
    let cases: [(KeyConfig, Change, EnrolError); 2] = [
        (
            KeyConfig { profile: Profile::U2f, ..KeyConfig::new("old") },
            |enrolment| enrolment.verification = UserVerification::Required,
            EnrolError::CannotVerifyUser(Impossible::U2fOnly),
        ),
        (
            KeyConfig::new("blue"),
            |enrolment| enrolment.algorithms = &[Algorithm::Es384],
            EnrolError::NoAlgorithm,
        ),
    ];
    for (config, change, expected) in cases {
        let mut scene = Scene::new();
        let key = scene.add(config);
        let handle = scene.user_handle.clone();
        let mut enrolment = Scene::enrolment("mine", &handle, &[]);
        change(&mut enrolment);
        assert_eq!(scene.enrol_with(key, enrolment).unwrap_err(), expected);
    }
}

#[test]
fn without_a_key_or_a_touch_it_ends_at_the_deadline() {
    let mut scene = Scene::new();
    let handle = scene.user_handle.clone();
    let enrolment = Scene::enrolment("mine", &handle, &[]);
    let error =
        passkey_core::ceremony::enrol(&mut scene.platform, &mut scene.person, &enrolment).unwrap_err();
    assert_eq!(error, EnrolError::Key(KeyFailure::NoKey));
    assert_eq!(scene.bench().now(), seconds(30));

    scene.add(KeyConfig::new("blue"));
    let enrolment = Scene::enrolment("mine", &handle, &[]);
    let error =
        passkey_core::ceremony::enrol(&mut scene.platform, &mut scene.person, &enrolment).unwrap_err();
    assert_eq!(error, EnrolError::Key(KeyFailure::NoTouch));
}

/// Which key is meant is not known as long as another one says nothing, but who touches the honest one has said so.
#[test]
fn keys_that_do_not_answer_hold_no_other_up() {
    for how in [Misbehaviour::Mute, Misbehaviour::Keepalives, Misbehaviour::Busy] {
        let mut scene = Scene::new();
        let hostile = scene.add(KeyConfig::new("hostile"));
        scene.bench().sabotage(hostile, Some(Sabotage { asked: Some(Asked::Info), nth: 1, how }));
        let honest = scene.add(KeyConfig::new("honest"));
        let handle = scene.user_handle.clone();
        let start = scene.bench().now();
        scene.person.touches.extend([(honest, ms(500)), (honest, ms(500))]);
        let enrolment = Scene::enrolment("mine", &handle, &[]);
        let enrolled =
            passkey_core::ceremony::enrol(&mut scene.platform, &mut scene.person, &enrolment).unwrap();
        assert_eq!(enrolled.key.name, "honest");
        assert_eq!(scene.person.told, [Notice::TouchToChoose, Notice::TouchKey], "{how:?}");
        // A key that says that it is at work may be but slow; it is not waited for in earnest all the same.
        let patience = if how == Misbehaviour::Keepalives { ms(1000) } else { ms(250) };
        // The person's two halves of a second are among it.
        assert!(scene.bench().now() - start <= ms(1100) + patience, "{how:?}");
    }
}

#[test]
fn a_key_that_is_slow_to_say_what_it_is_is_not_passed_over() {
    let mut scene = Scene::new();
    let quick = scene.add(KeyConfig::new("quick"));
    let slow = KeyConfig { latency: ms(200), message_timeout: seconds(5), ..KeyConfig::new("slow") };
    let slow = scene.add(slow);
    scene.bench().auto_touch(slow, ms(500));
    let handle = scene.user_handle.clone();
    let enrolment = Scene::enrolment("mine", &handle, &[]);
    let enrolled = passkey_core::ceremony::enrol(&mut scene.platform, &mut scene.person, &enrolment).unwrap();
    assert_eq!(enrolled.key.name, "slow");
    assert_eq!(scene.bench().counts(quick).commands.get(&1), None, "no authenticatorMakeCredential");
}

/// Nor is anything asked where the person has named the key.
#[test]
fn a_key_that_is_named_need_not_be_chosen() {
    let mut scene = Scene::new();
    let hostile = scene.add(KeyConfig::new("hostile"));
    scene
        .bench()
        .sabotage(hostile, Some(Sabotage { asked: Some(Asked::Init), nth: 1, how: Misbehaviour::Mute }));
    let honest = scene.add(KeyConfig::new("honest"));
    let path = std::path::PathBuf::from("/dev/hidraw1");
    let handle = scene.user_handle.clone();
    let enrolment = Enrolment { device: Some(&path), ..Scene::enrolment("mine", &handle, &[]) };
    let enrolled = scene.enrol_with(honest, enrolment).unwrap();
    assert_eq!(enrolled.key.name, "honest");
    assert_eq!(scene.person.told, [Notice::TouchKey]);
}

#[test]
fn one_of_several_that_fails_is_done_without() {
    for how in [Misbehaviour::Refusal(0xfe), Misbehaviour::CutShort, Misbehaviour::Oversized] {
        let mut scene = Scene::new();
        let hostile = scene.add(KeyConfig::new("hostile"));
        scene.bench().sabotage(hostile, Some(Sabotage { asked: Some(Asked::Selection), nth: 1, how }));
        scene.bench().auto_touch(hostile, ms(1));
        let honest = scene.add(KeyConfig::new("honest"));
        let handle = scene.user_handle.clone();
        scene.person.touches.extend([(honest, seconds(1)), (honest, seconds(1))]);
        let enrolment = Scene::enrolment("mine", &handle, &[]);
        let enrolled =
            passkey_core::ceremony::enrol(&mut scene.platform, &mut scene.person, &enrolment).unwrap();
        assert_eq!(enrolled.key.name, "honest", "{how:?}");
    }
}

#[test]
fn a_key_that_is_plugged_in_while_others_blink_can_be_chosen() {
    let mut scene = Scene::new();
    for name in ["blue", "green"] {
        scene.add(KeyConfig::new(name));
    }
    let late = scene.add(KeyConfig::new("late"));
    scene.bench().unplug(late);
    let start = scene.bench().now();
    scene.bench().plug_at(late, start + seconds(2));
    scene.bench().auto_touch(late, ms(500));
    let handle = scene.user_handle.clone();
    let enrolment = Scene::enrolment("mine", &handle, &[]);
    let enrolled = passkey_core::ceremony::enrol(&mut scene.platform, &mut scene.person, &enrolment).unwrap();
    assert_eq!(enrolled.key.name, "late");
}

/// One that says at once that nobody came, as often as it is asked.
#[test]
fn a_sensor_is_asked_for_a_finger_four_times_a_second_at_most() {
    let mut scene = Scene::new();
    let key =
        scene.add(KeyConfig { fingerprints: Fingerprints::Enrolled, ..KeyConfig::new("blue").pin("1234") });
    let how = Misbehaviour::Refusal(0x2f);
    scene.bench().sabotage(key, Some(Sabotage { asked: Some(Asked::UvToken), nth: 1, how }));
    let handle = scene.user_handle.clone();
    let enrolment = Enrolment {
        verification: UserVerification::Required,
        timeout: seconds(3),
        ..Scene::enrolment("mine", &handle, &[])
    };
    let error =
        passkey_core::ceremony::enrol(&mut scene.platform, &mut scene.person, &enrolment).unwrap_err();
    assert_eq!(error, EnrolError::Key(KeyFailure::NoTouch));
    let asked = scene.bench().counts(key).commands[&6];
    assert!((12..=14).contains(&asked), "key agreement, and the finger: {asked}");
}

#[test]
fn a_model_that_is_not_allowed_is_let_go_untouched() {
    for (config, said) in [
        (KeyConfig { aaguid: [9; 16], ..KeyConfig::new("blue") }.pin("1234"), Aaguid([9; 16])),
        (KeyConfig { profile: Profile::U2f, ..KeyConfig::new("old") }, Aaguid::ZERO),
    ] {
        let mut scene = Scene::new();
        let key = scene.add(config);
        let handle = scene.user_handle.clone();
        let enrolment = |allowed: &'static [Aaguid]| Enrolment {
            allowed_aaguids: allowed,
            ..Scene::enrolment("mine", &handle, &[])
        };
        let error = scene.enrol_with(key, enrolment(&[Aaguid([1; 16]), Aaguid([2; 16])])).unwrap_err();
        assert_eq!(error, EnrolError::ModelNotAllowed(said));
        assert_eq!((scene.person.told.len(), scene.person.asked.len()), (0, 0), "nobody was bothered");
        scene.person.answers.push_back(pin("1234"));
        scene.enrol_with(key, enrolment(&[Aaguid([9; 16]), Aaguid::ZERO])).unwrap();
    }
}

#[test]
fn enterprise_attestation_is_asked_of_keys_that_have_it_switched_on() {
    for (attestation, wanted, given) in [
        (Attestation::Enterprise, true, true),
        (Attestation::Enterprise, false, false),
        (Attestation::Model, true, false),
        (Attestation::Itself, true, false),
    ] {
        let mut scene = Scene::new();
        let key = scene.add(KeyConfig { attestation, ..KeyConfig::new("blue") });
        let handle = scene.user_handle.clone();
        let enrolment =
            Enrolment { enterprise_attestation: wanted, ..Scene::enrolment("mine", &handle, &[]) };
        let enrolled = scene.enrol_with(key, enrolment).unwrap();
        assert_eq!(enrolled.attestation.enterprise_requested, given);
        assert_eq!(enrolled.attestation.made.enterprise, given);
        assert_eq!(enrolled.attestation.made.format, "packed");
    }
}
