//! The PIN, or the key's own sensor, by a pinUvAuthToken.

use super::super::keys::{KeyId, Message, Platform};
use super::super::prompter::{Authenticator, Notice, PinAnswer, PinPrompt, Prompter};
use super::super::steps::pin_uv_token::{
    KeyName, PinBudget, PinRules, PinUvTokenFlow, Progress, TokenError, TokenHost, TokenRequest,
    locked_notice,
};
use super::super::steps::timing::{QUIET, REPEAT_DELAY};
use super::super::steps::uv_method::{Impossible, Method};
use super::error::SignInError;
use super::state::{Candidate, Standing, State, Verifying};
use super::{Ceremony, Step, Wanted};
use crate::credential::Credential;
use ctap::client_pin::Permissions;
use std::time::Duration;

/// The ceremony as the flow for one of its keys sees it.
struct Host<'h, 'a, W: Platform, P: Prompter> {
    ceremony: &'h mut Ceremony<'a, W, P>,
    key: KeyId,
    authenticator: Authenticator,
    /// The passkey that it has proved to hold.
    proved: Option<&'a Credential>,
}

impl<W: Platform, P: Prompter> TokenHost for Host<'_, '_, W, P> {
    type Platform = W;

    fn platform(&mut self) -> &mut W {
        self.ceremony.pool.platform()
    }

    fn budget(&mut self) -> &mut PinBudget {
        &mut self.ceremony.budget
    }

    fn send(&mut self, message: Message, touch: bool) {
        if touch {
            self.ceremony.send(self.key, message, true);
        } else {
            // The person has selected this key, perhaps, and others wait for what comes of it.
            self.ceremony.pool.demand(self.key, message);
        }
    }

    fn tell(&mut self, notice: Notice) {
        // A key may blink already.
        let has_choice = notice == Notice::UseThisFingerprint && self.ceremony.waits_for_touch();
        self.ceremony.tell(if has_choice { Notice::TouchOrFingerprint } else { notice });
    }

    fn authenticator(&self) -> Authenticator {
        self.authenticator
    }

    fn key_name(&mut self) -> KeyName {
        self.ceremony.pool.look();
        self.ceremony.name_of(self.key, self.proved)
    }

    fn ask_pin(&mut self, prompt: &PinPrompt<'_>) -> PinAnswer {
        self.ceremony
            .with_the_person(self.key, |ceremony| ceremony.dialogue.prompter.ask_pin(prompt))
            .unwrap_or(PinAnswer::Interrupted)
    }
}

impl<'a, W: Platform, P: Prompter> Ceremony<'a, W, P> {
    /// Has a trusted key verify its user for a token.
    pub(super) fn begin_token(&mut self, key: KeyId, mut candidate: Candidate<'a>) -> Step {
        self.begin_person(&mut candidate);
        let rp_id = match self.request.wanted {
            Wanted::Anyone { rp_id, .. } => rp_id,
            Wanted::Passkeys(_) => candidate.rp_id().unwrap_or_default(),
        };
        let (Standing::Trusted(check), Some(info)) = (&candidate.standing, candidate.info()) else {
            self.dismiss(key);
            return Ok(None);
        };
        let by_sensor = check.method == Method::BuiltIn { token: true };
        let request = TokenRequest { permissions: Permissions::GA, rp_id, by_sensor };
        let rules = PinRules {
            forbidden: self.request.forbidden_pin,
            takes_recovery_code: self.request.takes_recovery_code,
        };
        let mut host = self.host(key, &candidate);
        let begun = PinUvTokenFlow::start(&check.trusted, info, &request, rules, &mut host);
        let Some((flow, progress)) = begun else {
            let passkey = check.trusted.proved();
            self.turn_away(key, passkey, SignInError::CannotVerifyUser(Impossible::NotSupported));
            return Ok(None);
        };
        self.follow(key, candidate, Verifying { flow, resume_at: None }, progress)
    }

    /// What prompts call the key, where another one could be meant: the name of its passkey, or, where it has proved none, its own and the
    /// device node, which no device can choose.
    fn name_of(&self, key: KeyId, proved: Option<&Credential>) -> KeyName {
        let Some(plugged) = self.pool.plugged(key) else { return KeyName::default() };
        let unproved = || format!("{} ({})", plugged.name, plugged.path.display());
        let called = || proved.map_or_else(unproved, |credential| credential.name.clone());
        let shown = (self.pool.count() > 1).then(called);
        KeyName { device: plugged.name.clone(), shown }
    }

    fn host(&mut self, key: KeyId, candidate: &Candidate<'a>) -> Host<'_, 'a, W, P> {
        Host { ceremony: self, key, authenticator: candidate.authenticator, proved: candidate.proved() }
    }

    pub(super) fn tell_sensor_locked(&mut self, key: KeyId, candidate: &Candidate<'a>) {
        let key = self.name_of(key, candidate.proved()).shown;
        self.tell(locked_notice(candidate.authenticator, key));
    }

    /// The reply to what the flow asked.
    pub(super) fn on_token_reply(
        &mut self,
        key: KeyId,
        candidate: Candidate<'a>,
        mut verifying: Verifying<'a>,
        payload: &[u8],
        took: Duration,
    ) -> Step {
        let mut host = self.host(key, &candidate);
        let progress = verifying.flow.on_reply(payload, took, &mut host);
        self.follow(key, candidate, verifying, progress)
    }

    /// The flow has made its pause.
    pub(super) fn resume_token(
        &mut self,
        key: KeyId,
        candidate: Candidate<'a>,
        mut verifying: Verifying<'a>,
    ) -> Step {
        verifying.resume_at = None;
        let mut host = self.host(key, &candidate);
        let progress = verifying.flow.resume(&mut host);
        self.follow(key, candidate, verifying, progress)
    }

    fn follow(
        &mut self,
        key: KeyId,
        mut candidate: Candidate<'a>,
        mut verifying: Verifying<'a>,
        progress: Progress,
    ) -> Step {
        match progress {
            Progress::Sent => self.set(key, State::Verifying(candidate, Box::new(verifying))),
            Progress::Pause => {
                verifying.resume_at = Some(self.pool.now().saturating_add(REPEAT_DELAY));
                self.set(key, State::Verifying(candidate, Box::new(verifying)));
            }
            Progress::Done(token, session) => {
                if let Standing::Trusted(check) = &mut candidate.standing {
                    check.token = Some(token);
                    check.agreement.agreed(*session);
                }
                self.begin_touch(key, candidate)?;
            }
            Progress::SensorGaveUp | Progress::SensorUnused => {
                let is_unused = matches!(progress, Progress::SensorUnused);
                // They have been at it already: the keys beside it have had their time.
                if candidate.is_this_computer() && (is_unused || verifying.flow.has_seen_finger()) {
                    self.computer_at = Some(self.pool.now());
                }
                if let Standing::Trusted(check) = &mut candidate.standing {
                    check.method = Method::Pin;
                }
                if !is_unused {
                    self.tell_sensor_locked(key, &candidate);
                }
                self.set(key, State::Ready(candidate));
            }
            Progress::Failed(error) => return self.on_no_token(key, &candidate, verifying, error),
        }
        Ok(None)
    }

    fn on_no_token(
        &mut self,
        key: KeyId,
        candidate: &Candidate<'a>,
        mut verifying: Verifying<'a>,
        error: TokenError,
    ) -> Step {
        if error == TokenError::Empty && candidate.is_this_computer() && self.offers_keys() {
            // They would rather use one of their keys.
            self.forget(key);
            self.pool.release(key);
            return Ok(None);
        }
        self.recovery_code = verifying.flow.take_recovery_code();
        self.note_wrong_pins(candidate, &verifying);
        let reason = match error {
            TokenError::Refused(ctap::Status::OTHER) => {
                SignInError::KeyUnusable(super::super::keys::KeyError::Stuck)
            }
            error => SignInError::Pin(error),
        };
        self.turn_away(key, candidate.proved(), reason);
        match error {
            // The person's decision, or no person to ask: other keys do not change that.
            TokenError::Empty
            | TokenError::Unavailable
            | TokenError::Interrupted
            | TokenError::NeverAPin
            | TokenError::RecoveryCode
            | TokenError::AttemptsUsedUp { .. }
            | TokenError::NoRandomness => Err(SignInError::Pin(error)),
            TokenError::PinLocked
            | TokenError::PinBlocked
            | TokenError::ThisComputerLocked
            | TokenError::PinMustChange
            | TokenError::PinNotSet
            | TokenError::SensorLocked
            | TokenError::Refused(_)
            | TokenError::Malformed => Ok(None),
        }
    }

    /// The last PIN that was typed for the key was wrong, if one was.
    pub(super) fn note_wrong_pins(&mut self, candidate: &Candidate<'a>, verifying: &Verifying<'a>) {
        if verifying.flow.wrong_pins() > 0 {
            self.pin_failed.extend(candidate.asked().into_iter().map(|credential| credential.id.clone()));
        }
    }

    /// Lets the person answer a question about one key; `None` if they had given up before it. The time they take does not count,
    /// and no key is locked or blinks meanwhile.
    pub(super) fn with_the_person<T>(&mut self, key: KeyId, ask: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.quieten_others(key);
        self.pool.drain_cancelled(QUIET);
        if self.pool.is_interrupted() {
            return None;
        }
        let asked_at = self.pool.now();
        let answer = ask(self);
        // Whatever was told before the question may be told again after it.
        self.dialogue.move_on();
        self.clock.stop_for(self.pool.now().saturating_sub(asked_at));
        Some(answer)
    }
}
