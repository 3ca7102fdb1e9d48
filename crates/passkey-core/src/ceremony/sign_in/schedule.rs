//! Which request may begin next, over all keys.

use super::super::keys::{KeyError, KeyId, ListError, Platform};
use super::super::prompter::{Authenticator, Invitation, Invited, Notice, Prompter};
use super::super::steps::grace_period;
use super::super::steps::pin_uv_token::TokenError;
use super::super::steps::timing::{IDLE_TIMEOUT, SEARCH_NOTICE, TOUCH_FIRST};
use super::super::steps::uv_method::Method;
use super::error::SignInError;
use super::selecting::MAX_TOO_SOON;
use super::state::{Candidate, Standing, State};
use super::{Ceremony, Step, Wanted};
use crate::verify::Verified;
use std::time::Duration;

impl<'a, W: Platform, P: Prompter> Ceremony<'a, W, P> {
    /// Begins what can begin, or ends the ceremony when nothing can come of it any more.
    pub(super) fn advance(&mut self) -> Result<(), SignInError> {
        if self.awaits_invitation && !self.invite()? {
            return if self.keys.is_empty() && self.pool.opening() == 0 {
                self.wait_for_a_key()
            } else {
                Ok(())
            };
        }
        // While this computer looks at what was typed, there is nothing to touch. A fingerprint does not delay others.
        let asks_here = |state: &State<'a>| matches!(state, State::Verifying(candidate, verifying) if candidate.is_this_computer() && !verifying.flow.is_by_sensor());
        if self.keys.values().any(asks_here) {
            return Ok(());
        }
        for key in self.ready(|candidate| !candidate.needs_selecting()) {
            self.begin(key)?;
        }
        let for_pin = self.ready(Candidate::needs_selecting);
        // A PIN that was typed for one key is not followed by the question for another one.
        if for_pin.is_empty() || self.keys.values().filter_map(State::candidate).any(Candidate::has_token) {
            self.pin_ready_at = None;
        } else if self.is_settled() && !self.begin_with_this_computer(&for_pin)? {
            let keys = self.ready(|candidate| candidate.needs_selecting() && candidate.is_touchable());
            self.begin_with_selection(&keys)?;
        }
        self.tell_of_blinking();
        if self.keys.is_empty() && self.pool.opening() == 0 { self.wait_for_a_key() } else { Ok(()) }
    }

    /// Shows the person what they can sign in with, as soon as that is known. `false` until then.
    fn invite(&mut self) -> Result<bool, SignInError> {
        let ready = self.ready(|_| true);
        let Some(first) = ready.first() else { return Ok(false) };
        if !self.is_settled() {
            return Ok(false);
        }
        self.awaits_invitation = false;
        let methods: Vec<Option<Method>> = ready
            .iter()
            .filter_map(|key| self.keys.get(*key).and_then(State::candidate).map(Candidate::method))
            .collect();
        // The question for a PIN knows how many tries are left.
        if methods == [Some(Method::Pin)] {
            return Ok(true);
        }
        let is_here = |key: &KeyId| {
            self.keys.get(*key).and_then(State::candidate).is_some_and(Candidate::is_this_computer)
        };
        let needs_pin = methods.contains(&Some(Method::Pin));
        let invitation = Invitation { needs_pin, by_finger_alone: !needs_pin && ready.iter().all(is_here) };
        let invited = self.with_the_person(*first, |ceremony| ceremony.dialogue.prompter.invite(invitation));
        match invited {
            Some(Invited::Accepted) => Ok(true),
            Some(Invited::Password) => Err(SignInError::Pin(TokenError::NeverAPin)),
            Some(Invited::Unavailable) => Err(SignInError::Pin(TokenError::Unavailable)),
            None => Err(SignInError::Interrupted),
        }
    }

    /// A key that waits for a touch although it was asked without one, when no other could be meant any more.
    fn tell_of_blinking(&mut self) {
        let blinks = |state: &State<'a>| matches!(state, State::PreFlight(search) if search.blinks);
        let all_blink = self.keys.values().all(blinks);
        if all_blink && !self.keys.is_empty() && self.pool.opening() == 0 {
            self.tell(Notice::TouchKey);
        }
    }

    /// The next time that something is to be done although no key says anything.
    pub(super) fn wake_at(&self) -> Duration {
        let mut wake_at = self.clock.deadline;
        if self.keys.is_empty() && self.pool.opening() == 0 {
            wake_at = wake_at.min(self.pool.second_look_at().unwrap_or(self.clock.wait_until));
        }
        wake_at = self.computer_at.filter(|at| *at > self.pool.now()).map_or(wake_at, |at| at.min(wake_at));
        if let Some(ready_at) = self.pin_ready_at {
            wake_at = wake_at.min(self.settled_at(ready_at));
        }
        let at = |state: &State<'a>| match state {
            State::Touching(_, touching) => touching.cue_at,
            State::Pausing(_, until) => Some(*until),
            State::Verifying(_, verifying) => verifying.resume_at,
            State::PreFlight(search) if search.answered > 0 => self.search_notice_at(search.since),
            State::Identifying
            | State::PreFlight(_)
            | State::Ready(_)
            | State::Showing(_)
            | State::Agreeing(..)
            | State::Selecting(_)
            | State::Collecting(..)
            | State::Changing => None,
        };
        self.keys.values().filter_map(at).fold(wake_at, Duration::min)
    }

    /// When the person should hear of a search that has begun then; `None` where they have.
    fn search_notice_at(&self, since: Duration) -> Option<Duration> {
        let at = since.saturating_add(SEARCH_NOTICE);
        let is_worth_it = !self.has_told_search && !self.keys.values().any(State::waits_for_person);
        is_worth_it.then_some(at)
    }

    /// [`wake_at`](Self::wake_at) has come.
    pub(super) fn on_elapsed(&mut self) -> Step {
        let now = self.pool.now();
        if now >= self.clock.deadline {
            return Err(self.out_of_time());
        }
        let keys: Vec<KeyId> = self.keys.keys().collect();
        for key in keys {
            let Some(state) = self.take(key) else { continue };
            match state {
                State::Verifying(candidate, verifying) if verifying.resume_at.is_some_and(|at| now >= at) => {
                    if let Some(verified) = self.resume_token(key, candidate, *verifying)? {
                        return Ok(Some(verified));
                    }
                }
                State::Touching(candidate, mut touching) if touching.cue_at.is_some_and(|at| now >= at) => {
                    touching.cue_at = None;
                    self.set(key, State::Touching(candidate, touching));
                    self.tell_to_touch();
                }
                State::Pausing(candidate, until) if now >= until => self.set(key, State::Ready(candidate)),
                State::PreFlight(pre_flight) => {
                    let is_due = self.search_notice_at(pre_flight.since).is_some_and(|at| now >= at);
                    let has_answered = pre_flight.answered > 0;
                    self.set(key, State::PreFlight(pre_flight));
                    if is_due && has_answered {
                        self.has_told_search = true;
                        self.tell(Notice::AskingKey);
                    }
                }
                state => self.set(key, state),
            }
        }
        Ok(None)
    }

    /// A key waits for a touch. Beside others whose PIN is asked for next, the person is told once that they have the choice.
    pub(super) fn tell_to_touch(&mut self) {
        let is_chosen_among = |one: &Candidate<'a>| one.needs_selecting() && one.is_touchable();
        let has_choice =
            self.selected.is_none() && self.keys.values().filter_map(State::candidate).any(is_chosen_among);
        self.tell(match (self.computer_at, has_choice) {
            _ if self.waits_for_finger() => Notice::TouchOrFingerprint,
            (Some(_), _) => Notice::TouchOrWait,
            (None, true) => Notice::TouchToChoose,
            (None, false) => Notice::TouchKey,
        });
    }

    /// Whether a finger on the reader of this computer is waited for.
    fn waits_for_finger(&self) -> bool {
        self.keys.values().any(|state| {
            state.waits_for_person() && state.candidate().is_some_and(Candidate::is_this_computer)
        })
    }

    /// Whether a touch of a key is waited for.
    pub(super) fn waits_for_touch(&self) -> bool {
        self.keys
            .values()
            .any(|state| state.waits_for_person() && state.candidate().is_some_and(Candidate::is_touchable))
    }

    /// The key says that it waits for a touch.
    pub(super) fn on_user_presence_needed(&mut self, key: KeyId) -> Option<Verified> {
        match self.keys.get_mut(key) {
            Some(State::Touching(_, touching)) => {
                if touching.cue_at.take().is_some() {
                    self.tell_to_touch();
                }
            }
            Some(State::PreFlight(search)) => search.blinks = true,
            Some(_) | None => {}
        }
        None
    }

    /// The time for the touch begins with the first key that can be touched, and again with one that comes when no other waits.
    pub(super) fn begin_person(&mut self, candidate: &mut Candidate<'a>) {
        if std::mem::replace(&mut candidate.has_asked, true) {
            return;
        }
        let is_worth_waiting_for = candidate.is_worth_waiting_for();
        let has_begun = |state: &State<'a>| {
            state.waits_for_person()
                && state
                    .candidate()
                    .is_some_and(|other| other.is_worth_waiting_for() || !is_worth_waiting_for)
        };
        if !self.keys.values().any(has_begun) {
            self.clock.begin_touch(self.pool.now());
        }
    }

    fn out_of_time(&mut self) -> SignInError {
        let waits = |(key, state): &(KeyId, &State<'a>)| {
            let is_free = !matches!(self.pool.stall(*key), Some(KeyError::Busy | KeyError::Stuck));
            state.waits_for_person() && is_free
        };
        let waiting = self
            .keys
            .iter()
            .find(waits)
            .map(|(key, state)| (key, state.candidate().and_then(Candidate::proved)));
        // Keys that cannot tell a touch from none have been waiting for the others to go.
        let unselected = self.ready(Candidate::needs_selecting).first().map(|key| (*key, None));
        if let Some((key, passkey)) = waiting.or(unselected) {
            self.decide_by(key, passkey);
            // The reader of this computer was not used.
            let awaited_finger = |state: &State<'a>| matches!(state, State::Verifying(candidate, _) if candidate.is_this_computer());
            let is_finger = self.keys.get(key).is_some_and(awaited_finger);
            return if is_finger { SignInError::Pin(TokenError::Empty) } else { SignInError::NoTouch };
        }
        // One that has stopped answering is silent, however much it had said before.
        let now = self.pool.now();
        let is_asked = |state: &State<'a>| match state {
            State::PreFlight(search) => {
                search.answered > 0 && now.saturating_sub(search.answered_at) < IDLE_TIMEOUT
            }
            _ => false,
        };
        let asked = self.keys.iter().find(|(_, state)| is_asked(state)).map(|(key, _)| key);
        match (self.findings.has_verdict(), asked, self.pool.stalled()) {
            (false, Some(key), _) if self.pool.stall(key) == Some(KeyError::Silent) => {
                self.decide_by(key, None);
                SignInError::TooManyPasskeys
            }
            (false, _, Some((key, error))) => {
                self.decide_by(key, None);
                if error == KeyError::Busy { SignInError::KeyBusy } else { SignInError::KeyUnusable(error) }
            }
            _ => self.nothing_found(),
        }
    }

    fn nothing_found(&self) -> SignInError {
        match self.findings.reason() {
            Some(reason) => reason,
            None if self.pool.blind() == Some(ListError::NoDescriptors) => {
                SignInError::KeyUnusable(KeyError::NoDescriptors)
            }
            None if self.pool.is_any_busy() => SignInError::KeyBusy,
            // It cannot be reported: nothing listens.
            None if !self.a_key_could_help() => SignInError::ThisComputerUnusable(KeyError::Unplugged),
            None if self.findings.has_seen_foreign_key() && self.pool.count() > 0 => {
                match self.request.wanted {
                    Wanted::Passkeys(_) => SignInError::ForeignKeys,
                    Wanted::Anyone { .. } => SignInError::NothingDiscoverable,
                }
            }
            None => SignInError::NoKey,
        }
    }

    /// Whether a key that is plugged in later could sign in: not where all passkeys are on services of this machine.
    fn a_key_could_help(&self) -> bool {
        self.credentials.is_empty() || !self.credentials.iter().all(|one| one.is_on_a_service())
    }

    /// No key is left that could still sign in.
    fn wait_for_a_key(&mut self) -> Result<(), SignInError> {
        let looks_again = self.pool.second_look_at().is_some();
        // A host without descriptors gets none while it waits.
        let is_blind = self.pool.blind() == Some(ListError::NoDescriptors);
        let is_over = is_blind || !self.a_key_could_help() || self.pool.now() >= self.clock.wait_until;
        // A key was used and it came to nothing: that is the answer, rather than a wait for another key.
        if self.findings.is_final() || (is_over && !looks_again) {
            return Err(self.nothing_found());
        }
        if looks_again {
            return Ok(());
        }
        if let Some((_, error)) = self.findings.unusable() {
            self.tell(Notice::KeyUnusable(error));
        } else if self.pool.count() > 0 {
            self.tell(Notice::NoPasskeyOnKeys);
        } else if !self.dialogue.was_told(&Notice::KeyRemoved) {
            self.tell(Notice::InsertKey);
        }
        Ok(())
    }

    fn ready(&self, which: impl Fn(&Candidate<'a>) -> bool) -> Vec<KeyId> {
        let is_ready = |state: &State<'a>| matches!(state, State::Ready(candidate) if which(candidate));
        self.keys.iter().filter(|(_, state)| is_ready(state)).map(|(key, _)| key).collect()
    }

    /// Begins with a key that needs nothing to be known first.
    fn begin(&mut self, key: KeyId) -> Result<(), SignInError> {
        let Some(candidate) = self.take(key).and_then(State::into_candidate) else { return Ok(()) };
        match &candidate.standing {
            Standing::Trusted(check)
                if check.token.is_none()
                    && matches!(check.method, Method::BuiltIn { token: true } | Method::Pin) =>
            {
                self.begin_token(key, candidate).map(|_| ())
            }
            Standing::Trusted(_) if candidate.authenticator == Authenticator::Guiding => {
                self.begin_showing(key, candidate);
                Ok(())
            }
            Standing::Trusted(_) | Standing::NotAsked | Standing::Undecided | Standing::Claimed(..) => {
                self.begin_touch(key, candidate)
            }
        }
    }

    /// Whether the keys that have not answered yet need not be waited for any longer.
    fn is_settled(&mut self) -> bool {
        let undecided = self.pool.opening() > 0 || self.keys.values().any(State::is_undecided);
        let now = self.pool.now();
        let ready_at = *self.pin_ready_at.get_or_insert(now);
        if undecided && now < self.settled_at(ready_at) {
            return false;
        }
        self.pin_ready_at = None;
        true
    }

    fn settled_at(&self, ready_at: Duration) -> Duration {
        let undecided = self.keys.iter().filter(|(_, state)| state.is_undecided());
        grace_period::settled_at(&self.pool, ready_at, undecided.map(|(key, _)| key))
    }

    /// Whether the person could use a key as well as this computer.
    pub(super) fn offers_keys(&self) -> bool {
        let could_be = |one: &Candidate<'a>| one.may_be_meant() && one.is_touchable();
        self.keys.values().filter_map(State::candidate).any(could_be)
    }

    /// Asks for the PIN of this computer if it is one of `ready`, and says whether that is what is done next. Where a touch of a key is all
    /// it takes, there is time for that first; where the key would ask for a PIN too, one question offers both.
    fn begin_with_this_computer(&mut self, ready: &[KeyId]) -> Result<bool, SignInError> {
        let is_it = |key: &&KeyId| {
            self.keys.get(**key).and_then(State::candidate).is_some_and(Candidate::is_this_computer)
        };
        let Some(key) = ready.iter().find(is_it).copied() else { return Ok(false) };
        // They have touched a key to say that they mean it.
        if self.selected.is_some() {
            return Ok(false);
        }
        let touchable = |state: &State<'a>| {
            state
                .candidate()
                .is_some_and(|one| one.may_be_meant() && one.is_touchable() && !one.needs_selecting())
        };
        let now = self.pool.now();
        if self.keys.values().any(touchable) {
            let at = *self.computer_at.get_or_insert(now.saturating_add(TOUCH_FIRST));
            if now < at {
                return Ok(false);
            }
        }
        self.computer_at = None;
        if self.offers_keys() {
            self.tell(Notice::NothingForKey);
        }
        let Some(candidate) = self.take(key).and_then(State::into_candidate) else { return Ok(false) };
        self.begin_confirmed(key, candidate)?;
        Ok(true)
    }

    /// The keys `ready` need a PIN, or the person's word. One alone is asked; of several, or beside keys that wait for a touch, the person
    /// first touches the one they mean.
    fn begin_with_selection(&mut self, ready: &[KeyId]) -> Result<(), SignInError> {
        if let Some((key, touched)) = self.selected {
            if ready.contains(&key)
                && let Some(mut candidate) = self.take(key).and_then(State::into_candidate)
            {
                Self::confirm_touched(&mut candidate, touched);
                self.begin_confirmed(key, candidate)?;
            }
            return Ok(());
        }
        // A finger on this computer may be meant as well as a touch.
        let waits_by_itself = |one: &Candidate<'a>| one.is_this_computer() && !one.needs_selecting();
        let could_be =
            |one: &&Candidate<'a>| one.may_be_meant() && (one.is_touchable() || waits_by_itself(one));
        let meant = self.keys.values().filter_map(State::candidate).filter(could_be).count();
        if let [only] = ready
            && meant == 1
            && let Some(mut candidate) = self.take(*only).and_then(State::into_candidate)
        {
            self.confirm_alone(&mut candidate, meant);
            if candidate.is_trusted() {
                return self.begin_confirmed(*only, candidate);
            }
            self.set(*only, State::Ready(candidate));
        }
        let mut blinks = false;
        for key in ready {
            let Some(candidate) = self.take(*key).and_then(State::into_candidate) else { continue };
            if candidate.too_soon < MAX_TOO_SOON {
                self.begin_selection(*key, candidate);
                blinks = true;
            } else {
                // It cannot tell a touch from none: it is asked once no other one could be meant.
                self.set(*key, State::Ready(candidate));
            }
        }
        if blinks {
            let has_finger = self.waits_for_finger();
            self.tell(if has_finger { Notice::TouchOrFingerprint } else { Notice::TouchToChoose });
        }
        Ok(())
    }

    /// A key that the person means, or that is the only one.
    fn begin_confirmed(&mut self, key: KeyId, candidate: Candidate<'a>) -> Result<(), SignInError> {
        self.set(key, State::Ready(candidate));
        self.begin(key)
    }

    /// Ends what needs a person on every other key, so that no key is locked and none overflows with keep-alives
    /// while the person types a PIN.
    pub(super) fn quieten_others(&mut self, key: KeyId) {
        let waiting: Vec<KeyId> = self
            .keys
            .iter()
            .filter(|(other, state)| *other != key && state.candidate().is_some() && state.waits_for_person())
            .map(|(other, _)| other)
            .collect();
        for other in waiting {
            self.pool.cancel(other);
            if let Some(candidate) = self.take(other).and_then(State::into_candidate) {
                self.set(other, State::Ready(candidate));
            }
        }
    }
}
