//! A recovery code is no PIN: it is never sent to a key.

use super::support::{Key, Scene, is_verified, ms, pin};
use ctap::Secret;
use passkey_core::ceremony::{PinReason, SignInError, TokenError};
use passkey_core::config::UserVerification;
use passkey_core::store::recovery::{Code, Reading};
use virtual_key::KeyConfig;

const CODE: &str = "0410-6105-0R3G-G28A-S14E";

fn scene_with_pin(key_pin: &str) -> (Scene, Key) {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue").pin(key_pin));
    scene.enrol(key, Some(key_pin));
    scene.settings.policy.verification = UserVerification::Required;
    scene.bench().auto_touch(key, ms(100));
    (scene, key)
}

fn scene() -> (Scene, Key) {
    scene_with_pin("1234")
}

fn code(text: &str) -> Code {
    match Code::read(&Secret::new(text.into())) {
        Reading::Code(code) => code,
        other => panic!("{other:?}"),
    }
}

/// However it is written, and whether or not codes are taken: nothing but the tries left and the key agreement is asked for.
#[test]
fn a_code_is_never_sent_to_a_key() {
    for taken in [true, false] {
        for written in [CODE, "041061050r3gg28as14e", " 04lo 61o5 oR3G G28A Sl4E ", "0410 6105-0R3GG28AS14E"]
        {
            let (mut scene, key) = scene();
            scene.settings.takes_recovery_code = taken;
            scene.person.answers.extend([pin(written), pin(written), pin(written)]);
            let attempt = scene.sign_in();
            let error = attempt.result.unwrap_err();
            if taken {
                assert_eq!(error, SignInError::Pin(TokenError::RecoveryCode), "{written}");
                assert_eq!(attempt.recovery_code, Some(code(CODE)));
                assert_eq!(scene.person.asked.len(), 1);
            } else {
                assert_eq!(error, SignInError::Pin(TokenError::NeverAPin), "{written}");
                assert_eq!(attempt.recovery_code, None);
                assert_eq!(scene.person.asked[1].0, PinReason::ThatWasARecoveryCode);
            }
            assert_eq!(scene.bench().pin_retries(key), 8);
            assert_eq!(scene.bench().counts(key).commands.get(&6), Some(&1), "{written}");
        }
    }
}

#[test]
fn where_codes_are_taken_one_with_a_slip_is_asked_for_again() {
    let (mut scene, key) = scene();
    scene.settings.takes_recovery_code = true;
    scene.person.answers.extend([pin("0410-6105-0R3G-G28A-S14F"), pin("0410-6105-0R3G-G28A-S14"), pin(CODE)]);
    let attempt = scene.sign_in();
    assert_eq!(attempt.recovery_code, Some(code(CODE)));
    let reasons: Vec<PinReason> = scene.person.asked.iter().map(|(reason, _)| *reason).collect();
    assert_eq!(reasons, [PinReason::First, PinReason::MistypedRecoveryCode, PinReason::MistypedRecoveryCode]);
    assert_eq!(scene.bench().pin_retries(key), 8);
}

#[test]
fn after_a_code_with_a_slip_the_pin_still_counts() {
    let (mut scene, key) = scene();
    scene.settings.takes_recovery_code = true;
    scene.person.answers.extend([pin("0410-6105-0R3G-G28A-S14F"), pin("1234")]);
    let attempt = scene.sign_in();
    assert!(is_verified(&attempt));
    assert_eq!(attempt.recovery_code, None);
    assert_eq!(scene.bench().pin_retries(key), 8);
}

#[test]
fn a_code_after_a_wrong_pin_is_taken_and_the_wrong_pin_remembered() {
    let (mut scene, key) = scene();
    scene.settings.takes_recovery_code = true;
    scene.person.answers.extend([pin("9999"), pin(CODE)]);
    let attempt = scene.sign_in();
    assert_eq!(attempt.recovery_code, Some(code(CODE)));
    assert_eq!(attempt.pin_failed, [scene.passkeys[0].id.clone()]);
    assert_eq!(scene.bench().pin_retries(key), 7);
}

/// Whoever has no use for codes may have any PIN at all, and with codes any but one that looks much like a code.
#[test]
fn a_long_pin_is_a_pin() {
    let looks_like_a_slip = "abcd1234efgh5678jkmn";
    for (key_pin, with_codes) in [
        ("1234567890123456", true),
        ("12345678901234567890", true),
        ("correct horse batteri", true),
        ("tree lamp fish dark moon", true),
        (looks_like_a_slip, false),
    ] {
        for taken in [false, true] {
            if taken && !with_codes {
                continue;
            }
            let (mut scene, _) = scene_with_pin(key_pin);
            scene.settings.takes_recovery_code = taken;
            scene.person.answers.push_back(pin(key_pin));
            assert!(is_verified(&scene.sign_in()), "{key_pin} {taken}");
        }
    }
}
