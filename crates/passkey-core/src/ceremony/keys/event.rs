//! What can happen on the keys while a ceremony goes on.

use super::platform::KeyId;
use ctap::hid::{FramingError, HidError};

/// Something happened that a ceremony may want to act on.
#[derive(Debug)]
pub(crate) enum Event {
    /// The key answered `CTAPHID_INIT`: requests can be sent.
    Opened(KeyId),
    /// The reply to the request in flight.
    Reply(KeyId, Vec<u8>),
    /// The key says that it waits for a touch.
    UserPresenceNeeded(KeyId),
    /// Another program has been holding the key for a while.
    Busy(KeyId),
    /// The key is of no further use, or no longer there.
    Lost(KeyId, KeyError),
    /// The person gave up.
    Interrupted,
    /// The time given to `KeyPool::next` is over.
    Elapsed,
}

impl Event {
    /// The key that it happened on.
    pub(crate) fn key(&self) -> Option<KeyId> {
        match self {
            Self::Opened(key)
            | Self::Reply(key, _)
            | Self::UserPresenceNeeded(key)
            | Self::Busy(key)
            | Self::Lost(key, _) => Some(*key),
            Self::Interrupted | Self::Elapsed => None,
        }
    }
}

/// Why a key is of no further use to the ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// It was unplugged.
    Unplugged,
    /// This process may not open its device node, or opening fails.
    CannotOpen,
    /// It is plugged in, but a sandbox hides it from this process.
    Hidden,
    /// It stopped answering.
    Silent,
    /// Another program kept it until the end.
    Busy,
    /// What it sends is no CTAPHID.
    Garbled(FramingError),
    /// It refuses to talk, with a CTAPHID error.
    Refused(HidError),
    /// The kernel gave no randomness for its channel.
    NoRandomness,
}
