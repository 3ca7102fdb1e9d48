//! authenticatorGetAssertion's parameters (CTAP 2.1 §6.2).

use ctap::cbor::{Key, Malformed, Reader};
use ctap::pin_uv_auth::PeerKey;

use super::fields::{self, Options, PinUvAuth};

/// More than two salts have, encrypted.
const MAX_SALT_ENC_LEN: usize = 128;
const MAX_SALT_AUTH_LEN: usize = 64;

/// An assertion to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetAssertion {
    /// The RP ID.
    pub rp_id: String,
    /// SHA-256 of the client data.
    pub client_data_hash: [u8; 32],
    /// The credentials that are asked for; `None` for any that is discoverable.
    pub allow_list: Option<Vec<Vec<u8>>>,
    /// The salts for `hmac-secret`.
    pub hmac_secret: Option<HmacSecretInput>,
    /// Options.
    pub options: Options,
    /// What shows that the user was verified.
    pub pin_uv_auth: PinUvAuth,
}

/// The input to `hmac-secret` (CTAP 2.1 §12.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HmacSecretInput {
    /// The client's key for key agreement.
    pub platform_key: PeerKey,
    /// One or two salts, encrypted.
    pub salt_enc: Vec<u8>,
    /// Their MAC.
    pub salt_auth: Vec<u8>,
    /// The number of the protocol; protocol one where none is given.
    pub protocol: Option<u64>,
}

impl GetAssertion {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (mut rp_id, mut client_data_hash, mut allow_list, mut hmac_secret) = (None, None, None, None);
        let mut options = Options::default();
        let mut pin_uv_auth = PinUvAuth::default();
        reader.map(|key, value| {
            match key {
                Key::Int(0x01) => rp_id = Some(fields::rp_id(value)?),
                Key::Int(0x02) => client_data_hash = Some(value.array_of_bytes()?),
                Key::Int(0x03) => allow_list = Some(fields::credential_ids(value)?),
                Key::Int(0x04) => value.map(|name, input| {
                    match name {
                        Key::Text(ctap::hmac_secret::NAME) => {
                            hmac_secret = Some(HmacSecretInput::read(input)?);
                        }
                        _ => input.skip()?,
                    }
                    Ok(())
                })?,
                Key::Int(0x05) => options = Options::read(value)?,
                Key::Int(0x06) => pin_uv_auth.read_param(value)?,
                Key::Int(0x07) => pin_uv_auth.read_protocol(value)?,
                _ => value.skip()?,
            }
            Ok(())
        })?;
        Ok(Self {
            rp_id: rp_id.ok_or(Malformed::Missing)?,
            client_data_hash: client_data_hash.ok_or(Malformed::Missing)?,
            allow_list,
            hmac_secret,
            options,
            pin_uv_auth,
        })
    }
}

impl HmacSecretInput {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (mut platform_key, mut salt_enc, mut salt_auth, mut protocol) = (None, None, None, None);
        reader.map(|key, value| {
            match key {
                Key::Int(0x01) => platform_key = Some(PeerKey::parse(value.raw()?)?),
                Key::Int(0x02) => salt_enc = Some(value.bytes_up_to(MAX_SALT_ENC_LEN)?.to_vec()),
                Key::Int(0x03) => salt_auth = Some(value.bytes_up_to(MAX_SALT_AUTH_LEN)?.to_vec()),
                Key::Int(0x04) => protocol = Some(value.unsigned()?),
                _ => value.skip()?,
            }
            Ok(())
        })?;
        Ok(Self {
            platform_key: platform_key.ok_or(Malformed::Missing)?,
            salt_enc: salt_enc.ok_or(Malformed::Missing)?,
            salt_auth: salt_auth.ok_or(Malformed::Missing)?,
            protocol,
        })
    }
}
