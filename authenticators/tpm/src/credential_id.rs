//! Credential ids: the credential's key, encrypted by the TPM, and its properties. A credential that is not discoverable is
//! stored nowhere else.
//!
//! | bytes | |
//! |---|---|
//! | 1 | version, 1 |
//! | 1 | properties: discoverable 01, hmac-secret 02, credProtect level in 0c |
//! | 16 | nonce |
//! | 32, 32 | public point |
//! | the rest | `TPM2B_PRIVATE` without its length |
//! | 32 | MAC under the account's key, over all this, the RP ID's hash and the account |

use ctap::extensions::CredProtect;
use subtle::ConstantTimeEq as _;

use crate::derive::{self, NONCE_LEN};
use crate::tpm::SigningKey;

const VERSION: u8 = 1;
const MAC_LEN: usize = 32;
const DISCOVERABLE: u8 = 0x01;
const HMAC_SECRET: u8 = 0x02;
const CRED_PROTECT_SHIFT: u32 = 2;
/// The longest id that may be one, in bytes. TPMs differ in how much they put around a key: 32 bytes to some 200.
pub const MAX_LEN: usize = 512;

/// The properties of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Properties {
    /// Whether it is kept in the account's state, and no longer good for anything once it is not.
    pub discoverable: bool,
    /// Whether it makes secrets.
    pub hmac_secret: bool,
    /// To whom it shows itself.
    pub cred_protect: CredProtect,
}

/// A credential, as its id has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its properties.
    pub properties: Properties,
    /// Makes its secrets its own.
    pub nonce: [u8; NONCE_LEN],
    /// Its key.
    pub key: SigningKey,
}

/// For whom a credential is.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The account's key for MACs.
    pub mac_key: &'a [u8; 32],
    /// The account's user id.
    pub account: u32,
    /// SHA-256 of the RP ID.
    pub rp_id_hash: &'a [u8; 32],
}

impl Properties {
    fn byte(self) -> u8 {
        let flag = |set, flag| if set { flag } else { 0 };
        flag(self.discoverable, DISCOVERABLE)
            | flag(self.hmac_secret, HMAC_SECRET)
            | (self.cred_protect.level() << CRED_PROTECT_SHIFT)
    }

    fn from_byte(byte: u8) -> Option<Self> {
        let cred_protect = CredProtect::from_level(byte >> CRED_PROTECT_SHIFT)?;
        Some(Self {
            discoverable: byte & DISCOVERABLE != 0,
            hmac_secret: byte & HMAC_SECRET != 0,
            cred_protect,
        })
    }
}

impl Credential {
    /// The credential's id.
    pub fn encode(&self, scope: Scope<'_>) -> Vec<u8> {
        let mut id = vec![VERSION, self.properties.byte()];
        id.extend(self.nonce);
        id.extend(self.key.x);
        id.extend(self.key.y);
        id.extend(&self.key.private);
        id.extend(derive::credential_id_mac(scope.mac_key, scope.rp_id_hash, scope.account, &id));
        id
    }

    /// The credential with that id; `None` for an id that is not the account's, for that RP ID.
    pub fn decode(id: &[u8], scope: Scope<'_>) -> Option<Self> {
        if id.len() > MAX_LEN {
            return None;
        }
        let (content, mac) = id.split_last_chunk::<MAC_LEN>()?;
        let expected = derive::credential_id_mac(scope.mac_key, scope.rp_id_hash, scope.account, content);
        if !bool::from(expected.ct_eq(mac)) {
            return None;
        }
        let (&[VERSION, properties], rest) = content.split_first_chunk::<2>()? else { return None };
        let (nonce, rest) = rest.split_first_chunk()?;
        let (x, rest) = rest.split_first_chunk()?;
        let (y, private) = rest.split_first_chunk()?;
        Some(Self {
            properties: Properties::from_byte(properties)?,
            nonce: *nonce,
            key: SigningKey { private: private.to_vec(), x: *x, y: *y },
        })
    }
}

#[cfg(test)]
#[path = "credential_id_tests.rs"]
mod tests;
