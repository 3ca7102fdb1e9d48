//! Errors of this computer's passkeys, with remedies: there is nothing to plug in and nothing to touch.

use std::fmt::Display;

use ::attestation::Refusal;
use ctap::Status;
use passkey_core::ceremony::{
    Authenticator, EnrolError, Impossible, KeyError, KeyFailure, PinReason, TokenError,
};
use passkey_core::messages::{self, English};

use super::{enrol, sign_in};
use crate::attestation::explain as origin;
use crate::report::{ErrorReport, Exit};
use crate::terminal::prompter::LastQuestion;

/// Shows the log of the service.
const LOOK: &str = "See why with: systemctl status passkey-tpm.socket passkey-tpm.service";
/// Sets the first PIN.
const SET_PIN: &str = "Set one first: sudo passkey-enroll key pin set --on this-computer";

fn failed(message: impl Into<String>) -> ErrorReport {
    ErrorReport::new(Exit::Failed, "this_computer_unusable", message).hint(LOOK)
}

/// How a ceremony that came to nothing comes out.
pub(crate) fn key_failure(error: KeyFailure) -> ErrorReport {
    match error {
        KeyFailure::NoKey | KeyFailure::Unplugged => gone(),
        KeyFailure::Unusable(error) => unusable(error),
        KeyFailure::NoTouch => timed_out(),
        KeyFailure::Declined => declined(),
        KeyFailure::Interrupted => ErrorReport::cancelled(),
        KeyFailure::Refused(status) => refused(status),
        KeyFailure::RefusedU2f(status) => refused_for(&status),
        KeyFailure::Malformed => malformed(),
    }
}

/// Why this computer cannot be talked to.
pub(crate) fn unusable(error: KeyError) -> ErrorReport {
    match error {
        KeyError::CannotOpen | KeyError::Hidden => {
            failed("The service that keeps the passkeys of this computer cannot be connected to.")
        }
        KeyError::Unplugged => gone(),
        KeyError::Silent | KeyError::Stuck => timed_out(),
        KeyError::Busy => failed("The service that keeps the passkeys of this computer is too busy."),
        KeyError::NoProtocol | KeyError::Garbled(_) => malformed(),
        KeyError::Refused(reason) => refused_for(&reason),
        error @ (KeyError::NoDescriptors | KeyError::NoRandomness) => sign_in::key_unusable(error),
    }
}

pub(crate) fn gone() -> ErrorReport {
    failed("The service that keeps the passkeys of this computer listens no more.")
}

pub(crate) fn timed_out() -> ErrorReport {
    ErrorReport::new(Exit::TimedOut, "timed_out", "This computer's TPM did not answer in time.").hint(LOOK)
}

pub(crate) fn declined() -> ErrorReport {
    ErrorReport::new(Exit::Cancelled, "declined", "This computer's TPM refused it.").hint(LOOK)
}

pub(crate) fn refused(status: Status) -> ErrorReport {
    if status == Status::INTEGRITY_FAILURE {
        let message =
            "Your PIN and passkeys on this computer were made by another TPM, or before it was cleared.";
        return ErrorReport::new(Exit::Failed, "not_on_this_computer", message)
            .hint("Start afresh: passkey-enroll key reset --on this-computer");
    }
    if status == Status::NOT_ALLOWED {
        return ErrorReport::new(
            Exit::NotPermitted,
            "not_permitted",
            "Only root can give an account its first PIN on this computer.",
        )
        .hint("Run it as root: sudo passkey-enroll key pin set --on this-computer");
    }
    if status == Status::OTHER { broken() } else { refused_for(&status) }
}

/// `CTAP1_ERR_OTHER` is what the service says of its own: the log has the reason.
fn broken() -> ErrorReport {
    failed(
        "The service that keeps the passkeys of this computer cannot do it: its state cannot be read or written, as on a full disk.",
    )
}

fn refused_for(reason: &dyn Display) -> ErrorReport {
    failed(format!("This computer's TPM refused: {reason}."))
}

pub(crate) fn malformed() -> ErrorReport {
    failed("What the service that keeps the passkeys of this computer answers makes no sense.")
}

/// How a PIN that came to nothing comes out.
pub(crate) fn pin(error: TokenError, asked: LastQuestion) -> ErrorReport {
    match error {
        TokenError::AttemptsUsedUp { retries_left } => wrong_pin(retries_left),
        TokenError::PinLocked | TokenError::PinBlocked | TokenError::ThisComputerLocked => {
            let said = messages::pin_error(TokenError::ThisComputerLocked);
            let said = said.map(|said| said.in_language(&English)).unwrap_or_default();
            ErrorReport::new(Exit::Locked, "this_computer_locked", said)
        }
        TokenError::PinMustChange => cannot_verify_user(Impossible::PinMustChange),
        TokenError::PinNotSet => cannot_verify_user(Impossible::NotSetUp),
        // It has no reader of its own.
        TokenError::SensorLocked | TokenError::Malformed => malformed(),
        TokenError::Refused(status) => refused(status),
        TokenError::Unavailable => match asked.reason {
            None | Some(PinReason::First) => {
                let message = "The PIN of this computer is needed, and there is no terminal to ask for it.";
                ErrorReport::new(Exit::Failed, "pin_needed", message)
                    .hint("Give it on standard input, with --pin-stdin.")
            }
            Some(PinReason::Wrong) => wrong_pin(asked.retries_left),
            Some(
                PinReason::NotAPin { .. }
                | PinReason::ThatWasAOneTimePassword
                | PinReason::ThatWasThePassword
                | PinReason::ThatWasARecoveryCode
                | PinReason::MistypedRecoveryCode,
            ) => sign_in::not_a_pin("That cannot be the PIN. It was not tried."),
        },
        error @ (TokenError::NeverAPin
        | TokenError::RecoveryCode
        | TokenError::Empty
        | TokenError::Interrupted
        | TokenError::NoRandomness) => sign_in::pin(error, asked),
    }
}

/// A PIN that is wrong, and how many more this computer takes.
pub(crate) fn wrong_pin(retries_left: Option<u8>) -> ErrorReport {
    let left = match retries_left {
        None => String::new(),
        Some(0) => " This computer takes no more for an hour or longer.".to_owned(),
        Some(left) => format!(" This computer takes {left} more before it takes none for an hour or longer."),
    };
    ErrorReport::new(Exit::WrongPin, "wrong_pin", format!("That PIN was wrong.{left}"))
}

pub(crate) fn cannot_verify_user(impossible: Impossible) -> ErrorReport {
    match impossible {
        Impossible::NotSetUp => {
            ErrorReport::new(Exit::Failed, "pin_not_set", "You have no PIN on this computer yet.")
                .hint(SET_PIN)
        }
        Impossible::PinMustChange => {
            let message = "Your PIN of this computer must be changed before it can be used.";
            ErrorReport::new(Exit::Failed, "pin_must_change", message)
                .hint("Change it: passkey-enroll key pin change --on this-computer")
        }
        Impossible::NotSupported | Impossible::U2fOnly => malformed(),
    }
}

/// How a failed enrolment comes out.
pub(crate) fn enrol(error: &EnrolError, asked: LastQuestion) -> ErrorReport {
    match error {
        EnrolError::Key(error) => key_failure(*error),
        EnrolError::AlreadyEnrolled(Some(name)) => {
            let message = format!("This computer is enrolled already: it holds the passkey “{name}”.");
            ErrorReport::new(Exit::AlreadyEnrolled, "already_enrolled", message)
                .hint("Use it, or remove that passkey first to enrol it anew.")
        }
        EnrolError::AlreadyEnrolled(None) => {
            ErrorReport::new(Exit::AlreadyEnrolled, "already_enrolled", "This computer is enrolled already.")
                .hint("passkey-enroll keys shows which of your passkeys it holds.")
        }
        EnrolError::CannotVerifyUser(impossible) => cannot_verify_user(*impossible),
        EnrolError::PinNotSet(_) => cannot_verify_user(Impossible::NotSetUp),
        EnrolError::Pin(error) => pin(*error, asked),
        EnrolError::NoAlgorithm => ErrorReport::new(
            Exit::Failed,
            "no_algorithm",
            "This computer's TPM does not know the signature algorithm.",
        )
        .hint("Leave --algorithm out, or use a security key."),
        EnrolError::KeyFull => {
            let message = "There is no room for another discoverable passkey on this computer.";
            ErrorReport::new(Exit::Failed, "key_full", message).hint(
                "Leave --discoverable out, or make room: passkey-enroll key passkeys list --on this-computer",
            )
        }
        EnrolError::Rejected(reason) => {
            let message = format!("The new passkey failed its first test: {reason}. It was not stored.");
            ErrorReport::new(Exit::Failed, "rejected", message).hint(LOOK)
        }
        EnrolError::WrongCredential => {
            let message = "This computer made something else than it was asked for. It was not stored.";
            ErrorReport::new(Exit::Failed, "wrong_credential", message).hint(LOOK)
        }
        EnrolError::NotDiscoverable => malformed(),
        EnrolError::ModelNotAllowed(aaguid) => {
            let refusal = Refusal::ModelNotAllowed { aaguid: *aaguid };
            origin::refused(&refusal, Authenticator::ThisComputer, false)
        }
        error @ EnrolError::NoRandomness => enrol::report(error, asked),
    }
}

#[cfg(test)]
#[path = "this_computer_tests.rs"]
pub(crate) mod tests;
