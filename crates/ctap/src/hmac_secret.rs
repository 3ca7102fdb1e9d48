//! The `hmac-secret` extension (CTAP 2.1 §12.5): a key makes a secret of a salt, always the same one for the same credential and salt, and
//! another one where its user was verified than where not.

use std::fmt;

use crate::cbor::{Item, Malformed, entry};
use crate::pin_uv_auth::{PinUvAuthProtocol, Random, Session};
use crate::secret::Secret;

/// Its identifier (CTAP 2.1 §12.5).
pub const NAME: &str = "hmac-secret";
/// The length of a salt and of an output, in bytes.
pub const LEN: usize = 32;

/// What an output is made of. It is no secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; LEN]);

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

/// The salts of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Salts {
    /// That of the first output.
    pub first: Salt,
    /// That of the second one, for a change from one salt to another.
    pub second: Option<Salt>,
}

/// What a key makes of [`Salts`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// That of the first salt: 32 bytes.
    pub first: Secret,
    /// That of the second one, where there was one: 32 bytes.
    pub second: Option<Secret>,
}

/// The extension's input to authenticatorGetAssertion, encrypted for one key.
#[derive(Clone, Debug)]
pub struct Input(Item);

impl Input {
    /// Encrypts the salts under a secret that was agreed on with the key.
    pub fn new(session: &Session, salts: &Salts, random: &mut Random<'_>) -> Self {
        let mut plaintext = salts.first.0.to_vec();
        plaintext.extend(salts.second.iter().flat_map(|salt| salt.0));
        let salt_enc = session.encrypt(plaintext.as_chunks().0, random);
        let salt_auth = session.authenticate(&salt_enc);
        // Older keys do not know the last one, and without it protocol one is meant.
        let protocol = (session.protocol() != PinUvAuthProtocol::One)
            .then(|| Item::from(i64::from(session.protocol().number())));
        Self(Item::map([
            entry(0x01, session.platform_key().to_item()),
            entry(0x02, Item::from(salt_enc.as_slice())),
            entry(0x03, Item::from(salt_auth.as_slice())),
            entry(0x04, protocol),
        ]))
    }

    pub(crate) fn to_item(&self) -> Item {
        self.0.clone()
    }
}

/// Decrypts the extension's output, for as many salts as were given.
///
/// # Errors
/// When it has not the length of that.
pub fn open(session: &Session, salts: &Salts, encrypted: &[u8]) -> Result<Outputs, Malformed> {
    let plaintext = session.decrypt(encrypted)?;
    let (first, rest) = plaintext.as_bytes().split_first_chunk::<LEN>().ok_or(Malformed::Truncated)?;
    let second = match (salts.second, rest) {
        (None, []) => None,
        (Some(_), second) if second.len() == LEN => Some(Secret::new(second.to_vec())),
        (None | Some(_), _) => return Err(Malformed::Invalid),
    };
    Ok(Outputs { first: Secret::new(first.to_vec()), second })
}

#[cfg(test)]
#[path = "hmac_secret_tests.rs"]
mod tests;
