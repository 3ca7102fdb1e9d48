//! Errors of managing a key, with remedies.

use passkey_core::ceremony::{KeyError, KeyFailure, ResetError};

use super::ManageError;
use crate::explain::sign_in;
use crate::report::{ErrorReport, Exit};

/// How a key that was not selected comes out.
fn select(error: KeyFailure) -> ErrorReport {
    match error {
        KeyFailure::NoKey => ErrorReport::new(Exit::NoKey, "no_key", "No security key was plugged in.")
            .hint("Plug one in; passkey-enroll keys shows what is seen of it."),
        KeyFailure::Unusable(KeyError::Silent) => timed_out(),
        KeyFailure::Unusable(loss) => sign_in::key_unusable(loss),
        KeyFailure::Unplugged => sign_in::unplugged(),
        KeyFailure::NoTouch => sign_in::no_touch("None of the security keys was touched in time."),
        KeyFailure::Declined => declined(),
        KeyFailure::Interrupted => ErrorReport::cancelled(),
        KeyFailure::Refused(status) => sign_in::refused(status),
        KeyFailure::RefusedU2f(status) => sign_in::refused_u2f(status),
        KeyFailure::Malformed => sign_in::malformed(),
    }
}

fn wrong_pin(retries_left: Option<u8>) -> ErrorReport {
    let left = retries_left.map_or_else(String::new, |left| {
        format!(" The security key takes {left} more before it locks itself for good.")
    });
    ErrorReport::new(Exit::WrongPin, "wrong_pin", format!("That PIN was wrong.{left}"))
}

/// How a failure on the key comes out.
pub(crate) fn report(error: &ManageError) -> ErrorReport {
    let failed = |code, message: &str| ErrorReport::new(Exit::Failed, code, message);
    match error {
        ManageError::Place(error) => error.report(),
        ManageError::Select(error) => select(*error),
        ManageError::Pin { error, asked } => sign_in::pin(*error, *asked),
        ManageError::WrongPin { retries_left } => wrong_pin(*retries_left),
        ManageError::Reset(error) => reset(*error),
        ManageError::Cancelled => ErrorReport::cancelled(),
        ManageError::Terminal(error) => {
            failed("terminal_failed", &format!("The terminal cannot be used: {error}."))
                .hint("Use --pin-stdin or --yes where there is no terminal.")
        }
        ManageError::U2fOnly => {
            let message = "This security key is too old: it speaks only U2F, and has nothing to manage.";
            failed("u2f_only", message).hint("Use another security key.")
        }
        ManageError::NoPinSupport => failed("pin_unsupported", "This security key does not support a PIN.")
            .hint("Use another security key."),
        ManageError::PinAlreadySet => failed("pin_already_set", "The security key has a PIN already.")
            .hint("Change it: passkey-enroll key pin change"),
        ManageError::NewPinNeeded => failed("pin_needed", "There is no terminal to ask for the new PIN.")
            .hint("Give it on standard input, with --pin-stdin."),
        ManageError::InputEnded => failed("pin_needed", "Standard input ended before the PIN.")
            .hint("Give each PIN on a line of its own, the present one first."),
        ManageError::NewPinUnfit(unfit) => {
            failed("new_pin_unfit", &format!("That cannot be the new PIN: {unfit}. It was not sent."))
        }
        ManageError::NewPinRefused => failed("new_pin_refused", "The security key does not accept this PIN.")
            .hint("Choose a longer, less simple PIN that differs from the present one."),
        ManageError::NoSettings => {
            failed("settings_unsupported", "This security key has no settings that can be changed.")
                .hint("See what it can do: passkey-enroll keys")
        }
        ManageError::NoMinPinLength => {
            let message = "This security key does not let rules for its PIN be set.";
            failed("pin_rules_unsupported", message).hint("See what it can do: passkey-enroll keys")
        }
        ManageError::MinPinLengthLower { present } => {
            let message = format!(
                "The security key asks for {present} characters already, and this can only be raised."
            );
            failed("min_pin_length_lower", &message)
                .hint("Only a reset lowers it, which erases the key: passkey-enroll key reset")
        }
        ManageError::SettingRefused(status) => {
            failed("setting_refused", &format!("The security key refuses this setting: {status}."))
                .hint("Its maker may have fixed it. See its present settings: passkey-enroll keys")
        }
        ManageError::NoSensor => {
            failed("no_fingerprint_reader", "This security key has no fingerprint reader.")
        }
        ManageError::NoPasskeyManagement => {
            let message = "This security key cannot list its passkeys.";
            failed("passkeys_unsupported", message)
        }
        ManageError::SensorFull => {
            failed("fingerprints_full", "The security key has no room for another fingerprint.")
                .hint("Remove one first: passkey-enroll key fingerprint list")
        }
        ManageError::NameTooLong { max_len } => {
            failed("name_too_long", &format!("The security key stores names of up to {max_len} bytes."))
                .hint("Choose a shorter name.")
        }
        ManageError::FingerprintNameTaken(name) => {
            let message = format!("There is a fingerprint called “{name}” already.");
            ErrorReport::new(Exit::AlreadyEnrolled, "name_taken", message).hint("Choose another name.")
        }
        ManageError::NoSuchFingerprint { name, names } => no_such_fingerprint(name, names),
        ManageError::AmbiguousFingerprint(name) => {
            failed("ambiguous", &format!("Several fingerprints are called “{name}”."))
                .hint("Give the id in place of the name: passkey-enroll key fingerprint list")
        }
        ManageError::NoSuchPasskey(id) => {
            let message = format!("The security key holds no discoverable passkey “{id}”.");
            ErrorReport::new(Exit::NotEnrolled, "no_such_passkey", message)
                .hint("See which it holds: passkey-enroll key passkeys list")
        }
        ManageError::AmbiguousPasskey(id) => {
            failed("ambiguous", &format!("Several passkeys have an id that ends with “{id}”."))
                .hint("Give the whole id: passkey-enroll key passkeys list --json")
        }
        ManageError::NoTouch => sign_in::no_touch("The security key was not touched in time."),
        ManageError::TimedOut => timed_out(),
        ManageError::Declined => declined(),
        ManageError::Unplugged => sign_in::unplugged(),
        ManageError::Denied => sign_in::key_unusable(KeyError::CannotOpen),
        ManageError::CannotOpen => failed("key_unusable", "The security key cannot be opened.")
            .hint("Unplug it, plug it in again and run the command once more."),
        ManageError::Busy => failed("key_busy", "Another program is using the security key.")
            .hint("Close it, or a browser's page that waits for the key, and run the command again."),
        ManageError::Garbled => sign_in::malformed(),
        ManageError::Refused(status) => sign_in::refused(*status),
        ManageError::NoProcess(error) => {
            failed("process_failed", &format!("The process that talks to the key cannot be used: {error}."))
        }
    }
}

/// How a key that was not reset comes out.
fn reset(error: ResetError) -> ErrorReport {
    match error {
        ResetError::NotUnplugged => sign_in::no_touch("The security key was not unplugged in time.")
            .hint("Nothing was forgotten. Run the command again."),
        ResetError::NotPluggedIn => {
            ErrorReport::new(Exit::NoKey, "no_key", "The security key was not plugged in again in time.")
                .hint("Nothing was forgotten. Run the command again.")
        }
        ResetError::TooLate => {
            let message =
                "It was too late: the security key resets itself only within 10 seconds of being plugged in.";
            ErrorReport::new(Exit::TimedOut, "too_late", message).hint(
                "Nothing was forgotten. Run the command again, and close other programs that use the key.",
            )
        }
        ResetError::NoTouch => sign_in::no_touch("The security key was not touched in time.")
            .hint("Nothing was forgotten. Run the command again, and touch the key while it blinks."),
        ResetError::Declined => declined(),
        ResetError::Unplugged => ErrorReport::new(
            Exit::NoKey,
            "unplugged",
            "The security key was unplugged before it had reset itself.",
        )
        .hint("Run the command again."),
        ResetError::KeyUnusable(KeyError::Silent) => timed_out(),
        ResetError::KeyUnusable(loss) => sign_in::key_unusable(loss),
        ResetError::Interrupted => ErrorReport::cancelled(),
        ResetError::Refused(status) => sign_in::refused(status),
        ResetError::Malformed => sign_in::malformed(),
    }
}

fn no_such_fingerprint(name: &str, names: &[String]) -> ErrorReport {
    let message = format!("The security key knows no fingerprint “{name}”.");
    let report = ErrorReport::new(Exit::NotEnrolled, "no_such_fingerprint", message);
    let names: Vec<String> = names.iter().map(|name| format!("“{name}”")).collect();
    match names.as_slice() {
        [] => report.hint("It knows none. Add one: passkey-enroll key fingerprint add"),
        [only] => report.hint(format!("The only one is {only}.")),
        several => report.hint(format!("There are {}.", several.join(", "))),
    }
}

fn timed_out() -> ErrorReport {
    ErrorReport::new(Exit::TimedOut, "timed_out", "The security key did not answer in time.")
        .hint("Unplug it, plug it in again and run the command once more.")
}

fn declined() -> ErrorReport {
    ErrorReport::new(Exit::Cancelled, "declined", "It was refused on the security key.")
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
