//! Many passkeys, and keys that take their time over them or say little.

use super::support::{Key, Scene, is_verified, ms, pin, seconds};
use jiff::Timestamp;
use passkey_core::ceremony::{Attempt, KeyError, Notice, Passkey, SignInError, Wanted};
use passkey_core::config::UserVerification;
use passkey_core::credential::{Credential, CredentialId};
use passkey_core::store::{CredentialFile, State};
use std::time::Duration;
use virtual_key::{Asked, KeyConfig, Profile, Quirks, Report};

/// The same passkey under ids that no key has made.
fn strangers(credential: &Credential, count: usize, length: usize) -> Vec<Credential> {
    let stranger = |number: usize| {
        let mut id = vec![0xee; length];
        id[..8].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
        let id = CredentialId::new(id).unwrap();
        Credential { id, name: format!("stranger {number}"), ..credential.clone() }
    };
    (0..count).map(stranger).collect()
}

/// A key that takes one passkey in a list and 110 ms for it, and 299 passkeys of others before its own.
fn slow_search() -> (Scene, Key) {
    let mut scene = Scene::new();
    let quirks =
        Quirks { computing_time: vec![(Some(Asked::SilentAssertion), ms(110))], ..Quirks::default() };
    let key =
        scene.add(KeyConfig { quirks, max_credential_count_in_list: Some(1), ..KeyConfig::new("mine") });
    let mine = scene.enrol(key, None);
    scene.passkeys = strangers(&mine, 299, 64);
    scene.passkeys.push(mine);
    (scene, key)
}

/// As the session does it.
fn sign_in(scene: &mut Scene, state: &State) -> (Attempt, Duration) {
    let mut file = CredentialFile::new(scene.user_handle.clone());
    for passkey in &scene.passkeys {
        file.add(passkey.clone()).unwrap();
    }
    let start = scene.bench().now();
    let attempt = scene.run(Wanted::Passkeys(&Passkey::enabled(&file, state)));
    (attempt, scene.ended_at - start)
}

#[test]
fn a_search_that_takes_long_is_told_of_and_named_at_the_end() {
    let (mut scene, key) = slow_search();
    let start = scene.bench().now();
    scene.person.once_told(
        |notice| *notice == Notice::AskingKey,
        move |bench| {
            let told_after = bench.borrow().now() - start;
            assert!(told_after >= seconds(1) && told_after < ms(2300), "{told_after:?}");
        },
    );
    let (attempt, taken) = sign_in(&mut scene, &State::default());
    assert_eq!(attempt.result.unwrap_err(), SignInError::TooManyPasskeys);
    assert_eq!(scene.person.told, [Notice::AskingKey]);
    assert_eq!(taken, seconds(30));
    assert_eq!(attempt.key.unwrap().name, "mine");
    assert!(scene.bench().counts(key).commands[&2] > 200);
}

#[test]
fn the_passkey_that_was_used_last_is_asked_for_first() {
    let (mut scene, key) = slow_search();
    let mut state = State::default();
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    state.record_success(&scene.passkeys[7].id.clone(), 0, Timestamp::UNIX_EPOCH);
    state.record_success(&scene.passkeys[299].id.clone(), 0, now);
    scene.bench().auto_touch(key, ms(200));
    let (attempt, taken) = sign_in(&mut scene, &state);
    assert!(is_verified(&attempt), "{attempt:?}");
    assert_eq!(scene.person.told, [Notice::TouchKey]);
    assert!(taken < ms(500), "{taken:?}");
    assert_eq!(scene.bench().counts(key).commands[&2], 2, "one silent question, and the touch");
}

#[test]
fn the_last_of_200_passkeys_takes_26_questions() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("mine"));
    let mine = scene.enrol(key, None);
    scene.passkeys = strangers(&mine, 199, 64);
    scene.passkeys.push(mine);
    scene.bench().auto_touch(key, ms(200));
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.bench().counts(key).commands[&2], 26, "lists of eight, and the touch");
}

/// Together they are longer than any message that the key takes.
#[test]
fn twenty_long_ids_are_cut_into_what_the_key_takes() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig {
        max_msg_size: 1024,
        max_credential_count_in_list: None,
        ..KeyConfig::new("mine")
    });
    let mine = scene.enrol(key, None);
    scene.passkeys = strangers(&mine, 20, 241);
    scene.passkeys.push(mine);
    scene.bench().auto_touch(key, ms(200));
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.bench().counts(key).commands[&2], 8, "three to a list");
}

#[test]
fn an_assertion_that_names_no_passkey_is_held_against_each_that_was_asked_for() {
    for others in [0, 1, 7] {
        for policy in [UserVerification::Discouraged, UserVerification::Required] {
            let mut scene = Scene::new();
            let quirks = Quirks { omits_credential: true, ..Quirks::default() };
            let key = scene.add(KeyConfig { quirks, ..KeyConfig::new("mine") }.pin("1234"));
            scene.enrol(key, Some("1234"));
            for number in 0..others {
                let other = scene.add(KeyConfig::new(&format!("other {number}")));
                scene.enrol(other, None);
                scene.bench().unplug(other);
            }
            scene.passkeys.reverse();
            scene.settings.policy.verification = policy;
            scene.bench().auto_touch(key, ms(200));
            scene.person.answers.push_back(pin("1234"));
            let attempt = scene.sign_in();
            assert_eq!(attempt.result.unwrap().credential(), scene.passkeys.last().unwrap());
        }
    }
}

#[test]
fn a_key_that_names_no_protocol_speaks_the_first() {
    let mut scene = Scene::new();
    let quirks = Quirks { omits_pin_protocols: true, ..Quirks::default() };
    let old = KeyConfig { quirks, profile: Profile::Ctap20, ..KeyConfig::new("mine") };
    let key = scene.add(old.pin("1234"));
    scene.enrol(key, Some("1234"));
    scene.settings.policy.verification = UserVerification::Required;
    scene.bench().auto_touch(key, ms(200));
    scene.person.answers.push_back(pin("1234"));
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.bench().pin_retries(key), 8);
}

#[test]
fn a_mute_neighbour_costs_next_to_nothing() {
    for policy in [UserVerification::Discouraged, UserVerification::Required] {
        let mut scene = Scene::new();
        let key = scene.add(KeyConfig::new("mine").pin("1234"));
        scene.enrol(key, Some("1234"));
        scene.settings.policy.verification = policy;
        scene.person.typing = ms(0);
        scene.bench().auto_touch(key, ms(0));
        scene.person.answers.push_back(pin("1234"));
        let (attempt, alone) = scene.timed_sign_in();
        assert!(is_verified(&attempt));
        scene.bench().add_behaviour("mute", |_: Duration, _: &Report| Vec::new());
        scene.person.answers.push_back(pin("1234"));
        let (attempt, beside) = scene.timed_sign_in();
        assert!(is_verified(&attempt));
        assert!(beside <= alone + ms(400), "{policy:?}: {beside:?}, alone {alone:?}");
    }
}

#[test]
fn a_mute_key_alone_is_named() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("mine"));
    scene.enrol(key, None);
    scene.bench().unplug(key);
    scene.bench().add_behaviour("mute", |_: Duration, _: &Report| Vec::new());
    let attempt = scene.sign_in();
    assert_eq!(attempt.result.unwrap_err(), SignInError::KeyUnusable(KeyError::Silent));
}
