//! `pinUvAuthToken`s (CTAP 2.1 §6.5.2.1).

use std::sync::Arc;
use std::time::{Duration, Instant};

use ctap::Status;
use ctap::client_pin::Permissions;
use ctap::pin_uv_auth::{PinUvAuthProtocol, PinUvAuthToken};
use subtle::ConstantTimeEq as _;

use super::request::PinUvAuth;
use crate::derive::AccountSecret;
use crate::session::Session;
use crate::state::PinRecord;

/// How soon it must be used.
const FIRST_USE: Duration = Duration::from_secs(30);
/// How long it can be used.
const LIFETIME: Duration = Duration::from_secs(600);

/// A token with the account secret that the PIN unlocked.
#[derive(Debug)]
pub struct Token {
    protocol: PinUvAuthProtocol,
    mac: PinUvAuthToken,
    permissions: Permissions,
    /// Bound to it by its permissions, or by its first use.
    rp_id_hash: Option<[u8; 32]>,
    secret: Arc<AccountSecret>,
    /// The salt of the PIN that it was issued for. A changed PIN invalidates it.
    salt: [u8; 32],
    issued: Instant,
    used: bool,
}

impl Token {
    pub(super) fn new(
        protocol: PinUvAuthProtocol,
        token: &[u8; 32],
        permissions: Permissions,
        rp_id_hash: Option<[u8; 32]>,
        secret: AccountSecret,
        pin: &PinRecord,
    ) -> Self {
        Self {
            protocol,
            mac: PinUvAuthToken::new(protocol, token),
            permissions,
            rp_id_hash,
            secret: Arc::new(secret),
            salt: pin.salt,
            issued: Instant::now(),
            used: false,
        }
    }

    fn is_valid(&self, pin: &PinRecord) -> bool {
        let age = self.issued.elapsed();
        age < if self.used { LIFETIME } else { FIRST_USE } && self.salt == pin.salt
    }

    pub(super) fn secret(&self) -> Arc<AccountSecret> {
        Arc::clone(&self.secret)
    }
}

/// The permission and RP ID that a request needs.
#[derive(Clone, Copy, Debug)]
pub(super) enum For<'a> {
    /// A command about one RP ID.
    RpId(Permissions, &'a [u8; 32]),
    /// A command about all of them, for which a token that is bound to one does not do.
    All(Permissions),
}

impl PinUvAuth {
    /// The protocol of a MAC that is there.
    pub(super) fn known_protocol(&self) -> Result<PinUvAuthProtocol, Status> {
        let number = self.protocol.ok_or(Status::MISSING_PARAMETER)?;
        PinUvAuthProtocol::from_number(number).ok_or(Status::INVALID_PARAMETER)
    }
}

/// Holds a request's MAC against the session's token, and gives the secret that it stands for.
pub(super) fn verify(
    session: &mut Session,
    pin: &PinRecord,
    auth: &PinUvAuth,
    message: &[u8],
    purpose: For<'_>,
) -> Result<Arc<AccountSecret>, Status> {
    let protocol = auth.known_protocol()?;
    let param = auth.param.as_deref().ok_or(Status::PUAT_REQUIRED)?;
    if session.token.as_ref().is_some_and(|token| !token.is_valid(pin)) {
        session.token = None;
    }
    let token = session.token.as_mut().ok_or(Status::PIN_AUTH_INVALID)?;
    if token.protocol != protocol || !bool::from(token.mac.authenticate(message).ct_eq(param)) {
        return Err(Status::PIN_AUTH_INVALID);
    }
    let (permission, rp_id_hash) = match purpose {
        For::RpId(permission, rp_id_hash) => (permission, Some(rp_id_hash)),
        For::All(permission) => (permission, None),
    };
    if token.permissions.0 & permission.0 == 0 {
        return Err(Status::PIN_AUTH_INVALID);
    }
    match (token.rp_id_hash, rp_id_hash) {
        (Some(bound), Some(hash)) if bound == *hash => {}
        (Some(_), _) => return Err(Status::PIN_AUTH_INVALID),
        (None, Some(hash)) if permission != Permissions::CM => token.rp_id_hash = Some(*hash),
        (None, _) => {}
    }
    token.used = true;
    Ok(token.secret())
}
