//! authenticatorMakeCredential's parameters (CTAP 2.1 §6.1).

use ctap::cbor::{Key, Malformed, Reader};

use super::fields::{self, Options, PinUvAuth};
use crate::state::User;

/// More algorithms than there are.
const MAX_ALGORITHMS: usize = 64;

/// A credential to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MakeCredential {
    /// SHA-256 of the client data.
    pub client_data_hash: [u8; 32],
    /// The RP ID.
    pub rp_id: String,
    /// Whose it will be.
    pub user: User,
    /// COSE algorithms that are acceptable, the preferred one first.
    pub algorithms: Vec<i64>,
    /// Credentials beside which it must not be made.
    pub exclude_list: Vec<Vec<u8>>,
    /// The level of `credProtect`, where one is asked for.
    pub cred_protect: Option<u64>,
    /// Whether it is to make secrets.
    pub hmac_secret: bool,
    /// Options.
    pub options: Options,
    /// What shows that the user was verified.
    pub pin_uv_auth: PinUvAuth,
    /// The kind of enterprise attestation, where one is asked for.
    pub enterprise_attestation: Option<u64>,
}

impl MakeCredential {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (mut client_data_hash, mut rp_id, mut user, mut algorithms) = (None, None, None, None);
        let mut exclude_list = Vec::new();
        let (mut cred_protect, mut hmac_secret) = (None, false);
        let mut options = Options::default();
        let mut pin_uv_auth = PinUvAuth::default();
        let mut enterprise_attestation = None;
        reader.map(|key, value| {
            match key {
                Key::Int(0x01) => client_data_hash = Some(value.array_of_bytes()?),
                Key::Int(0x02) => rp_id = Some(rp(value)?),
                Key::Int(0x03) => user = Some(fields::user(value)?),
                Key::Int(0x04) => algorithms = Some(read_algorithms(value)?),
                Key::Int(0x05) => exclude_list = fields::credential_ids(value)?,
                Key::Int(0x06) => value.map(|name, input| {
                    match name {
                        Key::Text("credProtect") => cred_protect = Some(input.unsigned()?),
                        Key::Text(ctap::hmac_secret::NAME) => hmac_secret = input.bool()?,
                        _ => input.skip()?,
                    }
                    Ok(())
                })?,
                Key::Int(0x07) => options = Options::read(value)?,
                Key::Int(0x08) => pin_uv_auth.read_param(value)?,
                Key::Int(0x09) => pin_uv_auth.read_protocol(value)?,
                Key::Int(0x0a) => enterprise_attestation = Some(value.unsigned()?),
                _ => value.skip()?,
            }
            Ok(())
        })?;
        Ok(Self {
            client_data_hash: client_data_hash.ok_or(Malformed::Missing)?,
            rp_id: rp_id.ok_or(Malformed::Missing)?,
            user: user.ok_or(Malformed::Missing)?,
            algorithms: algorithms.ok_or(Malformed::Missing)?,
            exclude_list,
            cred_protect,
            hmac_secret,
            options,
            pin_uv_auth,
            enterprise_attestation,
        })
    }
}

fn rp(reader: &mut Reader<'_>) -> Result<String, Malformed> {
    let mut id = None;
    reader.map(|key, value| {
        match key {
            Key::Text("id") => id = Some(fields::rp_id(value)?),
            // Cut anywhere by some platforms, so it need not be UTF-8.
            Key::Text("name") => drop(value.text_bytes()?),
            _ => value.skip()?,
        }
        Ok(())
    })?;
    id.ok_or(Malformed::Missing)
}

/// Those of the only type of credential that is known.
fn read_algorithms(reader: &mut Reader<'_>) -> Result<Vec<i64>, Malformed> {
    let mut algorithms = Vec::new();
    reader.array(MAX_ALGORITHMS, |element| {
        let (mut alg, mut is_public_key) = (None, None);
        element.map(|key, value| {
            match key {
                Key::Text("alg") => alg = Some(value.int()?),
                Key::Text("type") => is_public_key = Some(value.text()? == "public-key"),
                _ => value.skip()?,
            }
            Ok(())
        })?;
        let (alg, is_public_key) = (alg.ok_or(Malformed::Missing)?, is_public_key.ok_or(Malformed::Missing)?);
        algorithms.extend(is_public_key.then_some(alg));
        Ok(())
    })?;
    Ok(algorithms)
}
