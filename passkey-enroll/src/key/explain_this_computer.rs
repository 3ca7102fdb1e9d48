//! Errors of managing this computer's passkeys, with remedies.

use passkey_core::ceremony::{KeyError, ResetError};

use super::{ManageError, explain};
use crate::explain::this_computer::{self, timed_out};
use crate::report::{ErrorReport, Exit};

/// How a failure on this computer comes out.
pub(crate) fn report(error: &ManageError) -> ErrorReport {
    let failed = |code, message: &str| ErrorReport::new(Exit::Failed, code, message);
    match error {
        ManageError::Select(error) => this_computer::key_failure(*error),
        ManageError::Pin { error, asked } => this_computer::pin(*error, *asked),
        ManageError::WrongPin { retries_left } => this_computer::wrong_pin(*retries_left),
        ManageError::Reset(error) => reset(*error),
        ManageError::PinAlreadySet => failed("pin_already_set", "You have a PIN on this computer already.")
            .hint("Change it: passkey-enroll key pin change --on this-computer"),
        ManageError::NewPinRefused => failed("new_pin_refused", "This computer does not accept this PIN.")
            .hint("Choose a longer, less simple PIN that differs from the present one."),
        ManageError::NoSettings | ManageError::NoMinPinLength => {
            failed("settings_unsupported", "There are no settings to be changed on this computer.")
                .hint("It asks for the PIN at every use already.")
        }
        ManageError::MinPinLengthLower { present } => failed(
            "min_pin_length_lower",
            &format!("This computer asks for {present} characters already, and this can only be raised."),
        ),
        ManageError::SettingRefused(status) => {
            failed("setting_refused", &format!("This computer refuses this setting: {status}."))
        }
        ManageError::NoSensor => failed(
            "no_fingerprint_reader",
            "No fingerprints are kept with this computer's passkeys. Where a finger stands for their PIN, it is one that fprintd knows.",
        ),
        ManageError::NoSuchPasskey(id) => {
            let message = format!("You have no discoverable passkey “{id}” on this computer.");
            ErrorReport::new(Exit::NotEnrolled, "no_such_passkey", message)
                .hint("See which there are: passkey-enroll key passkeys list --on this-computer")
        }
        ManageError::AmbiguousPasskey(id) => {
            failed("ambiguous", &format!("Several passkeys have an id that ends with “{id}”."))
                .hint("Give the whole id: passkey-enroll key passkeys list --on this-computer --json")
        }
        ManageError::NoTouch | ManageError::TimedOut => timed_out(),
        ManageError::Declined => this_computer::declined(),
        ManageError::Unplugged => this_computer::gone(),
        ManageError::Denied | ManageError::CannotOpen => this_computer::unusable(KeyError::CannotOpen),
        ManageError::Busy => this_computer::unusable(KeyError::Busy),
        ManageError::Refused(status) => this_computer::refused(*status),
        // Nothing of the kind is there; it would have to be another program that says so.
        ManageError::U2fOnly
        | ManageError::NoPinSupport
        | ManageError::NoPasskeyManagement
        | ManageError::SensorFull
        | ManageError::NameTooLong { .. }
        | ManageError::FingerprintNameTaken(_)
        | ManageError::NoSuchFingerprint { .. }
        | ManageError::AmbiguousFingerprint(_)
        | ManageError::Garbled => this_computer::malformed(),
        ManageError::Place(_)
        | ManageError::Cancelled
        | ManageError::Terminal(_)
        | ManageError::NewPinNeeded
        | ManageError::InputEnded
        | ManageError::NewPinUnfit(_)
        | ManageError::NoProcess(_) => explain::report(error),
    }
}

/// How a reset that was not done comes out.
fn reset(error: ResetError) -> ErrorReport {
    match error {
        ResetError::KeyUnusable(error) => this_computer::unusable(error),
        ResetError::NoTouch | ResetError::NotUnplugged | ResetError::NotPluggedIn => timed_out(),
        ResetError::TooLate => {
            let message =
                "It was too late: this computer forgets its passkeys only right after it was connected to.";
            ErrorReport::new(Exit::TimedOut, "too_late", message)
                .hint("Nothing was forgotten. Run the command again.")
        }
        ResetError::Declined => this_computer::declined(),
        ResetError::Unplugged => this_computer::gone(),
        ResetError::Interrupted => ErrorReport::cancelled(),
        ResetError::Refused(status) => this_computer::refused(status),
        ResetError::Malformed => this_computer::malformed(),
    }
}

#[cfg(test)]
#[path = "explain_this_computer_tests.rs"]
mod tests;
