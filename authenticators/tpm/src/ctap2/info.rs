//! authenticatorGetInfo (CTAP 2.1 §6.4).

use authenticator_service::Answer;
use ctap::cbor::{Item, entry};
use ctap::cose::Algorithm;
use ctap::hid::MAX_MESSAGE_LEN;
use ctap::{Aaguid, Status};

use super::PutOff;
use super::client_pin::MIN_PIN_LENGTH;
use super::make_credential::MAX_DISCOVERABLE;
use super::reply;
use super::request::MAX_CREDENTIALS_IN_LIST;
use crate::authenticator::{Outcome, TpmAuthenticator, tpm_status};
use crate::credential_id;
use crate::fingerprint::{BusError, FprintdError};
use crate::session::Session;

/// The model: this computer, by this software.
pub const AAGUID: Aaguid = Aaguid(0x0796_a4bd_c941_483c_a674_343b_d5ea_3a21_u128.to_be_bytes());

/// User verification by a fingerprint reader (FIDO Registry of Predefined Values §3.1).
const FINGERPRINT_INTERNAL: i64 = 0x02;

impl TpmAuthenticator {
    /// With a TPM that cannot be used, or a state that cannot be read, there is no authenticator. Where fingers are switched on, fprintd is
    /// asked for the account's prints first.
    pub(crate) fn info(&mut self, session: &mut Session) -> Result<Answer<Outcome>, Status> {
        let now = self.info_with(session, None)?;
        let Some(fprintd) = self.fprintd() else { return Ok(now.into()) };
        let uid = session.peer.account;
        session.put_off = Some(PutOff::Info);
        Ok(Answer::later(move |waiting| Outcome::Prints(fprintd.has_prints(uid, waiting))))
    }

    /// fprintd has said whether the account has prints. That it cannot be asked leaves the PIN.
    pub(crate) fn on_prints(
        &mut self,
        session: &mut Session,
        prints: Result<bool, FprintdError>,
    ) -> Result<Vec<u8>, Status> {
        session.has_prints = prints.unwrap_or_else(|error| {
            if error != FprintdError::Bus(BusError::Cancelled) {
                self.tell_of_fingers(error.to_string());
            }
            false
        });
        // It may have been switched off meanwhile.
        let prints = self.fprintd().map(|_| session.has_prints);
        self.info_with(session, prints)
    }

    /// With what fprintd says of the account's prints, where it is asked.
    pub(crate) fn info_with(&mut self, session: &Session, prints: Option<bool>) -> Result<Vec<u8>, Status> {
        let uid = session.peer.account;
        let account = self.load(uid)?;
        let mut unlocks = false;
        match &account.pin {
            Some(pin) => {
                unlocks = self.is_of_this_tpm(uid, pin)? && self.finger_seal(uid, pin)?.is_some();
            }
            None => drop(self.tpm.use_default_storage_key().map_err(|error| tpm_status(uid, &error))?),
        }
        let has_prints = prints == Some(true);
        let texts = |texts: &[&str]| Item::array(texts.iter().map(|text| Item::from(*text)));
        let numbers = |numbers: &[i64]| Item::array(numbers.iter().map(|number| Item::from(*number)));
        // Not there where fingers are switched off; false without prints, and until the PIN has been right.
        let uv = prints.map(|_| entry("uv", Item::from(has_prints && unlocks)));
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
        let options = options.into_iter().map(|(name, value)| entry(name, Item::from(value)));
        let algorithm = Item::map([
            entry("alg", Item::from(Algorithm::Es256.id())),
            entry("type", Item::from("public-key")),
        ]);
        Ok(reply::map([
            entry(0x01, texts(&["FIDO_2_0", "FIDO_2_1"])),
            entry(0x02, texts(&["credProtect", "hmac-secret"])),
            entry(0x03, Item::from(AAGUID.0.as_slice())),
            entry(0x04, Item::map(options.chain(uv))),
            entry(0x05, reply::number(MAX_MESSAGE_LEN)),
            entry(0x06, numbers(&[2, 1])),
            entry(0x07, reply::number(MAX_CREDENTIALS_IN_LIST)),
            entry(0x08, reply::number(credential_id::MAX_LEN)),
            entry(0x09, texts(&["internal"])),
            entry(0x0a, Item::array([algorithm])),
            entry(0x0d, reply::number(MIN_PIN_LENGTH)),
            entry(0x0e, Item::from(1)),
            entry(0x12, has_prints.then(|| Item::from(FINGERPRINT_INTERNAL))),
            entry(0x14, reply::number(MAX_DISCOVERABLE.saturating_sub(account.credentials.len()))),
        ]))
    }
}
