//! authenticatorMakeCredential (CTAP 2.1 §6.1).

use authenticator_service::Wait;
use ctap::cbor::{Item, entry};
use ctap::client_pin::Permissions;
use ctap::cose::{Algorithm, PublicKey};
use ctap::extensions::CredProtect;
use ctap::{Flags, Status};
use sha2::{Digest as _, Sha256};

use super::info::AAGUID;
use super::reply;
use super::request::MakeCredential;
use super::token::{self, For};
use crate::authenticator::{TpmAuthenticator, random, tpm_status};
use crate::credential_id::{Credential, Properties, Scope};
use crate::derive::NONCE_LEN;
use crate::session::Session;
use crate::state::{Account, Discoverable};

/// Discoverable credentials of one account.
pub(super) const MAX_DISCOVERABLE: usize = 64;

impl TpmAuthenticator {
    pub(crate) fn make_credential(
        &mut self,
        session: &mut Session,
        request: &MakeCredential,
        wait: &dyn Wait,
    ) -> Result<Vec<u8>, Status> {
        let uid = session.peer.account;
        // A client that asks which authenticator is touched: none can be.
        if request.pin_uv_auth.param.as_ref().is_some_and(Vec::is_empty) {
            return Err(Status::OPERATION_DENIED);
        }
        let properties = check(request)?;
        let mut account = self.load(uid)?;
        if request.pin_uv_auth.param.is_none() {
            return Err(Status::PUAT_REQUIRED);
        }
        let pin = self.pin_of(uid, &account)?;
        let rp_id_hash: [u8; 32] = Sha256::digest(&request.rp_id).into();
        let purpose = For::RpId(Permissions::MC, &rp_id_hash);
        let secret = token::verify(session, &pin, &request.pin_uv_auth, &request.client_data_hash, purpose)?;
        let scope = Scope { mac_key: &pin.mac_key, account: uid, rp_id_hash: &rp_id_hash };
        if request.exclude_list.iter().any(|id| find(&account, id, scope).is_some()) {
            return Err(Status::CREDENTIAL_EXCLUDED);
        }
        let replaced = properties.discoverable.then(|| place(&account, request)).transpose()?.flatten();
        if wait.is_cancelled() {
            return Err(Status::KEEPALIVE_CANCEL);
        }

        let mut nonce = [0; NONCE_LEN];
        random(&mut nonce)?;
        let auth = secret.credential_auth(&nonce, &rp_id_hash, uid);
        let key = self.tpm.create_signing_key(&auth).map_err(|error| tpm_status(uid, &error))?;
        let credential = Credential { properties, nonce, key };
        let id = credential.encode(scope);
        let data = authenticator_data(request, &credential, &id, &rp_id_hash)?;
        // Its own key signs for it (WebAuthn Level 3 §8.2, self attestation).
        let signed = Sha256::new().chain_update(&data).chain_update(request.client_data_hash).finalize();
        let signature = self.tpm.sign(&credential.key, &auth, &signed.into());
        let signature = signature.map_err(|error| tpm_status(uid, &error))?;
        if properties.discoverable {
            if let Some(replaced) = replaced {
                account.credentials.remove(replaced);
            }
            let (rp_id, user) = (request.rp_id.clone(), request.user.clone());
            account.credentials.push(Discoverable { id, rp_id, user });
            self.save(uid, &account)?;
        }
        // One PIN, one credential (CTAP 2.1 §6.1.2, clearPinUvAuthTokenPermissionsExceptLbw).
        session.token = None;
        let statement = Item::map([
            entry("alg", Item::from(Algorithm::Es256.id())),
            entry("sig", Item::from(signature.as_slice())),
        ]);
        Ok(reply::map([
            entry(0x01, Item::from("packed")),
            entry(0x02, Item::from(data.as_slice())),
            entry(0x03, statement),
        ]))
    }
}

/// What the request asks for, where all of it can be had.
fn check(request: &MakeCredential) -> Result<Properties, Status> {
    if request.pin_uv_auth.param.is_some() {
        request.pin_uv_auth.known_protocol()?;
    }
    if !request.algorithms.contains(&Algorithm::Es256.id()) {
        return Err(Status::UNSUPPORTED_ALGORITHM);
    }
    let has_token = request.pin_uv_auth.param.is_some();
    if request.options.up == Some(false) || (request.options.uv == Some(true) && !has_token) {
        return Err(Status::INVALID_OPTION);
    }
    if request.enterprise_attestation.is_some() {
        return Err(Status::INVALID_PARAMETER);
    }
    let cred_protect = match request.cred_protect {
        None => CredProtect::UserVerificationOptional,
        Some(level) => {
            u8::try_from(level).ok().and_then(CredProtect::from_level).ok_or(Status::INVALID_OPTION)?
        }
    };
    Ok(Properties {
        discoverable: request.options.rk.unwrap_or(false),
        hmac_secret: request.hmac_secret,
        cred_protect,
    })
}

/// Which credential the new one takes the place of, where it is the same user's; an error where there is no room.
fn place(account: &Account, request: &MakeCredential) -> Result<Option<usize>, Status> {
    let same = |other: &Discoverable| other.rp_id == request.rp_id && other.user.id == request.user.id;
    match account.credentials.iter().position(same) {
        Some(same) => Ok(Some(same)),
        None if account.credentials.len() < MAX_DISCOVERABLE => Ok(None),
        None => Err(Status::KEY_STORE_FULL),
    }
}

/// The credential with that id, if it is the account's and has not been deleted.
pub(super) fn find(account: &Account, id: &[u8], scope: Scope<'_>) -> Option<Credential> {
    let credential = Credential::decode(id, scope)?;
    let is_there = || account.credentials.iter().any(|kept| kept.id == id);
    (!credential.properties.discoverable || is_there()).then_some(credential)
}

fn authenticator_data(
    request: &MakeCredential,
    credential: &Credential,
    id: &[u8],
    rp_id_hash: &[u8; 32],
) -> Result<Vec<u8>, Status> {
    let level = request.cred_protect.map(|_| credential.properties.cred_protect.level());
    let has_extensions = level.is_some() || request.hmac_secret;
    let extensions = if has_extensions { Flags::ED } else { Flags(0) };
    let flags = Flags::UP | Flags::UV | Flags::AT | extensions;
    let mut data = rp_id_hash.to_vec();
    data.push(flags.0);
    data.extend([0; 4]);
    data.extend(AAGUID.0);
    data.extend(u16::try_from(id.len()).map_err(|_| Status::OTHER)?.to_be_bytes());
    data.extend(id);
    data.extend(PublicKey::Es256 { x: credential.key.x, y: credential.key.y }.encode());
    if has_extensions {
        data.extend(reply::map([
            entry("credProtect", level.map(|level| Item::from(i64::from(level)))),
            entry(ctap::hmac_secret::NAME, request.hmac_secret.then(|| Item::from(true))),
        ]));
    }
    Ok(data)
}
