//! Enrolling on a key that speaks U2F alone (FIDO U2F Raw Message Formats §4).

use super::super::keys::{Message, fits_u2f};
use super::{
    Algorithm, AssertionRequest, Attestation, Ceremony, ClientData, EnrolError, Impossible, KeyFailure,
    KeyId, NoRandomness, Notice, Platform, Prompter, UserVerification,
};
use ctap::u2f::{ReplyError, StatusWord, authenticate, register};
use sha2::{Digest as _, Sha256};

impl<W: Platform, P: Prompter> Ceremony<'_, W, P> {
    /// Asks the key for each of the user's passkeys that it could have made, before anything is asked of the person.
    pub(super) fn refuse_u2f_duplicate(&mut self, key: KeyId) -> Result<(), EnrolError> {
        for credential in self.enrolment.existing.iter().filter(|credential| fits_u2f(credential)) {
            let question = AssertionRequest::u2f(
                credential,
                authenticate::Control::CheckOnly,
                self.single.pool.platform(),
            );
            let Some((_, message)) = question.map_err(|NoRandomness| EnrolError::NoRandomness)? else {
                continue;
            };
            let reply = self.single.exchange(key, message, None)?;
            // Any other answer says nothing that would be worse than a second passkey on the key.
            if let Ok(true) = authenticate::is_own(&reply.payload) {
                return Err(EnrolError::AlreadyEnrolled(Some(credential.name.clone())));
            }
        }
        Ok(())
    }

    /// Has the key make a credential. It answers at once and is asked again until it has been touched.
    pub(super) fn register(&mut self, key: KeyId) -> Result<Attestation, EnrolError> {
        if self.enrolment.verification == UserVerification::Required {
            return Err(EnrolError::CannotVerifyUser(Impossible::U2fOnly));
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
            let reply = self.single.exchange(key, Message::u2f(request.clone()), None)?;
            match register::Response::parse(&reply.payload) {
                Ok(made) => {
                    let made = made.into_credential(&application).map_err(|_| KeyFailure::Malformed)?;
                    let client_data_hash = *client_data.hash();
                    return Ok(Attestation { made, client_data_hash, enterprise_requested: false });
                }
                Err(ReplyError::Status(StatusWord::CONDITIONS_NOT_SATISFIED)) => {
                    self.single.dialogue.tell(Notice::TouchKey);
                    self.single.pause_for_u2f(key)?;
                }
                Err(error) => return Err(KeyFailure::from(error).into()),
            }
        }
    }
}
