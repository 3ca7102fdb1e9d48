//! A PIN is precious.

use super::support::{BenchPlatform, Scene, Somebody, is_verified, ms, pin};
use ctap::Secret;
use passkey_core::ceremony::{self, Passkey, PinAnswer, PinReason, SignIn, SignInError, TokenError, Wanted};
use passkey_core::config::UserVerification;
use std::rc::Rc;
use virtual_key::{KeyConfig, PinProtocols, Profile};

fn scene(config: KeyConfig) -> (Scene, super::support::Key) {
    let mut scene = Scene::new();
    let key = scene.add(config.pin("1234"));
    scene.enrol(key, Some("1234"));
    scene.settings.policy.verification = UserVerification::Required;
    scene.bench().auto_touch(key, ms(100));
    (scene, key)
}

fn blue() -> KeyConfig {
    KeyConfig::new("blue")
}

#[test]
fn every_kind_of_key_takes_its_pin() {
    let kinds = [
        KeyConfig { protocols: PinProtocols::One, ..blue() },
        KeyConfig { protocols: PinProtocols::Two, ..blue() },
        KeyConfig { protocols: PinProtocols::Both, ..blue() },
        KeyConfig { profile: Profile::Ctap20, ..blue() },
    ];
    for kind in kinds {
        let (mut scene, key) = scene(kind.clone());
        scene.person.answers.push_back(pin("1234"));
        let attempt = scene.sign_in();
        assert!(
            attempt.result.as_ref().is_ok_and(passkey_core::verify::Verified::user_verified),
            "{kind:?} {attempt:?}"
        );
        assert_eq!(scene.bench().pin_retries(key), 8);
    }
}

#[test]
fn a_wrong_pin_costs_one_try_and_the_next_question_says_how_many_are_left() {
    let (mut scene, key) = scene(blue());
    scene.person.answers.extend([pin("9999"), pin("1234")]);
    let attempt = scene.sign_in();
    assert!(is_verified(&attempt));
    assert_eq!(scene.person.asked, [(PinReason::First, Some(8)), (PinReason::Wrong, Some(7))]);
    assert_eq!(scene.bench().pin_retries(key), 8, "a right PIN sets the counter back");
    assert!(attempt.pin_failed.is_empty());
}

#[test]
fn the_ceremony_ends_after_as_many_wrong_pins_as_allowed() {
    let (mut scene, key) = scene(blue());
    scene.settings.policy.pin_attempts = 2;
    scene.person.answers.extend([pin("9999"), pin("8888"), pin("1234")]);
    let attempt = scene.sign_in();
    let expected = TokenError::AttemptsUsedUp { retries_left: Some(6) };
    assert_eq!(attempt.result.unwrap_err(), SignInError::Pin(expected));
    assert_eq!(scene.bench().pin_retries(key), 6, "exactly what was typed wrong");
    assert_eq!(attempt.pin_failed, [scene.passkeys[0].id.clone()]);
}

#[test]
fn the_third_wrong_pin_in_a_row_locks_the_key_until_it_is_plugged_in_again() {
    let (mut scene, key) = scene(blue());
    scene.settings.policy.pin_attempts = 5;
    scene.person.answers.extend([pin("9999"), pin("8888"), pin("7777"), pin("1234")]);
    assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::Pin(TokenError::PinLocked));
    assert_eq!(scene.bench().pin_retries(key), 5);
    assert_eq!(scene.person.asked.len(), 3);
}

#[test]
fn what_cannot_be_a_pin_is_never_sent() {
    let sixty_four = "1".repeat(64);
    for unfit in ["1", "123", "äöü", &sixty_four] {
        let (mut scene, key) = scene(blue());
        scene.person.answers.extend([pin(unfit), pin("1234")]);
        assert!(is_verified(&scene.sign_in()), "{unfit}");
        assert_eq!(scene.person.asked[1].0, PinReason::NotAPin { min_length: 4 });
        assert_eq!(scene.bench().pin_retries(key), 8);
        assert_eq!(scene.bench().counts(key).transactions, 7, "as if it had been typed right the first time");
    }
}

/// As a YubiKey types it that is touched during the question, alone and behind what was typed already.
#[test]
fn a_one_time_password_is_never_sent_to_a_key() {
    let otp = "cccjgjgkhcbbirdrfdnlnghhfgrtnnlgedjlftrbdeut";
    for typed in [otp, &format!("12{otp}"), &otp.to_uppercase()] {
        let (mut scene, key) = scene(blue());
        scene.person.answers.extend([pin(typed), pin("1234")]);
        assert!(is_verified(&scene.sign_in()), "{typed}");
        assert_eq!(scene.person.asked[1].0, PinReason::ThatWasAOneTimePassword);
        assert_eq!(scene.bench().pin_retries(key), 8);
        assert_eq!(scene.bench().counts(key).transactions, 7, "as if it had been typed right the first time");
    }
}

/// One keyboard composes letters, another one does not: no try is lost by it.
#[test]
fn a_pin_is_right_however_its_letters_are_composed() {
    for typed in ["p\u{e9}ss", "pe\u{301}ss"] {
        let mut scene = Scene::new();
        let key = scene.add(blue().pin("p\u{e9}ss"));
        scene.enrol(key, Some("p\u{e9}ss"));
        scene.settings.policy.verification = UserVerification::Required;
        scene.bench().auto_touch(key, ms(100));
        scene.person.answers.push_back(pin(typed));
        assert!(is_verified(&scene.sign_in()), "{typed:?}");
        assert_eq!(scene.bench().pin_retries(key), 8);
    }
}

#[test]
fn the_password_is_never_sent_to_a_key() {
    let (mut scene, key) = scene(blue());
    scene.settings.forbidden_pin = Some(Secret::new(b"hunter22".to_vec()));
    scene.person.answers.extend([pin("hunter22"), pin("hunter22"), pin("hunter22")]);
    assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::Pin(TokenError::NeverAPin));
    assert_eq!(scene.bench().pin_retries(key), 8);
    assert_eq!(scene.bench().counts(key).commands.get(&6), Some(&1), "the tries left, and no PIN");
}

#[test]
fn no_answer_falls_through() {
    for (answer, expected) in [
        (PinAnswer::Empty, TokenError::Empty),
        (PinAnswer::Unavailable, TokenError::Unavailable),
        (PinAnswer::Interrupted, TokenError::Interrupted),
    ] {
        let (mut scene, key) = scene(blue());
        scene.person.answers.push_back(answer);
        assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::Pin(expected));
        assert_eq!(scene.bench().pin_retries(key), 8);
    }
}

#[test]
fn after_a_failed_entry_the_next_first_question_says_how_many_tries_are_left() {
    let (mut scene, _key) = scene(blue());
    scene.person.answers.push_back(pin("9999"));
    assert!(!is_verified(&scene.sign_in()));
    scene.forget_the_past();
    scene.person.answers.push_back(pin("1234"));
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.person.asked, [(PinReason::First, Some(7))]);
}

/// Tries lost elsewhere, of which this machine knows nothing.
#[test]
fn nobody_types_their_last_pin_unwarned() {
    let (mut scene, key) = scene(blue());
    for wrong in ["9999", "9998", "9997", "9996", "9995", "9994", "9993"] {
        scene.person.answers.extend([pin(wrong), PinAnswer::Empty]);
        scene.sign_in();
        scene.forget_the_past();
        scene.bench().unplug(key);
        scene.bench().plug(key);
    }
    assert_eq!(scene.bench().pin_retries(key), 1);
    scene.person.answers.push_back(pin("1234"));
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.person.asked, [(PinReason::First, Some(1))]);
}

#[test]
fn a_key_without_a_pin_says_so_where_one_is_required() {
    let mut scene = Scene::new();
    let key = scene.add(blue());
    scene.enrol(key, None);
    scene.settings.policy.verification = UserVerification::Required;
    let error = scene.sign_in().result.unwrap_err();
    assert_eq!(error, SignInError::CannotVerifyUser(ceremony::Impossible::NotSetUp));
}

#[test]
fn a_key_that_always_verifies_asks_for_its_pin_under_any_policy() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig { always_uv: true, ..blue() }.pin("1234"));
    scene.enrol(key, Some("1234"));
    scene.settings.policy.verification = UserVerification::Discouraged;
    scene.person.answers.push_back(pin("1234"));
    scene.bench().auto_touch(key, ms(100));
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.person.asked.len(), 1);
}

/// Ctrl-C in any millisecond before the question: nobody is asked, or the question is answered, and the key is free either way.
#[test]
fn giving_up_before_the_question_leaves_it_unasked() {
    let mut asked = 0;
    for after in 0..12 {
        let (mut scene, key) = scene(KeyConfig { latency: ms(1), ..blue() });
        let at = scene.bench().now() + ms(after * 4);
        scene.platform.interrupt_at = Some(at);
        scene.person.typing = ms(0);
        let error = scene.sign_in().result.unwrap_err();
        assert!(
            matches!(
                error,
                SignInError::Interrupted | SignInError::Pin(TokenError::Interrupted | TokenError::Empty)
            ),
            "{error:?}"
        );
        asked += scene.person.asked.len();
        assert_eq!(scene.bench().pin_retries(key), 8);
    }
    assert!((1..12).contains(&asked), "both have happened: {asked}");
}

/// As often as a key types one, no try is lost, neither the key's nor the person's.
#[test]
fn four_one_time_passwords_cost_no_try() {
    let (mut scene, key) = scene(blue());
    let otp = || pin("cccjgjgkhcbbirdrfdnlnghhfgrtnnlgedjlftrbdeut");
    scene.person.answers.extend([otp(), otp(), otp(), otp(), pin("1234")]);
    assert!(is_verified(&scene.sign_in()));
    let reasons: Vec<PinReason> = scene.person.asked.iter().map(|(reason, _)| *reason).collect();
    let again = PinReason::ThatWasAOneTimePassword;
    assert_eq!(reasons, [PinReason::First, again, again, again, again]);
    assert_eq!(scene.bench().pin_retries(key), 8);
    assert_eq!(scene.bench().counts(key).transactions, 7, "as if it had been typed right the first time");
}

/// A wrong PIN has the key change its half of the key agreement (CTAP 2.1 §6.5.5.7.2): ours is fetched after the typing.
#[test]
fn a_wrong_pin_of_another_program_while_ours_is_typed_costs_ours_nothing() {
    for protocols in [PinProtocols::One, PinProtocols::Both] {
        let (mut scene, key) = scene(KeyConfig { protocols, ..blue() });
        let credentials = scene.passkeys.clone();
        let mut policy = scene.settings.policy.clone();
        policy.pin_attempts = 1;
        scene.person.once_asked(move |bench| {
            let mut platform = BenchPlatform::new(Rc::clone(bench));
            platform.is_another_program = true;
            let mut person = Somebody::new(Rc::clone(bench));
            person.answers.push_back(pin("9999"));
            let passkeys = [Passkey { credential: &credentials[0], sign_count: None, salts: None }];
            let request = SignIn {
                wanted: Wanted::Passkeys(&passkeys),
                policy: &policy,
                forbidden_pin: None,
                takes_recovery_code: false,
            };
            let attempt = ceremony::sign_in(&mut platform, &mut person, &request);
            let used_up = TokenError::AttemptsUsedUp { retries_left: Some(7) };
            assert_eq!(attempt.result.unwrap_err(), SignInError::Pin(used_up));
            assert_eq!(bench.borrow().pin_retries(key), 7);
        });
        scene.person.answers.push_back(pin("1234"));
        let attempt = scene.sign_in();
        assert!(is_verified(&attempt), "{attempt:?}");
        assert_eq!(scene.person.asked.len(), 1);
        assert_eq!(scene.bench().pin_retries(key), 8);
    }
}
