//! The assertion proper: the touch, or the finger on the sensor, and what the key signed.

use super::{
    AssertionFacts, AssertionRequest, Ceremony, KeyId, Method, NoRandomness, Notice, Passkey, Platform,
    Prompter, Protocol, REPEAT_DELAY, ReplyError, Requirements, SignInError, Status, Step, TokenError,
    UserPresence, UserVerification, Verified, VerifyError, Wanted, get_assertion, uv_method, verify,
};
use ctap::u2f::authenticate::Control;

/// Fingerprints that may fail on a key without tokens before its PIN is asked for.
const SENSOR_TRIES: u8 = 3;

impl<W: Platform, P: Prompter> Ceremony<'_, W, P> {
    /// Asks for an assertion by one of the candidate's first batch, or by whatever discoverable passkey there is.
    pub(super) fn request_assertion(&mut self, key: KeyId, touch: bool) -> Result<(), SignInError> {
        let Some(candidate) = self.candidates.get(key) else { return Ok(()) };
        let asked = candidate.batches.front().map_or_else(Vec::new, |batch| self.in_batch(batch));
        let presence = if touch {
            let uv = candidate.method == Method::BuiltIn { token: false };
            UserPresence::Touch { uv, token: candidate.token.as_ref() }
        } else {
            UserPresence::Silent
        };
        let platform = self.pool.platform();
        let question = match (&candidate.protocol, self.request.wanted, asked.first()) {
            (_, Wanted::Anyone { rp_id, .. }, _) => {
                AssertionRequest::discover(rp_id, presence, platform).map(Some)
            }
            (Some(Protocol::U2f), Wanted::Passkeys(_), Some(first)) => {
                let control = if touch { Control::EnforceUserPresence } else { Control::CheckOnly };
                AssertionRequest::u2f(first, control, platform)
            }
            (_, Wanted::Passkeys(_), _) => AssertionRequest::new(asked, presence, platform),
        };
        let Some((question, message)) = question.map_err(|NoRandomness| SignInError::NoRandomness)? else {
            return Ok(());
        };
        // A U2F key answers at once; its person is waited for by asking again.
        let waits = touch && !matches!(candidate.protocol, Some(Protocol::U2f));
        if let Some(candidate) = self.candidates.get_mut(key) {
            candidate.question = Some(question);
        }
        self.send(key, message, waits);
        Ok(())
    }

    /// Asks one key for the assertion proper.
    pub(super) fn begin_touch(&mut self, key: KeyId) -> Result<(), SignInError> {
        let cue_at = self.cue_at();
        let Some(candidate) = self.candidates.get_mut(key) else { return Ok(()) };
        let by_sensor = candidate.method == Method::BuiltIn { token: false };
        candidate.step = Step::Touching { cue_at: (!by_sensor).then_some(cue_at) };
        if by_sensor {
            self.tell(Notice::UseFingerprint);
        }
        self.request_assertion(key, true)
    }

    /// The reply to the assertion proper.
    pub(super) fn on_assertion(
        &mut self,
        key: KeyId,
        payload: &[u8],
    ) -> Result<Option<Verified>, SignInError> {
        let response = match get_assertion::Response::parse(payload) {
            Ok(response) => response,
            Err(ReplyError::Status(status)) => return self.on_no_assertion(key, status).map(|()| None),
            Err(error) => {
                self.turn_away(key, error.into());
                return Ok(None);
            }
        };
        match self.request.wanted {
            Wanted::Passkeys(passkeys) => Ok(self.on_signed(key, passkeys, &response)),
            Wanted::Anyone { directory, .. } => self.on_discovered(key, directory, &response),
        }
    }

    /// Verifies and judges what the key signed; the proof if it is one.
    pub(super) fn on_signed(
        &mut self,
        key: KeyId,
        passkeys: &[Passkey<'_>],
        response: &get_assertion::Response,
    ) -> Option<Verified> {
        let question = self.question(key)?;
        let judged = question.verify(response).and_then(|facts| {
            let known = passkeys.iter().find(|known| known.credential.id == facts.credential().id);
            self.judge(&facts, known.and_then(|known| known.sign_count))
        });
        match judged {
            Ok(verified) => {
                self.decide_by(key);
                Some(verified)
            }
            Err(error) => {
                self.turn_away(key, SignInError::Rejected(error));
                None
            }
        }
    }

    /// Holds what the signature says against what policy asks.
    pub(super) fn judge(
        &self,
        facts: &AssertionFacts<'_>,
        stored_sign_count: Option<u32>,
    ) -> Result<Verified, VerifyError> {
        let user_verification = match self.request.policy.verification {
            UserVerification::Required => verify::UserVerification::Required,
            UserVerification::Preferred | UserVerification::Discouraged => {
                verify::UserVerification::NotRequired
            }
        };
        let counter = self.request.policy.counter;
        verify::judge(facts, &Requirements { user_verification, stored_sign_count, counter })
    }

    /// The key refuses to sign, with a status that may leave a way on.
    fn on_no_assertion(&mut self, key: KeyId, status: Status) -> Result<(), SignInError> {
        let until = self.pool.now().saturating_add(REPEAT_DELAY);
        let Some(candidate) = self.candidates.get_mut(key) else { return Ok(()) };
        match status {
            Status::NO_CREDENTIALS | Status::INVALID_CREDENTIAL => self.try_next_batch(key),
            Status::USER_ACTION_TIMEOUT | Status::ACTION_TIMEOUT | Status::UP_REQUIRED => {
                candidate.step = Step::Pausing { until };
                Ok(())
            }
            Status::UV_INVALID | Status::UV_BLOCKED | Status::OPERATION_DENIED
                if candidate.method == Method::BuiltIn { token: false } =>
            {
                self.on_sensor_failed(key, status);
                Ok(())
            }
            // It wants its user verified after all.
            Status::PUAT_REQUIRED | Status::UV_INVALID if candidate.token.is_none() => {
                let Some(info) = candidate.info() else { return Ok(()) };
                match uv_method::choose(UserVerification::Required, info, true) {
                    Ok(method) if method != candidate.method => {
                        candidate.method = method;
                        candidate.step = Step::Ready;
                    }
                    Ok(_) => self.turn_away(key, SignInError::Refused(status)),
                    Err(impossible) => self.turn_away(key, SignInError::CannotVerifyUser(impossible)),
                }
                Ok(())
            }
            Status::OPERATION_DENIED => {
                self.turn_away(key, SignInError::Declined);
                Ok(())
            }
            status => {
                self.turn_away(key, SignInError::Refused(status));
                Ok(())
            }
        }
    }

    /// It holds nothing of its first batch after all.
    pub(super) fn try_next_batch(&mut self, key: KeyId) -> Result<(), SignInError> {
        if let Wanted::Anyone { .. } = self.request.wanted {
            self.turn_away(key, SignInError::NothingDiscoverable);
            return Ok(());
        }
        let Some(candidate) = self.candidates.get_mut(key) else { return Ok(()) };
        candidate.batches.pop_front();
        if candidate.batches.is_empty() {
            self.dismiss(key);
            return Ok(());
        }
        self.begin_touch(key)
    }

    /// A fingerprint was not recognised by a key without tokens: once more, or the PIN.
    fn on_sensor_failed(&mut self, key: KeyId, status: Status) {
        let until = self.pool.now().saturating_add(REPEAT_DELAY);
        let Some(candidate) = self.candidates.get_mut(key) else { return };
        candidate.sensor_failures = candidate.sensor_failures.saturating_add(1);
        if status != Status::UV_BLOCKED && candidate.sensor_failures < SENSOR_TRIES {
            candidate.step = Step::Pausing { until };
            return self.tell(Notice::FingerprintAgain { left: None });
        }
        match candidate.info().map(uv_method::pin) {
            Some(Ok(method)) => {
                candidate.method = method;
                candidate.step = Step::Ready;
                self.tell(Notice::FingerprintLocked);
            }
            _ => self.turn_away(key, SignInError::Pin(TokenError::SensorLocked)),
        }
    }
}
