//! Why a passkey does not unlock the keyring, with remedies.

use std::io;

use passkey_core::store::StoreError;
use passkey_core::store::keyring::WrapError;

use crate::explain::sign_in;
use crate::report::{ErrorReport, Exit};

/// Why a passkey does not open the keyring.
#[derive(Debug)]
pub(crate) enum KeyringError {
    /// There is no person to ask for the login password.
    NobodyToAsk,
    /// The login password is another one.
    WrongPassword {
        /// Whose it would be.
        user: String,
    },
    /// The login password could not be checked.
    Unchecked(io::Error),
    /// None of the user's passkeys can.
    NoneAble {
        /// Whose they are.
        user: String,
        /// The command that enrols one.
        add: String,
    },
    /// This passkey cannot.
    Unable {
        /// Its name.
        name: String,
        /// The command that enrols one.
        add: String,
    },
    /// What is stored cannot be read.
    Malformed {
        /// Why.
        error: Box<StoreError>,
        /// The command that takes it away.
        disable: String,
    },
    /// This passkey is disabled.
    Disabled {
        /// Its name.
        name: String,
        /// The command that enables it.
        enable: String,
    },
    /// There is no stored password to delete or to encrypt again, or it is out of date.
    NothingStored {
        /// Whose it would be.
        user: String,
        /// The command that stores the password.
        enable: String,
    },
    /// The security key did not take part.
    Withheld {
        /// The name of its passkey.
        name: String,
    },
    /// What is stored for this passkey cannot be decrypted.
    NotUnwrapped {
        /// Its name.
        name: String,
        /// The command that stores the password.
        enable: String,
    },
    /// It cannot be encrypted.
    Wrap(WrapError),
}

impl KeyringError {
    /// How it comes out.
    pub(crate) fn report(&self) -> ErrorReport {
        match self {
            Self::NobodyToAsk => {
                let message = "The login password is needed, and there is no terminal to ask at.";
                ErrorReport::new(Exit::Usage, "password_needed", message)
                    .hint("Give it as the first line of standard input, with --password-stdin.")
            }
            Self::WrongPassword { user } => {
                let message = format!("That is not the login password of {user}, or the account is locked.");
                ErrorReport::new(Exit::Failed, "wrong_password", message).hint(
                    "It is the password that signs you in to this computer, not the PIN of the security key.",
                )
            }
            Self::Unchecked(error) => {
                let message = format!("The login password cannot be checked: {error}.");
                ErrorReport::new(Exit::Failed, "password_unchecked", message)
                    .hint("Look for why in the system log: journalctl -t passkey-enroll -e")
            }
            Self::NoneAble { user, add } => {
                let message = format!("No passkey of {user} can open the keyring.");
                ErrorReport::new(Exit::Failed, "no_passkey_able", message).hint(format!(
                    "They were made without what it takes (hmac-secret). Enrol another one, on a key that has it: {add}"
                ))
            }
            Self::Malformed { error, disable } => {
                ErrorReport::new(Exit::Broken, "keyring_broken", error.to_string())
                    .hint(format!("Take it away, and set it up anew: {disable}"))
            }
            Self::Unable { name, add } => {
                let message = format!("The passkey “{name}” cannot open the keyring.");
                ErrorReport::new(Exit::Failed, "passkey_unable", message).hint(format!(
                    "It was made without what it takes (hmac-secret). Enrol another one, on a key that has it: {add}"
                ))
            }
            Self::Disabled { name, enable } => {
                let message = format!("The passkey “{name}” is disabled.");
                ErrorReport::new(Exit::NotEnrolled, "passkey_disabled", message)
                    .hint(format!("Enable it first: {enable}"))
            }
            Self::NothingStored { user, enable } => {
                let message = format!("No passkey of {user} opens the keyring.");
                ErrorReport::new(Exit::NotEnrolled, "keyring_not_set_up", message)
                    .hint(format!("Set it up: {enable}"))
            }
            Self::Withheld { name } => {
                let message = format!("The security key of “{name}” did not take part.");
                ErrorReport::new(Exit::Failed, "keyring_withheld", message).hint(
                    "It has to know your PIN or your finger, and the extension hmac-secret: passkey-enroll keys",
                )
            }
            Self::NotUnwrapped { name, enable } => {
                let message = format!("What is stored for “{name}” is damaged, or not this account's.");
                ErrorReport::new(Exit::Broken, "keyring_damaged", message)
                    .hint(format!("Set it up anew: {enable}"))
            }
            Self::Wrap(WrapError::Random(_)) => sign_in::no_randomness(),
            Self::Wrap(error @ WrapError::NoPassword) => {
                ErrorReport::new(Exit::Failed, "not_a_password", format!("{error}."))
                    .hint("Type the password that signs you in to this computer.")
            }
        }
    }
}
