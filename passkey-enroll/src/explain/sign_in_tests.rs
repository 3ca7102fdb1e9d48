use super::*;
use passkey_core::verify::VerifyError;

const NOT_ASKED: LastQuestion =
    LastQuestion { authenticator: Authenticator::SecurityKey, reason: None, retries_left: None };

fn asked(reason: PinReason, retries_left: Option<u8>) -> LastQuestion {
    LastQuestion { reason: Some(reason), retries_left, ..NOT_ASKED }
}

#[test]
fn each_failure_has_its_exit_code() {
    for (error, exit, code) in [
        (SignInError::NoKey, Exit::NoKey, "no_key"),
        (SignInError::ForeignKeys, Exit::NoKey, "foreign_key"),
        (SignInError::KeyUnusable(KeyError::CannotOpen), Exit::NotPermitted, "key_not_permitted"),
        (SignInError::KeyUnusable(KeyError::Silent), Exit::Failed, "key_silent"),
        (SignInError::KeyBusy, Exit::Failed, "key_busy"),
        (SignInError::NoTouch, Exit::TimedOut, "timed_out"),
        (SignInError::Declined, Exit::Cancelled, "declined"),
        (SignInError::Interrupted, Exit::Cancelled, "cancelled"),
        (SignInError::CannotVerifyUser(Impossible::NotSetUp), Exit::Failed, "pin_not_set"),
        (SignInError::Rejected(VerifyError::BadSignature), Exit::Failed, "rejected"),
        (SignInError::Refused(ctap::Status::INVALID_COMMAND), Exit::Failed, "key_refused"),
        (SignInError::Pin(TokenError::AttemptsUsedUp { retries_left: Some(5) }), Exit::WrongPin, "wrong_pin"),
        (SignInError::Pin(TokenError::PinLocked), Exit::Locked, "pin_locked"),
        (SignInError::Pin(TokenError::PinBlocked), Exit::Locked, "pin_blocked"),
        (SignInError::Pin(TokenError::SensorLocked), Exit::Locked, "fingerprint_locked"),
        (SignInError::Pin(TokenError::NeverAPin), Exit::WrongPin, "not_a_pin"),
        (SignInError::Pin(TokenError::Empty), Exit::Cancelled, "cancelled"),
        (SignInError::Pin(TokenError::Interrupted), Exit::Cancelled, "cancelled"),
    ] {
        let report = report(error, NOT_ASKED);
        assert_eq!((report.exit, report.code), (exit, code), "{error:?}");
        assert!(!report.message.is_empty(), "{error:?}");
    }
}

#[test]
fn what_was_wrong_with_the_only_answer_is_told() {
    let unavailable = |asked| report(SignInError::Pin(TokenError::Unavailable), asked);
    let report = unavailable(asked(PinReason::Wrong, Some(7)));
    assert_eq!((report.exit, report.code), (Exit::WrongPin, "wrong_pin"));
    assert_eq!(
        report.message,
        "That PIN was wrong. The security key takes 7 more before it locks itself for good."
    );

    let report = unavailable(asked(PinReason::NotAPin { min_length: 4 }, None));
    assert_eq!((report.exit, report.code), (Exit::WrongPin, "not_a_pin"));

    let report = unavailable(asked(PinReason::ThatWasAOneTimePassword, None));
    assert_eq!((report.exit, report.code), (Exit::WrongPin, "not_a_pin"));
    assert!(report.message.contains("typed that itself") && report.hint.unwrap().contains("blinks"));

    for nobody in [NOT_ASKED, asked(PinReason::First, None)] {
        let report = unavailable(nobody);
        assert_eq!((report.exit, report.code), (Exit::Failed, "pin_needed"));
        assert!(report.hint.unwrap().contains("--pin-stdin"));
    }
}
