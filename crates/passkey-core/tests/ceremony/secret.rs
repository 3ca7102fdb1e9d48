//! What a key makes of a passkey's salts with the touch that signs in.

use super::support::{Scene, is_verified, ms, pin, seconds};
use ctap::hmac_secret::{Outputs, Salt, Salts};
use passkey_core::ceremony::{Attempt, KeySecret, Passkey, Wanted};
use passkey_core::config::UserVerification;
use virtual_key::{
    Asked, Corruption, Fingerprints, HmacSecret, KeyConfig, Misbehaviour, PinProtocols, Profile, Quirks,
    Sabotage,
};

const ONE: Salts = Salts { first: Salt([1; 32]), second: None };
const TWO: Salts = Salts { first: Salt([2; 32]), second: None };

/// `CTAP1_ERR_INVALID_PARAMETER`, `CTAP2_ERR_PIN_AUTH_INVALID`, `CTAP1_ERR_OTHER` and one that no specification knows.
const REFUSALS: [u8; 4] = [0x02, 0x33, 0x7f, 0xe9];

fn scene(config: KeyConfig) -> (Scene, virtual_key::KeyId) {
    let mut scene = Scene::new();
    let has_pin = config.pin.is_some();
    let key = scene.add(config);
    scene.enrol(key, has_pin.then_some("1234"));
    scene.settings.policy.verification = UserVerification::Required;
    (scene, key)
}

fn with_pin() -> KeyConfig {
    KeyConfig::new("blue").pin("1234")
}

/// Signs in with salts for every passkey.
fn sign_in(scene: &mut Scene, key: virtual_key::KeyId, salts: Salts) -> Attempt {
    scene.forget_the_past();
    scene.person.answers.push_back(pin("1234"));
    scene.bench().auto_touch(key, ms(200));
    let credentials = scene.passkeys.clone();
    let salted = |credential| Passkey { credential, sign_count: None, salts: Some(salts) };
    let passkeys: Vec<Passkey<'_>> = credentials.iter().map(salted).collect();
    let attempt = scene.run(Wanted::Passkeys(&passkeys));
    scene.bench().never(key);
    attempt
}

fn made(attempt: &Attempt) -> Outputs {
    assert!(is_verified(attempt), "{attempt:?}");
    match &attempt.secret {
        KeySecret::Made(outputs) => outputs.clone(),
        other => panic!("{other:?}"),
    }
}

/// Nothing may be asked of the person twice.
fn asked_once(scene: &Scene) -> bool {
    scene.person.asked.len() <= 1
}

#[test]
fn by_pin_a_secret_costs_no_transaction() {
    for protocols in [PinProtocols::One, PinProtocols::Two, PinProtocols::Both] {
        for profile in [Profile::Ctap21, Profile::Ctap20] {
            if profile == Profile::Ctap20 && protocols != PinProtocols::One {
                continue;
            }
            let (mut scene, key) = scene(KeyConfig { protocols, profile, ..with_pin() });
            assert!(scene.passkeys[0].hmac_secret);
            let first = made(&sign_in(&mut scene, key, ONE));
            assert_eq!(scene.bench().counts(key).transactions, 7, "{protocols:?} {profile:?}");
            assert_eq!(made(&sign_in(&mut scene, key, ONE)), first, "the same each time");
            assert_ne!(made(&sign_in(&mut scene, key, TWO)), first, "and another one of another salt");
            assert!(asked_once(&scene));
        }
    }
}

#[test]
fn by_sensor_a_secret_costs_one_transaction_at_most() {
    // A key with tokens agrees on a secret for its token; one without has nothing to agree on it for.
    for (profile, more) in [(Profile::Ctap21, 0), (Profile::Ctap20, 1)] {
        let config = KeyConfig { profile, fingerprints: Fingerprints::Enrolled, ..with_pin() };
        let (mut scene, key) = scene(config);
        scene.bench().auto_touch(key, ms(200));
        assert!(is_verified(&scene.sign_in()));
        let without = scene.bench().counts(key).transactions;
        let first = made(&sign_in(&mut scene, key, ONE));
        assert_eq!(scene.bench().counts(key).transactions, without + more, "{profile:?}");
        assert_eq!(made(&sign_in(&mut scene, key, ONE)), first);
        assert!(scene.person.asked.is_empty(), "{:?}", scene.person.asked);
    }
}

#[test]
fn without_user_verification_no_secret_is_asked_for() {
    let (mut scene, key) = scene(with_pin());
    scene.settings.policy.verification = UserVerification::Discouraged;
    let attempt = sign_in(&mut scene, key, ONE);
    assert!(is_verified(&attempt));
    assert_eq!(attempt.secret, KeySecret::NotAsked);
    assert_eq!(scene.bench().counts(key).transactions, 3);
}

#[test]
fn without_salts_nothing_changes() {
    let (mut scene, key) = scene(with_pin());
    scene.person.answers.push_back(pin("1234"));
    scene.bench().touch_after(key, ms(200));
    let attempt = scene.sign_in();
    assert!(is_verified(&attempt));
    assert_eq!(attempt.secret, KeySecret::NotAsked);
}

#[test]
fn two_salts_make_two_secrets() {
    let (mut scene, key) = scene(with_pin());
    let first = made(&sign_in(&mut scene, key, ONE)).first;
    let second = made(&sign_in(&mut scene, key, TWO)).first;
    let both = made(&sign_in(&mut scene, key, Salts { second: Some(TWO.first), ..ONE }));
    assert_eq!(both, Outputs { first, second: Some(second) });
}

/// Whatever it says: the sign-in stands, with one PIN and one touch.
#[test]
fn a_key_that_takes_no_salts_signs_in_all_the_same() {
    for status in REFUSALS {
        for by_sensor in [false, true] {
            let fingerprints = if by_sensor { Fingerprints::Enrolled } else { Fingerprints::NoSensor };
            let quirks = Quirks { hmac_secret: HmacSecret::Refuses(status), ..Quirks::default() };
            let (mut scene, key) = scene(KeyConfig { quirks, fingerprints, ..with_pin() });
            let attempt = sign_in(&mut scene, key, ONE);
            assert!(is_verified(&attempt), "{status:#x} {by_sensor} {attempt:?}");
            assert_eq!(attempt.secret, KeySecret::Withheld, "{status:#x}");
            assert!(asked_once(&scene), "{status:#x}");
        }
    }
}

#[test]
fn a_key_that_takes_salts_by_protocol_one_only_is_asked_by_that() {
    for status in REFUSALS {
        let quirks = Quirks { hmac_secret: HmacSecret::ByOneOnly(status), ..Quirks::default() };
        let (mut scene, key) = scene(KeyConfig { quirks, ..with_pin() });
        let first = made(&sign_in(&mut scene, key, ONE));
        assert_eq!(made(&sign_in(&mut scene, key, ONE)), first, "{status:#x}");
        assert!(asked_once(&scene), "{status:#x}");
    }
}

#[test]
fn a_key_that_does_not_know_the_extension_makes_no_passkey_for_it() {
    let quirks = Quirks { hmac_secret: HmacSecret::Unknown, ..Quirks::default() };
    let (mut scene, key) = scene(KeyConfig { quirks, ..with_pin() });
    assert!(!scene.passkeys[0].hmac_secret);
    let attempt = sign_in(&mut scene, key, ONE);
    assert!(is_verified(&attempt), "{attempt:?}");
    assert_eq!(attempt.secret, KeySecret::Withheld);
}

/// What the key signs is what it says, so that only the reading of the secret itself can find it.
#[test]
fn a_secret_that_cannot_be_read_costs_the_secret_and_not_the_sign_in() {
    for protocols in [PinProtocols::One, PinProtocols::Two] {
        let (mut scene, key) = scene(KeyConfig { protocols, ..with_pin() });
        let honest = made(&sign_in(&mut scene, key, ONE));
        for (name, corruption) in
            Corruption::NAMED.into_iter().filter(|(_, corruption)| corruption.is_of_secret())
        {
            let how = Misbehaviour::Corrupt(corruption);
            scene.bench().sabotage(key, Some(Sabotage { asked: Some(Asked::Assertion), nth: 1, how }));
            let attempt = sign_in(&mut scene, key, ONE);
            scene.bench().sabotage(key, None);
            assert!(is_verified(&attempt), "{name} {protocols:?}: {attempt:?}");
            match (corruption, &attempt.secret) {
                // Nothing but the wrapping can tell.
                (Corruption::HmacSecret, KeySecret::Made(wrong)) => assert_ne!(*wrong, honest),
                (_, secret) => assert_eq!(*secret, KeySecret::Withheld, "{name} {protocols:?}"),
            }
            assert!(asked_once(&scene), "{name}");
        }
    }
}

/// A key that takes another one's salts for its own makes another secret of them.
#[test]
fn the_salts_are_those_of_the_key_that_is_touched() {
    let mut scene = Scene::new();
    let blue = scene.add(with_pin());
    let red = scene.add(KeyConfig::new("red").pin("1234"));
    scene.enrol(blue, Some("1234"));
    scene.enrol(red, Some("1234"));
    scene.settings.policy.verification = UserVerification::Required;
    scene.person.answers.push_back(pin("1234"));
    scene.bench().auto_touch(red, ms(200));
    let credentials = scene.passkeys.clone();
    let passkeys = [
        Passkey { credential: &credentials[0], sign_count: None, salts: Some(ONE) },
        Passkey { credential: &credentials[1], sign_count: None, salts: None },
    ];
    let attempt = scene.run(Wanted::Passkeys(&passkeys));
    assert_eq!(attempt.result.unwrap().credential().id, credentials[1].id);
    assert_eq!(attempt.secret, KeySecret::NotAsked);
}

/// What a key can do wrong where a secret is agreed on for its salts alone: whatever it is, the sign-in ends in time, and it stands
/// where the key goes on.
#[test]
fn an_agreement_that_goes_wrong_costs_the_secret_and_no_more_time_than_there_is() {
    let mut stands = 0;
    for (name, how) in Misbehaviour::NAMED {
        let config =
            KeyConfig { profile: Profile::Ctap20, fingerprints: Fingerprints::Enrolled, ..with_pin() };
        let (mut scene, key) = scene(config);
        scene.bench().sabotage(key, Some(Sabotage { asked: Some(Asked::KeyAgreement), nth: 1, how }));
        let start = scene.bench().now();
        let attempt = sign_in(&mut scene, key, ONE);
        let taken = scene.ended_at - start;
        assert!(taken <= scene.settings.policy.timeout + seconds(5), "{name}: {taken:?}");
        assert!(scene.person.asked.is_empty(), "{name}: no PIN is asked for");
        if is_verified(&attempt) {
            stands += 1;
        }
    }
    assert!(stands > Misbehaviour::NAMED.len() / 3, "{stands}");
}

/// A refusal is what it was before there were salts: nobody touches a key twice for a secret that nobody wants.
#[test]
fn without_salts_a_refusal_is_not_asked_again() {
    let (mut scene, key) = scene(with_pin());
    scene.person.answers.push_back(pin("1234"));
    scene.bench().auto_touch(key, ms(200));
    let how = Misbehaviour::NAMED.into_iter().find(|(name, _)| *name == "refusal").expect("a refusal").1;
    scene.bench().sabotage(key, Some(Sabotage { asked: Some(Asked::Assertion), nth: 1, how }));
    let attempt = scene.sign_in();
    assert!(!is_verified(&attempt));
    assert_eq!(scene.bench().counts(key).transactions, 7);
}
