use super::*;
use std::collections::BTreeSet;

fn prompt(reason: PinReason, retries_left: Option<u8>, question: u8) -> String {
    pin_prompt(&PinPrompt { key_name: "key", reason, retries_left, question })
}

#[test]
fn the_person_hears_how_many_tries_are_left() {
    for (reason, left, question, expected) in [
        (PinReason::First, None, 1, "PIN of your security key: "),
        (PinReason::First, Some(8), 1, "PIN of your security key: "),
        (
            PinReason::First,
            Some(3),
            1,
            "The PIN of your security key is needed. Careful: 3 tries left before the security key locks itself for good. PIN: ",
        ),
        (PinReason::Wrong, Some(7), 2, "That PIN was wrong. 7 tries left. PIN of your security key, again: "),
        (PinReason::Wrong, None, 3, "That PIN was wrong. PIN of your security key, attempt 3: "),
    ] {
        assert_eq!(prompt(reason, left, question), expected);
    }
}

#[test]
fn the_last_try_is_never_asked_for_without_saying_so() {
    for reason in [
        PinReason::First,
        PinReason::Wrong,
        PinReason::NotAPin { min_length: 4 },
        PinReason::ThatWasThePassword,
        PinReason::ThatWasARecoveryCode,
        PinReason::MistypedRecoveryCode,
    ] {
        for question in 1..4 {
            assert!(prompt(reason, Some(1), question).contains("This is the last try"));
        }
    }
}

/// Some lockers answer a question that they have seen before with the same answer, unasked.
#[test]
fn no_two_questions_of_a_ceremony_are_the_same() {
    for reason in [
        PinReason::Wrong,
        PinReason::NotAPin { min_length: 4 },
        PinReason::ThatWasThePassword,
        PinReason::ThatWasARecoveryCode,
        PinReason::MistypedRecoveryCode,
    ] {
        let questions: BTreeSet<String> = (1..=8).map(|question| prompt(reason, None, question)).collect();
        assert_eq!(questions.len(), 8);
    }
}

#[test]
fn no_two_questions_for_a_recovery_code_are_the_same() {
    let questions: BTreeSet<String> =
        (1..=8).map(|question| recovery_prompt(NO_RECOVERY_CODE, question)).collect();
    assert_eq!(questions.len(), 8);
    assert!(questions.iter().all(|question| question.ends_with("(Enter to go on without): ")));
}

#[test]
fn a_low_stock_of_recovery_codes_is_announced() {
    assert_eq!(recovery_codes_left(4), None);
    for (left, start) in [
        (3, "3 recovery codes are left. "),
        (1, "1 recovery code is left. "),
        (0, "That was your last recovery code. "),
    ] {
        let text = recovery_codes_left(left).unwrap();
        assert!(text.starts_with(start) && text.ends_with("passkey-enroll recovery new"), "{text}");
    }
}

#[test]
fn a_wait_for_recovery_codes_is_told_in_minutes_that_are_never_too_few() {
    for (seconds, words) in
        [(1, "in a minute."), (60, "in a minute."), (61, "in 2 minutes."), (3600, "in 60 minutes.")]
    {
        let text = redeem_error(&RedeemError::Locked { wait: Duration::from_secs(seconds) });
        assert!(text.ends_with(words), "{text}");
    }
}

#[test]
fn every_sentence_is_for_a_person() {
    let sentences = [
        notice(&Notice::InsertKey),
        notice(&Notice::FingerprintAgain { left: Some(1) }),
        sign_in_error(&SignInError::Refused(ctap::Status(0x7f))).unwrap(),
        pin_error(TokenError::AttemptsUsedUp { retries_left: Some(1) }).unwrap(),
        redeem_error(&RedeemError::Wrong { locked_for: None }),
        redeem_error(&RedeemError::NoMemory),
    ];
    for sentence in sentences {
        assert!(
            sentence.ends_with('.') && !sentence.contains("CTAP") && !sentence.contains("0x"),
            "{sentence}"
        );
    }
}
