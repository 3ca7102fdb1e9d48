//! Keys that speak U2F alone (CTAP1): one passkey at a time, a touch and nothing more (FIDO U2F Raw Message Formats §5).

use super::super::keys::{U2F_POLL, fits_u2f};
use super::{
    AllowListBatch, Candidate, Ceremony, Impossible, KeyId, Platform, Prompter, Protocol, SignInError,
    StatusWord, Step, UserVerification, Verified, Wanted,
};
use ctap::u2f::{ReplyError, authenticate};

impl<W: Platform, P: Prompter> Ceremony<'_, W, P> {
    /// Asks a U2F key for the passkeys that it could have made, one after the other.
    pub(super) fn identify_u2f(&mut self, key: KeyId) -> Result<(), SignInError> {
        let mut candidate = Candidate::new();
        candidate.protocol = Some(Protocol::U2f);
        candidate.batches = (0..self.credentials.len())
            .filter(|index| self.credentials.get(*index).is_some_and(|credential| fits_u2f(credential)))
            .map(|index| AllowListBatch(vec![index]))
            .collect();
        // It matters only if the key holds a passkey.
        candidate.impossible =
            (self.request.policy.verification == UserVerification::Required).then_some(Impossible::U2fOnly);
        let at_once =
            self.pool.count() == 1 && candidate.batches.len() == 1 && candidate.impossible.is_none();
        self.candidates.insert(key, candidate);
        if at_once { self.begin_touch(key) } else { self.search(key) }
    }

    /// The reply to "is this yours?".
    pub(super) fn on_u2f_found(&mut self, key: KeyId, payload: &[u8]) -> Result<(), SignInError> {
        match authenticate::is_own(payload) {
            Ok(true) => self.found(key),
            Ok(false) => {
                if let Some(candidate) = self.candidates.get_mut(key) {
                    candidate.batches.pop_front();
                }
                return self.search(key);
            }
            Err(error) => self.turn_away(key, error.into()),
        }
        Ok(())
    }

    /// The reply to the request for a signature: the signature, or that nobody has touched the key yet.
    pub(super) fn on_u2f_assertion(
        &mut self,
        key: KeyId,
        payload: &[u8],
    ) -> Result<Option<Verified>, SignInError> {
        let Some(question) = self.question(key) else { return Ok(None) };
        match (question.u2f_reply(payload), self.request.wanted) {
            (Ok(response), Wanted::Passkeys(passkeys)) => return Ok(self.on_signed(key, passkeys, &response)),
            (Err(ReplyError::Status(StatusWord::CONDITIONS_NOT_SATISFIED)), _) => {
                let until = self.pool.now().saturating_add(U2F_POLL);
                if let Some(candidate) = self.candidates.get_mut(key) {
                    candidate.step = Step::Pausing { until };
                }
                self.tell_to_touch();
            }
            (Err(ReplyError::Status(StatusWord::WRONG_DATA | StatusWord::WRONG_LENGTH)), _) => {
                self.try_next_batch(key)?;
            }
            (Err(error), _) => self.turn_away(key, error.into()),
            // U2F knows no discoverable passkeys, and such a key was let go at once.
            (Ok(_), Wanted::Anyone { .. }) => self.dismiss(key),
        }
        Ok(None)
    }
}

impl From<ReplyError> for SignInError {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::Status(status) => Self::RefusedU2f(status),
            ReplyError::Malformed(_) => Self::Malformed,
        }
    }
}
