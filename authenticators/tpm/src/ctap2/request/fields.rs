//! Fields that several requests share.

use ctap::cbor::{Key, Malformed, Reader};

use super::MAX_CREDENTIALS_IN_LIST;
use crate::state::User;

/// More than any credential id has that a client may hold (WebAuthn Level 3 §5.8.3).
const MAX_CREDENTIAL_ID_LEN: usize = 1023;
/// More than a pinUvAuthParam of either protocol has, in bytes.
const MAX_AUTH_LEN: usize = 64;
/// A domain name has at most 253 bytes.
const MAX_RP_ID_LEN: usize = 256;
const MAX_USER_ID_LEN: usize = 64;
/// Names are cut to this many bytes (CTAP 2.1 §6.1.2: at least 64).
const MAX_NAME_LEN: usize = 64;
/// More than there are.
const MAX_TRANSPORTS: usize = 64;
const PUBLIC_KEY: &str = "public-key";

/// The options of a request; `None` for one that is not given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether the credential is to be discoverable.
    pub rk: Option<bool>,
    /// Whether the user is to be present.
    pub up: Option<bool>,
    /// Whether the user is to be verified by other means than a token.
    pub uv: Option<bool>,
}

impl Options {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut options = Self::default();
        reader.map(|key, value| {
            match key {
                Key::Text("rk") => options.rk = Some(value.bool()?),
                Key::Text("up") => options.up = Some(value.bool()?),
                Key::Text("uv") => options.uv = Some(value.bool()?),
                _ => value.skip()?,
            }
            Ok(())
        })?;
        Ok(options)
    }
}

/// `pinUvAuthParam` and its protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinUvAuth {
    /// The MAC; empty for a client that only wants to know which authenticator is touched.
    pub param: Option<Vec<u8>>,
    /// The number of the protocol.
    pub protocol: Option<u64>,
}

impl PinUvAuth {
    pub(super) fn read_param(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        self.param = Some(reader.bytes_up_to(MAX_AUTH_LEN)?.to_vec());
        Ok(())
    }

    pub(super) fn read_protocol(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        self.protocol = Some(reader.unsigned()?);
        Ok(())
    }
}

pub(super) fn rp_id(reader: &mut Reader<'_>) -> Result<String, Malformed> {
    reader.text_up_to(MAX_RP_ID_LEN).map(str::to_owned)
}

/// The ids of a list of credentials. Descriptors of a type that is not known are passed over.
pub(super) fn credential_ids(reader: &mut Reader<'_>) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut ids = Vec::new();
    reader.array(MAX_CREDENTIALS_IN_LIST, |element| {
        ids.extend(credential_id(element)?);
        Ok(())
    })?;
    Ok(ids)
}

/// The id of a descriptor, if it is of the type that is known.
pub(super) fn credential_id(reader: &mut Reader<'_>) -> Result<Option<Vec<u8>>, Malformed> {
    let (mut id, mut is_public_key) = (None, None);
    reader.map(|key, value| {
        match key {
            Key::Text("id") => id = Some(value.bytes_up_to(MAX_CREDENTIAL_ID_LEN)?.to_vec()),
            Key::Text("type") => is_public_key = Some(value.text()? == PUBLIC_KEY),
            Key::Text("transports") => value.array(MAX_TRANSPORTS, |name| name.text().map(drop))?,
            _ => value.skip()?,
        }
        Ok(())
    })?;
    let (id, is_public_key) = (id.ok_or(Malformed::Missing)?, is_public_key.ok_or(Malformed::Missing)?);
    Ok(is_public_key.then_some(id))
}

pub(super) fn user(reader: &mut Reader<'_>) -> Result<User, Malformed> {
    let (mut id, mut name, mut display_name) = (None, None, None);
    reader.map(|key, value| {
        match key {
            Key::Text("id") => id = Some(value.bytes_up_to(MAX_USER_ID_LEN)?.to_vec()),
            Key::Text("name") => name = Some(name_of(value)?),
            Key::Text("displayName") => display_name = Some(name_of(value)?),
            _ => value.skip()?,
        }
        Ok(())
    })?;
    match id {
        Some(id) if !id.is_empty() => Ok(User { id, name, display_name }),
        Some(_) => Err(Malformed::Invalid),
        None => Err(Malformed::Missing),
    }
}

/// A name, cut at a character.
fn name_of(reader: &mut Reader<'_>) -> Result<String, Malformed> {
    let name = String::from_utf8_lossy(reader.text_bytes()?).into_owned();
    let cut = (0..=MAX_NAME_LEN.min(name.len())).rev().find(|len| name.is_char_boundary(*len));
    Ok(name.get(..cut.unwrap_or(0)).unwrap_or_default().to_owned())
}
