//! The messages between the command and the process that talks to the key: lines of JSON, one request and then events.

use ctap::Pin;
use serde::{Deserialize, Serialize};

use super::super::identity::Identity;

/// What a key says of a good sample (CTAP 2.1 §6.7.4, `lastEnrollSampleStatus`).
pub(crate) const GOOD_SAMPLE: u8 = 0x00;
/// What it says when it has waited for one in vain.
pub(crate) const NO_SAMPLE: u8 = 0x0d;

/// What is to be done, and on which key.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::key) struct Request {
    /// Which key.
    pub(in crate::key) of: Identity,
    /// The number of the PIN/UV auth protocol.
    pub(in crate::key) protocol: u8,
    /// Whether the key knows fingerprints and passkeys only by the commands of the preview of CTAP 2.1.
    pub(in crate::key) preview: bool,
    /// What to do.
    pub(in crate::key) operation: Operation,
}

/// Something that can be done to a key.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operation {
    /// Set the first PIN.
    SetPin {
        /// That.
        #[serde(with = "super::pin")]
        new: Pin,
    },
    /// Change the PIN.
    ChangePin {
        /// The present one.
        #[serde(with = "super::pin")]
        old: Pin,
        /// The one from now on.
        #[serde(with = "super::pin")]
        new: Pin,
    },
    /// Check the PIN, and nothing else.
    VerifyPin {
        /// The PIN.
        #[serde(with = "super::pin")]
        pin: Pin,
    },
    /// Change a setting (authenticatorConfig, CTAP 2.1 §6.11).
    Configure {
        /// The PIN.
        #[serde(with = "super::pin")]
        pin: Pin,
        /// Which, and to what.
        setting: Setting,
    },
    /// List the fingerprints.
    Fingerprints {
        /// The PIN.
        #[serde(with = "super::pin")]
        pin: Pin,
    },
    /// Enrol a fingerprint, a sample at a time.
    AddFingerprint {
        /// The PIN.
        #[serde(with = "super::pin")]
        pin: Pin,
        /// What to call it.
        name: String,
        /// How long the key should wait for each sample.
        sample_timeout_ms: u16,
    },
    /// Give a fingerprint another name.
    RenameFingerprint {
        /// The PIN.
        #[serde(with = "super::pin")]
        pin: Pin,
        /// Which.
        id: Vec<u8>,
        /// The name.
        name: String,
    },
    /// Remove a fingerprint.
    RemoveFingerprint {
        /// The PIN.
        #[serde(with = "super::pin")]
        pin: Pin,
        /// Which.
        id: Vec<u8>,
    },
    /// List the discoverable passkeys.
    Passkeys {
        /// The PIN.
        #[serde(with = "super::pin")]
        pin: Pin,
    },
    /// Remove a discoverable passkey.
    RemovePasskey {
        /// The PIN.
        #[serde(with = "super::pin")]
        pin: Pin,
        /// Its credential id.
        id: Vec<u8>,
    },
}

/// A setting of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Setting {
    /// Switches `alwaysUv` from on to off, or from off to on.
    ToggleAlwaysUv,
    /// The fewest characters of a PIN.
    MinPinLength(u8),
    /// Refuses the PIN until it is changed.
    ForcePinChange,
}

/// What the process has to say.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::key) enum Event {
    /// Another program has the key.
    Busy,
    /// How far the fingerprint is.
    Sample(Sample),
    /// It is done.
    Done(Outcome),
    /// It is not.
    Failed(Failure),
}

/// How far the enrolment of a fingerprint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// Good samples so far.
    pub(crate) taken: u32,
    /// Those still needed, as far as the key knows.
    pub(crate) left: u32,
    /// What the key said of the last one; none before the first.
    pub(crate) status: Option<u8>,
}

/// The result of an operation.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Nothing to tell.
    Done,
    /// All fingerprints.
    Fingerprints(Vec<Fingerprint>),
    /// The new fingerprint.
    Added {
        /// That.
        fingerprint: Fingerprint,
        /// Good samples that were taken.
        samples: u32,
    },
    /// All discoverable passkeys.
    Passkeys(Vec<KeyPasskey>),
}

/// A fingerprint that the key knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    /// The key's own name for it.
    pub(crate) id: Vec<u8>,
    /// The person's; empty where it has none. As the key sent it.
    pub(crate) name: String,
}

/// A discoverable passkey that the key holds. Text is as the key sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyPasskey {
    /// The credential id.
    pub(crate) id: Vec<u8>,
    /// Whom it is for.
    pub(crate) rp_id: String,
    /// The account's handle there.
    pub(crate) user_handle: Vec<u8>,
    /// The account's name; empty where there is none.
    pub(crate) user_name: String,
    /// The person's name; empty where there is none.
    pub(crate) user_display_name: String,
    /// The protection level, 1 to 3, where the key says one.
    pub(crate) cred_protect: Option<u8>,
}

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Failure {
    /// The key refused, with this status.
    Status(u8),
    /// The key is not there any more.
    Gone,
    /// This process may not open it.
    Denied,
    /// It cannot be opened, for whatever other reason.
    CannotOpen,
    /// Another program has had it all the time.
    Busy,
    /// What it answers makes no sense.
    Garbled,
    /// The name is longer than the key can store, in bytes.
    NameTooLong {
        /// The most it can.
        max_len: u32,
    },
}
