//! The events of keys during a ceremony.

use super::platform::{Attachment, KeyId};
use ctap::hid::{FramingError, HidError};
use std::time::Duration;

/// Something happened that a ceremony may want to act on.
#[derive(Debug)]
pub(crate) enum Event {
    /// The key answered `CTAPHID_INIT`: requests can be sent.
    Opened(KeyId),
    /// The reply to the request in flight, and how long the key has had it.
    Reply(KeyId, Vec<u8>, Duration),
    /// The key does not take the request in flight (`CTAPHID_ERROR`, CTAP 2.1 §11.2.9.1.6), and can be asked for something else.
    Refused(KeyId, HidError),
    /// The key says that it waits for a touch.
    UserPresenceNeeded(KeyId),
    /// Another program has been holding the key for a while.
    Busy(KeyId),
    /// The key says that it is busy, has done so for long, and no program that keeps to the lock is using it.
    Stuck(KeyId),
    /// The key is of no further use, or no longer there: `KeyPool` may not know any more how it belonged to this machine.
    Lost(KeyId, Attachment, KeyError),
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
            | Self::Reply(key, ..)
            | Self::Refused(key, _)
            | Self::UserPresenceNeeded(key)
            | Self::Busy(key)
            | Self::Stuck(key)
            | Self::Lost(key, ..) => Some(*key),
            Self::Interrupted | Self::Elapsed => None,
        }
    }
}

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// It was unplugged.
    Unplugged,
    /// This process may not open its device node, or opening fails.
    CannotOpen,
    /// It is plugged in, but a sandbox hides it from this process.
    Hidden,
    /// The process has no file descriptor left to open it, or to look for keys.
    NoDescriptors,
    /// It speaks neither CTAP2 nor U2F (the capabilities of `CTAPHID_INIT`'s reply, CTAP 2.1 §11.2.9.1.3).
    NoProtocol,
    /// It stopped answering.
    Silent,
    /// It answers that it cannot, whatever it is asked: as a rule until it has been unplugged.
    Stuck,
    /// Another program kept it until the end.
    Busy,
    /// What it sends is no CTAPHID.
    Garbled(FramingError),
    /// It refuses to talk, with a CTAPHID error.
    Refused(HidError),
    /// The kernel gave no randomness for its channel.
    NoRandomness,
}
