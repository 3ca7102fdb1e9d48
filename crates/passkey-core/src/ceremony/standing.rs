//! A key's standing: the passkeys that it has proved to hold, and the requests that this permits.
//!
//! Any device can say that it is a security key, of any model, with any abilities. So what it says earns it nothing but a touch:
//! a PIN, a fingerprint, and a touch for which others stop blinking are asked of a [`Trusted`] key only, and every request for those
//! takes one. There are three ways to it:
//!
//! - [`Proved`]: the key has signed under a passkey's public key, as a rule without a touch.
//! - [`Vouched`]: the passkey is on record as one whose key does not answer without a touch, the device says that it is of the
//!   model that made it, and the person means this very one, or it is a service that only the superuser can have put there.
//! - [`Chosen`]: where there is no passkey to prove (enrolling, caring for a key, signing in without a name), the person means it.

use super::keys::Attachment;
use super::steps::selection::Touched;
use crate::credential::Credential;
use crate::verify::AssertionFacts;
use ctap::Info;

/// A key that may be asked for its PIN or its user's finger.
#[derive(Clone, Debug)]
pub(super) enum Trusted<'c> {
    Proved(Proved<'c>),
    Vouched(Vouched<'c>),
    Chosen(Chosen),
}

impl<'c> Trusted<'c> {
    /// The passkey that the key holds, where that is proved.
    pub(super) fn proved(&self) -> Option<&'c Credential> {
        match self {
            Self::Proved(Proved(credential)) => Some(credential),
            Self::Vouched(_) | Self::Chosen(_) => None,
        }
    }

    /// The passkeys that it may hold, as far as that is known.
    pub(super) fn passkeys(&self) -> Vec<&'c Credential> {
        match self {
            Self::Proved(Proved(credential)) => vec![credential],
            Self::Vouched(Vouched(credentials)) => credentials.clone(),
            Self::Chosen(_) => Vec::new(),
        }
    }

    /// Whether one of them answers only after user verification.
    pub(super) fn insists(&self) -> bool {
        self.passkeys().into_iter().any(Credential::insists_on_user_verification)
    }
}

/// The key has signed for this passkey.
#[derive(Clone, Copy, Debug)]
pub(super) struct Proved<'c>(&'c Credential);

impl<'c> Proved<'c> {
    pub(super) fn by(facts: &AssertionFacts<'c>) -> Self {
        Self(facts.credential())
    }
}

/// A device that may hold passkeys which do not show themselves, going by its model: a claim, until the person confirms it.
#[derive(Clone, Debug)]
pub(super) struct ModelClaim<'c>(Vec<&'c Credential>);

impl<'c> ModelClaim<'c> {
    /// The claim of a device to one of `unanswered`, for which it has said neither yes nor no when it was asked silently, or of
    /// `denied`, which it has denied to hold.
    pub(super) fn of(
        unanswered: impl IntoIterator<Item = &'c Credential>,
        denied: impl IntoIterator<Item = &'c Credential>,
        info: &Info,
    ) -> Option<Self> {
        let unanswered = unanswered.into_iter().filter(|credential| credential.may_be_hidden_on(info.aaguid));
        // A passkey of credProtect level 3 is denied until the user is verified (CTAP 2.1 §12.1).
        let denied = denied.into_iter().filter(|credential| {
            credential.insists_on_user_verification() && credential.may_be_hidden_on(info.aaguid)
        });
        let claimed: Vec<&Credential> = unanswered.chain(denied).collect();
        (!claimed.is_empty()).then_some(Self(claimed))
    }

    /// The passkeys that are claimed.
    pub(super) fn passkeys(&self) -> &[&'c Credential] {
        &self.0
    }

    /// The claim of the only device that is plugged in, of `devices` that are.
    pub(super) fn alone(&self, devices: usize) -> Option<Vouched<'c>> {
        (devices == 1).then(|| Vouched(self.0.clone()))
    }

    /// The claim of a service of this machine.
    pub(super) fn of_service(&self, attachment: Attachment) -> Option<Vouched<'c>> {
        Vouched::of_service(attachment, &self.0)
    }

    /// The claim of the device that the person has touched.
    pub(super) fn touched(&self, _: Touched) -> Vouched<'c> {
        Vouched(self.0.clone())
    }
}

/// The device is of the model that made one of these passkeys, and the person, or the superuser, means it.
#[derive(Clone, Debug)]
pub(super) struct Vouched<'c>(Vec<&'c Credential>);

impl<'c> Vouched<'c> {
    /// A service of this machine that reaches these passkeys somewhere else.
    pub(super) fn of_service(attachment: Attachment, passkeys: &[&'c Credential]) -> Option<Self> {
        (attachment == Attachment::Service && !passkeys.is_empty()).then(|| Self(passkeys.to_vec()))
    }
}

/// The person means this device, and no passkey is there that it could prove to hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen(());

impl Chosen {
    /// It is the only one of `candidates` that would do.
    pub(super) fn only(candidates: usize) -> Option<Self> {
        (candidates == 1).then_some(Self(()))
    }

    /// The person has touched it.
    pub(super) fn touched(_: Touched) -> Self {
        Self(())
    }
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;
