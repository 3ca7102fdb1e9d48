//! The assertion proper: the touch, or the finger on the sensor, and what the key signed.

use super::super::keys::{KeyId, Platform, Protocol};
use super::super::prompter::{Authenticator, Notice, Prompter};
use super::super::standing::{Proved, Trusted};
use super::super::steps::assertion::{AssertionRequest, UserPresence};
use super::super::steps::pin_uv_token::TokenError;
use super::super::steps::timing::{CUE_DELAY, OWN_TIMEOUT, REPEAT_DELAY, U2F_POLL};
use super::super::steps::uv_method::{self, Method};
use super::error::{Refusal, SignInError};
use super::state::{Candidate, PreFlight, Salted, Standing, State, Touching, UserCheck};
use super::{Ceremony, Step, Wanted};
use crate::config::UserVerification;
use crate::credential::Credential;
use crate::verify::{self, AssertionFacts, Requirements, Verified, VerifyError};
use ctap::u2f::authenticate::Control;
use ctap::u2f::{self, StatusWord};
use ctap::{ReplyError, Status, get_assertion};
use std::time::Duration;

/// Fingerprints that may fail on a key without tokens before its PIN is asked for.
const SENSOR_TRIES: u8 = 3;
/// Tokens that a key may refuse before it is given up.
const MAX_REFUSED_TOKENS: u8 = 2;

impl<'a, W: Platform, P: Prompter> Ceremony<'a, W, P> {
    /// Asks one key for the assertion proper.
    pub(super) fn begin_touch(
        &mut self,
        key: KeyId,
        mut candidate: Candidate<'a>,
    ) -> Result<(), SignInError> {
        self.begin_person(&mut candidate);
        let Some(mut candidate) = self.begin_agreement(key, candidate) else { return Ok(()) };
        let (salted, salts) = self.salts_for(&candidate)?.unzip();
        if let Standing::Trusted(check) = &mut candidate.standing {
            check.agreement.begins(salts.is_some());
        }
        let by_sensor = sensor(&candidate).is_some();
        let presence = match &candidate.standing {
            Standing::Trusted(check) if by_sensor || candidate.authenticator == Authenticator::Guiding => {
                UserPresence::Sensor(&check.trusted)
            }
            Standing::Trusted(check) => UserPresence::Touch(check.token.as_ref()),
            Standing::NotAsked | Standing::Undecided | Standing::Claimed(..) => UserPresence::Touch(None),
        };
        let platform = self.pool.platform();
        let mut asked = candidate.asked();
        if let Some(Salted { credential, .. }) =
            salted.filter(|salted| candidate.proved() == Some(salted.credential))
        {
            // A key that holds several of them is to choose none to which the salts do not belong.
            asked = vec![credential];
        }
        let question = match (&candidate.protocol, self.request.wanted, asked.first()) {
            (_, Wanted::Anyone { rp_id, .. }, _) => {
                Some(AssertionRequest::discover(rp_id, presence, platform)?)
            }
            (Protocol::U2f, Wanted::Passkeys(_), Some(first)) => {
                AssertionRequest::u2f(first, Control::EnforceUserPresence, platform)?
            }
            (_, Wanted::Passkeys(_), _) => {
                AssertionRequest::with_salts(asked, presence, salts.as_ref(), platform)?
            }
        };
        let Some((request, message)) = question else {
            self.dismiss(key);
            return Ok(());
        };
        // A U2F key answers at once; its person is waited for by asking again.
        let waits = candidate.info().is_some();
        let wants_touch = !by_sensor && candidate.is_touchable();
        let cue_at = wants_touch.then(|| self.pool.now().saturating_add(CUE_DELAY));
        self.set(key, State::Touching(candidate, Touching { request, salted, cue_at }));
        if by_sensor {
            self.tell(Notice::UseFingerprint);
        }
        self.send(key, message, waits);
        Ok(())
    }

    /// The reply to the assertion proper.
    pub(super) fn on_assertion(
        &mut self,
        key: KeyId,
        candidate: Candidate<'a>,
        touching: Touching<'a>,
        payload: &[u8],
        took: Duration,
    ) -> Step {
        let response = match candidate.protocol {
            Protocol::Ctap2(_) => get_assertion::Response::parse(payload).map_err(Refusal::from),
            Protocol::U2f => match touching.request.u2f_reply(payload) {
                Err(u2f::ReplyError::Status(StatusWord::CONDITIONS_NOT_SATISFIED)) => {
                    self.pause(key, candidate, U2F_POLL);
                    self.tell_to_touch();
                    return Ok(None);
                }
                reply => reply.map_err(Refusal::from),
            },
        };
        match (response, self.request.wanted) {
            (Ok(response), Wanted::Passkeys(_)) => self.on_signed(key, candidate, &touching, &response),
            (Ok(response), Wanted::Anyone { directory, .. }) => {
                self.on_discovered(key, candidate, touching.request, directory, &response)
            }
            // Asked again: the time was the key's own.
            (Err(Refusal::Status(Status::OPERATION_DENIED)), _) if took >= OWN_TIMEOUT => {
                self.pause(key, candidate, REPEAT_DELAY);
                Ok(None)
            }
            (Err(refusal), _) => self.on_no_assertion(key, candidate, refusal),
        }
    }

    /// Verifies and judges what the key signed; the proof if it is one.
    fn on_signed(
        &mut self,
        key: KeyId,
        candidate: Candidate<'a>,
        touching: &Touching<'a>,
        response: &get_assertion::Response,
    ) -> Step {
        let facts = match touching.request.verify(response) {
            Ok(facts) => facts,
            Err(error) => return self.on_no_assertion(key, candidate, Refusal::Invalid(error)),
        };
        let credential = facts.credential();
        match self.judge(&facts, self.stored_sign_count(credential)) {
            Ok(verified) => {
                self.decide_by(key, Some(credential));
                self.secret = self.secret(&candidate, touching, response, &verified);
                self.learn(credential, candidate.silently);
                Ok(Some(verified))
            }
            // There may be a copy of the passkey: no other key makes that good.
            Err(error @ VerifyError::CounterNotGreater(_)) => {
                self.decide_by(key, Some(credential));
                Err(SignInError::Rejected(error))
            }
            Err(VerifyError::UserNotVerified) if !candidate.is_trusted() => {
                self.on_proved_by_touch(key, candidate, &facts);
                Ok(None)
            }
            Err(error) => self.on_no_assertion(key, candidate, Refusal::Invalid(error)),
        }
    }

    /// A touch has proved what the key does not show without, and policy wants its user verified.
    fn on_proved_by_touch(&mut self, key: KeyId, mut candidate: Candidate<'a>, facts: &AssertionFacts<'a>) {
        let trusted = Trusted::Proved(Proved::by(facts));
        let method = candidate.info().map(|info| self.method(info, trusted.insists()));
        match method {
            Some(Ok(method)) => {
                candidate.standing = Standing::Trusted(UserCheck::new(trusted, method));
                self.set(key, State::Ready(candidate));
            }
            Some(Err(impossible)) => {
                self.turn_away(key, Some(facts.credential()), SignInError::CannotVerifyUser(impossible));
            }
            None => self.dismiss(key),
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

    /// Notes whether the passkey's key answers without a touch, unless that is on record. A key that has answered once and does not now
    /// stays one that does: the record is what keeps others from being taken for it.
    pub(super) fn learn(&mut self, credential: &Credential, silently: Option<bool>) {
        let news = match (credential.answers_silently, silently) {
            (None, Some(silently)) => Some(silently),
            (Some(false), Some(true)) => Some(true),
            (None | Some(_), None) | (Some(true), Some(_)) | (Some(false), Some(false)) => None,
        };
        self.answers_silently = news.map(|silently| (credential.id.clone(), silently));
    }

    /// The key gives no assertion that counts, with a word that may leave a way on.
    pub(super) fn on_no_assertion(&mut self, key: KeyId, candidate: Candidate<'a>, refusal: Refusal) -> Step {
        match (refusal, &candidate.standing) {
            (
                Refusal::Status(Status::NO_CREDENTIALS | Status::INVALID_CREDENTIAL)
                | Refusal::StatusWord(StatusWord::WRONG_DATA | StatusWord::WRONG_LENGTH),
                _,
            ) => self.on_not_held(key, candidate)?,
            (
                Refusal::Status(Status::USER_ACTION_TIMEOUT | Status::ACTION_TIMEOUT | Status::UP_REQUIRED),
                _,
            ) => self.pause(key, candidate, REPEAT_DELAY),
            // Nothing is known of it yet: it is asked without a touch whether it is the right one at all.
            (refusal, Standing::NotAsked) => {
                let Candidate { protocol, batches, .. } = candidate;
                let mut pre_flight = PreFlight::new(protocol, batches, self.pool.now());
                pre_flight.touched = Some(refusal);
                return self.ask_silently(key, pre_flight);
            }
            (_, Standing::Undecided | Standing::Claimed(..)) => self.on_not_held(key, candidate)?,
            (Refusal::Status(status), Standing::Trusted(_)) => self.on_trusted_status(key, candidate, status),
            (refusal, Standing::Trusted(_)) => self.on_trusted_refusal(key, candidate, refusal),
        }
        Ok(None)
    }

    /// A trusted key gives something else than a status.
    fn on_trusted_refusal(&mut self, key: KeyId, mut candidate: Candidate<'a>, refusal: Refusal) {
        let Standing::Trusted(check) = &mut candidate.standing else { return self.dismiss(key) };
        if refusal == Refusal::Malformed && check.agreement.give_up() {
            return self.set(key, State::Ready(candidate));
        }
        let passkey = check.trusted.proved();
        self.turn_away(key, passkey, refusal.of_trusted());
    }

    /// A trusted key refuses.
    fn on_trusted_status(&mut self, key: KeyId, mut candidate: Candidate<'a>, status: Status) {
        let by_sensor = sensor(&candidate).is_some();
        let info = candidate.info().cloned();
        let (Standing::Trusted(check), Some(info)) = (&mut candidate.standing, info) else {
            return self.dismiss(key);
        };
        let passkey = check.trusted.proved();
        match status {
            Status::UV_INVALID | Status::UV_BLOCKED | Status::OPERATION_DENIED if by_sensor => {
                self.on_sensor_failed(key, candidate, status);
            }
            // It may be the salts that it does not take, whatever it says but that its person has refused.
            status if status != Status::OPERATION_DENIED && check.agreement.give_up() => {
                self.set(key, State::Ready(candidate));
            }
            // The token has expired, or the key has lost it: its user is verified again.
            Status::PIN_AUTH_INVALID | Status::PIN_TOKEN_EXPIRED
                if check.token.is_some() && check.refused_tokens < MAX_REFUSED_TOKENS =>
            {
                check.token = None;
                check.refused_tokens = check.refused_tokens.saturating_add(1);
                self.set(key, State::Ready(candidate));
            }
            // It wants its user verified after all.
            Status::PUAT_REQUIRED | Status::UV_INVALID if check.token.is_none() => {
                match uv_method::choose(UserVerification::Required, &info, true) {
                    Ok(method) if method != check.method => {
                        check.method = method;
                        self.set(key, State::Ready(candidate));
                    }
                    Ok(_) => self.turn_away(key, passkey, SignInError::Refused(status)),
                    Err(impossible) => {
                        self.turn_away(key, passkey, SignInError::CannotVerifyUser(impossible));
                    }
                }
            }
            status => self.turn_away(key, passkey, Refusal::Status(status).of_trusted()),
        }
    }

    /// It holds nothing of its first list after all.
    fn on_not_held(&mut self, key: KeyId, mut candidate: Candidate<'a>) -> Result<(), SignInError> {
        if let Wanted::Anyone { .. } = self.request.wanted {
            if candidate.is_trusted() {
                self.turn_away(key, None, SignInError::NothingDiscoverable);
            } else {
                self.dismiss(key);
            }
            return Ok(());
        }
        candidate.batches.pop_front();
        if candidate.batches.is_empty() {
            self.dismiss(key);
            return Ok(());
        }
        self.begin_touch(key, candidate)
    }

    /// A fingerprint was not recognised by a key without tokens: once more, or the PIN.
    fn on_sensor_failed(&mut self, key: KeyId, mut candidate: Candidate<'a>, status: Status) {
        let pin = candidate.info().map(uv_method::pin);
        let Standing::Trusted(check) = &mut candidate.standing else { return self.dismiss(key) };
        check.sensor_failures = check.sensor_failures.saturating_add(1);
        if status != Status::UV_BLOCKED && check.sensor_failures < SENSOR_TRIES {
            self.pause(key, candidate, REPEAT_DELAY);
            return self.tell(Notice::FingerprintAgain { left: None });
        }
        if let Some(Ok(method)) = pin {
            check.method = method;
            self.tell_sensor_locked(key, &candidate);
            self.set(key, State::Ready(candidate));
        } else {
            let passkey = check.trusted.proved();
            self.turn_away(key, passkey, SignInError::Pin(TokenError::SensorLocked));
        }
    }

    /// Asks the key again in a moment.
    pub(super) fn pause(&mut self, key: KeyId, candidate: Candidate<'a>, time: Duration) {
        let until = self.pool.now().saturating_add(time);
        self.set(key, State::Pausing(candidate, until));
    }
}

/// A trusted key whose sensor is used by the `uv` option, without a token.
fn sensor<'c>(candidate: &'c Candidate<'_>) -> Option<&'c UserCheck<'c>> {
    match &candidate.standing {
        Standing::Trusted(check) if check.method == (Method::BuiltIn { token: false }) => Some(check),
        Standing::Trusted(_) | Standing::NotAsked | Standing::Undecided | Standing::Claimed(..) => None,
    }
}

impl From<VerifyError> for Refusal {
    fn from(error: VerifyError) -> Self {
        Self::Invalid(error)
    }
}

impl From<ReplyError> for SignInError {
    fn from(error: ReplyError) -> Self {
        Refusal::from(error).of_trusted()
    }
}
