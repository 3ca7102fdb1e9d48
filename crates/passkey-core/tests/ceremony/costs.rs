//! What a sign-in costs, counted by the key.

use super::support::{Scene, is_verified, ms, pin, seconds};
use passkey_core::config::UserVerification;
use virtual_key::KeyConfig;

#[test]
fn one_credential_and_a_touch_cost_three_transactions() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue"));
    scene.enrol(key, None);
    scene.bench().touch_after(key, ms(200));
    let attempt = scene.sign_in();
    assert!(is_verified(&attempt), "{attempt:?}");
    let counts = scene.bench().counts(key);
    assert_eq!((counts.transactions, counts.inits, counts.cbor, counts.opens), (3, 1, 2, 1));
}

#[test]
fn one_credential_and_a_pin_cost_seven_transactions_three_of_them_after_the_pin() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue").pin("1234"));
    scene.enrol(key, Some("1234"));
    scene.settings.policy.verification = UserVerification::Required;
    scene.person.answers.push_back(pin("1234"));
    scene.bench().touch_after(key, ms(200));
    let attempt = scene.sign_in();
    assert!(attempt.result.as_ref().is_ok_and(passkey_core::verify::Verified::user_verified), "{attempt:?}");
    assert_eq!(scene.bench().counts(key).transactions, 7);
    assert_eq!(
        scene.person.counted,
        [4],
        "the key agreement too, or a wrong PIN of another program would make it stale"
    );
}

#[test]
fn ten_credentials_of_which_the_last_matches_cost_five_transactions() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue"));
    for other in ["a", "b", "c", "d", "e", "f", "g", "h", "i"] {
        let other = scene.add(KeyConfig::new(other));
        scene.enrol(other, None);
        scene.bench().unplug(other);
    }
    scene.enrol(key, None);
    assert_eq!(scene.passkeys.len(), 10);
    scene.bench().touch_after(key, ms(200));
    assert!(is_verified(&scene.sign_in()));
    let counts = scene.bench().counts(key);
    assert_eq!((counts.transactions, counts.opens), (5, 1));
}

#[test]
fn twenty_four_foreign_credentials_cost_five_transactions() {
    let mut scene = Scene::new();
    let other = scene.add(KeyConfig::new("other"));
    let enrolled = scene.enrol(other, None);
    scene.bench().unplug(other);
    // The same credential under other names will do: the key can only say that it does not know them.
    scene.passkeys = vec![enrolled; 24];
    let key = scene.add(KeyConfig::new("blue"));
    let (attempt, taken) = scene.timed_sign_in();
    assert!(attempt.result.is_err());
    assert_eq!(scene.bench().counts(key).transactions, 5);
    assert!(taken < seconds(1), "{taken:?}");
}
