//! What may begin next, seen over all keys.

use super::super::steps::grace_period;
use super::{
    CUE_DELAY, Candidate, Ceremony, KeyError, KeyId, Method, Notice, Platform, Prompter, REMOVED,
    SignInError, Step, Wanted,
};
use std::time::Duration;

impl<W: Platform, P: Prompter> Ceremony<'_, W, P> {
    /// Begins what can begin, or ends the ceremony when nothing can come of it any more.
    pub(super) fn advance(&mut self) -> Result<(), SignInError> {
        // Who has been verified once need not be again for the same touch.
        for key in self.ready(|one| one.token.is_some() || one.method != Method::Pin) {
            self.begin_without_pin(key)?;
        }
        let for_pin = self.ready(|one| one.token.is_none() && one.method == Method::Pin);
        if for_pin.is_empty() {
            self.pin_ready_at = None;
        } else if self.is_settled() {
            self.begin_with_pin(&for_pin)?;
        }
        if self.candidates.is_empty() && self.pool.opening() == 0 { self.wait_for_a_key() } else { Ok(()) }
    }

    /// The next time that something is to be done although no key says anything.
    pub(super) fn wake_at(&self) -> Duration {
        let mut wake_at = self.deadline;
        if self.candidates.is_empty() && self.pool.opening() == 0 {
            wake_at = wake_at.min(self.wait_until);
        }
        if let Some(ready_at) = self.pin_ready_at {
            wake_at = wake_at.min(self.settled_at(ready_at));
        }
        for candidate in self.candidates.values() {
            let at = match &candidate.step {
                Step::Touching { cue_at } => *cue_at,
                Step::Pausing { until } => Some(*until),
                Step::Verifying(flow) => flow.resume_at(),
                Step::Identifying
                | Step::Searching
                | Step::Ready
                | Step::Choosing
                | Step::Collecting { .. } => None,
            };
            wake_at = at.map_or(wake_at, |at| wake_at.min(at));
        }
        wake_at
    }

    /// [`wake_at`](Self::wake_at) has come.
    pub(super) fn on_elapsed(&mut self) -> Result<(), SignInError> {
        let now = self.pool.now();
        if now >= self.deadline {
            return Err(self.out_of_time());
        }
        let mut cue = false;
        let mut resumed = Vec::new();
        for (key, candidate) in self.candidates.iter_mut() {
            match &candidate.step {
                Step::Verifying(flow) if flow.resume_at().is_some_and(|at| now >= at) => resumed.push(key),
                Step::Touching { cue_at: Some(at) } if now >= *at => {
                    candidate.step = Step::Touching { cue_at: None };
                    cue = true;
                }
                Step::Pausing { until } if now >= *until => candidate.step = Step::Ready,
                _ => {}
            }
        }
        if cue {
            self.tell_to_touch();
        }
        resumed.into_iter().try_for_each(|key| self.resume_token(key))
    }

    /// A key waits for a touch. Beside others whose PIN is asked for next, the person is told once that they have the choice.
    pub(super) fn tell_to_touch(&mut self) {
        let choice = self.chosen.is_none()
            && self.candidates.values().any(|one| one.holds_passkey() && one.method == Method::Pin);
        self.tell(if choice { Notice::TouchToChoose } else { Notice::TouchKey });
    }

    /// The key says that it waits for a touch.
    pub(super) fn cue(&mut self, key: KeyId) {
        if let Some(Candidate { step: Step::Touching { cue_at }, .. }) = self.candidates.get_mut(key)
            && cue_at.take().is_some()
        {
            self.tell_to_touch();
        }
    }

    fn out_of_time(&mut self) -> SignInError {
        let waits = |(key, candidate): &(KeyId, &Candidate<'_>)| {
            candidate.waits_for_person() && self.pool.stall(*key) != Some(KeyError::Busy)
        };
        let waiting = self.candidates.iter().find(waits).map(|(key, _)| key);
        if let Some(key) = waiting {
            self.decide_by(key);
            return SignInError::NoTouch;
        }
        match (self.failure.filter(|failure| *failure != REMOVED), self.pool.stalled()) {
            (None, Some((key, loss))) => {
                self.decide_by(key);
                if loss == KeyError::Busy { SignInError::KeyBusy } else { SignInError::KeyUnusable(loss) }
            }
            (Some(_), _) | (None, None) => self.nothing_found(),
        }
    }

    fn nothing_found(&self) -> SignInError {
        match self.failure {
            Some(failure) => failure,
            None if self.pool.is_any_busy() => SignInError::KeyBusy,
            None if self.saw_foreign_key && self.pool.count() > 0 => match self.request.wanted {
                Wanted::Passkeys(_) => SignInError::ForeignKeys,
                Wanted::Anyone { .. } => SignInError::NothingDiscoverable,
            },
            None => SignInError::NoKey,
        }
    }

    /// No key is left that could still sign in.
    fn wait_for_a_key(&mut self) -> Result<(), SignInError> {
        // A key was used and it came to nothing: that is the answer, rather than a wait for another key.
        if self.failure.is_some_and(SignInError::is_final) || self.pool.now() >= self.wait_until {
            return Err(self.nothing_found());
        }
        if self.pool.count() > 0 {
            self.tell(Notice::NoPasskeyOnKeys);
        } else if !self.dialogue.was_told(&Notice::KeyRemoved) {
            self.tell(Notice::InsertKey);
        }
        Ok(())
    }

    fn ready(&self, which: impl Fn(&Candidate<'_>) -> bool) -> Vec<KeyId> {
        self.candidates
            .iter()
            .filter(|(_, candidate)| matches!(candidate.step, Step::Ready) && which(candidate))
            .map(|(key, _)| key)
            .collect()
    }

    fn begin_without_pin(&mut self, key: KeyId) -> Result<(), SignInError> {
        match self.candidates.get(key).filter(|one| one.token.is_none()).map(|one| one.method) {
            Some(Method::BuiltIn { token: true }) => self.begin_token(key, true),
            _ => self.begin_touch(key),
        }
    }

    /// Whether the keys that have not answered yet need not be waited for any longer.
    fn is_settled(&mut self) -> bool {
        let undecided = self.pool.opening() > 0 || self.candidates.values().any(Candidate::is_undecided);
        let now = self.pool.now();
        let ready_at = *self.pin_ready_at.get_or_insert(now);
        if undecided && now < self.settled_at(ready_at) {
            return false;
        }
        self.pin_ready_at = None;
        true
    }

    fn settled_at(&self, ready_at: Duration) -> Duration {
        let undecided = self.candidates.iter().filter(|(_, candidate)| candidate.is_undecided());
        grace_period::settled_at(&self.pool, ready_at, undecided.map(|(key, _)| key))
    }

    /// The keys `ready` need a PIN. One alone is asked for; of several, or beside keys that wait for a touch, the person first
    /// touches the one they mean.
    fn begin_with_pin(&mut self, ready: &[KeyId]) -> Result<(), SignInError> {
        if let Some(chosen) = self.chosen {
            if ready.contains(&chosen) {
                self.begin_token(chosen, false)?;
            }
            return Ok(());
        }
        if let [only] = ready
            && self.candidates.values().filter(|candidate| candidate.holds_passkey()).count() == 1
        {
            self.chosen = Some(*only);
            return self.begin_token(*only, false);
        }
        for key in ready {
            self.begin_choice(*key);
        }
        self.tell(Notice::TouchToChoose);
        Ok(())
    }

    /// When the touch is asked for at the latest, should the key not say before that it waits.
    pub(super) fn cue_at(&self) -> Duration {
        self.pool.now().saturating_add(CUE_DELAY)
    }

    /// Ends what needs a person on every other key, so that no key is locked and none overflows with keep-alives
    /// while the person types a PIN.
    pub(super) fn quieten_others(&mut self, key: KeyId) {
        let waiting: Vec<KeyId> = self
            .candidates
            .iter()
            .filter(|(other, candidate)| *other != key && candidate.waits_for_person())
            .map(|(other, _)| other)
            .collect();
        for other in waiting {
            self.pool.cancel(other);
            if let Some(candidate) = self.candidates.get_mut(other) {
                candidate.step = Step::Ready;
            }
        }
        self.pool.settle(super::QUIET);
    }
}
