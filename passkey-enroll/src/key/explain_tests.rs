use std::io;

use ctap::{NotAPin, Status};

use super::*;

#[test]
fn each_failure_has_its_exit_code() {
    for (error, exit, code) in [
        (ManageError::NoPinSupport, Exit::Failed, "pin_unsupported"),
        (ManageError::PinAlreadySet, Exit::Failed, "pin_already_set"),
        (ManageError::NewPinNeeded, Exit::Failed, "pin_needed"),
        (ManageError::InputEnded, Exit::Failed, "pin_needed"),
        (ManageError::NewPinUnfit(NotAPin::TooLong), Exit::Failed, "new_pin_unfit"),
        (ManageError::NewPinUnfit(NotAPin::OneTimePassword), Exit::Failed, "new_pin_unfit"),
        (ManageError::NewPinRefused, Exit::Failed, "new_pin_refused"),
        (ManageError::WrongPin { retries_left: Some(7) }, Exit::WrongPin, "wrong_pin"),
        (ManageError::WrongPin { retries_left: None }, Exit::WrongPin, "wrong_pin"),
        (ManageError::NoSettings, Exit::Failed, "settings_unsupported"),
        (ManageError::NoMinPinLength, Exit::Failed, "pin_rules_unsupported"),
        (ManageError::MinPinLengthLower { present: 6 }, Exit::Failed, "min_pin_length_lower"),
        (ManageError::SettingRefused(Status::OPERATION_DENIED), Exit::Failed, "setting_refused"),
        (ManageError::NoSensor, Exit::Failed, "no_fingerprint_reader"),
        (ManageError::FingerprintNameTaken("x".to_owned()), Exit::AlreadyEnrolled, "name_taken"),
        (ManageError::SensorFull, Exit::Failed, "fingerprints_full"),
        (
            ManageError::NoSuchFingerprint { name: "x".to_owned(), names: Vec::new() },
            Exit::NotEnrolled,
            "no_such_fingerprint",
        ),
        (ManageError::NoSuchPasskey("x".to_owned()), Exit::NotEnrolled, "no_such_passkey"),
        (ManageError::AmbiguousPasskey("x".to_owned()), Exit::Failed, "ambiguous"),
        (ManageError::NoTouch, Exit::TimedOut, "timed_out"),
        (ManageError::TimedOut, Exit::TimedOut, "timed_out"),
        (ManageError::Declined, Exit::Cancelled, "declined"),
        (ManageError::U2fOnly, Exit::Failed, "u2f_only"),
        (ManageError::Unplugged, Exit::NoKey, "unplugged"),
        (ManageError::Denied, Exit::NotPermitted, "key_not_permitted"),
        (ManageError::Busy, Exit::Failed, "key_busy"),
        (ManageError::Garbled, Exit::Failed, "key_malformed"),
        (ManageError::Refused(Status::INVALID_COMMAND), Exit::Failed, "key_refused"),
        (ManageError::NoProcess(io::ErrorKind::NotFound.into()), Exit::Failed, "process_failed"),
    ] {
        let report = report(&error);
        assert_eq!((report.exit, report.code), (exit, code), "{error:?}");
    }
    for (error, exit, code) in [
        (KeyFailure::NoKey, Exit::NoKey, "no_key"),
        (KeyFailure::Unusable(KeyError::Silent), Exit::TimedOut, "timed_out"),
        (KeyFailure::Unusable(KeyError::CannotOpen), Exit::NotPermitted, "key_not_permitted"),
        (KeyFailure::NoTouch, Exit::TimedOut, "timed_out"),
        (KeyFailure::Interrupted, Exit::Cancelled, "cancelled"),
    ] {
        let report = select(error);
        assert_eq!((report.exit, report.code), (exit, code), "{error:?}");
    }
    for (error, exit, code) in [
        (ResetError::NotUnplugged, Exit::TimedOut, "timed_out"),
        (ResetError::NotPluggedIn, Exit::NoKey, "no_key"),
        (ResetError::TooLate, Exit::TimedOut, "too_late"),
        (ResetError::NoTouch, Exit::TimedOut, "timed_out"),
        (ResetError::Declined, Exit::Cancelled, "declined"),
        (ResetError::Unplugged, Exit::NoKey, "unplugged"),
        (ResetError::Interrupted, Exit::Cancelled, "cancelled"),
    ] {
        let report = reset(error);
        assert_eq!((report.exit, report.code), (exit, code), "{error:?}");
    }
}

#[test]
fn the_names_that_there_are_are_told() {
    let named = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        report(&ManageError::NoSuchFingerprint { name: "toe".to_owned(), names }).hint.unwrap()
    };
    assert!(named(&[]).contains("key fingerprint add"));
    assert_eq!(named(&["thumb"]), "The only one is “thumb”.");
    assert_eq!(named(&["thumb", "index"]), "There are “thumb”, “index”.");
}
