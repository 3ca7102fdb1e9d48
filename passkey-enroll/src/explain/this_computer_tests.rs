use passkey_core::ceremony::{Authenticator, SignInError};
use passkey_core::verify::VerifyError;

use super::*;

/// What none of the sentences about this computer may speak of.
pub(crate) fn check_words(report: &ErrorReport) {
    let said = format!("{} {}", report.message, report.hint.as_deref().unwrap_or_default()).to_lowercase();
    for word in ["touch", "plug", "your key", "the key", "this security key", "for good", "blinks"] {
        assert!(!said.contains(word), "{word}: {said}");
    }
    assert!(!report.message.is_empty() && !said.contains('\n'), "{said}");
}

#[test]
fn nothing_is_to_be_plugged_in_or_touched() {
    let keys = [
        KeyError::CannotOpen,
        KeyError::Hidden,
        KeyError::Unplugged,
        KeyError::Silent,
        KeyError::Stuck,
        KeyError::Busy,
        KeyError::NoProtocol,
        KeyError::NoDescriptors,
        KeyError::NoRandomness,
    ];
    let failures = [
        KeyFailure::NoKey,
        KeyFailure::Unplugged,
        KeyFailure::NoTouch,
        KeyFailure::Declined,
        KeyFailure::Interrupted,
        KeyFailure::Refused(Status(0x7f)),
        KeyFailure::Malformed,
    ];
    let pins = [
        TokenError::AttemptsUsedUp { retries_left: Some(5) },
        TokenError::AttemptsUsedUp { retries_left: None },
        TokenError::PinLocked,
        TokenError::PinBlocked,
        TokenError::ThisComputerLocked,
        TokenError::PinMustChange,
        TokenError::PinNotSet,
        TokenError::SensorLocked,
        TokenError::NeverAPin,
        TokenError::RecoveryCode,
        TokenError::Empty,
        TokenError::Unavailable,
        TokenError::Interrupted,
        TokenError::NoRandomness,
        TokenError::Refused(Status(0x7f)),
        TokenError::Malformed,
    ];
    let asked = [
        LastQuestion::default(),
        LastQuestion { reason: Some(PinReason::Wrong), retries_left: Some(4), ..LastQuestion::default() },
        LastQuestion { reason: Some(PinReason::ThatWasAOneTimePassword), ..LastQuestion::default() },
    ];
    for error in keys {
        check_words(&unusable(error));
    }
    for error in failures.into_iter().chain(keys.map(KeyFailure::Unusable)) {
        check_words(&key_failure(error));
        check_words(&enrol(&EnrolError::Key(error), LastQuestion::default()));
    }
    for asked in asked {
        for error in pins {
            check_words(&pin(error, asked));
            check_words(&enrol(&EnrolError::Pin(error), asked));
        }
    }
    for error in [
        EnrolError::AlreadyEnrolled(None),
        EnrolError::AlreadyEnrolled(Some("this computer".to_owned())),
        EnrolError::CannotVerifyUser(Impossible::NotSetUp),
        EnrolError::CannotVerifyUser(Impossible::PinMustChange),
        EnrolError::CannotVerifyUser(Impossible::NotSupported),
        EnrolError::NoAlgorithm,
        EnrolError::KeyFull,
        EnrolError::NotDiscoverable,
        EnrolError::ModelNotAllowed(ctap::Aaguid::ZERO),
        EnrolError::Rejected(VerifyError::BadSignature),
        EnrolError::WrongCredential,
        EnrolError::NoRandomness,
    ] {
        check_words(&enrol(&error, LastQuestion::default()));
    }
}

/// At a sign-in it shows only in the question whose PIN it was.
#[test]
fn a_sign_in_speaks_of_the_one_whose_pin_was_asked_for() {
    let wrong =
        |authenticator| LastQuestion { authenticator, reason: Some(PinReason::Wrong), retries_left: Some(3) };
    for error in [TokenError::Unavailable, TokenError::AttemptsUsedUp { retries_left: Some(3) }] {
        let report = sign_in::report(SignInError::Pin(error), wrong(Authenticator::ThisComputer));
        assert_eq!(report.code, "wrong_pin");
        check_words(&report);
    }
    let report =
        sign_in::report(SignInError::Pin(TokenError::Unavailable), wrong(Authenticator::SecurityKey));
    assert!(report.message.contains("for good"), "{}", report.message);
}

#[test]
fn what_another_tpm_made_is_to_be_forgotten_first() {
    let report = key_failure(KeyFailure::Refused(Status::INTEGRITY_FAILURE));
    assert_eq!(report.code, "not_on_this_computer");
    assert!(report.hint.as_ref().is_some_and(|hint| hint.contains("key reset --on this-computer")));
    check_words(&report);
}

#[test]
fn a_lock_is_not_for_good() {
    for error in [TokenError::PinLocked, TokenError::PinBlocked, TokenError::ThisComputerLocked] {
        let report = pin(error, LastQuestion::default());
        assert_eq!((report.exit, report.code), (Exit::Locked, "this_computer_locked"), "{error:?}");
        assert!(report.message.contains("later"), "{}", report.message);
    }
    let wrong = wrong_pin(Some(3));
    assert_eq!((wrong.exit, wrong.code), (Exit::WrongPin, "wrong_pin"));
    assert!(wrong.message.contains("takes 3 more"), "{}", wrong.message);
}
