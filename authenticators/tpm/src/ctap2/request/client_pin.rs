//! authenticatorClientPIN's parameters (CTAP 2.1 §6.5.5).

use ctap::cbor::{Key, Malformed, Reader};
use ctap::pin_uv_auth::PeerKey;

use super::fields::{self, PinUvAuth};

/// More than a PIN or its hash has, encrypted.
const MAX_ENC_LEN: usize = 128;

/// A subcommand with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientPin {
    /// The subcommand.
    pub subcommand: u64,
    /// The protocol, and the MAC of some subcommands.
    pub pin_uv_auth: PinUvAuth,
    /// The client's key for key agreement.
    pub platform_key: Option<PeerKey>,
    /// `newPinEnc`.
    pub new_pin_enc: Option<Vec<u8>>,
    /// `pinHashEnc`.
    pub pin_hash_enc: Option<Vec<u8>>,
    /// What the token is to be for.
    pub permissions: Option<u64>,
    /// The RP ID that it is to be bound to.
    pub rp_id: Option<String>,
}

impl ClientPin {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut subcommand = None;
        let mut request = Self {
            subcommand: 0,
            pin_uv_auth: PinUvAuth::default(),
            platform_key: None,
            new_pin_enc: None,
            pin_hash_enc: None,
            permissions: None,
            rp_id: None,
        };
        reader.map(|key, value| {
            match key {
                Key::Int(0x01) => request.pin_uv_auth.read_protocol(value)?,
                Key::Int(0x02) => subcommand = Some(value.unsigned()?),
                Key::Int(0x03) => request.platform_key = Some(PeerKey::parse(value.raw()?)?),
                Key::Int(0x04) => request.pin_uv_auth.read_param(value)?,
                Key::Int(0x05) => request.new_pin_enc = Some(value.bytes_up_to(MAX_ENC_LEN)?.to_vec()),
                Key::Int(0x06) => request.pin_hash_enc = Some(value.bytes_up_to(MAX_ENC_LEN)?.to_vec()),
                Key::Int(0x09) => request.permissions = Some(value.unsigned()?),
                Key::Int(0x0a) => request.rp_id = Some(fields::rp_id(value)?),
                _ => value.skip()?,
            }
            Ok(())
        })?;
        request.subcommand = subcommand.ok_or(Malformed::Missing)?;
        Ok(request)
    }
}
