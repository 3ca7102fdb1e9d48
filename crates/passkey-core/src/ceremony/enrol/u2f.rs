//! Enrolling on a key that speaks U2F alone (FIDO U2F Raw Message Formats §4).

use super::super::kind::{Message, U2F_POLL, fits_u2f};
use super::{
    Algorithm, Attestation, Ceremony, ClientData, EnrolError, Event, Impossible, KeyId, Loss, NoRandomness,
    Notice, Person, Question, UserVerification, World,
};
use ctap::u2f::{ReplyError, StatusWord, authenticate, register};
use sha2::{Digest as _, Sha256};

impl<W: World, P: Person> Ceremony<'_, W, P> {
    /// Asks the key for each of the user's passkeys that it could have made, before anything is asked of the person.
    pub(super) fn refuse_u2f_duplicate(&mut self, key: KeyId) -> Result<(), EnrolError> {
        for credential in self.enrolment.existing.iter().filter(|credential| fits_u2f(credential)) {
            let question = Question::u2f(credential, authenticate::Control::CheckOnly, self.fleet.world());
            let Some((_, message)) = question.map_err(|NoRandomness| EnrolError::NoRandomness)? else {
                continue;
            };
            let reply = self.exchange(key, message, None)?;
            // Any other answer says nothing that would be worse than a second passkey on the key.
            if let Ok(true) = authenticate::is_own(&reply) {
                return Err(EnrolError::AlreadyEnrolled(Some(credential.name.clone())));
            }
        }
        Ok(())
    }

    /// Has the key make a credential. It answers at once and is asked again until somebody has touched it.
    pub(super) fn register(&mut self, key: KeyId) -> Result<Attestation, EnrolError> {
        if self.enrolment.verification == UserVerification::Required {
            return Err(EnrolError::CannotVerifyUser(Impossible::NotSupported));
        }
        if self.enrolment.discoverable {
            return Err(EnrolError::NotDiscoverable);
        }
        if !self.enrolment.algorithms.contains(&Algorithm::Es256) {
            return Err(EnrolError::NoAlgorithm);
        }
        let client_data = ClientData::enrolment(self.enrolment.rp_id, &self.challenge()?);
        let application: [u8; 32] = Sha256::digest(self.enrolment.rp_id).into();
        let request = register::Request { challenge: client_data.hash(), application: &application }.encode();
        loop {
            let reply = self.exchange(key, Message::u2f(request.clone()), None)?;
            match register::Response::parse(&reply) {
                Ok(made) => {
                    let made = made.into_credential(&application).map_err(|_| EnrolError::Malformed)?;
                    let client_data_hash = *client_data.hash();
                    return Ok(Attestation { made, client_data_hash, enterprise_requested: false });
                }
                Err(ReplyError::Status(StatusWord::CONDITIONS_NOT_SATISFIED)) => {
                    self.tell(Notice::TouchKey);
                    self.pause(key)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits until the key is to be asked again.
    fn pause(&mut self, key: KeyId) -> Result<(), EnrolError> {
        let until = self.fleet.now().saturating_add(U2F_POLL).min(self.deadline);
        loop {
            match self.fleet.next(until) {
                Event::Elapsed if self.fleet.now() >= self.deadline => return Err(EnrolError::NoTouch),
                Event::Elapsed => return Ok(()),
                Event::Lost(from, Loss::Unplugged) if from == key => return Err(EnrolError::Unplugged),
                Event::Lost(from, loss) if from == key => return Err(EnrolError::KeyUnusable(loss)),
                Event::Interrupted => return Err(EnrolError::Interrupted),
                Event::Opened(other) => self.fleet.release(other),
                Event::Reply(..) | Event::UserPresenceNeeded(_) | Event::Busy(_) | Event::Lost(..) => {}
            }
        }
    }
}

impl From<ReplyError> for EnrolError {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::Status(status) => Self::RefusedU2f(status),
            ReplyError::Malformed(_) => Self::Malformed,
        }
    }
}
