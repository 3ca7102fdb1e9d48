//! Whether a key holds one of the passkeys, found out without a touch.
//!
//! Only a signature that verifies is a yes, and only "no credentials" is a no. Whatever else an unproven key answers means neither, ends
//! nothing, and earns it no more than a touch.

use super::super::keys::{KeyError, KeyId, Platform, Protocol, fits_u2f};
use super::super::prompter::{Authenticator, Prompter};
use super::super::standing::{ModelClaim, Proved, Trusted};
use super::super::steps::allow_list::{self, AllowListBatch};
use super::super::steps::assertion::{AssertionRequest, UserPresence};
use super::super::steps::timing::OWN_TIMEOUT;
use super::super::steps::uv_method::{self, Impossible, Method};
use super::error::SignInError;
use super::state::{Candidate, Claim, PreFlight, Standing, State, UserCheck};
use super::{Ceremony, Step, Wanted};
use crate::config::UserVerification;
use crate::credential::Credential;
use crate::verify::{AssertionFacts, VerifyError};
use ctap::u2f::authenticate::{self, Control};
use ctap::{Aaguid, Info, ReplyError, Status, get_assertion};
use std::collections::VecDeque;
use std::time::Duration;

/// What one reply says of the passkeys that were asked for.
enum Answer<'a> {
    /// It holds one.
    Yes(AssertionFacts<'a>),
    /// It is a U2F key that says it holds this one.
    U2fClaim,
    /// It has said so, and does not sign without a touch.
    U2fUnproved,
    /// It holds none of them.
    No,
    /// It takes less than it said.
    TooLong,
    /// It waited for a touch in vain.
    Again,
    /// Neither yes nor no.
    Neither,
    /// It claims to hold one, and what it signed is nonsense.
    Lie,
    /// It names one whose public key on file is not usable.
    UnusablePublicKey,
}

impl<'a, W: Platform, P: Prompter> Ceremony<'a, W, P> {
    /// What the key says of itself decides what it is asked next.
    pub(super) fn on_info(&mut self, key: KeyId, payload: &[u8]) -> Step {
        let Ok(protocol) = Protocol::by_info(payload, self.pool.speaks_u2f(key)) else {
            self.set_aside(key, KeyError::Stuck);
            return Ok(None);
        };
        self.identified(key, protocol)
    }

    /// It is known what the key speaks.
    pub(super) fn identified(&mut self, key: KeyId, protocol: Protocol) -> Step {
        if let Wanted::Anyone { .. } = self.request.wanted {
            self.discover(key, protocol);
            return Ok(None);
        }
        if Authenticator::of(self.pool.attachment(key), protocol.info()) == Authenticator::Guiding {
            self.admit_guiding(key, protocol);
            return Ok(None);
        }
        let credentials = self.credentials_for(key);
        let batches: VecDeque<AllowListBatch<'a>> = match &protocol {
            Protocol::Ctap2(info) => allow_list::cut(&credentials, info).into(),
            // One at a time (FIDO U2F Raw Message Formats §5).
            Protocol::U2f => credentials
                .iter()
                .filter(|credential| fits_u2f(credential))
                .map(|credential| AllowListBatch(vec![credential]))
                .collect(),
        };
        let wants_touch_only = match &protocol {
            Protocol::Ctap2(info) => {
                let insists = credentials.iter().any(|one| one.insists_on_user_verification());
                let method = uv_method::choose(self.request.policy.verification, info, insists);
                !insists && method == Ok(Method::None)
            }
            Protocol::U2f => self.request.policy.verification != UserVerification::Required,
        };
        // Nothing to ask for but a touch, and no other key that could be meant.
        if wants_touch_only && self.pool.count_all() == 1 && batches.len() == 1 && !self.awaits_invitation {
            let candidate = Candidate::new(self.pool.attachment(key), protocol, batches, Standing::NotAsked);
            self.set(key, State::Ready(candidate));
            return Ok(None);
        }
        let pre_flight = PreFlight::new(protocol, batches, self.pool.now());
        self.ask_silently(key, pre_flight)
    }

    /// The passkeys that can be on this key.
    pub(super) fn credentials_for(&self, key: KeyId) -> Vec<&'a Credential> {
        self.pool.attachment(key).may_hold(&self.credentials)
    }

    /// Asks for the first of the lists; past the last one what was answered is judged.
    pub(super) fn ask_silently(&mut self, key: KeyId, mut pre_flight: PreFlight<'a>) -> Step {
        while let Some(batch) = pre_flight.batches.front() {
            let platform = self.pool.platform();
            let question = match (&pre_flight.protocol, batch.0.first()) {
                (Protocol::U2f, Some(first)) => {
                    let control = if pre_flight.proves_u2f {
                        Control::DontEnforceUserPresence
                    } else {
                        Control::CheckOnly
                    };
                    AssertionRequest::u2f(first, control, platform)?
                }
                (_, _) => AssertionRequest::new(batch.0.clone(), UserPresence::Silent, platform)?,
            };
            if let Some((request, message)) = question {
                pre_flight.request = Some(request);
                self.set(key, State::PreFlight(pre_flight));
                self.send(key, message, false);
                return Ok(None);
            }
            pre_flight.batches.pop_front();
        }
        self.on_asked_for_all(key, pre_flight)
    }

    /// The reply to the silent request.
    pub(super) fn on_pre_flight(
        &mut self,
        key: KeyId,
        mut pre_flight: PreFlight<'a>,
        payload: &[u8],
        took: Duration,
    ) -> Step {
        pre_flight.answered = pre_flight.answered.saturating_add(1);
        pre_flight.answered_at = self.pool.now();
        pre_flight.blinks = false;
        match answer(&pre_flight, payload, took) {
            Answer::Yes(facts) => return self.on_proved(key, pre_flight, &facts),
            Answer::U2fClaim => pre_flight.proves_u2f = true,
            Answer::U2fUnproved => {
                self.on_u2f_unproved(key, pre_flight);
                return Ok(None);
            }
            Answer::Lie => {
                self.dismiss(key);
                return Ok(None);
            }
            Answer::Neither => return self.is_unanswered(key, pre_flight),
            Answer::UnusablePublicKey => {
                self.findings.remark(SignInError::Rejected(VerifyError::UnusablePublicKey));
                pre_flight.batches.pop_front();
            }
            Answer::No => {
                pre_flight.proves_u2f = false;
                pre_flight.batches.pop_front();
            }
            Answer::TooLong => {
                let halves = pre_flight.batches.pop_front().and_then(AllowListBatch::halves);
                for half in halves.into_iter().flatten().rev() {
                    pre_flight.batches.push_front(half);
                }
            }
            Answer::Again => {}
        }
        self.ask_silently(key, pre_flight)
    }

    /// The first list has been answered with neither yes nor no.
    pub(super) fn is_unanswered(&mut self, key: KeyId, mut pre_flight: PreFlight<'a>) -> Step {
        let batch = pre_flight.batches.pop_front();
        pre_flight.unanswered.extend(batch);
        self.ask_silently(key, pre_flight)
    }

    /// The key has signed for one of the passkeys.
    fn on_proved(&mut self, key: KeyId, pre_flight: PreFlight<'a>, facts: &AssertionFacts<'a>) -> Step {
        let credential = facts.credential();
        let silently = !facts.user_present();
        // It has been touched, although it was not asked for that: where a touch is enough, it was enough.
        if facts.user_present()
            && let Ok(verified) = self.judge(facts, self.stored_sign_count(credential))
        {
            self.decide_by(key, Some(credential));
            self.learn(credential, Some(silently));
            return Ok(Some(verified));
        }
        let trusted = Trusted::Proved(Proved::by(facts));
        let PreFlight { protocol, touched, .. } = pre_flight;
        let batches = VecDeque::from([AllowListBatch(vec![credential])]);
        if let Some(touched) = touched {
            let check = UserCheck::new(trusted, Method::None);
            let standing = Standing::Trusted(check);
            let candidate = Candidate::new(self.pool.attachment(key), protocol, batches, standing);
            return self.on_no_assertion(key, candidate, touched);
        }
        let method = match protocol.info() {
            Some(info) => self.method(info, trusted.insists()),
            None if self.request.policy.verification == UserVerification::Required => {
                Err(Impossible::U2fOnly)
            }
            None => Ok(Method::None),
        };
        match method {
            Ok(method) => {
                let standing = Standing::Trusted(UserCheck::new(trusted, method));
                let mut candidate = Candidate::new(self.pool.attachment(key), protocol, batches, standing);
                candidate.silently = Some(silently);
                self.set(key, State::Ready(candidate));
            }
            Err(impossible) => {
                self.turn_away(key, Some(credential), SignInError::CannotVerifyUser(impossible));
            }
        }
        Ok(None)
    }

    /// How the key shall verify its user.
    pub(super) fn method(&self, info: &Info, insists: bool) -> Result<Method, Impossible> {
        uv_method::choose(self.request.policy.verification, info, insists)
    }

    /// A U2F key says that it holds what is first in its lists, and shows it only when it is touched.
    fn on_u2f_unproved(&mut self, key: KeyId, mut pre_flight: PreFlight<'a>) {
        if self.request.policy.verification == UserVerification::Required {
            self.findings.remark(SignInError::CannotVerifyUser(Impossible::U2fOnly));
            return self.dismiss(key);
        }
        if let Some(batch) = pre_flight.batches.pop_front() {
            self.ask_for_touch(key, pre_flight.protocol, VecDeque::from([batch]));
        }
    }

    /// A touch is what tells more about an unproven key.
    fn ask_for_touch(&mut self, key: KeyId, protocol: Protocol, batches: VecDeque<AllowListBatch<'a>>) {
        let silently = protocol.info().map(|_| false);
        let mut candidate = Candidate::new(self.pool.attachment(key), protocol, batches, Standing::Undecided);
        candidate.silently = silently;
        self.set(key, State::Ready(candidate));
    }

    /// The key has not shown to hold any of the passkeys.
    fn on_asked_for_all(&mut self, key: KeyId, pre_flight: PreFlight<'a>) -> Step {
        let PreFlight { protocol, unanswered, touched, .. } = pre_flight;
        let Some(info) = protocol.info() else {
            self.dismiss(key);
            return Ok(None);
        };
        let hidden: Vec<&Credential> = unanswered.iter().flat_map(|batch| batch.0.iter().copied()).collect();
        let mut denied = self.credentials_for(key);
        denied.retain(|one| !hidden.contains(one));
        let claim = ModelClaim::of(hidden.iter().copied(), denied, info);
        match (claim, touched) {
            (None, None) if self.a_touch_may_tell(info, &hidden) => {
                self.ask_for_touch(key, protocol, unanswered);
            }
            // What has been touched, and did not sign, has had its chance, unless its model speaks for it.
            (None, None | Some(_)) => self.dismiss(key),
            (Some(claim), Some(touched)) => {
                let Some(vouched) = claim.alone(self.pool.count()) else {
                    self.dismiss(key);
                    return Ok(None);
                };
                let batches = allow_list::cut(claim.passkeys(), info).into();
                let standing = Standing::Trusted(UserCheck::new(Trusted::Vouched(vouched), Method::None));
                let mut candidate = Candidate::new(self.pool.attachment(key), protocol, batches, standing);
                candidate.silently = Some(false);
                return self.on_no_assertion(key, candidate, touched);
            }
            (Some(claim), None) => self.on_claimed(key, protocol, unanswered, claim),
        }
        Ok(None)
    }

    /// The key may hold passkeys that do not show themselves, going by its model.
    fn on_claimed(
        &mut self,
        key: KeyId,
        protocol: Protocol,
        unanswered: VecDeque<AllowListBatch<'a>>,
        claim: ModelClaim<'a>,
    ) {
        let Some(info) = protocol.info() else { return self.dismiss(key) };
        let insists = claim.passkeys().iter().any(|one| one.insists_on_user_verification());
        match self.method(info, insists) {
            Ok(Method::None) => self.ask_for_touch(key, protocol, unanswered),
            Ok(method) => {
                let batches = allow_list::cut(claim.passkeys(), info).into();
                let standing = match claim.of_service(self.pool.attachment(key)) {
                    Some(vouched) => Standing::Trusted(UserCheck::new(Trusted::Vouched(vouched), method)),
                    None => Standing::Claimed(Claim::Model(claim), method),
                };
                let mut candidate = Candidate::new(self.pool.attachment(key), protocol, batches, standing);
                candidate.silently = Some(false);
                self.set(key, State::Ready(candidate));
            }
            Err(impossible) => {
                self.findings.remark(SignInError::CannotVerifyUser(impossible));
                self.dismiss(key);
            }
        }
    }

    /// Whether an unproven key can be asked for a touch to some purpose: where no user verification is required, or where that is the only
    /// way to find out whose passkey it is, since nothing is on record of the key that made it.
    fn a_touch_may_tell(&self, info: &Info, unanswered: &[&Credential]) -> bool {
        let is_unknown = |one: &&Credential| one.answers_silently.is_none() && one.aaguid == Aaguid::ZERO;
        let required = self.request.policy.verification == UserVerification::Required;
        !unanswered.is_empty() && !info.options.always_uv && (!required || unanswered.iter().any(is_unknown))
    }

    pub(super) fn stored_sign_count(&self, credential: &Credential) -> Option<u32> {
        match self.request.wanted {
            Wanted::Passkeys(passkeys) => {
                passkeys.iter().find(|one| one.credential.id == credential.id).and_then(|one| one.sign_count)
            }
            Wanted::Anyone { .. } => None,
        }
    }
}

/// What the reply means.
fn answer<'a>(pre_flight: &PreFlight<'a>, payload: &[u8], took: Duration) -> Answer<'a> {
    let Some(request) = &pre_flight.request else { return Answer::Neither };
    if let Protocol::U2f = pre_flight.protocol {
        if pre_flight.proves_u2f {
            let facts = request.u2f_reply(payload).ok().map(|response| request.verify(&response));
            return match facts {
                Some(Ok(facts)) => Answer::Yes(facts),
                Some(Err(VerifyError::UnusablePublicKey)) => Answer::UnusablePublicKey,
                Some(Err(_)) => Answer::Lie,
                None => Answer::U2fUnproved,
            };
        }
        return match authenticate::is_own(payload) {
            Ok(true) => Answer::U2fClaim,
            Ok(false) | Err(_) => Answer::No,
        };
    }
    let status = match get_assertion::Response::parse(payload) {
        Ok(response) => {
            return match request.verify(&response) {
                Ok(facts) => Answer::Yes(facts),
                Err(VerifyError::UnusablePublicKey) => Answer::UnusablePublicKey,
                Err(_) => Answer::Lie,
            };
        }
        Err(ReplyError::Malformed(_)) => return Answer::Neither,
        Err(ReplyError::Status(status)) => status,
    };
    let is_long = pre_flight.batches.front().is_some_and(|batch| batch.0.len() > 1);
    match status {
        Status::NO_CREDENTIALS | Status::INVALID_CREDENTIAL => Answer::No,
        Status::LIMIT_EXCEEDED | Status::REQUEST_TOO_LARGE | Status::INVALID_LENGTH if is_long => {
            Answer::TooLong
        }
        Status::USER_ACTION_TIMEOUT | Status::ACTION_TIMEOUT | Status::OPERATION_DENIED
            if took >= OWN_TIMEOUT =>
        {
            Answer::Again
        }
        _ => Answer::Neither,
    }
}
