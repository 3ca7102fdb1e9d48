use super::*;
use crate::messages::English;
use crate::store::recovery::RedeemError;

fn english(phrase: &Phrase) -> String {
    phrase.in_language(&English)
}

#[test]
fn who_waits_for_a_key_hears_that_a_code_will_do() {
    for waiting in [Notice::InsertKey, Notice::NoPasskeyOnKeys] {
        let said = english(&notice_before_code(&waiting));
        assert!(said.starts_with(&english(&notice(&waiting))) && said.contains("recovery code"), "{said}");
    }
    assert_eq!(notice_before_code(&Notice::TouchKey), notice(&Notice::TouchKey));
}

#[test]
fn the_sentence_on_the_answer_before_stands_before_the_question() {
    assert_eq!(english(&recovery_prompt(None, 1)), "Recovery code (Enter to go on without): ");
    let wrong = redeem_error(&RedeemError::Wrong { locked_for: None });
    assert_eq!(
        english(&recovery_prompt(Some(wrong), 2)),
        "That recovery code is wrong. Recovery code, again (Enter to go on without): "
    );
    assert_eq!(
        english(&recovery_prompt(Some(not_a_code(NotACode::Other)), 3)),
        "That is not a recovery code. Recovery code, attempt 3 (Enter to go on without): "
    );
}

#[test]
fn a_low_stock_is_announced() {
    assert_eq!(recovery_codes_left(4), None);
    for (left, start) in [
        (3, "3 recovery codes are left. "),
        (2, "2 recovery codes are left. "),
        (1, "1 recovery code is left. "),
        (0, "That was your last recovery code. "),
    ] {
        let text = english(&recovery_codes_left(left).unwrap());
        assert!(text.starts_with(start) && text.ends_with("passkey-enroll recovery new"), "{text}");
    }
}

#[test]
fn a_wait_is_told_in_minutes_that_are_never_too_few() {
    for (seconds, words) in
        [(1, "in 1 minute."), (60, "in 1 minute."), (61, "in 2 minutes."), (3600, "in 60 minutes.")]
    {
        let text = english(&redeem_error(&RedeemError::Locked { wait: Duration::from_secs(seconds) }));
        assert!(text.starts_with("Too many wrong recovery codes.") && text.ends_with(words), "{text}");
    }
}
