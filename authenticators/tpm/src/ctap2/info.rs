//! authenticatorGetInfo (CTAP 2.1 §6.4).

use ctap::cbor::{Item, entry};
use ctap::cose::Algorithm;
use ctap::hid::MAX_MESSAGE_LEN;
use ctap::{Aaguid, Status};

use super::client_pin::MIN_PIN_LENGTH;
use super::make_credential::MAX_DISCOVERABLE;
use super::reply;
use super::request::MAX_CREDENTIALS_IN_LIST;
use crate::authenticator::{TpmAuthenticator, tpm_status};
use crate::credential_id;
use crate::session::Session;

/// The model: this computer, by this software.
pub const AAGUID: Aaguid = Aaguid(0x0796_a4bd_c941_483c_a674_343b_d5ea_3a21_u128.to_be_bytes());

impl TpmAuthenticator {
    /// With a TPM that cannot be used, or a state that cannot be read, there is no authenticator.
    pub(crate) fn info(&mut self, session: &Session) -> Result<Vec<u8>, Status> {
        let uid = session.peer.account;
        let account = self.load(uid)?;
        match &account.pin {
            Some(pin) => drop(self.is_of_this_tpm(uid, pin)?),
            None => drop(self.tpm.use_default_storage_key().map_err(|error| tpm_status(uid, &error))?),
        }
        let texts = |texts: &[&str]| Item::array(texts.iter().map(|text| Item::from(*text)));
        let numbers = |numbers: &[i64]| Item::array(numbers.iter().map(|number| Item::from(*number)));
        let options = [
            ("rk", true),
            // The right PIN is the user's presence, so assertions made with it have UP set.
            ("up", true),
            ("plat", true),
            ("alwaysUv", true),
            ("credMgmt", true),
            ("clientPin", account.pin.is_some()),
            ("pinUvAuthToken", true),
            ("makeCredUvNotRqd", false),
        ];
        let algorithm = Item::map([
            entry("alg", Item::from(Algorithm::Es256.id())),
            entry("type", Item::from("public-key")),
        ]);
        Ok(reply::map([
            entry(0x01, texts(&["FIDO_2_0", "FIDO_2_1"])),
            entry(0x02, texts(&["credProtect", "hmac-secret"])),
            entry(0x03, Item::from(AAGUID.0.as_slice())),
            entry(0x04, Item::map(options.map(|(name, value)| entry(name, Item::from(value))))),
            entry(0x05, reply::number(MAX_MESSAGE_LEN)),
            entry(0x06, numbers(&[2, 1])),
            entry(0x07, reply::number(MAX_CREDENTIALS_IN_LIST)),
            entry(0x08, reply::number(credential_id::MAX_LEN)),
            entry(0x09, texts(&["internal"])),
            entry(0x0a, Item::array([algorithm])),
            entry(0x0d, reply::number(MIN_PIN_LENGTH)),
            entry(0x0e, Item::from(1)),
            entry(0x14, reply::number(MAX_DISCOVERABLE.saturating_sub(account.credentials.len()))),
        ]))
    }
}
