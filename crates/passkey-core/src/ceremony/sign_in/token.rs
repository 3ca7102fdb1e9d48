//! The PIN, or the key's own sensor, by a pinUvAuthToken.

use super::{
    Candidate, Ceremony, Impossible, KeyId, Message, Next, Permissions, PinRules, PinUvTokenFlow, Platform,
    Prompter, REPEAT_DELAY, SignInError, Step, TokenError,
};

impl<W: Platform, P: Prompter> Ceremony<'_, W, P> {
    /// Starts getting a token from one key.
    pub(super) fn begin_token(&mut self, key: KeyId, by_sensor: bool) -> Result<(), SignInError> {
        let name = self.pool.plugged(key).map_or_else(String::new, |key| key.name.clone());
        let Some(candidate) = self.candidates.get(key) else { return Ok(()) };
        let (Some(info), Some(rp_id)) = (candidate.info(), self.rp_id_for(candidate)) else { return Ok(()) };
        let rules = PinRules {
            attempts: self.request.policy.pin_attempts,
            forbidden: self.request.forbidden_pin,
            takes_recovery_code: self.request.takes_recovery_code,
        };
        let Some((mut flow, next)) =
            PinUvTokenFlow::start(&name, info, Permissions::GA, rp_id, by_sensor, rules)
        else {
            self.turn_away(key, SignInError::CannotVerifyUser(Impossible::NotSupported));
            return Ok(());
        };
        flow.count_from(self.questions);
        if let Some(candidate) = self.candidates.get_mut(key) {
            candidate.step = Step::Verifying(Box::new(flow));
        }
        self.follow(key, next)
    }

    /// The reply to what the token flow asked.
    pub(super) fn on_token_reply(&mut self, key: KeyId, payload: &[u8]) -> Result<(), SignInError> {
        let Some(Candidate { step: Step::Verifying(flow), .. }) = self.candidates.get_mut(key) else {
            return Ok(());
        };
        let next = flow.on_reply(payload, self.pool.platform(), self.dialogue.person);
        self.follow(key, next)
    }

    /// The token flow has made its pause.
    pub(super) fn resume_token(&mut self, key: KeyId) -> Result<(), SignInError> {
        let Some(Candidate { step: Step::Verifying(flow), .. }) = self.candidates.get_mut(key) else {
            return Ok(());
        };
        let next = flow.resume(self.dialogue.person);
        self.follow(key, next)
    }

    /// Does what the token flow says.
    fn follow(&mut self, key: KeyId, mut next: Next) -> Result<(), SignInError> {
        if matches!(next, Next::Ask) {
            next = self.ask(key);
        }
        match next {
            Next::Send { payload, touch: true } => {
                self.send(key, Message::ctap2(payload), true);
                Ok(())
            }
            // The person has chosen this key, perhaps, and others wait for what comes of it.
            Next::Send { payload, touch: false } => {
                self.pool.demand(key, Message::ctap2(payload));
                Ok(())
            }
            Next::Later => {
                let until = self.pool.now().saturating_add(REPEAT_DELAY);
                if let Some(Candidate { step: Step::Verifying(flow), .. }) = self.candidates.get_mut(key) {
                    flow.pause_until(until);
                }
                Ok(())
            }
            Next::Ask => Ok(()),
            Next::Done(token) => {
                let Some(candidate) = self.candidates.get_mut(key) else { return Ok(()) };
                if let Step::Verifying(flow) = &candidate.step {
                    candidate.token = Some((flow.protocol(), token));
                }
                self.begin_touch(key)
            }
            Next::Failed(error) => self.on_no_token(key, error),
        }
    }

    /// Asks the person for the PIN. The time that they take does not count.
    fn ask(&mut self, key: KeyId) -> Next {
        self.with_the_person(key, |ceremony| {
            let Some(Candidate { step: Step::Verifying(flow), .. }) = ceremony.candidates.get_mut(key) else {
                return Next::Ask;
            };
            let next = flow.ask(ceremony.pool.platform(), ceremony.dialogue.person);
            ceremony.questions = flow.questions();
            next
        })
        .unwrap_or(Next::Failed(TokenError::Interrupted))
    }

    fn on_no_token(&mut self, key: KeyId, error: TokenError) -> Result<(), SignInError> {
        if let Some(Candidate { step: Step::Verifying(flow), .. }) = self.candidates.get_mut(key) {
            self.recovery_code = flow.take_recovery_code();
        }
        self.remember_wrong_pin(key);
        self.turn_away(key, SignInError::Pin(error));
        match error {
            // The person's word, or nobody to ask: no other key changes that.
            TokenError::Empty
            | TokenError::Unavailable
            | TokenError::Interrupted
            | TokenError::NeverAPin
            | TokenError::RecoveryCode
            | TokenError::AttemptsUsedUp { .. }
            | TokenError::NoRandomness => Err(SignInError::Pin(error)),
            TokenError::PinLocked
            | TokenError::PinBlocked
            | TokenError::PinMustChange
            | TokenError::PinNotSet
            | TokenError::SensorLocked
            | TokenError::Refused(_)
            | TokenError::Malformed => Ok(()),
        }
    }

    /// Notes that the last PIN typed for the key's passkeys was wrong, if one was typed.
    fn remember_wrong_pin(&mut self, key: KeyId) {
        let Some(candidate) = self.candidates.get(key) else { return };
        let Step::Verifying(flow) = &candidate.step else { return };
        let Some(batch) = candidate.batches.front() else { return };
        if flow.wrong_pins() > 0 {
            let ids = self.in_batch(batch).into_iter().map(|credential| credential.id.clone());
            self.pin_failed.extend(ids.collect::<Vec<_>>());
        }
    }
}
