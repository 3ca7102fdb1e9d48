//! Why a passkey was not made, with remedies.

use ::attestation::Refusal;
use passkey_core::ceremony::{Authenticator, EnrolError, Impossible, KeyFailure};

use super::sign_in;
use crate::attestation::explain as origin;
use crate::report::{ErrorReport, Exit};
use crate::terminal::prompter::LastQuestion;

/// How a failed enrolment comes out.
pub(crate) fn report(error: &EnrolError, asked: LastQuestion) -> ErrorReport {
    match error {
        EnrolError::Key(KeyFailure::NoKey) => {
            ErrorReport::new(Exit::NoKey, "no_key", "No security key was plugged in.")
                .hint("Plug one in; passkey-enroll keys shows what is seen of it.")
        }
        EnrolError::Key(KeyFailure::Unusable(loss)) => sign_in::key_unusable(*loss),
        EnrolError::Key(KeyFailure::Unplugged) => sign_in::unplugged(),
        EnrolError::Key(KeyFailure::NoTouch) => {
            sign_in::no_touch("The security key was not touched in time.")
        }
        EnrolError::Key(KeyFailure::Declined) => {
            ErrorReport::new(Exit::Cancelled, "declined", "The passkey was refused on the security key.")
        }
        EnrolError::Key(KeyFailure::Interrupted) => ErrorReport::cancelled(),
        EnrolError::AlreadyEnrolled(Some(name)) => {
            let message = format!("This security key is enrolled already: it holds the passkey “{name}”.");
            ErrorReport::new(Exit::AlreadyEnrolled, "already_enrolled", message)
                .hint("Plug in another key, or remove that passkey first to enrol it anew.")
        }
        EnrolError::AlreadyEnrolled(None) => {
            let message = "This security key is enrolled already.";
            ErrorReport::new(Exit::AlreadyEnrolled, "already_enrolled", message)
                .hint("passkey-enroll keys shows which of your passkeys it holds.")
        }
        EnrolError::CannotVerifyUser(impossible) => sign_in::cannot_verify_user(*impossible),
        EnrolError::PinNotSet(_) => sign_in::cannot_verify_user(Impossible::NotSetUp),
        EnrolError::Pin(error) => sign_in::pin(*error, asked),
        EnrolError::NoAlgorithm => ErrorReport::new(
            Exit::Failed,
            "no_algorithm",
            "This security key does not know the signature algorithm.",
        )
        .hint("Leave --algorithm out, or use another security key."),
        EnrolError::KeyFull => {
            let message = "This security key has no room for another discoverable passkey.";
            ErrorReport::new(Exit::Failed, "key_full", message)
                .hint("Leave --discoverable out, or make room: passkey-enroll key passkeys list")
        }
        EnrolError::NotDiscoverable => {
            let message = "This security key cannot hold discoverable passkeys.";
            ErrorReport::new(Exit::Failed, "not_discoverable", message)
                .hint("Leave --discoverable out, or use another security key.")
        }
        EnrolError::ModelNotAllowed(aaguid) => {
            origin::refused(&Refusal::ModelNotAllowed { aaguid: *aaguid }, Authenticator::SecurityKey, false)
        }
        EnrolError::Rejected(reason) => {
            let message = format!("The new passkey failed its first test: {reason}. It was not stored.");
            ErrorReport::new(Exit::Failed, "rejected", message)
                .hint("Run the command again, or use another security key.")
        }
        EnrolError::WrongCredential => {
            let message = "The security key made something else than it was asked for. It was not stored.";
            ErrorReport::new(Exit::Failed, "wrong_credential", message)
                .hint("Run the command again, or use another security key.")
        }
        EnrolError::Key(KeyFailure::Refused(status)) => sign_in::refused(*status),
        EnrolError::Key(KeyFailure::RefusedU2f(status)) => sign_in::refused_u2f(*status),
        EnrolError::Key(KeyFailure::Malformed) => sign_in::malformed(),
        EnrolError::NoRandomness => sign_in::no_randomness(),
    }
}
