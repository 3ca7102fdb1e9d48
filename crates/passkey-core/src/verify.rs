//! Verification of what an authenticator signed, written once.
//!
//! [`verify_assertion`] establishes facts; [`judge`] holds them against what policy requires. Only `judge` makes a
//! [`Verified`], and only a `Verified` may become a successful sign-in. [`verify_signature`] is for signatures of other kinds,
//! such as those of attestation.
//!
//! Follows WebAuthn Level 3, section 7.2 (verifying an authentication assertion).

mod rsa;
mod signature;

pub use rsa::{RsaHash, verify_rsa};
pub use signature::verify_signature;

use std::fmt;

use ctap::{authenticator_data::Flags, cose::PublicKey, get_assertion};
use sha2::{Digest as _, Sha256};

use crate::{
    client_data::ClientData,
    config::CounterPolicy,
    credential::{Credential, CredentialId},
};

/// What an assertion is held against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a, 'c> {
    /// The credentials this authenticator was asked for: the allow list of the request, or, where the allow list
    /// was left out, every discoverable credential that would be accepted.
    pub credentials: &'a [&'c Credential],
    /// The RP ID of the request.
    pub rp_id: &'a str,
    /// The client data whose hash was in the request.
    pub client_data: &'a ClientData,
}

/// What a verified signature says; nothing is decided yet. Made only by [`verify_assertion`].
#[derive(Clone, Copy, Debug)]
#[must_use = "facts decide nothing: judge them"]
pub struct AssertionFacts<'a> {
    credential: &'a Credential,
    flags: Flags,
    sign_count: u32,
}

impl<'a> AssertionFacts<'a> {
    /// The credential that signed.
    pub fn credential(&self) -> &'a Credential {
        self.credential
    }

    /// Whether the authenticator was touched.
    pub fn user_present(&self) -> bool {
        self.flags.contains(Flags::UP)
    }

    /// Whether the authenticator verified its user by PIN, fingerprint or the like.
    pub fn user_verified(&self) -> bool {
        self.flags.contains(Flags::UV)
    }

    /// The signature counter; 0 where the authenticator has none.
    pub fn sign_count(&self) -> u32 {
        self.sign_count
    }

    /// Whether the credential may be copied to other authenticators.
    pub fn backup_eligible(&self) -> bool {
        self.flags.contains(Flags::BE)
    }

    /// Whether the credential is copied somewhere at present.
    pub fn backed_up(&self) -> bool {
        self.flags.contains(Flags::BS)
    }
}

/// Checks an authenticator's reply: the credential was asked for, the RP ID is its own, the flags are consistent and
/// the signature over `authenticatorData ‖ SHA-256(clientDataJSON)` verifies under the stored public key. Presence,
/// user verification and the counter are for [`judge`].
///
/// # Errors
/// The first thing that is wrong.
pub fn verify_assertion<'c>(
    expected: &Expected<'_, 'c>,
    assertion: &get_assertion::Response,
) -> Result<AssertionFacts<'c>, VerifyError> {
    let credential = signer(expected, assertion)?;
    if credential.rp_id != expected.rp_id {
        return Err(VerifyError::WrongRpId);
    }
    check_signed(&credential.public_key, expected.rp_id, expected.client_data, assertion)?;
    let data = &assertion.authenticator_data;
    Ok(AssertionFacts { credential, flags: data.flags, sign_count: data.sign_count })
}

/// The id of the credential with this public key, by an authenticator's reply to a request without an allow list. It
/// says whose id it is, and cannot sign in.
///
/// # Errors
/// The first thing that is wrong: above all, that another credential signed.
pub(crate) fn identify(
    public_key: &PublicKey,
    rp_id: &str,
    client_data: &ClientData,
    assertion: &get_assertion::Response,
) -> Result<CredentialId, VerifyError> {
    check_signed(public_key, rp_id, client_data, assertion)?;
    let id = assertion.credential_id.clone().and_then(CredentialId::new);
    id.ok_or(VerifyError::CredentialIdMissing)
}

/// Whether signatures can be verified under `key` at all: not every one that has the right form is a point of its curve, or
/// fit for use.
pub fn is_usable(key: &PublicKey) -> bool {
    // The key is looked at before the signature.
    verify_signature(key, &[], &[]) != Err(VerifyError::UnusablePublicKey)
}

/// Checks that the holder of `public_key` signed this, for this RP ID.
fn check_signed(
    public_key: &PublicKey,
    rp_id: &str,
    client_data: &ClientData,
    assertion: &get_assertion::Response,
) -> Result<(), VerifyError> {
    let data = &assertion.authenticator_data;
    if data.rp_id_hash.as_slice() != Sha256::digest(rp_id.as_bytes()).as_slice() {
        return Err(VerifyError::WrongRpId);
    }
    if data.flags.contains(Flags::BS) && !data.flags.contains(Flags::BE) {
        return Err(VerifyError::ContradictoryBackupFlags);
    }
    let mut message = data.raw.clone();
    message.extend_from_slice(client_data.hash());
    verify_signature(public_key, &message, &assertion.signature)
}

/// The credential that the reply is about. An authenticator that was given exactly one may leave the id out (CTAP 2.1, section 6.2.2), and
/// some leave it out although they were given several: what signed is then the one under whose public key the signature verifies.
fn signer<'c>(
    expected: &Expected<'_, 'c>,
    assertion: &get_assertion::Response,
) -> Result<&'c Credential, VerifyError> {
    let asked = expected.credentials;
    match (&assertion.credential_id, asked) {
        (Some(id), _) => asked
            .iter()
            .find(|credential| credential.id.as_bytes() == id)
            .copied()
            .ok_or(VerifyError::CredentialNotAskedFor),
        (None, [only]) => Ok(only),
        (None, several) => several
            .iter()
            .find(|credential| {
                let public_key = &credential.public_key;
                check_signed(public_key, expected.rp_id, expected.client_data, assertion).is_ok()
            })
            .copied()
            .ok_or(VerifyError::CredentialIdMissing),
    }
}

/// Whether the authenticator must have verified its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserVerification {
    /// The flag must be set.
    Required,
    /// The flag is not looked at.
    NotRequired,
}

/// What policy requires of the facts. The authenticator must always have been touched.
#[derive(Clone, Copy, Debug)]
pub struct Requirements {
    /// User verification.
    pub user_verification: UserVerification,
    /// The counter of the last sign-in with this credential; `None` where nothing is stored.
    pub stored_sign_count: Option<u32>,
    /// What a counter that does not rise means.
    pub counter: CounterPolicy,
}

/// Holds the facts against the requirements.
///
/// # Errors
/// The first requirement that is not met.
pub fn judge(facts: &AssertionFacts<'_>, requirements: &Requirements) -> Result<Verified, VerifyError> {
    if !facts.user_present() {
        return Err(VerifyError::UserNotPresent);
    }
    if requirements.user_verification == UserVerification::Required && !facts.user_verified() {
        return Err(VerifyError::UserNotVerified);
    }
    let counter_warning = counter_warning(requirements.stored_sign_count, facts.sign_count());
    match (counter_warning, requirements.counter) {
        (Some(warning), CounterPolicy::Deny) => return Err(VerifyError::CounterNotGreater(warning)),
        (Some(_), CounterPolicy::Warn) | (None, _) => {}
    }
    Ok(Verified {
        credential: facts.credential.clone(),
        flags: facts.flags,
        sign_count: facts.sign_count,
        counter_warning,
    })
}

/// A counter that is not greater than the stored one speaks for a copied authenticator; both zero means that there
/// is none (WebAuthn Level 3, section 6.1.1).
pub(crate) fn counter_warning(stored: Option<u32>, received: u32) -> Option<CounterWarning> {
    let stored = stored?;
    let no_counter = stored == 0 && received == 0;
    (!no_counter && received <= stored).then_some(CounterWarning { stored, received })
}

/// A signature counter that did not rise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterWarning {
    /// The counter of the last sign-in.
    pub stored: u32,
    /// The counter of this one.
    pub received: u32,
}

/// The proof that a person signed in with one of the passkeys asked for, as policy wants it. Only [`judge`] makes one.
#[derive(Clone, Debug)]
#[must_use = "a verified sign-in is to be recorded and reported"]
pub struct Verified {
    credential: Credential,
    flags: Flags,
    sign_count: u32,
    counter_warning: Option<CounterWarning>,
}

impl Verified {
    /// The passkey.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Whether the authenticator verified its user, asked for or not.
    pub fn user_verified(&self) -> bool {
        self.flags.contains(Flags::UV)
    }

    /// The counter to store.
    pub fn sign_count(&self) -> u32 {
        self.sign_count
    }

    /// A counter that did not rise, where policy only warns of it.
    pub fn counter_warning(&self) -> Option<CounterWarning> {
        self.counter_warning
    }
}

/// Why an assertion is not accepted: one variant for each fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyError {
    /// The reply is about a credential that was not asked for.
    CredentialNotAskedFor,
    /// The reply names no credential although several were asked for.
    CredentialIdMissing,
    /// Signed for another relying party.
    WrongRpId,
    /// Backed up, yet not eligible for backup (WebAuthn Level 3, section 6.1.3).
    ContradictoryBackupFlags,
    /// The signature has not the shape of one by this algorithm.
    MalformedSignature,
    /// The signature does not verify.
    BadSignature,
    /// The stored public key is no usable key of its algorithm.
    UnusablePublicKey,
    /// The authenticator was not touched.
    UserNotPresent,
    /// The authenticator did not verify its user.
    UserNotVerified,
    /// The counter did not rise and policy denies that.
    CounterNotGreater(CounterWarning),
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CredentialNotAskedFor => {
                f.write_str("the key answered for a passkey that was not asked for")
            }
            Self::CredentialIdMissing => f.write_str("the key did not say which passkey it answered for"),
            Self::WrongRpId => f.write_str("the key signed for another RP ID"),
            Self::ContradictoryBackupFlags => f.write_str("the key's backup flags contradict each other"),
            Self::MalformedSignature => f.write_str("the signature is malformed"),
            Self::BadSignature => f.write_str("the signature does not verify"),
            Self::UnusablePublicKey => f.write_str("the stored public key is not usable"),
            Self::UserNotPresent => f.write_str("the key did not see a touch"),
            Self::UserNotVerified => f.write_str("the key did not verify its user"),
            Self::CounterNotGreater(CounterWarning { stored, received }) => {
                write!(f, "the signature counter did not rise (stored {stored}, received {received})")
            }
        }
    }
}

impl std::error::Error for VerifyError {}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
