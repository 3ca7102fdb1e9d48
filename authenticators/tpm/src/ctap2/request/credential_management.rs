//! authenticatorCredentialManagement's parameters (CTAP 2.1 §6.8).

use ctap::cbor::{Key, Malformed, Reader};

use super::fields::{self, PinUvAuth};
use crate::state::User;

/// A subcommand with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialManagement {
    /// The subcommand.
    pub subcommand: u64,
    /// The subcommand's parameters as they came, which the MAC is over.
    pub raw_parameters: Vec<u8>,
    /// SHA-256 of an RP ID.
    pub rp_id_hash: Option<[u8; 32]>,
    /// A credential.
    pub credential_id: Option<Vec<u8>>,
    /// A user.
    pub user: Option<User>,
    /// What shows that the user was verified.
    pub pin_uv_auth: PinUvAuth,
}

impl CredentialManagement {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut subcommand = None;
        let mut request = Self {
            subcommand: 0,
            raw_parameters: Vec::new(),
            rp_id_hash: None,
            credential_id: None,
            user: None,
            pin_uv_auth: PinUvAuth::default(),
        };
        reader.map(|key, value| {
            match key {
                Key::Int(0x01) => subcommand = Some(value.unsigned()?),
                Key::Int(0x02) => {
                    let raw = value.raw()?;
                    request.raw_parameters = raw.to_vec();
                    Reader::whole(raw, |reader| request.read_parameters(reader))?;
                }
                Key::Int(0x03) => request.pin_uv_auth.read_protocol(value)?,
                Key::Int(0x04) => request.pin_uv_auth.read_param(value)?,
                _ => value.skip()?,
            }
            Ok(())
        })?;
        request.subcommand = subcommand.ok_or(Malformed::Missing)?;
        Ok(request)
    }

    fn read_parameters(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        reader.map(|key, value| {
            match key {
                Key::Int(0x01) => self.rp_id_hash = Some(value.array_of_bytes()?),
                Key::Int(0x02) => self.credential_id = fields::credential_id(value)?,
                Key::Int(0x03) => self.user = Some(fields::user(value)?),
                _ => value.skip()?,
            }
            Ok(())
        })
    }
}
