//! The secret that a finger unlocks: the account's secret, sealed again for a random authorization value that is beside it, in memory.
//!
//! The TPM releases it to anyone who has read the value. That only the account's finger leads there is fprintd's word and this program's.

use std::fmt;
use std::path::PathBuf;

use authenticator_service::log;
use ctap::Status;
use zeroize::Zeroizing;

use crate::authenticator::{TpmAuthenticator, random, state_status, tpm_status};
use crate::derive::AccountSecret;
use crate::fingerprint::{Fprintd, Settings};
use crate::session::Session;
use crate::state::{FingerSeal, FingerSeals, PinRecord};
use crate::tpm::AuthValue;

/// Whether fingers count, where their seals are, and who reads them.
pub struct Fingers {
    settings: PathBuf,
    /// The user id that alone may have written the settings.
    owner: u32,
    seals: FingerSeals,
    fprintd: Fprintd,
    /// It is off, and nothing of it is left.
    is_cleared: bool,
    /// What the log said last, so that it says it once.
    told: Option<String>,
}

impl fmt::Debug for Fingers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fingers").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Fingers {
    /// As the settings say, which `owner` alone may be able to write.
    pub fn new(settings: PathBuf, owner: u32, seals: FingerSeals, fprintd: Fprintd) -> Self {
        Self { settings, owner, seals, fprintd, is_cleared: false, told: None }
    }

    /// Whether an administrator has switched it on, at this moment. If not, what fingers have unlocked for any account is removed.
    fn is_on(&mut self) -> bool {
        let is_on = match Settings::read(&self.settings, self.owner) {
            Ok(settings) => settings.fingerprint,
            Err(error) => {
                self.tell_once(error.to_string());
                false
            }
        };
        if is_on {
            self.is_cleared = false;
        } else if !self.is_cleared {
            match self.seals.clear() {
                Ok(()) => self.is_cleared = true,
                Err(error) => self.tell_once(error.to_string()),
            }
        }
        is_on
    }

    fn tell_once(&mut self, line: String) {
        if self.told.as_ref() != Some(&line) {
            log(&line);
            self.told = Some(line);
        }
    }
}

impl TpmAuthenticator {
    /// fprintd, if fingers are switched on at this moment.
    pub(crate) fn fprintd(&mut self) -> Option<Fprintd> {
        let fingers = self.fingers.as_mut()?;
        fingers.is_on().then(|| fingers.fprintd.clone())
    }

    /// Says once why there are no fingers at present.
    pub(crate) fn tell_of_fingers(&mut self, line: String) {
        if let Some(fingers) = &mut self.fingers {
            fingers.tell_once(line);
        }
    }

    /// What a finger unlocks for the account, if it does. What it must not unlock any more is removed.
    pub(crate) fn finger_seal(&mut self, uid: u32, pin: &PinRecord) -> Result<Option<FingerSeal>, Status> {
        let Some(fingers) = &mut self.fingers else { return Ok(None) };
        let failed = |error| state_status(&error);
        let seal = fingers.seals.load(uid).map_err(failed)?;
        match seal {
            Some(seal) if seal.salt == pin.salt && fingers.is_on() => Ok(Some(seal)),
            Some(_) => {
                fingers.seals.remove(uid).map_err(failed)?;
                Ok(None)
            }
            None => Ok(None),
        }
    }

    /// Removes what a finger unlocks for the account.
    pub(crate) fn forget_finger(&mut self, uid: u32) -> Result<(), Status> {
        match &self.fingers {
            Some(fingers) => fingers.seals.remove(uid).map_err(|error| state_status(&error)),
            None => Ok(()),
        }
    }

    /// The PIN was right: from now on a finger does as well, if the account has prints. A failure does not deny the sign-in.
    pub(crate) fn seal_for_finger(&mut self, session: &Session, pin: &PinRecord, secret: &AccountSecret) {
        let uid = session.peer.account;
        let wanted = session.has_prints && self.fprintd().is_some();
        match self.finger_seal(uid, pin) {
            Ok(None) if wanted => {
                if self.try_to_seal(uid, pin, secret).is_ok() {
                    log(format_args!("account {uid}: until the next start, a finger unlocks its passkeys"));
                }
            }
            // The log has it.
            Ok(_) | Err(_) => {}
        }
    }

    fn try_to_seal(&mut self, uid: u32, pin: &PinRecord, secret: &AccountSecret) -> Result<(), Status> {
        let mut auth = Zeroizing::new([0; 32]);
        random(auth.as_mut_slice())?;
        let sealed = self.tpm.seal_for_random(&secret.to_secret(), &AuthValue::new(auth.clone()));
        let sealed = sealed.map_err(|error| tpm_status(uid, &error))?;
        let seal = FingerSeal { salt: pin.salt, auth, sealed };
        let Some(fingers) = &self.fingers else { return Ok(()) };
        fingers.seals.save(uid, &seal).map_err(|error| state_status(&error))
    }

    /// The account's secret, for a finger.
    pub(crate) fn unseal_for_finger(&mut self, uid: u32, seal: &FingerSeal) -> Result<AccountSecret, Status> {
        let secret = self.tpm.unseal(&seal.sealed, &AuthValue::new(seal.auth.clone()));
        let secret = secret.map_err(|error| tpm_status(uid, &error))?;
        AccountSecret::from_secret(&secret).ok_or(Status::INTEGRITY_FAILURE)
    }
}
