//! Why a sign-in failed, and which of several reasons is reported.

use super::super::keys::{KeyError, KeyId, KeyMap, NoRandomness};
use super::super::steps::pin_uv_token::TokenError;
use super::super::steps::uv_method::Impossible;
use crate::verify::VerifyError;
use ctap::u2f::{self, StatusWord};
use ctap::{ReplyError, Status};

/// Why a sign-in came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInError {
    /// No key was plugged in in time.
    NoKey,
    /// Keys were plugged in, but none holds a passkey that was asked for.
    ForeignKeys,
    /// The passkeys that were made on this computer are not on it any more: its TPM was cleared or exchanged, or its state is lost.
    NotOnThisComputer,
    /// This computer has passkeys, and they could not be asked for.
    ThisComputerUnusable(KeyError),
    /// This computer refused with a status that leaves no way on.
    ThisComputerRefused(Status),
    /// Keys were plugged in, but none holds a discoverable passkey that could say who is signing in.
    NothingDiscoverable,
    /// The key's passkeys belong to no user of this machine.
    UnknownAccount,
    /// The key holds passkeys of several accounts, and the person chose none of them.
    NoAccountChosen,
    /// A key was plugged in, and another program was using it until the time was up.
    KeyBusy,
    /// Keys were plugged in, but none could be talked to.
    KeyUnusable(KeyError),
    /// A key answers, and could not be asked for all of the passkeys in time.
    TooManyPasskeys,
    /// The key was not touched in time.
    NoTouch,
    /// The person refused on the key itself.
    Declined,
    /// The person gave up.
    Interrupted,
    /// The key cannot verify its user although it must.
    CannotVerifyUser(Impossible),
    /// The key did not verify its user.
    Pin(TokenError),
    /// The key answered, wrongly.
    Rejected(VerifyError),
    /// The key refused with a status that leaves no way on.
    Refused(Status),
    /// The U2F key refused with a status word that leaves no way on.
    RefusedU2f(StatusWord),
    /// The key's reply is no valid CTAP2 or U2F.
    Malformed,
    /// The kernel gave no randomness.
    NoRandomness,
}

impl SignInError {
    /// Whether it answers the sign-in, however many keys may still be plugged in: a key that merely could not be used does not, but a
    /// sandbox that hides one hides them all, and a host without descriptors gets none while it waits.
    fn is_final(self) -> bool {
        match self {
            Self::KeyUnusable(error) => matches!(error, KeyError::Hidden | KeyError::NoDescriptors),
            Self::NoKey
            | Self::ForeignKeys
            | Self::NotOnThisComputer
            | Self::ThisComputerUnusable(_)
            | Self::KeyBusy
            | Self::TooManyPasskeys => false,
            Self::NoTouch
            | Self::ThisComputerRefused(_)
            | Self::NothingDiscoverable
            | Self::UnknownAccount
            | Self::NoAccountChosen
            | Self::Declined
            | Self::Interrupted
            | Self::CannotVerifyUser(_)
            | Self::Pin(_)
            | Self::Rejected(_)
            | Self::Refused(_)
            | Self::RefusedU2f(_)
            | Self::Malformed
            | Self::NoRandomness => true,
        }
    }
}

impl SignInError {
    /// What it is where it is this computer that it is about, and no security key.
    pub(super) fn of_this_computer(self) -> Self {
        match self {
            Self::KeyUnusable(error) => Self::ThisComputerUnusable(error),
            Self::KeyBusy => Self::ThisComputerUnusable(KeyError::Busy),
            // There is nothing on it that could be touched.
            Self::NoTouch => Self::ThisComputerUnusable(KeyError::Silent),
            Self::Malformed | Self::Pin(TokenError::Malformed) => {
                Self::ThisComputerUnusable(KeyError::NoProtocol)
            }
            Self::Refused(status) | Self::Pin(TokenError::Refused(status)) => {
                Self::ThisComputerRefused(status)
            }
            // Another program has reset it.
            Self::CannotVerifyUser(_) | Self::Pin(TokenError::PinNotSet) => Self::NotOnThisComputer,
            // Its PIN is never blocked for good.
            Self::Pin(TokenError::AttemptsUsedUp { .. }) => {
                Self::Pin(TokenError::AttemptsUsedUp { retries_left: None })
            }
            Self::NoKey
            | Self::ForeignKeys
            | Self::NotOnThisComputer
            | Self::ThisComputerUnusable(_)
            | Self::ThisComputerRefused(_)
            | Self::NothingDiscoverable
            | Self::UnknownAccount
            | Self::NoAccountChosen
            | Self::TooManyPasskeys
            | Self::Declined
            | Self::Interrupted
            | Self::Pin(_)
            | Self::Rejected(_)
            | Self::RefusedU2f(_)
            | Self::NoRandomness => self,
        }
    }
}

impl From<NoRandomness> for SignInError {
    fn from(_: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

/// What a key answers in place of an assertion that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A CTAP2 status.
    Status(Status),
    /// A U2F status word.
    StatusWord(StatusWord),
    /// `CTAPHID_ERROR`.
    Hid(ctap::hid::HidError),
    /// Nothing that can be read.
    Malformed,
    /// An assertion that does not hold.
    Invalid(VerifyError),
}

impl Refusal {
    /// What it means when a key says it that is trusted.
    pub(super) fn of_trusted(self) -> SignInError {
        match self {
            // It could not have said less: keys that have got stuck say it to everything.
            Self::Status(Status::OTHER) | Self::Hid(_) => SignInError::KeyUnusable(KeyError::Stuck),
            Self::Status(Status::OPERATION_DENIED) => SignInError::Declined,
            Self::Status(status) => SignInError::Refused(status),
            Self::StatusWord(word) => SignInError::RefusedU2f(word),
            Self::Malformed => SignInError::Malformed,
            Self::Invalid(error) => SignInError::Rejected(error),
        }
    }
}

impl From<ReplyError> for Refusal {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::Status(status) => Self::Status(status),
            ReplyError::Malformed(_) => Self::Malformed,
        }
    }
}

impl From<u2f::ReplyError> for Refusal {
    fn from(error: u2f::ReplyError) -> Self {
        match error {
            u2f::ReplyError::Status(word) => Self::StatusWord(word),
            u2f::ReplyError::Malformed(_) => Self::Malformed,
        }
    }
}

/// What has been found out about the keys that are no longer in the ceremony.
///
/// Only what a trusted key has said can end it. All else waits, and speaks only where the time is up.
pub(super) struct Findings {
    /// The word of a key that is trusted, or of the kernel.
    verdict: Option<SignInError>,
    /// What an unproven key seems to lack.
    remark: Option<SignInError>,
    /// Keys that are plugged in and cannot be used.
    unusable: KeyMap<KeyError>,
    removed: Option<Removed>,
    saw_foreign_key: bool,
}

/// A key was pulled out in the middle. It may come back, and is then no longer to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Removed {
    /// It could have signed in: that matters more than what was the matter with another one.
    Candidate,
    Other,
}

impl Findings {
    pub(super) fn new() -> Self {
        Self { verdict: None, remark: None, unusable: KeyMap::new(), removed: None, saw_foreign_key: false }
    }

    pub(super) fn judge(&mut self, error: SignInError) {
        self.verdict = Some(error);
        self.removed = None;
    }

    pub(super) fn remark(&mut self, error: SignInError) {
        self.remark = Some(error);
    }

    pub(super) fn saw_foreign_key(&mut self) {
        self.saw_foreign_key = true;
    }

    pub(super) fn is_unusable(&mut self, key: KeyId, error: KeyError) {
        self.unusable.insert(key, error);
    }

    /// The key is in the ceremony; whether it had been given up.
    pub(super) fn is_usable(&mut self, key: KeyId) -> bool {
        self.unusable.remove(key).is_some()
    }

    pub(super) fn removed(&mut self, key: KeyId, was_candidate: bool) {
        self.unusable.remove(key);
        if was_candidate {
            self.verdict = None;
            self.removed = Some(Removed::Candidate);
        } else {
            self.removed.get_or_insert(Removed::Other);
        }
    }

    /// A key that is plugged in and cannot be used, and why.
    pub(super) fn unusable(&self) -> Option<(KeyId, KeyError)> {
        self.unusable.iter().next().map(|(key, error)| (key, *error))
    }

    /// Whether no other key can change the answer.
    pub(super) fn is_final(&self) -> bool {
        self.verdict.is_some_and(SignInError::is_final)
    }

    /// Whether something has been said that matters more than a key which has come to no end.
    pub(super) fn has_verdict(&self) -> bool {
        self.verdict.is_some()
    }

    /// The reason to tell; `None` where no key has given one.
    pub(super) fn reason(&self) -> Option<SignInError> {
        if self.removed == Some(Removed::Candidate) {
            return Some(SignInError::KeyUnusable(KeyError::Unplugged));
        }
        let unusable = || self.unusable().map(|(_, error)| SignInError::KeyUnusable(error));
        let removed = || self.removed.map(|_| SignInError::KeyUnusable(KeyError::Unplugged));
        self.verdict.or(self.remark).or_else(unusable).or_else(removed)
    }

    /// Whether a key was let go because it holds none of the passkeys.
    pub(super) fn has_seen_foreign_key(&self) -> bool {
        self.saw_foreign_key
    }
}
