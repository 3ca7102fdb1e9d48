//! Irregularities of a sign-in that do not stop it.

use std::{fmt, path::PathBuf};

use super::Shut;
use crate::{
    escape::Escaped,
    store::{SkippedEntry, StateUpdate, StoreError},
    verify::CounterWarning,
};

/// The longest name of a passkey in a complaint, in characters.
const MAX_NAME_CHARS: usize = 64;

/// What an administrator should look at, although the sign-in goes on. `Display` is one line for a log.
#[derive(Debug)]
pub enum Complaint {
    /// An entry of a credential file is passed over.
    Damaged {
        /// The file.
        path: PathBuf,
        /// The entry.
        entry: SkippedEntry,
    },
    /// The stored counters cannot be read, and policy only warns of counters.
    CounterUnreadable(StoreError),
    /// The counter of a passkey did not rise, and policy only warns of it.
    CounterNotGreater {
        /// The name of the passkey.
        passkey: String,
        /// The counters.
        warning: CounterWarning,
    },
    /// The use of a passkey cannot be written down.
    NotRecorded(StoreError),
    /// This process is not root, as in a screen locker, and leaves no record. Nothing is wrong.
    HeldBack,
    /// The account's wrapped passwords cannot be read, and the keyring stays closed.
    KeyringUnreadable(StoreError),
    /// The account has wrapped its password, and the sign-in could not unwrap it: the keyring stays closed.
    KeyringShut {
        /// The name of the passkey that signed in.
        passkey: String,
        /// Why.
        shut: Shut,
    },
    /// What was learnt of a passkey's key cannot be written down.
    NotLearnt(StoreError),
}

impl Complaint {
    /// What there is to say of a change of the state.
    pub(super) fn of_update(update: Result<StateUpdate, StoreError>) -> Option<Self> {
        match update {
            Ok(StateUpdate::Written) => None,
            Ok(StateUpdate::HeldBack) => Some(Self::HeldBack),
            Err(error) => Some(Self::NotRecorded(error)),
        }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged { path, entry } => {
                let name = Escaped::name(entry.name.as_deref().unwrap_or_default(), MAX_NAME_CHARS);
                let path = path.display();
                write!(f, "{path}:{}: passkey \"{name}\" is passed over: {}", entry.line, entry.reason)
            }
            Self::CounterUnreadable(error) => write!(f, "the signature counter cannot be compared: {error}"),
            Self::CounterNotGreater { passkey, warning: CounterWarning { stored, received } } => write!(
                f,
                "the signature counter of passkey \"{}\" did not rise (stored {stored}, received {received}): there may \
                 be a copy of its security key",
                Escaped::name(passkey, MAX_NAME_CHARS)
            ),
            Self::NotRecorded(error) => write!(f, "counter and last use are not written down: {error}"),
            Self::HeldBack => {
                f.write_str("counter and last use are not written down, since this process is not root")
            }
            Self::KeyringUnreadable(error) => write!(f, "the keyring stays closed: {error}"),
            Self::KeyringShut { passkey, shut } => {
                let name = Escaped::name(passkey, MAX_NAME_CHARS);
                write!(f, "the keyring stays closed, signed in with passkey \"{name}\": ")?;
                f.write_str(match shut {
                    Shut::OtherPasskey => "the password is wrapped for other passkeys",
                    Shut::Unable => "its security key makes no secrets",
                    Shut::Stale => "the password has changed since it was wrapped",
                    Shut::Unreadable => "what is wrapped cannot be read",
                    Shut::Withheld => "the security key made no secret, or did not verify its user",
                    Shut::NotUnwrapped => "what is wrapped is damaged, or not this account's",
                })
            }
            Self::NotLearnt(error) => {
                write!(f, "whether the security key answers silently is not written down: {error}")
            }
        }
    }
}
