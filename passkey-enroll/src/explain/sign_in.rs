//! Why a rehearsal failed, with remedies.

use passkey_core::ceremony::{Authenticator, Impossible, KeyError, PinReason, SignInError, TokenError};
use passkey_core::messages::{self, English, Phrase};

use super::this_computer;
use crate::report::{ErrorReport, Exit};
use crate::terminal::prompter::LastQuestion;

/// How a failed sign-in comes out.
pub(crate) fn report(error: SignInError, asked: LastQuestion) -> ErrorReport {
    let said = in_english(messages::sign_in_error(&error));
    match error {
        SignInError::NoKey => ErrorReport::new(Exit::NoKey, "no_key", said)
            .hint("Plug in the key that holds your passkey; passkey-enroll keys shows what is seen of it."),
        SignInError::ForeignKeys => ErrorReport::new(Exit::NoKey, "foreign_key", said)
            .hint("passkey-enroll list shows your passkeys, passkey-enroll keys which key holds them."),
        SignInError::NotOnThisComputer => ErrorReport::new(Exit::NoKey, "not_on_this_computer", said).hint(
            "The TPM was cleared or exchanged, or the service's state is lost. What to do: passkey-enroll doctor",
        ),
        SignInError::ThisComputerUnusable(_) | SignInError::ThisComputerRefused(_) => {
            ErrorReport::new(Exit::Failed, "this_computer_unusable", said)
                .hint("See why with: systemctl status passkey-tpm.socket passkey-tpm.service")
        }
        SignInError::KeyBusy => ErrorReport::new(Exit::Failed, "key_busy", said)
            .hint("Close the other program, or unplug the key and plug it in again."),
        SignInError::NothingDiscoverable | SignInError::UnknownAccount => {
            ErrorReport::new(Exit::NotEnrolled, "not_enrolled", said)
        }
        SignInError::KeyUnusable(error) => key_unusable(error),
        SignInError::TooManyPasskeys => ErrorReport::new(Exit::TimedOut, "too_many_passkeys", said)
            .hint("See which there are with: passkey-enroll list"),
        SignInError::NoTouch => no_touch(said),
        SignInError::Declined => ErrorReport::new(Exit::Cancelled, "declined", said),
        SignInError::Interrupted | SignInError::NoAccountChosen => ErrorReport::cancelled(),
        SignInError::CannotVerifyUser(impossible) => cannot_verify_user(impossible),
        SignInError::Pin(error) => match asked.authenticator {
            Authenticator::SecurityKey | Authenticator::Guiding => pin(error, asked),
            Authenticator::ThisComputer => this_computer::pin(error, asked),
        },
        SignInError::Rejected(reason) => ErrorReport::new(
            Exit::Failed,
            "rejected",
            format!("The security key's answer is not valid: {reason}."),
        )
        .hint("If this is your key, remove the passkey and enrol it again."),
        SignInError::Refused(status) => refused(status),
        SignInError::RefusedU2f(status) => refused_u2f(status),
        SignInError::Malformed => malformed(),
        SignInError::NoRandomness => ErrorReport::new(Exit::Failed, "no_randomness", said),
    }
}

pub(crate) fn no_touch(message: impl Into<String>) -> ErrorReport {
    ErrorReport::new(Exit::TimedOut, "timed_out", message)
        .hint("Run the command again, and touch the key while it blinks.")
}

pub(crate) fn key_unusable(error: KeyError) -> ErrorReport {
    match error {
        KeyError::CannotOpen | KeyError::Hidden => {
            let message = "The security key is plugged in, but it cannot be opened.";
            ErrorReport::new(Exit::NotPermitted, "key_not_permitted", message).hint(
                "Only the person at this machine and root can use it: run the command with sudo, or look for what \
                 keeps the device node closed.",
            )
        }
        KeyError::Unplugged => unplugged(),
        KeyError::NoDescriptors => {
            ErrorReport::new(Exit::Failed, "no_descriptors", "This command may open no more files.")
                .hint("Raise the limit (ulimit -n), or close other programs.")
        }
        KeyError::NoProtocol => {
            ErrorReport::new(Exit::Failed, "no_protocol", "The device speaks neither FIDO2 nor U2F.")
                .hint("Use another security key.")
        }
        KeyError::Silent => ErrorReport::new(Exit::Failed, "key_silent", "The security key does not answer.")
            .hint("Unplug it, plug it in again and run the command once more."),
        KeyError::Stuck => {
            ErrorReport::new(Exit::Failed, "key_stuck", "The security key answers that it cannot.")
                .hint("Unplug it, plug it in again and run the command once more.")
        }
        KeyError::Busy => {
            ErrorReport::new(Exit::Failed, "key_busy", "Another program is using the security key.")
                .hint("Run the command again once that has ended.")
        }
        KeyError::Garbled(_) => malformed(),
        KeyError::Refused(reason) => ErrorReport::new(
            Exit::Failed,
            "key_refused",
            format!("The security key refuses to talk: {reason}."),
        )
        .hint("Unplug it, plug it in again and run the command once more."),
        KeyError::NoRandomness => no_randomness(),
    }
}

pub(crate) fn unplugged() -> ErrorReport {
    ErrorReport::new(Exit::NoKey, "unplugged", "The security key was unplugged.")
        .hint("Plug it in again and run the command once more.")
}

pub(crate) fn refused(status: ctap::Status) -> ErrorReport {
    key_refused(&status)
}

pub(crate) fn refused_u2f(status: ctap::u2f::StatusWord) -> ErrorReport {
    key_refused(&status)
}

fn key_refused(status: &dyn std::fmt::Display) -> ErrorReport {
    ErrorReport::new(Exit::Failed, "key_refused", format!("The security key refused: {status}."))
        .hint("Unplug it, plug it in again and run the command once more.")
}

pub(crate) fn malformed() -> ErrorReport {
    ErrorReport::new(Exit::Failed, "key_malformed", "What the security key answers makes no sense.")
        .hint("Unplug it, plug it in again and run the command once more.")
}

pub(crate) fn no_randomness() -> ErrorReport {
    ErrorReport::new(Exit::Failed, "no_randomness", "This machine has no randomness to give.")
}

pub(crate) fn cannot_verify_user(impossible: Impossible) -> ErrorReport {
    match impossible {
        Impossible::NotSetUp => {
            let message = "A PIN or a fingerprint is required, and the security key has neither set up.";
            ErrorReport::new(Exit::Failed, "pin_not_set", message)
                .hint("Set a PIN first: passkey-enroll key pin set")
        }
        Impossible::NotSupported => {
            let message = "A PIN or a fingerprint is required, and this security key knows neither.";
            ErrorReport::new(Exit::Failed, "user_verification_unsupported", message)
                .hint("Use another security key.")
        }
        Impossible::U2fOnly => {
            let message = "A PIN or a fingerprint is required, and this security key is too old for either.";
            ErrorReport::new(Exit::Failed, "user_verification_unsupported", message)
                .hint("Use a newer security key.")
        }
        Impossible::PinMustChange => {
            let message = "The PIN of the security key must be changed before the key can be used.";
            ErrorReport::new(Exit::Failed, "pin_must_change", message)
                .hint("Change it: passkey-enroll key pin change")
        }
    }
}

/// The words for a person, where there are any.
fn in_english(phrase: Option<Phrase>) -> String {
    phrase.map(|phrase| phrase.in_language(&English)).unwrap_or_default()
}

/// How a PIN or fingerprint that came to nothing comes out.
pub(crate) fn pin(error: TokenError, asked: LastQuestion) -> ErrorReport {
    let said = in_english(messages::pin_error(error));
    match error {
        TokenError::AttemptsUsedUp { .. } => ErrorReport::new(Exit::WrongPin, "wrong_pin", said),
        TokenError::PinLocked => ErrorReport::new(Exit::Locked, "pin_locked", said),
        TokenError::PinBlocked => ErrorReport::new(Exit::Locked, "pin_blocked", said),
        TokenError::ThisComputerLocked => ErrorReport::new(Exit::Locked, "this_computer_locked", said),
        TokenError::SensorLocked => ErrorReport::new(Exit::Locked, "fingerprint_locked", said),
        TokenError::PinMustChange => cannot_verify_user(Impossible::PinMustChange),
        TokenError::PinNotSet => cannot_verify_user(Impossible::NotSetUp),
        TokenError::NeverAPin => not_a_pin(said),
        TokenError::RecoveryCode => not_a_pin("That is a recovery code, not a PIN."),
        TokenError::Empty => ErrorReport::new(Exit::Cancelled, "cancelled", "No PIN was given."),
        TokenError::Unavailable => nobody_to_ask(asked),
        TokenError::Interrupted => ErrorReport::cancelled(),
        TokenError::NoRandomness => no_randomness(),
        TokenError::Refused(status) => refused(status),
        TokenError::Malformed => malformed(),
    }
}

pub(crate) fn not_a_pin(message: impl Into<String>) -> ErrorReport {
    ErrorReport::new(Exit::WrongPin, "not_a_pin", message)
        .hint("The PIN has 4 characters or more, and 63 bytes or fewer.")
}

/// There was one answer at most, and a second question.
fn nobody_to_ask(asked: LastQuestion) -> ErrorReport {
    match asked.reason {
        None | Some(PinReason::First) => {
            let message = "The security key needs its PIN, and there is no terminal to ask for it.";
            ErrorReport::new(Exit::Failed, "pin_needed", message)
                .hint("Give it on standard input, with --pin-stdin.")
        }
        Some(PinReason::Wrong) => {
            let left = match asked.retries_left {
                None => String::new(),
                Some(1) => " The security key takes 1 more before it locks itself for good.".to_owned(),
                Some(left) => format!(" The security key takes {left} more before it locks itself for good."),
            };
            ErrorReport::new(Exit::WrongPin, "wrong_pin", format!("That PIN was wrong.{left}"))
        }
        Some(PinReason::ThatWasAOneTimePassword) => {
            let message = "A security key typed that itself. It was not sent as the PIN.";
            ErrorReport::new(Exit::WrongPin, "not_a_pin", message)
                .hint("Touch the security key only when it blinks.")
        }
        Some(
            PinReason::NotAPin { .. }
            | PinReason::ThatWasThePassword
            | PinReason::ThatWasARecoveryCode
            | PinReason::MistypedRecoveryCode,
        ) => not_a_pin("That cannot be the PIN. It was not sent to the security key."),
    }
}

#[cfg(test)]
#[path = "sign_in_tests.rs"]
mod tests;
