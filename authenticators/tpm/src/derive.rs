//! Derivations from the PIN and from the account secret, each with its own domain.

use ctap::Secret;
use hmac::{Hmac, KeyInit as _, Mac};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::tpm::AuthValue;

const PIN: &[u8] = b"passkey-tpm: PIN, version 1\0";
const CREDENTIAL: &[u8] = b"passkey-tpm: key of a credential, version 1\0";
const HMAC_KEY: &[u8] = b"passkey-tpm: key for hmac-secret, version 1\0";
const HMAC_SECRET: &[u8] = b"passkey-tpm: hmac-secret, version 1\0";
const CREDENTIAL_ID: &[u8] = b"passkey-tpm: credential id, version 1\0";

/// The length of a PIN's hash (CTAP 2.1 §6.5.5.5), in bytes.
pub const PIN_HASH_LEN: usize = 16;
/// The length of the nonce of a credential, in bytes.
pub const NONCE_LEN: usize = 16;

/// HMAC-SHA-256 of all the parts in a row; all but the last have a length that is fixed by the domain.
fn mac(key: &[u8; 32], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut padded = Zeroizing::new([0; 64]);
    padded.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let mac = Hmac::<Sha256>::new((&*padded).into());
    Zeroizing::new(parts.iter().fold(mac, Mac::chain_update).finalize().into_bytes().into())
}

/// The authorization value of the account's sealed secret.
pub fn pin_auth(account: u32, salt: &[u8; 32], pin_hash: &[u8; PIN_HASH_LEN]) -> AuthValue {
    let hash = Sha256::new()
        .chain_update(PIN)
        .chain_update(account.to_be_bytes())
        .chain_update(salt)
        .chain_update(pin_hash);
    AuthValue::new(Zeroizing::new(hash.finalize().into()))
}

/// The secret that the PIN unlocks. Without it no key of the account's can be used.
pub struct AccountSecret(Zeroizing<[u8; 32]>);

impl AccountSecret {
    /// A random one.
    pub fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// The unsealed secret; `None` for another length.
    pub fn from_secret(secret: &Secret) -> Option<Self> {
        secret.as_bytes().try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// For the TPM to seal.
    pub fn to_secret(&self) -> Secret {
        Secret::new(self.0.to_vec())
    }

    /// The authorization value of a credential's key.
    pub fn credential_auth(&self, nonce: &[u8; NONCE_LEN], rp_id_hash: &[u8; 32], account: u32) -> AuthValue {
        AuthValue::new(mac(&self.0, &[CREDENTIAL, nonce, rp_id_hash, &account.to_be_bytes()]))
    }

    /// The authorization value of the account's `hmac-secret` key.
    pub fn hmac_key_auth(&self, account: u32) -> AuthValue {
        AuthValue::new(mac(&self.0, &[HMAC_KEY, &account.to_be_bytes()]))
    }
}

impl std::fmt::Debug for AccountSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccountSecret(..)")
    }
}

/// The message that the TPM computes the MAC over for `hmac-secret`: specific to credential, RP ID and salt.
pub fn hmac_secret_message(nonce: &[u8; NONCE_LEN], rp_id_hash: &[u8; 32], salt: &[u8; 32]) -> Vec<u8> {
    [HMAC_SECRET, nonce, rp_id_hash, salt].concat()
}

/// The MAC that makes a credential id the account's own.
pub fn credential_id_mac(key: &[u8; 32], rp_id_hash: &[u8; 32], account: u32, id: &[u8]) -> [u8; 32] {
    *mac(key, &[CREDENTIAL_ID, rp_id_hash, &account.to_be_bytes(), id])
}
