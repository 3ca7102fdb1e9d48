//! The authenticator: accounts, the TPM, and which command goes where.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use authenticator_service::{Answer, Authenticator, Peer, Wait, log};
use ctap::Status;

use crate::ctap2::PutOff;
use crate::ctap2::request::Request;
use crate::fingerprint::{FprintdError, Verdict};
use crate::fingers::Fingers;
use crate::session::Session;
use crate::state::{Account, PinRecord, StateError, Store};
use crate::tpm::{Tpm, TpmError};

/// The TPM cannot be used: switched off, taken away, busy for too long, or in failure mode.
pub const TPM_UNAVAILABLE: Status = Status::VENDOR_FIRST;

/// An authenticator on a TPM, for all accounts of this computer.
pub struct TpmAuthenticator {
    pub(crate) tpm: Tpm,
    store: Store,
    clock: Clock,
    /// Where fingers can be switched on.
    pub(crate) fingers: Option<Fingers>,
    /// Accounts of which the log says already that the TPM is another one.
    foreign: BTreeSet<u32>,
}

/// Tells the time, in seconds since 1970.
pub type Clock = Box<dyn Fn() -> u64>;

impl fmt::Debug for TpmAuthenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TpmAuthenticator").field("store", &self.store).finish_non_exhaustive()
    }
}

impl TpmAuthenticator {
    /// On that TPM, with the accounts in that folder.
    pub fn new(tpm: Tpm, store: Store) -> Self {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs());
        Self::with_clock(tpm, store, Box::new(now))
    }

    /// With another clock than the system's.
    pub fn with_clock(tpm: Tpm, store: Store, clock: Clock) -> Self {
        Self { tpm, store, clock, fingers: None, foreign: BTreeSet::new() }
    }

    /// With fingers, where they are switched on.
    #[must_use]
    pub fn with_fingers(self, fingers: Fingers) -> Self {
        Self { fingers: Some(fingers), ..self }
    }

    pub(crate) fn now(&self) -> u64 {
        (self.clock)()
    }

    pub(crate) fn load(&self, account: u32) -> Result<Account, Status> {
        self.store.load(account).map_err(|error| state_status(&error))
    }

    pub(crate) fn save(&self, account: u32, content: &Account) -> Result<(), Status> {
        self.store.save(account, content).map_err(|error| state_status(&error))
    }

    /// Whether the account's PIN and passkeys are of the TPM that is there.
    pub(crate) fn is_of_this_tpm(&mut self, account: u32, pin: &PinRecord) -> Result<bool, Status> {
        let same = self.tpm.use_storage_key(&pin.storage_key);
        let same = same.map_err(|error| tpm_status(account, &error))?;
        if !same && self.foreign.insert(account) {
            log(format_args!(
                "account {account}: its PIN and passkeys were made by another TPM, or before this one was cleared. \
                 They sign nothing here. `passkey-enroll key reset` on this computer makes room for new ones."
            ));
        }
        Ok(same)
    }

    /// The account's PIN.
    pub(crate) fn pin_of(&mut self, account: u32, content: &Account) -> Result<PinRecord, Status> {
        let pin = content.pin.as_ref().ok_or(Status::PIN_NOT_SET)?;
        if self.is_of_this_tpm(account, pin)? { Ok(pin.clone()) } else { Err(Status::INTEGRITY_FAILURE) }
    }

    fn answer(
        &mut self,
        session: &mut Session,
        request: &[u8],
        wait: &dyn Wait,
    ) -> Result<Answer<Outcome>, Status> {
        let request = Request::parse(request)?;
        // A sequence of requests ends with any other request.
        if !matches!(request, Request::GetNextAssertion) {
            session.next_assertions = None;
        }
        if !matches!(request, Request::CredentialManagement(_)) {
            session.enumeration = None;
        }
        let answer = match request {
            Request::MakeCredential(request) => self.make_credential(session, &request, wait),
            Request::GetAssertion(request) => self.get_assertion(session, &request, wait),
            Request::GetInfo => return self.info(session),
            Request::ClientPin(request) => return self.client_pin(session, &request, wait),
            Request::Reset => self.reset(session),
            Request::GetNextAssertion => self.get_next_assertion(session),
            Request::CredentialManagement(request) => self.credential_management(session, &request),
            // This authenticator cannot be touched. Answering by itself, it would always win against the keys that can.
            Request::Selection => Err(Status::OPERATION_DENIED),
        };
        answer.map(Answer::Now)
    }
}

/// What fprintd has said.
#[derive(Debug)]
pub enum Outcome {
    /// Whether the account has prints.
    Prints(Result<bool, FprintdError>),
    /// What it makes of a finger.
    Finger(Result<Verdict, FprintdError>),
}

impl Authenticator for TpmAuthenticator {
    type Session = Session;
    type Outcome = Outcome;
    const VERSION: [u8; 3] = [0, 1, 0];

    fn connect(&mut self, peer: Peer) -> Session {
        Session::new(peer)
    }

    fn cbor(&mut self, session: &mut Session, request: &[u8], wait: &dyn Wait) -> Answer<Outcome> {
        finish(self.answer(session, request, wait))
    }

    fn resume(
        &mut self,
        session: &mut Session,
        outcome: Option<Outcome>,
        wait: &dyn Wait,
    ) -> Answer<Outcome> {
        let answer = match (session.put_off.take(), outcome) {
            (Some(PutOff::Info), Some(Outcome::Prints(prints))) => self.on_prints(session, prints),
            (Some(PutOff::Info), None) => self.info_with(session, Some(false)),
            (Some(PutOff::Token(asked)), Some(Outcome::Finger(verdict))) => {
                self.on_finger(session, &asked, Some(verdict), wait)
            }
            (Some(PutOff::Token(asked)), None) => self.on_finger(session, &asked, None, wait),
            (Some(PutOff::Info | PutOff::Token(_)), Some(_)) | (None, _) => Err(Status::OTHER),
        };
        finish(answer.map(Answer::Now))
    }
}

fn finish(answer: Result<Answer<Outcome>, Status>) -> Answer<Outcome> {
    match answer {
        Ok(Answer::Now(mut reply)) => {
            reply.insert(0, Status::OK.0);
            reply.into()
        }
        Ok(later @ Answer::Later(_)) => later,
        Err(status) => vec![status.0].into(),
    }
}

pub(crate) fn state_status(error: &StateError) -> Status {
    log(error);
    Status::OTHER
}

/// The status for a TPM error; the log gets the details.
pub(crate) fn tpm_status(account: u32, error: &TpmError) -> Status {
    log(format_args!("account {account}: {error}"));
    match error {
        TpmError::Lockout => Status::PIN_BLOCKED,
        TpmError::Foreign => Status::INTEGRITY_FAILURE,
        // Where a wrong PIN is expected, it is dealt with before.
        TpmError::WrongAuth => Status::PIN_INVALID,
        TpmError::Failure(_) | TpmError::Unavailable(_) => TPM_UNAVAILABLE,
    }
}

/// Fills bytes from the kernel.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), Status> {
    getrandom::fill(bytes).map_err(|error| {
        log(format_args!("no random numbers: {error}"));
        Status::OTHER
    })
}

/// As the PIN/UV auth protocols want it. Zeros, of which no key can be made, where there are no random numbers.
pub(crate) fn random_source(bytes: &mut [u8]) {
    if random(bytes).is_err() {
        bytes.fill(0);
    }
}
