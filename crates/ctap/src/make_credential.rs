//! authenticatorMakeCredential (CTAP 2.1 §6.1).

use crate::authenticator_data::AuthenticatorData;
use crate::cbor::{Item, Key, Malformed, Reader, command, entry};
use crate::cose::Algorithm;
use crate::entity::{self, PUBLIC_KEY};
use crate::extensions::CredProtect;
use crate::hmac_secret;
use crate::pin_uv_auth::PinUvAuthProtocol;
use crate::status::{self, ReplyError};

const COMMAND: u8 = 0x01;
/// The longest attestation statement format identifier, in bytes (WebAuthn Level 3 §8.1).
const MAX_FORMAT_LEN: usize = 32;

/// What to make.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// SHA-256 of the client data.
    pub client_data_hash: &'a [u8; 32],
    /// The RP ID.
    pub rp_id: &'a str,
    /// The RP's name for people.
    pub rp_name: Option<&'a str>,
    /// Whom it is for.
    pub user: User<'a>,
    /// Acceptable algorithms, the preferred one first.
    pub algorithms: &'a [Algorithm],
    /// Credential ids: a key that holds one of them refuses, after a touch.
    pub exclude_list: &'a [&'a [u8]],
    /// The protection level of the new credential.
    pub cred_protect: Option<CredProtect>,
    /// Whether the credential is to make secrets (`hmac-secret`).
    pub hmac_secret: bool,
    /// Whether the credential is to be discoverable.
    pub rk: bool,
    /// Whether the key is to verify its user by itself, without a token.
    pub uv: bool,
    /// The protocol of a token and its MAC over the client data hash.
    pub pin_uv_auth: Option<(PinUvAuthProtocol, Vec<u8>)>,
    /// Enterprise attestation: 1 for the vendor's list of RP IDs, 2 for the platform's.
    pub enterprise_attestation: Option<u8>,
}

/// The user that a credential is made for.
#[derive(Clone, Copy, Debug)]
pub struct User<'a> {
    /// The user handle: 1 to 64 bytes.
    pub id: &'a [u8],
    /// The account's name.
    pub name: Option<&'a str>,
    /// The person's name.
    pub display_name: Option<&'a str>,
}

impl Request<'_> {
    /// The request as the payload of `CTAPHID_CBOR`. Options that have their default value are left out.
    pub fn encode(&self) -> Vec<u8> {
        let rp =
            Item::map([entry("id", Item::from(self.rp_id)), entry("name", self.rp_name.map(Item::from))]);
        let user = Item::map([
            entry("id", Item::from(self.user.id)),
            entry("name", self.user.name.map(Item::from)),
            entry("displayName", self.user.display_name.map(Item::from)),
        ]);
        let algorithm = |algorithm: &Algorithm| {
            Item::map([entry("alg", Item::from(algorithm.id())), entry("type", Item::from(PUBLIC_KEY))])
        };
        let extensions = (self.cred_protect.is_some() || self.hmac_secret).then(|| {
            let level = self.cred_protect.map(|level| Item::from(i64::from(level.level())));
            Item::map([
                entry("credProtect", level),
                entry(hmac_secret::NAME, self.hmac_secret.then(|| Item::from(true))),
            ])
        });
        let options =
            [entry("rk", self.rk.then(|| Item::from(true))), entry("uv", self.uv.then(|| Item::from(true)))];
        let (protocol, param) = self.pin_uv_auth.as_ref().map(|(protocol, param)| (*protocol, param)).unzip();
        command(
            COMMAND,
            [
                entry(0x01, Item::from(self.client_data_hash.as_slice())),
                entry(0x02, rp),
                entry(0x03, user),
                entry(0x04, Item::array(self.algorithms.iter().map(algorithm))),
                entry(0x05, entity::descriptors(self.exclude_list)),
                entry(0x06, extensions),
                entry(0x07, entity::options(options)),
                entry(0x08, param.map(|param| Item::from(param.as_slice()))),
                entry(0x09, protocol.map(|protocol| Item::from(i64::from(protocol.number())))),
                entry(0x0a, self.enterprise_attestation.map(|kind| Item::from(i64::from(kind)))),
            ],
        )
    }
}

/// A new credential: nothing of it has been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The attestation statement format identifier (`packed`, `fido-u2f`, `none`, …), at most 32 bytes.
    pub format: String,
    /// The credential and what is said of the user.
    pub authenticator_data: AuthenticatorData,
    /// The attestation statement: one well-formed CBOR map, as received. An empty map where the authenticator sent none.
    pub attestation_statement: Vec<u8>,
    /// Whether it is an enterprise attestation.
    pub enterprise: bool,
}

impl Response {
    /// Parses the payload of the `CTAPHID_CBOR` reply.
    ///
    /// # Errors
    /// The authenticator's refusal, or what is wrong with its reply. Authenticator data without a credential is wrong too.
    pub fn parse(payload: &[u8]) -> Result<Self, ReplyError> {
        Ok(Reader::whole(status::of(payload)?, Self::read)?)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut format = None;
        let mut authenticator_data = None;
        let mut attestation_statement = None;
        let mut enterprise = false;
        reader.map(|key, value| {
            match key {
                Key::Int(0x01) => format = Some(value.text_up_to(MAX_FORMAT_LEN)?.to_owned()),
                Key::Int(0x02) => authenticator_data = Some(AuthenticatorData::parse(value.bytes()?)?),
                Key::Int(0x03) if !value.at_map() => return Err(Malformed::Type),
                Key::Int(0x03) => attestation_statement = Some(value.raw()?.to_vec()),
                Key::Int(0x04) => enterprise = value.bool()?,
                _ => value.skip()?,
            }
            Ok(())
        })?;
        let authenticator_data: AuthenticatorData = authenticator_data.ok_or(Malformed::Missing)?;
        if authenticator_data.attested_credential.is_none() {
            return Err(Malformed::Missing);
        }
        Ok(Self {
            format: format.ok_or(Malformed::Missing)?,
            authenticator_data,
            // CTAP 2.2 lets authenticators leave the statement of `none` out.
            attestation_statement: attestation_statement.unwrap_or_else(|| Item::map([]).into_bytes()),
            enterprise,
        })
    }
}

#[cfg(test)]
#[path = "make_credential_tests.rs"]
mod tests;
