//! getPinUvAuthTokenUsingUvWithPermissions and getUVRetries (CTAP 2.1 §6.5.5.7.3, §6.5.5.3): a finger in place of the PIN.

use authenticator_service::{Answer, Wait, log};
use ctap::Status;
use ctap::cbor::{Item, entry};
use ctap::client_pin::Permissions;
use ctap::pin_uv_auth::Session as Agreement;
use sha2::{Digest as _, Sha256};

use super::client_pin;
use super::reply;
use super::request::ClientPin;
use crate::authenticator::{Outcome, TpmAuthenticator};
use crate::fingerprint::{FprintdError, Verdict};
use crate::session::Session;
use crate::state::{Account, MAX_FINGER_TRIES};

/// What a token by finger is given out for: to enrol and to sign in. Not to manage what is there.
const PERMISSIONS: u8 = Permissions::MC.0 | Permissions::GA.0;

/// A request that is answered when a wait has ended.
#[derive(Debug)]
pub(crate) enum PutOff {
    /// authenticatorGetInfo, for whether there are prints.
    Info,
    /// A token, for a finger.
    Token(Box<FingerTry>),
}

/// A try with a finger, which has been taken from the account's.
#[derive(Debug)]
pub(crate) struct FingerTry {
    agreement: Agreement,
    permissions: Permissions,
    rp_id_hash: [u8; 32],
    /// Of the PIN whose place the finger takes.
    salt: [u8; 32],
}

impl TpmAuthenticator {
    pub(super) fn uv_retries(&mut self, session: &Session) -> Result<Vec<u8>, Status> {
        if self.fprintd().is_none() {
            return Err(Status::INVALID_SUBCOMMAND);
        }
        let account = self.load(session.peer.account)?;
        Ok(reply::map([entry(0x05, Item::from(i64::from(account.finger_tries.left)))]))
    }

    pub(super) fn uv_token(
        &mut self,
        session: &mut Session,
        request: &ClientPin,
    ) -> Result<Answer<Outcome>, Status> {
        let Some(fprintd) = self.fprintd() else { return Err(Status::INVALID_SUBCOMMAND) };
        let uid = session.peer.account;
        let permissions = client_pin::permissions(request, PERMISSIONS)?;
        let rp_id_hash = Sha256::digest(request.rp_id.as_ref().ok_or(Status::MISSING_PARAMETER)?).into();
        let agreement = client_pin::agree(session, request)?;
        let mut account = self.load(uid)?;
        let pin = self.pin_of(uid, &account)?;
        if self.finger_seal(uid, &pin)?.is_none() {
            return Err(Status::NOT_ALLOWED);
        }
        if !account.finger_tries.take() {
            return Err(Status::UV_BLOCKED);
        }
        self.save(uid, &account)?;
        let salt = pin.salt;
        session.put_off =
            Some(PutOff::Token(Box::new(FingerTry { agreement, permissions, rp_id_hash, salt })));
        Ok(Answer::later(move |waiting| Outcome::Finger(fprintd.verify(uid, waiting))))
    }

    /// fprintd has judged the finger, or there was none. `None`: it could not be asked.
    pub(crate) fn on_finger(
        &mut self,
        session: &mut Session,
        finger_try: &FingerTry,
        verdict: Option<Result<Verdict, FprintdError>>,
        wait: &dyn Wait,
    ) -> Result<Vec<u8>, Status> {
        let uid = session.peer.account;
        let mut account = self.load(uid)?;
        let status = match verdict {
            Some(Ok(Verdict::Match)) => {
                account.finger_tries.refill();
                self.save(uid, &account)?;
                if wait.is_cancelled() {
                    return Err(Status::KEEPALIVE_CANCEL);
                }
                return self.finger_token(session, finger_try, &account);
            }
            Some(Ok(Verdict::NoMatch)) => {
                let left = account.finger_tries.left;
                log(format_args!("account {uid}: wrong finger, {left} of {MAX_FINGER_TRIES} tries left"));
                return Err(if left == 0 { Status::UV_BLOCKED } else { Status::UV_INVALID });
            }
            Some(Ok(Verdict::NoFinger)) => Status::USER_ACTION_TIMEOUT,
            Some(Ok(Verdict::Cancelled)) => Status::KEEPALIVE_CANCEL,
            Some(Err(error)) => {
                log(format_args!("account {uid}: {error}"));
                Status::NOT_ALLOWED
            }
            None => Status::NOT_ALLOWED,
        };
        // No finger was judged.
        account.finger_tries.give_back();
        self.save(uid, &account)?;
        Err(status)
    }

    /// Much may have happened while the finger was waited for: what it unlocks is looked up again.
    fn finger_token(
        &mut self,
        session: &mut Session,
        finger_try: &FingerTry,
        account: &Account,
    ) -> Result<Vec<u8>, Status> {
        let uid = session.peer.account;
        let pin = self.pin_of(uid, account)?;
        let seal = self.finger_seal(uid, &pin)?.filter(|seal| seal.salt == finger_try.salt);
        let secret = self.unseal_for_finger(uid, &seal.ok_or(Status::NOT_ALLOWED)?)?;
        let FingerTry { agreement, permissions, rp_id_hash, .. } = finger_try;
        client_pin::give_token(session, agreement, *permissions, Some(*rp_id_hash), secret, &pin)
    }
}
