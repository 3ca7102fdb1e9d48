//! Why a key could not be managed.

use std::io;

use ctap::{NotAPin, Status};
use passkey_core::ceremony::{KeyFailure, ResetError, TokenError};

use super::place::PlaceError;
use crate::terminal::prompter::LastQuestion;

impl From<PlaceError> for ManageError {
    fn from(error: PlaceError) -> Self {
        Self::Place(error)
    }
}

/// Why a key could not be managed.
#[derive(Debug)]
pub(crate) enum ManageError {
    /// There is nothing where it was said to be.
    Place(PlaceError),
    /// No key was selected.
    Select(KeyFailure),
    /// The PIN was not accepted, or not entered.
    Pin {
        /// Why.
        error: TokenError,
        /// The last question for it.
        asked: LastQuestion,
    },
    /// The PIN that was to be checked is wrong.
    WrongPin {
        /// Wrong PINs that the key still takes.
        retries_left: Option<u8>,
    },
    /// The key was not reset.
    Reset(ResetError),
    /// The person gave up.
    Cancelled,
    /// The terminal cannot be used.
    Terminal(io::Error),
    /// The key speaks U2F only.
    U2fOnly,
    /// The key knows no PIN.
    NoPinSupport,
    /// A PIN is set already.
    PinAlreadySet,
    /// There is no terminal to ask for the new PIN.
    NewPinNeeded,
    /// Standard input ended before all PINs were read.
    InputEnded,
    /// What was given as the new PIN cannot be one.
    NewPinUnfit(NotAPin),
    /// The key does not take the new PIN.
    NewPinRefused,
    /// The key has no settings that can be changed.
    NoSettings,
    /// The key does not let the length of its PIN be changed, nor a change of it be forced.
    NoMinPinLength,
    /// The fewest characters of a PIN can only be raised.
    MinPinLengthLower {
        /// What it is.
        present: usize,
    },
    /// The key refuses this setting.
    SettingRefused(Status),
    /// The key has no fingerprint reader.
    NoSensor,
    /// The key cannot tell which passkeys it holds.
    NoPasskeyManagement,
    /// The key has no room for another fingerprint.
    SensorFull,
    /// The name is longer than the key can store, in bytes.
    NameTooLong {
        /// The most it can.
        max_len: u32,
    },
    /// Another fingerprint has this name.
    FingerprintNameTaken(String),
    /// No fingerprint has this name.
    NoSuchFingerprint {
        /// The name.
        name: String,
        /// The names there are.
        names: Vec<String>,
    },
    /// Several fingerprints have this name.
    AmbiguousFingerprint(String),
    /// The key holds no discoverable passkey of this id.
    NoSuchPasskey(String),
    /// Several passkeys' ids end like this.
    AmbiguousPasskey(String),
    /// The key was not touched in time.
    NoTouch,
    /// The key did not answer in time.
    TimedOut,
    /// The person refused on the key itself.
    Declined,
    /// The key was unplugged in the middle.
    Unplugged,
    /// This process may not open the key.
    Denied,
    /// The key cannot be opened.
    CannotOpen,
    /// Another program has the key.
    Busy,
    /// The reply of the key is malformed.
    Garbled,
    /// The key refused with a status that leaves no way on.
    Refused(Status),
    /// The process that talks to the key could not be started or spoken to.
    NoProcess(io::Error),
}
