//! One login password, wrapped under the secret that a passkey's key makes.

use std::fmt;

use aes_gcm_siv::Aes256GcmSiv;
use aes_gcm_siv::aead::{AeadInOut as _, KeyInit as _};
use ctap::Secret;
use ctap::hmac_secret::{self, Salt};
use hkdf::Hkdf;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::account::Account;
use crate::credential::{Credential, CredentialId};
use crate::random::{self, NoRandomness};

/// The version of the wrapping: part of what is authenticated.
const VERSION: u8 = 1;
/// What the key is derived for (RFC 5869, `info`).
const KEY_INFO: &[u8] = b"pam_passkey: key for a login password, version 1";
/// What the mark of a password begins with before it is hashed.
const MARK_PREFIX: &[u8] = b"pam_passkey: mark of a password, version 1\0";
/// The shortest hash of crypt(5), that of DES, in bytes.
const SHORTEST_HASH: usize = 13;
/// The longest password: what libpam takes as an answer (`PAM_MAX_RESP_SIZE`), with its NUL.
pub const MAX_PASSWORD_LEN: usize = 511;
/// What a password is padded to a multiple of, in bytes, so that its length does not show.
const PADDING: usize = 64;
/// Bytes of the length in front of the password.
const LENGTH: usize = 2;
/// Bytes of the tag behind the ciphertext.
pub(super) const TAG_LEN: usize = 16;
/// Bytes of the nonce.
pub(super) const NONCE_LEN: usize = 12;

/// What tells a password from the one after it without telling either: a hash of the account's entry in the shadow database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PasswordMark(pub(super) [u8; 32]);

impl PasswordMark {
    /// The mark of a password field of shadow(5). That the account is locked is no other password. `None` where the field holds no hash, as
    /// where the database keeps it to itself: such a field stays when the password changes.
    pub fn of_field(field: &[u8]) -> Option<Self> {
        let hash = field.iter().position(|byte| *byte != b'!').and_then(|start| field.get(start..))?;
        (hash.len() >= SHORTEST_HASH)
            .then(|| Self(Sha256::new_with_prefix(MARK_PREFIX).chain_update(hash).finalize().into()))
    }

    /// The mark as bytes, to be kept.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// The mark of these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for PasswordMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordMark(..)")
    }
}

/// A login password that can be had with one passkey, its key in hand and its user verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedPassword {
    pub(super) id: CredentialId,
    pub(super) made: Timestamp,
    pub(super) salt: Salt,
    pub(super) nonce: [u8; NONCE_LEN],
    pub(super) ciphertext: Vec<u8>,
    pub(super) mark: Option<PasswordMark>,
    pub(super) stale: bool,
}

/// Why a password cannot be wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrapError {
    /// It is empty, too long, or has a NUL in it: no password of an account.
    NoPassword,
    /// The kernel gives no randomness.
    Random(NoRandomness),
}

impl fmt::Display for WrapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPassword => write!(f, "a login password has 1 to {MAX_PASSWORD_LEN} bytes"),
            Self::Random(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for WrapError {}

/// This cannot unwrap it: it was wrapped under another secret, for another user, or is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotUnwrapped;

impl WrappedPassword {
    /// A salt for a new wrapping. No two wrappings have the same.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn new_salt() -> Result<Salt, NoRandomness> {
        let mut salt = [0; hmac_secret::LEN];
        random::fill(&mut salt).map(|()| Salt(salt))
    }

    /// Wraps `password` under the `secret` that the key of `credential` has made of `salt`. `mark` is that of the password.
    ///
    /// # Errors
    /// [`WrapError`].
    pub fn wrap(
        account: &Account,
        credential: &Credential,
        salt: Salt,
        secret: &Secret,
        password: &Secret,
        mark: Option<PasswordMark>,
        made: Timestamp,
    ) -> Result<Self, WrapError> {
        let mut ciphertext = padded(password).ok_or(WrapError::NoPassword)?;
        let mut nonce = [0; NONCE_LEN];
        random::fill(&mut nonce).map_err(WrapError::Random)?;
        let associated = associated_data(account, credential);
        cipher(secret)
            .encrypt_in_place(&nonce.into(), &associated, &mut *ciphertext)
            .map_err(|_| WrapError::NoPassword)?;
        // What it holds now is no secret.
        let ciphertext = std::mem::take(&mut *ciphertext);
        Ok(Self { id: credential.id.clone(), made, salt, nonce, ciphertext, mark, stale: false })
    }

    /// The password, by the secret that the key of `credential` has made of [`salt`](Self::salt).
    ///
    /// # Errors
    /// [`NotUnwrapped`].
    pub fn unwrap(
        &self,
        account: &Account,
        credential: &Credential,
        secret: &Secret,
    ) -> Result<Secret, NotUnwrapped> {
        let mut plaintext = Zeroizing::new(self.ciphertext.clone());
        let associated = associated_data(account, credential);
        cipher(secret)
            .decrypt_in_place(&self.nonce.into(), &associated, &mut *plaintext)
            .map_err(|_| NotUnwrapped)?;
        let (length, rest) = plaintext.split_first_chunk::<LENGTH>().ok_or(NotUnwrapped)?;
        let password = rest.get(..usize::from(u16::from_be_bytes(*length))).ok_or(NotUnwrapped)?;
        Ok(Secret::new(password.to_vec()))
    }

    /// Whose key unwraps it.
    pub fn id(&self) -> &CredentialId {
        &self.id
    }

    /// When it was wrapped.
    pub fn made(&self) -> Timestamp {
        self.made
    }

    /// What the key makes its secret of.
    pub fn salt(&self) -> Salt {
        self.salt
    }

    /// The mark that the password had.
    pub fn mark(&self) -> Option<PasswordMark> {
        self.mark
    }

    /// Whether it is certain that it is the password that has this mark.
    pub fn is_of(&self, mark: Option<PasswordMark>) -> bool {
        !self.stale && self.mark.is_some() && self.mark == mark
    }

    /// Whether it is no longer the account's password: by what was noted when that changed, or by the mark that the password has `now`,
    /// where both are known.
    pub fn is_stale(&self, now: Option<PasswordMark>) -> bool {
        self.stale || matches!((self.mark, now), (Some(mark), Some(now)) if mark != now)
    }
}

/// The length, the password and zeros, with room for the tag, so that no copy is left behind.
fn padded(password: &Secret) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = password.as_bytes();
    if bytes.is_empty() || bytes.len() > MAX_PASSWORD_LEN || bytes.contains(&0) {
        return None;
    }
    let length = u16::try_from(bytes.len()).ok()?;
    let whole = bytes.len().checked_add(LENGTH)?.checked_next_multiple_of(PADDING)?;
    let mut padded = Zeroizing::new(Vec::with_capacity(whole.checked_add(TAG_LEN)?));
    padded.extend_from_slice(&length.to_be_bytes());
    padded.extend_from_slice(bytes);
    padded.resize(whole, 0);
    Some(padded)
}

fn cipher(secret: &Secret) -> Aes256GcmSiv {
    let mut key = Zeroizing::new([0; 32]);
    // The length is one that HKDF can give.
    let _ = Hkdf::<Sha256>::new(None, secret.as_bytes()).expand(KEY_INFO, key.as_mut_slice());
    Aes256GcmSiv::new((&*key).into())
}

/// What the wrapping is bound to. Each text is preceded by its length, so that no two sets read the same.
fn associated_data(account: &Account, credential: &Credential) -> Vec<u8> {
    let mut data = vec![VERSION];
    for part in [account.name.as_bytes(), credential.id.as_bytes(), credential.rp_id.as_bytes()] {
        data.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        data.extend_from_slice(part);
    }
    data
}

#[cfg(test)]
#[path = "wrapped_tests.rs"]
mod tests;
