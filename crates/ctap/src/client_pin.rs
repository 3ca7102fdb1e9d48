//! authenticatorClientPIN (CTAP 2.1 §6.5.5): setting a PIN, and getting a pinUvAuthToken by PIN or by the key's own sensor.

use crate::cbor::{Item, Key, Malformed, Reader, command, entry};
use crate::pin_uv_auth::{PeerKey, PinUvAuthProtocol, Session};
use crate::status::{self, ReplyError};

const COMMAND: u8 = 0x06;
/// More than a pinUvAuthToken of either protocol has, encrypted.
const MAX_TOKEN_LEN: usize = 256;

/// One subcommand with its parameters.
#[derive(Clone, Copy, Debug)]
pub enum Request<'a> {
    /// getPINRetries.
    PinRetries {
        /// One that the key speaks: keys insist on it, although the answer does not depend on it.
        protocol: PinUvAuthProtocol,
    },
    /// getKeyAgreement.
    KeyAgreement {
        /// The protocol to agree under.
        protocol: PinUvAuthProtocol,
    },
    /// setPIN, for a key without one.
    SetPin {
        /// Agreed with this key, not used before.
        session: &'a Session,
        /// [`Session::new_pin_enc`].
        new_pin_enc: &'a [u8],
    },
    /// changePIN.
    ChangePin {
        /// Agreed with this key, not used before.
        session: &'a Session,
        /// [`Session::new_pin_enc`] of the new PIN.
        new_pin_enc: &'a [u8],
        /// [`Session::pin_hash_enc`] of the present PIN.
        pin_hash_enc: &'a [u8],
    },
    /// getPinToken: a token for everything, from a key that knows no permissions.
    PinToken {
        /// Agreed with this key, not used before.
        session: &'a Session,
        /// [`Session::pin_hash_enc`].
        pin_hash_enc: &'a [u8],
    },
    /// getPinUvAuthTokenUsingUvWithPermissions. The key waits for a person.
    UvToken {
        /// Agreed with this key, not used before.
        session: &'a Session,
        /// What the token is for.
        permissions: Permissions,
        /// The RP ID it is bound to; required for [`Permissions::MC`] and [`Permissions::GA`].
        rp_id: Option<&'a str>,
    },
    /// getUVRetries.
    UvRetries {
        /// One that the key speaks: keys insist on it, although the answer does not depend on it.
        protocol: PinUvAuthProtocol,
    },
    /// getPinUvAuthTokenUsingPinWithPermissions.
    PinTokenWithPermissions {
        /// Agreed with this key, not used before.
        session: &'a Session,
        /// [`Session::pin_hash_enc`].
        pin_hash_enc: &'a [u8],
        /// What the token is for.
        permissions: Permissions,
        /// The RP ID it is bound to; required for [`Permissions::MC`] and [`Permissions::GA`].
        rp_id: Option<&'a str>,
    },
}

/// The parameters of a request before they are encoded.
struct Parameters<'a> {
    protocol: PinUvAuthProtocol,
    subcommand: i64,
    session: Option<&'a Session>,
    pin_uv_auth_param: Option<Vec<u8>>,
    new_pin_enc: Option<&'a [u8]>,
    pin_hash_enc: Option<&'a [u8]>,
    permissions: Option<Permissions>,
    rp_id: Option<&'a str>,
}

impl Request<'_> {
    /// The request as the payload of `CTAPHID_CBOR`.
    pub fn encode(&self) -> Vec<u8> {
        let parameters = self.parameters();
        let bytes = |bytes: Option<&[u8]>| bytes.map(Item::from);
        command(
            COMMAND,
            [
                entry(0x01, Item::from(i64::from(parameters.protocol.number()))),
                entry(0x02, Item::from(parameters.subcommand)),
                entry(0x03, parameters.session.map(|session| session.platform_key().to_item())),
                entry(0x04, bytes(parameters.pin_uv_auth_param.as_deref())),
                entry(0x05, bytes(parameters.new_pin_enc)),
                entry(0x06, bytes(parameters.pin_hash_enc)),
                entry(0x09, parameters.permissions.map(|permissions| Item::from(i64::from(permissions.0)))),
                entry(0x0a, parameters.rp_id.map(Item::from)),
            ],
        )
    }

    fn parameters(&self) -> Parameters<'_> {
        match *self {
            Request::PinRetries { protocol } => Parameters::new(protocol, 0x01),
            Request::UvRetries { protocol } => Parameters::new(protocol, 0x07),
            Request::KeyAgreement { protocol } => Parameters::new(protocol, 0x02),
            Request::SetPin { session, new_pin_enc } => Parameters {
                pin_uv_auth_param: Some(session.authenticate(new_pin_enc)),
                new_pin_enc: Some(new_pin_enc),
                ..Parameters::within(session, 0x03)
            },
            Request::ChangePin { session, new_pin_enc, pin_hash_enc } => Parameters {
                pin_uv_auth_param: Some(session.authenticate(&[new_pin_enc, pin_hash_enc].concat())),
                new_pin_enc: Some(new_pin_enc),
                pin_hash_enc: Some(pin_hash_enc),
                ..Parameters::within(session, 0x04)
            },
            Request::PinToken { session, pin_hash_enc } => {
                Parameters { pin_hash_enc: Some(pin_hash_enc), ..Parameters::within(session, 0x05) }
            }
            Request::UvToken { session, permissions, rp_id } => {
                Parameters { permissions: Some(permissions), rp_id, ..Parameters::within(session, 0x06) }
            }
            Request::PinTokenWithPermissions { session, pin_hash_enc, permissions, rp_id } => Parameters {
                pin_hash_enc: Some(pin_hash_enc),
                permissions: Some(permissions),
                rp_id,
                ..Parameters::within(session, 0x09)
            },
        }
    }
}

impl<'a> Parameters<'a> {
    fn new(protocol: PinUvAuthProtocol, subcommand: i64) -> Self {
        Self {
            protocol,
            subcommand,
            session: None,
            pin_uv_auth_param: None,
            new_pin_enc: None,
            pin_hash_enc: None,
            permissions: None,
            rp_id: None,
        }
    }

    fn within(session: &'a Session, subcommand: i64) -> Self {
        Self { session: Some(session), ..Self::new(session.protocol(), subcommand) }
    }
}

/// What a token may be used for (CTAP 2.1 §6.5.5.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions(pub u8);

impl Permissions {
    /// authenticatorMakeCredential.
    pub const MC: Self = Self(0x01);
    /// authenticatorGetAssertion.
    pub const GA: Self = Self(0x02);
    /// authenticatorCredentialManagement.
    pub const CM: Self = Self(0x04);
    /// authenticatorBioEnrollment.
    pub const BE: Self = Self(0x08);
    /// Writing large blobs.
    pub const LBW: Self = Self(0x10);
    /// authenticatorConfig.
    pub const ACFG: Self = Self(0x20);
}

impl std::ops::BitOr for Permissions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The reply to any subcommand: what it does not answer is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The authenticator's key agreement key.
    pub key_agreement: Option<PeerKey>,
    /// The token, encrypted: for [`Session::open_token`].
    pub pin_uv_auth_token: Option<Vec<u8>>,
    /// Wrong PINs that the key will still take.
    pub pin_retries: Option<u8>,
    /// Whether the key takes no PIN until it has been unplugged and plugged in again.
    pub power_cycle_state: Option<bool>,
    /// Failed attempts that the key's own sensor will still take.
    pub uv_retries: Option<u8>,
}

impl Response {
    /// Parses the payload of the `CTAPHID_CBOR` reply.
    ///
    /// # Errors
    /// The authenticator's refusal, or what is wrong with its reply.
    pub fn parse(payload: &[u8]) -> Result<Self, ReplyError> {
        let cbor = status::of(payload)?;
        // setPIN and changePIN have nothing to say.
        if cbor.is_empty() {
            return Ok(Self::default());
        }
        Ok(Reader::whole(cbor, Self::read)?)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut response = Self::default();
        reader.map(|key, value| {
            match key {
                Key::Int(0x01) => response.key_agreement = Some(PeerKey::parse(value.raw()?)?),
                Key::Int(0x02) => {
                    response.pin_uv_auth_token = Some(value.bytes_up_to(MAX_TOKEN_LEN)?.to_vec());
                }
                Key::Int(0x03) => response.pin_retries = Some(value.unsigned()?),
                Key::Int(0x04) => response.power_cycle_state = Some(value.bool()?),
                Key::Int(0x05) => response.uv_retries = Some(value.unsigned()?),
                _ => value.skip()?,
            }
            Ok(())
        })?;
        Ok(response)
    }
}

#[cfg(test)]
#[path = "client_pin_tests.rs"]
mod tests;
