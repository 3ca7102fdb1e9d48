//! Authenticator data (WebAuthn Level 3 §6.1): what an authenticator signs about itself and the user.

use std::fmt;
use std::str::FromStr;

use crate::cbor::{Key, Malformed, Reader};
use crate::extensions::CredProtect;
use crate::hmac_secret;

/// The longest credential id, in bytes (WebAuthn Level 3 §5.8.3).
const MAX_CREDENTIAL_ID_LEN: usize = 1023;

/// More than two outputs of `hmac-secret` have, encrypted.
const MAX_HMAC_SECRET_LEN: usize = 128;

/// Parsed authenticator data, with the bytes that were signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticatorData {
    /// The whole of it, as received: what the signature covers.
    pub raw: Vec<u8>,
    /// SHA-256 of the RP ID.
    pub rp_id_hash: [u8; 32],
    /// What is said of the user and of the rest of the data.
    pub flags: Flags,
    /// The signature counter; 0 where the authenticator has none.
    pub sign_count: u32,
    /// The new credential, in the reply to authenticatorMakeCredential.
    pub attested_credential: Option<AttestedCredential>,
    /// The CBOR map of extension outputs: well-formed, otherwise as received.
    pub extensions: Option<Vec<u8>>,
}

/// Attested credential data (WebAuthn Level 3 §6.5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestedCredential {
    /// The model of the authenticator.
    pub aaguid: Aaguid,
    /// 1 to 1023 bytes.
    pub credential_id: Vec<u8>,
    /// The credential's public key as a COSE key: well-formed CBOR, to be judged by [`crate::cose::PublicKey::parse`].
    pub public_key_cose: Vec<u8>,
}

impl AuthenticatorData {
    /// Parses the whole of `bytes`.
    ///
    /// # Errors
    /// Data that ends early or late, or whose flags promise what is not there.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>().ok_or(Malformed::Truncated)?;
        let (&flags, rest) = rest.split_first().ok_or(Malformed::Truncated)?;
        let (sign_count, mut rest) = rest.split_first_chunk::<4>().ok_or(Malformed::Truncated)?;
        let flags = Flags(flags);
        let mut attested_credential = None;
        if flags.contains(Flags::AT) {
            let (credential, after) = AttestedCredential::split_off(rest)?;
            attested_credential = Some(credential);
            rest = after;
        }
        let mut extensions = None;
        if flags.contains(Flags::ED) {
            let (map, after) = split_off_map(rest)?;
            // Read once for its keys: none may occur twice.
            Reader::whole(map, |reader| reader.map(|_, value| value.skip()))?;
            extensions = Some(map.to_vec());
            rest = after;
        }
        if !rest.is_empty() {
            return Err(Malformed::TrailingBytes);
        }
        Ok(Self {
            raw: bytes.to_vec(),
            rp_id_hash: *rp_id_hash,
            flags,
            sign_count: u32::from_be_bytes(*sign_count),
            attested_credential,
            extensions,
        })
    }

    /// The protection level that the new credential got (CTAP 2.1 §12.1), where the authenticator says one.
    pub fn cred_protect(&self) -> Option<CredProtect> {
        self.extension("credProtect", &mut |value| value.unsigned()).and_then(CredProtect::from_level)
    }

    /// Whether the new credential makes secrets (CTAP 2.1 §12.5).
    pub fn makes_secrets(&self) -> bool {
        self.extension(hmac_secret::NAME, &mut |value| value.bool()).unwrap_or(false)
    }

    /// What the authenticator made of salts, encrypted (CTAP 2.1 §12.5): for [`hmac_secret::open`].
    pub fn hmac_secret(&self) -> Option<Vec<u8>> {
        self.extension(hmac_secret::NAME, &mut |value| {
            value.bytes_up_to(MAX_HMAC_SECRET_LEN).map(<[u8]>::to_vec)
        })
    }

    /// The output of one extension, where it is there and what `read` takes it for.
    fn extension<T>(
        &self,
        name: &str,
        read: &mut dyn FnMut(&mut Reader<'_>) -> Result<T, Malformed>,
    ) -> Option<T> {
        let mut output = None;
        Reader::whole(self.extensions.as_deref()?, |reader| {
            reader.map(|key, value| match key {
                Key::Text(key) if key == name => {
                    output = Some(read(value)?);
                    Ok(())
                }
                _ => value.skip(),
            })
        })
        .ok()?;
        output
    }
}

impl AttestedCredential {
    fn split_off(bytes: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let (aaguid, rest) = bytes.split_first_chunk::<16>().ok_or(Malformed::Truncated)?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(Malformed::Truncated)?;
        let length = usize::from(u16::from_be_bytes(*length));
        match length {
            0 => return Err(Malformed::Invalid),
            1..=MAX_CREDENTIAL_ID_LEN => {}
            _ => return Err(Malformed::TooLong),
        }
        let (credential_id, rest) = rest.split_at_checked(length).ok_or(Malformed::Truncated)?;
        let (public_key, rest) = split_off_map(rest)?;
        Ok((
            Self {
                aaguid: Aaguid(*aaguid),
                credential_id: credential_id.to_vec(),
                public_key_cose: public_key.to_vec(),
            },
            rest,
        ))
    }
}

/// A CBOR map at the front of `bytes`, and what follows it.
fn split_off_map(bytes: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut reader = Reader::new(bytes);
    if !bytes.is_empty() && !reader.at_map() {
        return Err(Malformed::Type);
    }
    let map = reader.raw()?;
    Ok((map, reader.rest()))
}

/// The flags of authenticator data (WebAuthn Level 3 §6.1). Reserved bits are kept and mean nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// User present: the authenticator was touched.
    pub const UP: Self = Self(0x01);
    /// User verified: by PIN, fingerprint or the like.
    pub const UV: Self = Self(0x04);
    /// Backup eligible: the credential may be copied to other authenticators.
    pub const BE: Self = Self(0x08);
    /// Backup state: the credential is copied somewhere at present.
    pub const BS: Self = Self(0x10);
    /// Attested credential data is included.
    pub const AT: Self = Self(0x40);
    /// Extension data is included.
    pub const ED: Self = Self(0x80);

    /// Whether every flag of `other` is set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl std::ops::BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (Self::UP, "UP"),
            (Self::UV, "UV"),
            (Self::BE, "BE"),
            (Self::BS, "BS"),
            (Self::AT, "AT"),
            (Self::ED, "ED"),
        ];
        write!(f, "Flags(0x{:02x}", self.0)?;
        names
            .iter()
            .filter(|(flag, _)| self.contains(*flag))
            .try_for_each(|(_, name)| write!(f, " {name}"))?;
        f.write_str(")")
    }
}

/// The model of an authenticator (AAGUID, WebAuthn Level 3 §6.5.1). Written as a UUID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Aaguid(pub [u8; 16]);

impl Aaguid {
    /// What authenticators without a model say, and those that were asked not to tell.
    pub const ZERO: Self = Self([0; 16]);
}

impl fmt::Display for Aaguid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(index, byte)| {
            let hyphen = if matches!(index, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{hyphen}{byte:02x}")
        })
    }
}

impl fmt::Debug for Aaguid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aaguid({self})")
    }
}

/// The text is no UUID in the form 8-4-4-4-12.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnAaguid;

impl fmt::Display for NotAnAaguid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an AAGUID is a UUID such as 00000000-0000-0000-0000-000000000000")
    }
}

impl std::error::Error for NotAnAaguid {}

/// Reads what `Display` writes, in either case.
impl FromStr for Aaguid {
    type Err = NotAnAaguid;

    fn from_str(text: &str) -> Result<Self, NotAnAaguid> {
        let lengths = text.split('-').map(str::len);
        // A number might begin with a sign.
        if !lengths.eq([8, 4, 4, 4, 12]) || !text.bytes().all(|c| c == b'-' || c.is_ascii_hexdigit()) {
            return Err(NotAnAaguid);
        }
        let number = u128::from_str_radix(&text.replace('-', ""), 16).map_err(|_| NotAnAaguid)?;
        Ok(Self(number.to_be_bytes()))
    }
}

#[cfg(test)]
#[path = "authenticator_data_tests.rs"]
mod tests;
