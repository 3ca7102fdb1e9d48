//! authenticatorGetAssertion and authenticatorGetNextAssertion (CTAP 2.1 §6.2 and §6.3).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use authenticator_service::Wait;
use ctap::cbor::{Item, entry};
use ctap::client_pin::Permissions;
use ctap::extensions::CredProtect;
use ctap::{Flags, Status};
use sha2::{Digest as _, Sha256};

use super::extensions::{self, Salts};
use super::make_credential::find;
use super::reply;
use super::request::GetAssertion;
use super::token::{self, For};
use crate::authenticator::{TpmAuthenticator, tpm_status};
use crate::credential_id::{Credential, Scope};
use crate::derive::AccountSecret;
use crate::session::Session;
use crate::state::{Account, PinRecord, User};

/// How long the next assertion can be asked for.
const NEXT_ASSERTION: Duration = Duration::from_secs(30);

/// A credential that can answer.
#[derive(Debug)]
struct Candidate {
    id: Vec<u8>,
    credential: Credential,
    /// Whose it is, where it is discoverable.
    user: Option<User>,
}

/// What all assertions of one request have in common.
#[derive(Debug)]
struct Assertions {
    account: u32,
    client_data_hash: [u8; 32],
    rp_id_hash: [u8; 32],
    is_present: bool,
    pin: PinRecord,
    secret: Arc<AccountSecret>,
    salts: Option<Salts>,
    /// How many credentials can answer.
    count: usize,
}

/// Those that are left for authenticatorGetNextAssertion.
#[derive(Debug)]
pub(crate) struct NextAssertions {
    assertions: Assertions,
    candidates: VecDeque<Candidate>,
    since: Instant,
}

impl TpmAuthenticator {
    pub(crate) fn get_assertion(
        &mut self,
        session: &mut Session,
        request: &GetAssertion,
        wait: &dyn Wait,
    ) -> Result<Vec<u8>, Status> {
        let uid = session.peer.account;
        let is_present = request.options.up.unwrap_or(true);
        if request.options.rk.is_some() {
            return Err(Status::UNSUPPORTED_OPTION);
        }
        match &request.pin_uv_auth.param {
            // A client that asks which authenticator is touched: none can be.
            Some(param) if param.is_empty() => return Err(Status::OPERATION_DENIED),
            Some(_) => drop(request.pin_uv_auth.known_protocol()?),
            None if request.options.uv == Some(true) => return Err(Status::INVALID_OPTION),
            None if is_present => return Err(Status::PUAT_REQUIRED),
            None => return Err(self.silent(uid, request)?),
        }
        let account = self.load(uid)?;
        let pin = self.pin_of(uid, &account)?;
        let rp_id_hash: [u8; 32] = Sha256::digest(&request.rp_id).into();
        let purpose = For::RpId(Permissions::GA, &rp_id_hash);
        let secret = token::verify(session, &pin, &request.pin_uv_auth, &request.client_data_hash, purpose)?;
        let mut candidates = candidates(&account, uid, &pin, request);
        let first = candidates.pop_front().ok_or(Status::NO_CREDENTIALS)?;
        let salts = match &request.hmac_secret {
            // Without the user's presence no secret is made.
            Some(_) if !is_present => return Err(Status::UNSUPPORTED_OPTION),
            Some(input) => Some(extensions::salts(session, input)?),
            None => None,
        };
        if wait.is_cancelled() {
            return Err(Status::KEEPALIVE_CANCEL);
        }
        let client_data_hash = request.client_data_hash;
        let count = candidates.len().saturating_add(1);
        let assertions =
            Assertions { account: uid, client_data_hash, rp_id_hash, is_present, pin, secret, salts, count };
        let reply = self.assertion(&assertions, &first, (count > 1).then_some(count))?;
        if is_present {
            // One PIN, one signature (CTAP 2.1 §6.2.2, clearPinUvAuthTokenPermissionsExceptLbw).
            session.token = None;
        }
        if !candidates.is_empty() {
            session.next_assertions = Some(NextAssertions { assertions, candidates, since: Instant::now() });
        }
        Ok(reply)
    }

    pub(crate) fn get_next_assertion(&mut self, session: &mut Session) -> Result<Vec<u8>, Status> {
        let mut next = session.next_assertions.take().ok_or(Status::NOT_ALLOWED)?;
        let candidate = next.candidates.pop_front().ok_or(Status::NOT_ALLOWED)?;
        if next.since.elapsed() >= NEXT_ASSERTION {
            return Err(Status::NOT_ALLOWED);
        }
        // Another connection may have changed it.
        let assertions = &next.assertions;
        let account = self.load(assertions.account)?;
        let pin = self.pin_of(assertions.account, &account)?;
        let scope =
            Scope { mac_key: &pin.mac_key, account: assertions.account, rp_id_hash: &assertions.rp_id_hash };
        if pin != assertions.pin || find(&account, &candidate.id, scope).is_none() {
            return Err(Status::NOT_ALLOWED);
        }
        let reply = self.assertion(assertions, &candidate, None)?;
        if !next.candidates.is_empty() {
            session.next_assertions = Some(NextAssertions { since: Instant::now(), ..next });
        }
        Ok(reply)
    }

    /// The answer to a request without user verification or presence. No key signs without the PIN, so it is whether one would:
    /// `PUAT_REQUIRED`, or `NO_CREDENTIALS`.
    fn silent(&mut self, uid: u32, request: &GetAssertion) -> Result<Status, Status> {
        let account = self.load(uid)?;
        let Some(pin) = &account.pin else { return Ok(Status::NO_CREDENTIALS) };
        if !self.is_of_this_tpm(uid, pin)? {
            return Ok(Status::NO_CREDENTIALS);
        }
        let shows_from = if request.allow_list.as_ref().is_some_and(|list| !list.is_empty()) {
            CredProtect::UserVerificationOptionalWithCredentialIdList
        } else {
            CredProtect::UserVerificationOptional
        };
        let shows = |candidate: &Candidate| candidate.credential.properties.cred_protect <= shows_from;
        let shows_itself = candidates(&account, uid, pin, request).iter().any(shows);
        Ok(if shows_itself { Status::PUAT_REQUIRED } else { Status::NO_CREDENTIALS })
    }

    fn assertion(
        &mut self,
        assertions: &Assertions,
        candidate: &Candidate,
        count: Option<usize>,
    ) -> Result<Vec<u8>, Status> {
        let Assertions { account, rp_id_hash, pin, secret, .. } = assertions;
        let credential = &candidate.credential;
        let output = match &assertions.salts {
            Some(salts) if credential.properties.hmac_secret => {
                let of = (&credential.nonce, rp_id_hash);
                Some(self.hmac_secret(*account, pin, secret, of, salts)?)
            }
            Some(_) | None => None,
        };
        let present = if assertions.is_present { Flags::UP } else { Flags(0) };
        let extensions = if output.is_some() { Flags::ED } else { Flags(0) };
        let mut data = rp_id_hash.to_vec();
        data.push((Flags::UV | present | extensions).0);
        // There is no counter: a TPM's keys cannot be copied.
        data.extend([0; 4]);
        if let Some(output) = output {
            data.extend(reply::map([entry(ctap::hmac_secret::NAME, Item::from(output.as_slice()))]));
        }
        // Names are for choosing from several (CTAP 2.1 §6.2.3).
        let user = match assertions.count {
            1 => reply::user_handle,
            _ => reply::user,
        };
        let signed = Sha256::new().chain_update(&data).chain_update(assertions.client_data_hash).finalize();
        let auth = secret.credential_auth(&credential.nonce, rp_id_hash, *account);
        let signature = self.tpm.sign(&credential.key, &auth, &signed.into());
        let signature = signature.map_err(|error| tpm_status(*account, &error))?;
        Ok(reply::map([
            entry(0x01, reply::descriptor(&candidate.id)),
            entry(0x02, Item::from(data.as_slice())),
            entry(0x03, Item::from(signature.as_slice())),
            entry(0x04, candidate.user.as_ref().map(user)),
            entry(0x05, count.map(reply::number)),
        ]))
    }
}

/// The credentials that can answer: the first of the list, or all that are discoverable, the latest first.
fn candidates(account: &Account, uid: u32, pin: &PinRecord, request: &GetAssertion) -> VecDeque<Candidate> {
    let rp_id_hash: [u8; 32] = Sha256::digest(&request.rp_id).into();
    let scope = Scope { mac_key: &pin.mac_key, account: uid, rp_id_hash: &rp_id_hash };
    let kept = |id: &[u8]| account.credentials.iter().find(|kept| kept.id == id);
    let candidate = |id: &Vec<u8>| {
        let credential = find(account, id, scope)?;
        let user = kept(id).map(|kept| kept.user.clone());
        Some(Candidate { id: id.clone(), credential, user })
    };
    match request.allow_list.as_deref() {
        Some(list) if !list.is_empty() => list.iter().filter_map(candidate).take(1).collect(),
        Some(_) | None => {
            let of_rp_id = account.credentials.iter().rev().filter(|kept| kept.rp_id == request.rp_id);
            of_rp_id.filter_map(|kept| candidate(&kept.id)).collect()
        }
    }
}
