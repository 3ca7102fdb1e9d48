use std::io;

use ctap::{NotAPin, Status};
use passkey_core::ceremony::{KeyFailure, TokenError};

use super::*;
use crate::explain::this_computer::tests::check_words;
use crate::terminal::prompter::LastQuestion;

#[test]
fn each_failure_has_its_exit_code_and_speaks_of_this_computer() {
    for (error, exit, code) in [
        (ManageError::Select(KeyFailure::NoKey), Exit::Failed, "this_computer_unusable"),
        (
            ManageError::Select(KeyFailure::Unusable(KeyError::CannotOpen)),
            Exit::Failed,
            "this_computer_unusable",
        ),
        (ManageError::Select(KeyFailure::Unusable(KeyError::Silent)), Exit::TimedOut, "timed_out"),
        (ManageError::Select(KeyFailure::Interrupted), Exit::Cancelled, "cancelled"),
        (
            ManageError::Pin { error: TokenError::PinBlocked, asked: LastQuestion::default() },
            Exit::Locked,
            "this_computer_locked",
        ),
        (
            ManageError::Pin { error: TokenError::PinNotSet, asked: LastQuestion::default() },
            Exit::Failed,
            "pin_not_set",
        ),
        (ManageError::WrongPin { retries_left: Some(7) }, Exit::WrongPin, "wrong_pin"),
        (ManageError::PinAlreadySet, Exit::Failed, "pin_already_set"),
        (ManageError::NewPinNeeded, Exit::Failed, "pin_needed"),
        (ManageError::NewPinUnfit(NotAPin::TooLong), Exit::Failed, "new_pin_unfit"),
        (ManageError::NewPinRefused, Exit::Failed, "new_pin_refused"),
        (ManageError::NoSettings, Exit::Failed, "settings_unsupported"),
        (ManageError::NoMinPinLength, Exit::Failed, "settings_unsupported"),
        (ManageError::MinPinLengthLower { present: 6 }, Exit::Failed, "min_pin_length_lower"),
        (ManageError::SettingRefused(Status::OPERATION_DENIED), Exit::Failed, "setting_refused"),
        (ManageError::NoSensor, Exit::Failed, "no_fingerprint_reader"),
        (ManageError::NoSuchPasskey("x".to_owned()), Exit::NotEnrolled, "no_such_passkey"),
        (ManageError::AmbiguousPasskey("x".to_owned()), Exit::Failed, "ambiguous"),
        (ManageError::TimedOut, Exit::TimedOut, "timed_out"),
        (ManageError::Declined, Exit::Cancelled, "declined"),
        (ManageError::Unplugged, Exit::Failed, "this_computer_unusable"),
        (ManageError::Denied, Exit::Failed, "this_computer_unusable"),
        (ManageError::Busy, Exit::Failed, "this_computer_unusable"),
        (ManageError::Garbled, Exit::Failed, "this_computer_unusable"),
        (ManageError::Refused(Status::INVALID_COMMAND), Exit::Failed, "this_computer_unusable"),
        (ManageError::NoProcess(io::ErrorKind::NotFound.into()), Exit::Failed, "process_failed"),
        (ManageError::Reset(ResetError::TooLate), Exit::TimedOut, "too_late"),
        (ManageError::Reset(ResetError::Refused(Status(0x7f))), Exit::Failed, "this_computer_unusable"),
        (
            ManageError::Reset(ResetError::KeyUnusable(KeyError::Unplugged)),
            Exit::Failed,
            "this_computer_unusable",
        ),
        (ManageError::Reset(ResetError::NoTouch), Exit::TimedOut, "timed_out"),
    ] {
        let report = report(&error);
        assert_eq!((report.exit, report.code), (exit, code), "{error:?}");
        // Of the process, not of a key.
        if !matches!(error, ManageError::NoProcess(_)) {
            check_words(&report);
        }
    }
}
