//! authenticatorGetAssertion (CTAP 2.1 §6.2) and authenticatorGetNextAssertion (§6.3).

use crate::authenticator_data::AuthenticatorData;
use crate::cbor::{Item, Key, Malformed, Reader, command, entry};
use crate::entity;
use crate::hmac_secret;
use crate::pin_uv_auth::PinUvAuthProtocol;
use crate::status::{self, ReplyError};

pub use crate::entity::User;

const COMMAND: u8 = 0x02;
const COMMAND_NEXT: u8 = 0x08;
/// The longest signature: RSA of 8192 bits.
const MAX_SIGNATURE_LEN: usize = 1024;

/// What to ask for.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The RP ID.
    pub rp_id: &'a str,
    /// SHA-256 of the client data.
    pub client_data_hash: &'a [u8; 32],
    /// Credential ids; none of them: whatever discoverable credentials there are for the RP ID.
    pub allow_list: &'a [&'a [u8]],
    /// Salts for the `hmac-secret` extension. With them a touch must be asked for.
    pub hmac_secret: Option<&'a hmac_secret::Input>,
    /// Whether a touch is asked for.
    pub up: bool,
    /// Whether the key is to verify its user by itself, without a token.
    pub uv: bool,
    /// The protocol of a token and its MAC over the client data hash.
    pub pin_uv_auth: Option<(PinUvAuthProtocol, Vec<u8>)>,
}

impl Request<'_> {
    /// The request as the payload of `CTAPHID_CBOR`. Options that have their default value are left out.
    pub fn encode(&self) -> Vec<u8> {
        let options = [
            entry("up", (!self.up).then(|| Item::from(false))),
            entry("uv", self.uv.then(|| Item::from(true))),
        ];
        let extensions = self.hmac_secret.map(|input| Item::map([entry(hmac_secret::NAME, input.to_item())]));
        let (protocol, param) = self.pin_uv_auth.as_ref().map(|(protocol, param)| (*protocol, param)).unzip();
        command(
            COMMAND,
            [
                entry(0x01, Item::from(self.rp_id)),
                entry(0x02, Item::from(self.client_data_hash.as_slice())),
                entry(0x03, entity::descriptors(self.allow_list)),
                entry(0x04, extensions),
                entry(0x05, entity::options(options)),
                entry(0x06, param.map(|param| Item::from(param.as_slice()))),
                entry(0x07, protocol.map(|protocol| Item::from(i64::from(protocol.number())))),
            ],
        )
    }
}

/// The request for the next assertion, after a reply that counts more than one.
pub fn next() -> Vec<u8> {
    vec![COMMAND_NEXT]
}

/// One assertion: nothing of it has been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The credential that signed. May be missing when exactly one was asked for.
    pub credential_id: Option<Vec<u8>>,
    /// What was signed, before the client data hash.
    pub authenticator_data: AuthenticatorData,
    /// The signature, in the form that the credential's algorithm gives it.
    pub signature: Vec<u8>,
    /// Whose credential it is, for discoverable ones, where the authenticator gives a user handle.
    pub user: Option<User>,
    /// How many credentials there are for the RP ID, in the first of several replies.
    pub number_of_credentials: Option<usize>,
    /// Whether the person chose the credential on the authenticator's own display.
    pub user_selected: bool,
}

impl Response {
    /// Parses the payload of the `CTAPHID_CBOR` reply.
    ///
    /// # Errors
    /// The authenticator's refusal, or what is wrong with its reply.
    pub fn parse(payload: &[u8]) -> Result<Self, ReplyError> {
        Ok(Reader::whole(status::of(payload)?, Self::read)?)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut credential_id = None;
        let mut authenticator_data = None;
        let mut signature = None;
        let mut user = None;
        let mut number_of_credentials = None;
        let mut user_selected = false;
        reader.map(|key, value| {
            match key {
                Key::Int(0x01) => credential_id = Some(entity::descriptor_id(value)?.to_vec()),
                Key::Int(0x02) => authenticator_data = Some(AuthenticatorData::parse(value.bytes()?)?),
                Key::Int(0x03) => signature = Some(value.bytes_up_to(MAX_SIGNATURE_LEN)?.to_vec()),
                Key::Int(0x04) => user = User::read(value)?,
                Key::Int(0x05) => number_of_credentials = Some(value.unsigned()?),
                Key::Int(0x06) => user_selected = value.bool()?,
                _ => value.skip()?,
            }
            Ok(())
        })?;
        Ok(Self {
            credential_id,
            authenticator_data: authenticator_data.ok_or(Malformed::Missing)?,
            signature: signature.ok_or(Malformed::Missing)?,
            user,
            number_of_credentials,
            user_selected,
        })
    }
}

#[cfg(test)]
#[path = "get_assertion_tests.rs"]
mod tests;
