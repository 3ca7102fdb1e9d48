//! Trying a PIN: the account's budget and the TPM's lockout.

use std::time::Duration;

use authenticator_service::{Wait, log};
use ctap::Status;

use crate::authenticator::{TpmAuthenticator, tpm_status};
use crate::derive::{self, AccountSecret, PIN_HASH_LEN};
use crate::session::Session;
use crate::state::{Account, MAX_TRIES, PinRecord};
use crate::tpm::{Lockout, TpmError};

/// Wrong PINs in a row on one connection (CTAP 2.1 §6.5.5.7.1: 3).
pub(super) const MAX_WRONG_IN_A_ROW: u8 = 3;
/// How long it takes at least until an account gets a try back.
const REGAIN: Duration = Duration::from_secs(3600);
/// The fraction of the TPM's tries (one in so many) that is kept for accounts that have used up none.
const RESERVE: u32 = 4;

/// Tries that an account has at present, by its own count and by the TPM's.
pub(super) fn tries_left(account: &Account, lockout: &Lockout) -> u8 {
    let left = lockout.left();
    let reserve = lockout.max_tries.checked_div(RESERVE).unwrap_or(0);
    let allowed = match left.checked_sub(reserve) {
        Some(shared) if shared > 0 => shared,
        // One try for each account that has used up none.
        Some(_) | None => u32::from(account.tries.left >= MAX_TRIES).min(left),
    };
    u8::try_from(allowed).map_or(account.tries.left, |allowed| allowed.min(account.tries.left))
}

impl TpmAuthenticator {
    /// Gives an account the tries that have come back by now. No faster than the TPM forgets wrong ones, so that one account
    /// alone cannot keep the TPM locked.
    pub(super) fn regain_tries(&self, account: &mut Account, lockout: &Lockout) {
        account.tries.regain(self.now(), REGAIN.max(lockout.interval));
    }

    /// Tries a PIN. The try is written down before it is made.
    pub(super) fn try_pin(
        &mut self,
        session: &mut Session,
        account: &mut Account,
        pin: &PinRecord,
        pin_hash: &[u8; PIN_HASH_LEN],
        wait: &dyn Wait,
    ) -> Result<AccountSecret, Status> {
        let uid = session.peer.account;
        if session.wrong_pins >= MAX_WRONG_IN_A_ROW {
            return Err(Status::PIN_AUTH_BLOCKED);
        }
        let lockout = self.tpm.lockout().map_err(|error| tpm_status(uid, &error))?;
        self.regain_tries(account, &lockout);
        if tries_left(account, &lockout) == 0 {
            log(format_args!(
                "account {uid}: no PIN is tried: {} of {MAX_TRIES} tries left, {} of the TPM's {}; they come back by themselves",
                account.tries.left,
                lockout.left(),
                lockout.max_tries
            ));
            return Err(Status::PIN_BLOCKED);
        }
        if wait.is_cancelled() {
            return Err(Status::KEEPALIVE_CANCEL);
        }
        let before = account.tries;
        account.tries.take(self.now());
        self.save(uid, account)?;
        let auth = derive::pin_auth(uid, &pin.salt, pin_hash);
        match self.tpm.unseal(&pin.sealed, &auth) {
            Ok(secret) => {
                // The TPM has counted nothing, and has forgotten nothing.
                account.tries = before;
                account.finger_tries.refill();
                self.save(uid, account)?;
                session.wrong_pins = 0;
                AccountSecret::from_secret(&secret).ok_or(Status::INTEGRITY_FAILURE)
            }
            Err(TpmError::WrongAuth) => Err(self.wrong_pin(session, account)),
            Err(error) => {
                // The TPM has not judged the PIN.
                account.tries = before;
                self.save(uid, account)?;
                Err(tpm_status(uid, &error))
            }
        }
    }

    fn wrong_pin(&mut self, session: &mut Session, account: &Account) -> Status {
        let uid = session.peer.account;
        session.wrong_pins = session.wrong_pins.saturating_add(1);
        session.agreement = None;
        session.token = None;
        log(format_args!("account {uid}: wrong PIN, {} of {MAX_TRIES} tries left", account.tries.left));
        let lockout = match self.tpm.lockout() {
            Ok(lockout) => lockout,
            Err(error) => return tpm_status(uid, &error),
        };
        if tries_left(account, &lockout) == 0 {
            Status::PIN_BLOCKED
        } else if session.wrong_pins >= MAX_WRONG_IN_A_ROW {
            Status::PIN_AUTH_BLOCKED
        } else {
            Status::PIN_INVALID
        }
    }
}
