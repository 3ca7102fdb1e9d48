//! Why an entry of a foreign file that leaves something to the security key cannot be imported.

use passkey_core::ceremony::{KeyError, KeyFailure, LocateError, TokenError};
use passkey_core::messages::{self, English};

use crate::interop::Id;

/// The reason, and what to do about it.
pub(crate) fn words(id: &Id, error: Option<LocateError>) -> (String, String) {
    let missing = match id {
        Id::InPrivateFile => "a public key does not name the passkey on the security key",
        Id::OnKey | Id::Known(_) => "the id of this passkey is on the security key alone",
    };
    let why = why(error.unwrap_or(LocateError::NotHeld));
    let hint = match (id, error) {
        (Id::InPrivateFile, _) => "Import the private key file, the one without .pub.".to_owned(),
        (Id::OnKey | Id::Known(_), Some(LocateError::SeveralKeys)) => {
            "Run the command again with --device, or with one of the keys plugged in.".to_owned()
        }
        (Id::OnKey | Id::Known(_), Some(LocateError::Pin(TokenError::Unavailable))) => {
            "Run the command again at a terminal, or with --pin-stdin.".to_owned()
        }
        (Id::OnKey | Id::Known(_), _) => {
            "Plug in the key that holds it and run the command again: what is imported already is passed over."
                .to_owned()
        }
    };
    (format!("{missing}, and {why}"), hint)
}

fn why(error: LocateError) -> String {
    let text = match error {
        LocateError::Key(KeyFailure::NoKey) => "no security key is plugged in",
        LocateError::NotHeld => "none that is plugged in holds it",
        LocateError::SeveralKeys => "several are plugged in that show it to their owner only",
        LocateError::Key(KeyFailure::Unusable(KeyError::CannotOpen | KeyError::Hidden)) => {
            "the one that is plugged in cannot be opened"
        }
        LocateError::Key(KeyFailure::Unusable(_) | KeyFailure::Malformed) => {
            "the one that is plugged in does not answer as it should"
        }
        LocateError::Key(KeyFailure::Unplugged) => "it was unplugged",
        LocateError::Key(KeyFailure::NoTouch) => "it was not touched in time",
        LocateError::Key(KeyFailure::Declined | KeyFailure::Interrupted) => "that was refused",
        LocateError::Pin(TokenError::Empty | TokenError::Unavailable | TokenError::Interrupted) => {
            "its PIN was not given"
        }
        LocateError::NoRandomness => "this machine has no randomness to give",
        LocateError::Pin(error) => {
            let said =
                messages::pin_error(error).map(|phrase| phrase.in_language(&English)).unwrap_or_default();
            return format!("it did not verify its user: {}", said.trim_end_matches('.'));
        }
        LocateError::Key(KeyFailure::Refused(status)) => return format!("it refused: {status}"),
        LocateError::Key(KeyFailure::RefusedU2f(status)) => return format!("it refused: {status}"),
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_words_and_a_remedy_of_its_own() {
        for (error, said) in [
            (LocateError::Key(KeyFailure::NoKey), "no security key is plugged in"),
            (LocateError::NotHeld, "none that is plugged in holds it"),
            (LocateError::SeveralKeys, "several are plugged in"),
            (LocateError::Key(KeyFailure::NoTouch), "not touched in time"),
            (LocateError::Pin(TokenError::Empty), "its PIN was not given"),
            (LocateError::Pin(TokenError::PinBlocked), "blocked for good"),
            (LocateError::Key(KeyFailure::Refused(ctap::Status::INVALID_COMMAND)), "it refused"),
        ] {
            let (reason, hint) = words(&Id::OnKey, Some(error));
            assert!(
                reason.starts_with("the id of this passkey is on the security key alone, and "),
                "{reason}"
            );
            assert!(reason.contains(said) && !reason.ends_with('.') && !hint.is_empty(), "{reason} {hint}");
        }
        let several = words(&Id::OnKey, Some(LocateError::SeveralKeys)).1;
        assert!(several.contains("--device"), "{several}");
        let (reason, hint) = words(&Id::InPrivateFile, Some(LocateError::NotHeld));
        assert!(reason.contains("a public key") && hint.contains(".pub"), "{reason} {hint}");
    }
}
