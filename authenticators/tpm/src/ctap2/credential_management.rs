//! authenticatorCredentialManagement (CTAP 2.1 §6.8): the account's discoverable credentials.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use ctap::Status;
use ctap::cbor::{Item, entry};
use ctap::client_pin::Permissions;
use ctap::cose::PublicKey;
use sha2::{Digest as _, Sha256};

use super::make_credential::MAX_DISCOVERABLE;
use super::reply;
use super::request::CredentialManagement;
use super::token::{self, For};
use crate::authenticator::TpmAuthenticator;
use crate::credential_id::{Credential, Scope};
use crate::session::Session;
use crate::state::{Account, Discoverable, PinRecord};

/// How long an enumeration can be continued.
const NEXT: Duration = Duration::from_secs(30);

/// Replies left for enumerateRPsGetNextRP or enumerateCredentialsGetNextCredential.
#[derive(Debug)]
pub(crate) struct Enumeration {
    /// The subcommand that gets them.
    subcommand: u64,
    replies: VecDeque<Vec<u8>>,
    since: Instant,
}

impl TpmAuthenticator {
    pub(crate) fn credential_management(
        &mut self,
        session: &mut Session,
        request: &CredentialManagement,
    ) -> Result<Vec<u8>, Status> {
        let enumeration = session.enumeration.take();
        if matches!(request.subcommand, 0x03 | 0x05) {
            return go_on(session, request.subcommand, enumeration);
        }
        let uid = session.peer.account;
        if !(0x01..=0x07).contains(&request.subcommand) {
            return Err(Status::INVALID_SUBCOMMAND);
        }
        if request.pin_uv_auth.param.is_none() {
            return Err(Status::PUAT_REQUIRED);
        }
        let mut account = self.load(uid)?;
        let pin = self.pin_of(uid, &account)?;
        match request.subcommand {
            0x01 => {
                authorize(session, &pin, request, For::All(Permissions::CM))?;
                Ok(metadata(&account))
            }
            0x02 => {
                authorize(session, &pin, request, For::All(Permissions::CM))?;
                begin(session, 0x03, rps(&account))
            }
            0x04 => {
                let rp_id_hash = request.rp_id_hash.as_ref().ok_or(Status::MISSING_PARAMETER)?;
                authorize(session, &pin, request, For::RpId(Permissions::CM, rp_id_hash))?;
                begin(session, 0x05, credentials(&account, uid, &pin, rp_id_hash))
            }
            0x06 => {
                let place = authorized_credential(session, &pin, request, &account)?;
                account.credentials.remove(place);
                self.save(uid, &account)?;
                Ok(Vec::new())
            }
            _ => {
                let user = request.user.as_ref().ok_or(Status::MISSING_PARAMETER)?;
                let place = authorized_credential(session, &pin, request, &account)?;
                let kept = account.credentials.get_mut(place).ok_or(Status::NO_CREDENTIALS)?;
                if kept.user.id != user.id {
                    return Err(Status::INVALID_PARAMETER);
                }
                kept.user = user.clone();
                self.save(uid, &account)?;
                Ok(Vec::new())
            }
        }
    }
}

/// The MAC is over the subcommand and its parameters as they came.
fn authorize(
    session: &mut Session,
    pin: &PinRecord,
    request: &CredentialManagement,
    purpose: For<'_>,
) -> Result<(), Status> {
    let subcommand = u8::try_from(request.subcommand).map_err(|_| Status::INVALID_SUBCOMMAND)?;
    let message = [&[subcommand][..], &request.raw_parameters].concat();
    token::verify(session, pin, &request.pin_uv_auth, &message, purpose).map(drop)
}

/// Where the credential is that a request names.
fn authorized_credential(
    session: &mut Session,
    pin: &PinRecord,
    request: &CredentialManagement,
    account: &Account,
) -> Result<usize, Status> {
    let id = request.credential_id.as_ref().ok_or(Status::MISSING_PARAMETER)?;
    let found = account.credentials.iter().enumerate().find(|(_, kept)| kept.id == *id);
    // Whether the credential exists is told only with a valid token.
    let rp_id_hash = found.map_or([0; 32], |(_, kept)| hash(kept));
    authorize(session, pin, request, For::RpId(Permissions::CM, &rp_id_hash))?;
    found.map(|(place, _)| place).ok_or(Status::NO_CREDENTIALS)
}

fn hash(kept: &Discoverable) -> [u8; 32] {
    Sha256::digest(&kept.rp_id).into()
}

fn metadata(account: &Account) -> Vec<u8> {
    let count = account.credentials.len();
    reply::map([
        entry(0x01, reply::number(count)),
        entry(0x02, reply::number(MAX_DISCOVERABLE.saturating_sub(count))),
    ])
}

fn rps(account: &Account) -> VecDeque<Vec<u8>> {
    let mut rp_ids: Vec<&str> = Vec::new();
    for kept in &account.credentials {
        if !rp_ids.contains(&kept.rp_id.as_str()) {
            rp_ids.push(&kept.rp_id);
        }
    }
    let total = rp_ids.len();
    let reply = |(place, rp_id): (usize, &&str)| {
        reply::map([
            entry(0x03, Item::map([entry("id", Item::from(*rp_id))])),
            entry(0x04, Item::from(Sha256::digest(rp_id).as_slice())),
            entry(0x05, (place == 0).then(|| reply::number(total))),
        ])
    };
    rp_ids.iter().enumerate().map(reply).collect()
}

fn credentials(account: &Account, uid: u32, pin: &PinRecord, rp_id_hash: &[u8; 32]) -> VecDeque<Vec<u8>> {
    let scope = Scope { mac_key: &pin.mac_key, account: uid, rp_id_hash };
    let found: Vec<(&Discoverable, Credential)> = account
        .credentials
        .iter()
        .filter(|kept| hash(kept) == *rp_id_hash)
        .filter_map(|kept| Some((kept, Credential::decode(&kept.id, scope)?)))
        .collect();
    let total = found.len();
    let reply = |(place, (kept, credential)): (usize, &(&Discoverable, Credential))| {
        let public_key = PublicKey::Es256 { x: credential.key.x, y: credential.key.y };
        reply::map([
            entry(0x06, reply::user(&kept.user)),
            entry(0x07, reply::descriptor(&kept.id)),
            entry(0x08, public_key.to_item()),
            entry(0x09, (place == 0).then(|| reply::number(total))),
            entry(0x0a, Item::from(i64::from(credential.properties.cred_protect.level()))),
        ])
    };
    found.iter().enumerate().map(reply).collect()
}

fn begin(session: &mut Session, subcommand: u64, replies: VecDeque<Vec<u8>>) -> Result<Vec<u8>, Status> {
    if replies.is_empty() {
        return Err(Status::NO_CREDENTIALS);
    }
    let enumeration = Enumeration { subcommand, replies, since: Instant::now() };
    go_on(session, subcommand, Some(enumeration))
}

fn go_on(
    session: &mut Session,
    subcommand: u64,
    enumeration: Option<Enumeration>,
) -> Result<Vec<u8>, Status> {
    let mut enumeration = enumeration.ok_or(Status::NOT_ALLOWED)?;
    if enumeration.subcommand != subcommand || enumeration.since.elapsed() >= NEXT {
        return Err(Status::NOT_ALLOWED);
    }
    let reply = enumeration.replies.pop_front().ok_or(Status::NOT_ALLOWED)?;
    session.enumeration = Some(Enumeration { since: Instant::now(), ..enumeration });
    Ok(reply)
}
