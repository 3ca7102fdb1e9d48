//! authenticatorClientPIN (CTAP 2.1 §6.5.5).

use authenticator_service::{Answer, Peer, Wait, log};
use ctap::cbor::{Item, entry};
use ctap::client_pin::Permissions;
use ctap::pin_uv_auth::{AgreementKey, PeerKey, PinUvAuthProtocol, Session as Agreement};
use ctap::{Secret, Status};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::pin_try::{MAX_WRONG_IN_A_ROW, tries_left};
use super::reply;
use super::request::ClientPin;
use super::token::Token;
use crate::authenticator::{Outcome, TpmAuthenticator, random, random_source, tpm_status};
use crate::derive::{self, AccountSecret, PIN_HASH_LEN};
use crate::session::Session;
use crate::state::{Account, PinRecord};
use crate::tpm::TpmError;

/// The shortest PIN, in code points, and the longest, in bytes (CTAP 2.1 §6.5.1).
pub(super) const MIN_PIN_LENGTH: usize = 4;
const MAX_PIN_LEN: usize = 63;
/// A PIN padded for encryption, in bytes.
const PADDED_PIN_LEN: usize = 64;
/// What tokens are given out for.
const PERMISSIONS: u8 = Permissions::MC.0 | Permissions::GA.0 | Permissions::CM.0;

impl TpmAuthenticator {
    pub(crate) fn client_pin(
        &mut self,
        session: &mut Session,
        request: &ClientPin,
        wait: &dyn Wait,
    ) -> Result<Answer<Outcome>, Status> {
        let answer = match request.subcommand {
            0x01 => self.pin_retries(session),
            0x02 => key_agreement(session, request),
            0x03 => self.set_pin(session, request),
            0x04 => self.change_pin(session, request, wait),
            0x05 => {
                if request.permissions.is_some() || request.rp_id.is_some() {
                    return Err(Status::INVALID_PARAMETER);
                }
                let permissions = Permissions::MC | Permissions::GA;
                self.pin_token(session, request, permissions, wait)
            }
            0x06 => return self.uv_token(session, request),
            0x07 => self.uv_retries(session),
            0x09 => {
                let permissions = permissions(request, PERMISSIONS)?;
                self.pin_token(session, request, permissions, wait)
            }
            _ => Err(Status::INVALID_SUBCOMMAND),
        };
        answer.map(Answer::Now)
    }

    fn pin_retries(&mut self, session: &Session) -> Result<Vec<u8>, Status> {
        let uid = session.peer.account;
        let mut account = self.load(uid)?;
        if let Some(pin) = &account.pin
            && !self.is_of_this_tpm(uid, pin)?
        {
            return Err(Status::INTEGRITY_FAILURE);
        }
        let lockout = self.tpm.lockout().map_err(|error| tpm_status(uid, &error))?;
        self.regain_tries(&mut account, &lockout);
        let blocked = session.wrong_pins >= MAX_WRONG_IN_A_ROW;
        Ok(reply::map([
            entry(0x03, Item::from(i64::from(tries_left(&account, &lockout)))),
            entry(0x04, blocked.then(|| Item::from(true))),
        ]))
    }

    fn set_pin(&mut self, session: &mut Session, request: &ClientPin) -> Result<Vec<u8>, Status> {
        let uid = session.peer.account;
        if !may_admit(session.peer) {
            log(format_args!("account {uid}: only root can give it its first PIN"));
            return Err(Status::NOT_ALLOWED);
        }
        let new_pin_enc = request.new_pin_enc.as_deref().ok_or(Status::MISSING_PARAMETER)?;
        let agreement = agree(session, request)?;
        authenticate(&agreement, request, new_pin_enc)?;
        let mut account = self.load(uid)?;
        if account.pin.is_some() {
            return Err(Status::PIN_AUTH_INVALID);
        }
        let pin_hash = new_pin_hash(&agreement, new_pin_enc)?;
        let mut secret = Zeroizing::new([0; 32]);
        random(secret.as_mut_slice())?;
        let secret = AccountSecret::new(secret);
        let mut mac_key = Zeroizing::new([0; 32]);
        random(mac_key.as_mut_slice())?;
        let failed = |error: TpmError| tpm_status(uid, &error);
        let storage_key = self.tpm.use_default_storage_key().map_err(failed)?;
        let hmac_key = self.tpm.create_hmac_key(&secret.hmac_key_auth(uid)).map_err(failed)?;
        let (salt, sealed) = self.seal(uid, &secret, &pin_hash)?;
        account.pin = Some(PinRecord { storage_key, salt, sealed, hmac_key, mac_key });
        account.credentials.clear();
        self.save(uid, &account)?;
        Ok(Vec::new())
    }

    /// Seals the account's secret under a PIN, with a new salt.
    fn seal(
        &mut self,
        uid: u32,
        secret: &AccountSecret,
        pin_hash: &[u8; PIN_HASH_LEN],
    ) -> Result<([u8; 32], crate::tpm::Blob), Status> {
        let mut salt = [0; 32];
        random(&mut salt)?;
        let auth = derive::pin_auth(uid, &salt, pin_hash);
        let sealed = self.tpm.seal(&secret.to_secret(), &auth);
        Ok((salt, sealed.map_err(|error| tpm_status(uid, &error))?))
    }

    fn change_pin(
        &mut self,
        session: &mut Session,
        request: &ClientPin,
        wait: &dyn Wait,
    ) -> Result<Vec<u8>, Status> {
        let uid = session.peer.account;
        let new_pin_enc = request.new_pin_enc.as_deref().ok_or(Status::MISSING_PARAMETER)?;
        let pin_hash_enc = request.pin_hash_enc.as_deref().ok_or(Status::MISSING_PARAMETER)?;
        let agreement = agree(session, request)?;
        authenticate(&agreement, request, &[new_pin_enc, pin_hash_enc].concat())?;
        let mut account = self.load(uid)?;
        let mut pin = self.pin_of(uid, &account)?;
        let pin_hash = pin_hash(&agreement, pin_hash_enc)?;
        let secret = self.try_pin(session, &mut account, &pin, &pin_hash, wait)?;
        let new_pin_hash = new_pin_hash(&agreement, new_pin_enc)?;
        (pin.salt, pin.sealed) = self.seal(uid, &secret, &new_pin_hash)?;
        account.pin = Some(pin);
        session.token = None;
        self.save(uid, &account)?;
        // What a finger has unlocked so far was for the PIN before.
        self.forget_finger(uid)?;
        Ok(Vec::new())
    }

    fn pin_token(
        &mut self,
        session: &mut Session,
        request: &ClientPin,
        permissions: Permissions,
        wait: &dyn Wait,
    ) -> Result<Vec<u8>, Status> {
        let uid = session.peer.account;
        let pin_hash_enc = request.pin_hash_enc.as_deref().ok_or(Status::MISSING_PARAMETER)?;
        let agreement = agree(session, request)?;
        let mut account: Account = self.load(uid)?;
        let pin = self.pin_of(uid, &account)?;
        let pin_hash = pin_hash(&agreement, pin_hash_enc)?;
        let secret = self.try_pin(session, &mut account, &pin, &pin_hash, wait)?;
        self.seal_for_finger(session, &pin, &secret);
        let rp_id_hash = request.rp_id.as_ref().map(|rp_id| Sha256::digest(rp_id).into());
        give_token(session, &agreement, permissions, rp_id_hash, secret, &pin)
    }
}

/// Whether a peer may give the account its first PIN, and so tries of the TPM's. A user has many user ids (subuid(5)), each of which the kernel
/// gives as that of an account. The service's own user has its state in hand anyway.
fn may_admit(peer: Peer) -> bool {
    peer.is_root || peer.account == rustix::process::geteuid().as_raw()
}

/// Gives out a new token, in place of any other.
pub(super) fn give_token(
    session: &mut Session,
    agreement: &Agreement,
    permissions: Permissions,
    rp_id_hash: Option<[u8; 32]>,
    secret: AccountSecret,
    pin: &PinRecord,
) -> Result<Vec<u8>, Status> {
    let mut token = Zeroizing::new([0; 32]);
    random(token.as_mut_slice())?;
    let encrypted = agreement.encrypt(token.as_chunks().0, &mut random_source);
    session.token = Some(Token::new(agreement.protocol(), &token, permissions, rp_id_hash, secret, pin));
    Ok(reply::map([entry(0x02, Item::from(encrypted.as_slice()))]))
}

/// Permissions that are asked for, of those that there are, with the RP ID that some of them take.
pub(super) fn permissions(request: &ClientPin, known: u8) -> Result<Permissions, Status> {
    let asked = request.permissions.ok_or(Status::MISSING_PARAMETER)?;
    let asked = u8::try_from(asked).map_err(|_| Status::UNAUTHORIZED_PERMISSION)?;
    let about_rp_id = Permissions::MC.0 | Permissions::GA.0;
    match asked {
        0 => Err(Status::INVALID_PARAMETER),
        _ if asked & !known != 0 => Err(Status::UNAUTHORIZED_PERMISSION),
        _ if asked & about_rp_id != 0 && request.rp_id.is_none() => Err(Status::MISSING_PARAMETER),
        _ => Ok(Permissions(asked)),
    }
}

fn key_agreement(session: &mut Session, request: &ClientPin) -> Result<Vec<u8>, Status> {
    request.pin_uv_auth.known_protocol()?;
    let key = agreement_key(session)?.public_key();
    Ok(reply::map([entry(0x01, key.to_item())]))
}

fn agreement_key(session: &mut Session) -> Result<&AgreementKey, Status> {
    let key = match session.agreement.take() {
        Some(key) => key,
        None => AgreementKey::generate(&mut random_source).map_err(|_| Status::OTHER)?,
    };
    Ok(session.agreement.insert(key))
}

/// The secret that is shared with the client.
pub(super) fn shared_secret(
    session: &mut Session,
    protocol: PinUvAuthProtocol,
    platform_key: &PeerKey,
) -> Result<Agreement, Status> {
    agreement_key(session)?.agree(protocol, platform_key).map_err(|_| Status::INVALID_PARAMETER)
}

pub(super) fn agree(session: &mut Session, request: &ClientPin) -> Result<Agreement, Status> {
    let protocol = request.pin_uv_auth.known_protocol()?;
    shared_secret(session, protocol, request.platform_key.as_ref().ok_or(Status::MISSING_PARAMETER)?)
}

/// Holds the MAC of a request against the shared secret.
fn authenticate(agreement: &Agreement, request: &ClientPin, message: &[u8]) -> Result<(), Status> {
    let param = request.pin_uv_auth.param.as_deref().ok_or(Status::MISSING_PARAMETER)?;
    if agreement.authenticate(message).ct_eq(param).into() { Ok(()) } else { Err(Status::PIN_AUTH_INVALID) }
}

fn pin_hash(agreement: &Agreement, encrypted: &[u8]) -> Result<Zeroizing<[u8; PIN_HASH_LEN]>, Status> {
    let hash: Secret = agreement.decrypt(encrypted).map_err(|_| Status::INVALID_PARAMETER)?;
    hash.as_bytes().try_into().map(Zeroizing::new).map_err(|_| Status::INVALID_PARAMETER)
}

/// The hash of a new PIN that is long enough.
fn new_pin_hash(agreement: &Agreement, encrypted: &[u8]) -> Result<Zeroizing<[u8; PIN_HASH_LEN]>, Status> {
    let padded = agreement.decrypt(encrypted).map_err(|_| Status::INVALID_PARAMETER)?;
    if padded.len() != PADDED_PIN_LEN {
        return Err(Status::INVALID_PARAMETER);
    }
    let end = padded.as_bytes().iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
    let pin = padded.as_bytes().get(..end).unwrap_or_default();
    let length = std::str::from_utf8(pin).map_err(|_| Status::PIN_POLICY_VIOLATION)?.chars().count();
    if length < MIN_PIN_LENGTH || pin.len() > MAX_PIN_LEN {
        return Err(Status::PIN_POLICY_VIOLATION);
    }
    let hash: Zeroizing<[u8; 32]> = Zeroizing::new(Sha256::digest(pin).into());
    let left = hash.first_chunk().ok_or(Status::OTHER)?;
    Ok(Zeroizing::new(*left))
}
