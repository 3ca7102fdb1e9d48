//! authenticatorReset (CTAP 2.1 §6.6), for the account of the connection alone.

use std::time::Duration;

use authenticator_service::log;
use ctap::Status;

use crate::authenticator::TpmAuthenticator;
use crate::session::Session;

/// How soon after the connection was made: the stand-in for power-up, since nothing here is plugged in or touched.
const AFTER_CONNECTING: Duration = Duration::from_secs(10);

impl TpmAuthenticator {
    /// Forgets the PIN, and with it every passkey. The tries stay used up, or there would be no end to trying.
    pub(crate) fn reset(&mut self, session: &mut Session) -> Result<Vec<u8>, Status> {
        let uid = session.peer.account;
        if session.peer.since.elapsed() >= AFTER_CONNECTING {
            return Err(Status::NOT_ALLOWED);
        }
        self.forget_finger(uid)?;
        let mut account = self.load(uid)?;
        account.pin = None;
        account.credentials.clear();
        self.save(uid, &account)?;
        session.token = None;
        session.agreement = None;
        log(format_args!("account {uid}: reset; its PIN and passkeys on this computer are gone"));
        Ok(Vec::new())
    }
}
