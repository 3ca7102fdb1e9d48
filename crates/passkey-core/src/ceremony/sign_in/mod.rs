//! The sign-in ceremony over all plugged-in keys at once.
//!
//! Each key goes its own way through the states of [`state`]; [`schedule`] is the one place that looks at all of them together and
//! decides what may begin. The first valid assertion wins. What a key may be asked for follows from its
//! [`standing`](super::standing).
//!
//! - [`pre_flight`]: whether a key holds one of the passkeys, asked without a touch.
//! - [`selecting`], [`verifying`], [`touching`]: the person's part, in this order. [`discovering`]: where the key says who is signing in.
//! - [`showing`]: what an authenticator shows its person first, such as a code to scan.
//! - [`secret`]: what the key makes of a passkey's salts with the same touch.
//! - [`error`]: which reason is told when nothing comes of it. [`clock`]: when it ends.

mod clock;
mod discovering;
mod error;
mod pre_flight;
mod schedule;
mod secret;
mod selecting;
mod showing;
mod state;
mod touching;
mod verifying;

pub use error::SignInError;
pub use secret::KeySecret;

use super::keys::{
    Attachment, Event, KeyError, KeyId, KeyMap, KeyPool, Message, Platform, PluggedKey, Protocol,
};
use super::prompter::{Dialogue, Notice, Prompter};
use super::steps::pin_uv_token::PinBudget;
use super::steps::selection::Touched;
use super::steps::timing::SILENT_RETRY;
use super::user_handle_lookup::UserHandleLookup;
use crate::config::{Account, Policy};
use crate::credential::{Credential, CredentialId};
use crate::store::recovery::Code;
use crate::store::{self, CredentialFile};
use crate::verify::Verified;
use clock::Clock;
use ctap::hid::HidError;
use ctap::hmac_secret::Salts;
use ctap::{Secret, info};
use error::{Findings, Refusal};
use state::{Candidate, State};
use std::time::Duration;

/// What to sign in with, and how.
#[derive(Clone, Copy, Debug)]
pub struct SignIn<'a> {
    /// Whose passkeys may sign in.
    pub wanted: Wanted<'a>,
    /// How: user verification, time, PIN attempts, counters.
    pub policy: &'a Policy,
    /// What must never be sent to a key as a PIN: the password that an earlier module got.
    pub forbidden_pin: Option<&'a Secret>,
    /// Whether a recovery code is taken where a PIN is asked for. It ends the ceremony: [`Attempt::recovery_code`].
    pub takes_recovery_code: bool,
}

/// Whose passkeys may sign in.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// These, of a user who is known.
    Passkeys(&'a [Passkey<'a>]),
    /// Those of any user: the key says who is signing in, by the user handle of a discoverable passkey.
    Anyone {
        /// The RP ID that the passkeys were made for.
        rp_id: &'a str,
        /// Where user handles lead to users.
        directory: &'a dyn UserHandleLookup,
    },
}

/// A passkey with what is remembered of its last use.
#[derive(Clone, Copy, Debug)]
pub struct Passkey<'a> {
    /// The passkey.
    pub credential: &'a Credential,
    /// The signature counter of its last use.
    pub sign_count: Option<u32>,
    /// What its key is to make a secret of: [`Attempt::secret`].
    pub salts: Option<Salts>,
}

impl<'a> Passkey<'a> {
    /// The enabled passkeys of a file with what `state` remembers of them. Those that were used last come first: a key that takes long
    /// over many is asked for them in this order.
    pub fn enabled(file: &'a CredentialFile, state: &store::State) -> Vec<Self> {
        let mut sorted = Vec::new();
        for credential in file.enabled() {
            let last_used = state.credential(&credential.id).and_then(|one| one.last_used);
            // Inserted in order: a sort would add five kilobytes to the module.
            let place = sorted.partition_point(|(before, _)| *before >= last_used);
            sorted.insert(
                place,
                (last_used, Self { credential, sign_count: state.sign_count(&credential.id), salts: None }),
            );
        }
        sorted.into_iter().map(|(_, passkey)| passkey).collect()
    }
}

/// How a sign-in ended and what was learnt on the way.
#[derive(Debug)]
pub struct Attempt {
    /// The proof, or why there is none.
    pub result: Result<Verified, SignInError>,
    /// Who signed in, where the key was asked who it is.
    pub account: Option<Account>,
    /// The key that decided it, where one did.
    pub key: Option<PluggedKey>,
    /// The passkey that this key has proved to hold.
    pub passkey: Option<Credential>,
    /// Whether the key of the passkey that signed in answers without a touch, where the sign-in has found out and it is not on record
    /// yet ([`Credential::answers_silently`]).
    pub answers_silently: Option<(CredentialId, bool)>,
    /// The passkeys for whose key a wrong PIN was typed, without a right one after it.
    pub pin_failed: Vec<CredentialId>,
    /// The recovery code that was typed in place of a PIN, not looked at yet.
    pub recovery_code: Option<Code>,
    /// What came of the salts of the passkey that signed in.
    pub secret: KeySecret,
}

/// Runs the ceremony to its end.
pub fn sign_in(platform: &mut impl Platform, prompter: &mut impl Prompter, request: &SignIn<'_>) -> Attempt {
    let mut ceremony = Ceremony::new(platform, prompter, request);
    let result = ceremony.run().map_err(|error| match &ceremony.decision.key {
        Some(PluggedKey { attachment: Attachment::Service, .. }) => error.of_this_computer(),
        Some(PluggedKey { attachment: Attachment::Plugged, .. }) | None => error,
    });
    // Whatever ends it in the middle.
    let keys: Vec<KeyId> = ceremony.keys.keys().collect();
    for key in keys {
        ceremony.forget(key);
    }
    let signed = result.as_ref().ok().map(|verified| verified.credential().clone());
    Attempt {
        result,
        account: ceremony.account,
        key: ceremony.decision.key,
        passkey: signed.or_else(|| ceremony.decision.passkey.cloned()),
        answers_silently: ceremony.answers_silently,
        pin_failed: ceremony.pin_failed,
        recovery_code: ceremony.recovery_code,
        secret: ceremony.secret,
    }
}

/// What came of an event: mostly nothing yet.
type Step = Result<Option<Verified>, SignInError>;

/// The key that the ceremony's end is about, and the passkey that it has proved to hold.
#[derive(Default)]
struct Decision<'a> {
    key: Option<PluggedKey>,
    passkey: Option<&'a Credential>,
}

struct Ceremony<'a, W: Platform, P: Prompter> {
    pool: KeyPool<'a, W>,
    dialogue: Dialogue<'a, P>,
    request: &'a SignIn<'a>,
    credentials: Vec<&'a Credential>,
    keys: KeyMap<State<'a>>,
    clock: Clock,
    /// The person was told that keys are being asked for many passkeys.
    has_told_search: bool,
    /// Whether the person has yet to be shown what they can sign in with.
    awaits_invitation: bool,
    /// Since when a PIN could be asked for, were it not for keys that have not answered yet.
    pin_ready_at: Option<Duration>,
    /// When the PIN of this computer is asked for, beside keys that could be touched meanwhile.
    computer_at: Option<Duration>,
    /// The key that the person touched to say which one they mean.
    selected: Option<(KeyId, Touched)>,
    budget: PinBudget,
    findings: Findings,
    decision: Decision<'a>,
    account: Option<Account>,
    answers_silently: Option<(CredentialId, bool)>,
    pin_failed: Vec<CredentialId>,
    recovery_code: Option<Code>,
    secret: KeySecret,
}

impl<'a, W: Platform, P: Prompter> Ceremony<'a, W, P> {
    fn new(platform: &'a mut W, prompter: &'a mut P, request: &'a SignIn<'a>) -> Self {
        let pool = KeyPool::new(platform);
        let clock = Clock::new(pool.now(), request.policy);
        let awaits_invitation = prompter.begins_with_invitation();
        Self {
            pool,
            dialogue: Dialogue::new(prompter),
            request,
            credentials: match request.wanted {
                Wanted::Passkeys(passkeys) => passkeys.iter().map(|passkey| passkey.credential).collect(),
                Wanted::Anyone { .. } => Vec::new(),
            },
            keys: KeyMap::new(),
            clock,
            has_told_search: false,
            awaits_invitation,
            pin_ready_at: None,
            computer_at: None,
            selected: None,
            budget: PinBudget::new(request.policy.pin_attempts),
            findings: Findings::new(),
            decision: Decision::default(),
            account: None,
            answers_silently: None,
            pin_failed: Vec::new(),
            recovery_code: None,
            secret: KeySecret::NotAsked,
        }
    }

    fn run(&mut self) -> Result<Verified, SignInError> {
        self.pool.look();
        loop {
            self.advance()?;
            let verified = match self.pool.next(self.wake_at()) {
                Event::Opened(key) => self.on_opened(key)?,
                Event::Reply(key, payload, took) => self.on_reply(key, &payload, took)?,
                Event::Refused(key, error) => self.on_refused(key, error)?,
                Event::UserPresenceNeeded(key) => self.on_user_presence_needed(key),
                Event::Busy(key) => self.on_busy(key, Notice::KeyBusy),
                Event::Stuck(key) => {
                    // The person is told to plug it in again, and that takes them a while.
                    self.clock.wait_to_the_end();
                    self.on_busy(key, Notice::KeyUnusable(KeyError::Stuck))
                }
                Event::Lost(key, attachment, error) => self.on_lost(key, attachment, error),
                Event::Interrupted => return Err(SignInError::Interrupted),
                Event::Elapsed => self.on_elapsed()?,
            };
            if let Some(verified) = verified {
                return Ok(verified);
            }
        }
    }

    fn tell(&mut self, notice: Notice) {
        self.dialogue.tell(notice);
    }

    /// The key's state, to be put back by [`set`](Self::set) or left out.
    fn take(&mut self, key: KeyId) -> Option<State<'a>> {
        self.keys.get_mut(key).map(|state| std::mem::replace(state, State::Changing))
    }

    fn set(&mut self, key: KeyId, state: State<'a>) {
        if let Some(before) = self.keys.get_mut(key) {
            *before = state;
        }
    }

    fn send(&mut self, key: KeyId, message: Message, touch: bool) {
        self.pool.send(key, message, touch.then_some(self.clock.deadline));
    }

    fn on_opened(&mut self, key: KeyId) -> Step {
        // One that was given up before has had its time.
        if !self.findings.is_usable(key) {
            self.clock.begin_pre_flight(self.pool.now());
        }
        if self.pool.speaks_ctap2(key) {
            self.keys.insert(key, State::Identifying);
            self.send(key, Message::ctap2(info::request()), false);
        } else if self.pool.speaks_u2f(key) {
            self.keys.insert(key, State::Identifying);
            return self.identified(key, Protocol::U2f);
        } else {
            self.set_aside(key, KeyError::NoProtocol);
        }
        Ok(None)
    }

    /// Takes the reply of one key; the proof if it is one.
    fn on_reply(&mut self, key: KeyId, payload: &[u8], took: Duration) -> Step {
        let Some(state) = self.take(key) else { return Ok(None) };
        match state {
            State::Identifying => self.on_info(key, payload),
            State::PreFlight(pre_flight) => self.on_pre_flight(key, pre_flight, payload, took),
            State::Selecting(candidate) => {
                self.on_selection(key, candidate, payload, took);
                Ok(None)
            }
            State::Verifying(candidate, verifying) => {
                self.on_token_reply(key, candidate, *verifying, payload, took)
            }
            State::Showing(candidate) => {
                self.on_shown(key, candidate, payload)?;
                Ok(None)
            }
            State::Agreeing(candidate, protocol) => {
                self.on_agreement(key, candidate, protocol, Some(payload))?;
                Ok(None)
            }
            State::Touching(candidate, touching) => {
                self.on_assertion(key, candidate, touching, payload, took)
            }
            State::Collecting(candidate, discovery) => {
                self.on_next_assertion(key, candidate, discovery, payload)
            }
            // The reply to something that was taken back.
            State::Ready(_) | State::Pausing(..) | State::Changing => {
                self.set(key, state);
                Ok(None)
            }
        }
    }

    /// `CTAPHID_ERROR` in place of a reply.
    fn on_refused(&mut self, key: KeyId, error: HidError) -> Step {
        let Some(state) = self.take(key) else { return Ok(None) };
        match state {
            State::Identifying => match Protocol::by_refusal(error, self.pool.speaks_u2f(key)) {
                Ok(protocol) => self.identified(key, protocol),
                Err(error) => {
                    self.set_aside(key, KeyError::Refused(error));
                    Ok(None)
                }
            },
            State::PreFlight(pre_flight) => self.is_unanswered(key, pre_flight),
            State::Ready(_) | State::Pausing(..) | State::Changing => {
                self.set(key, state);
                Ok(None)
            }
            State::Agreeing(candidate, protocol) => {
                self.on_agreement(key, candidate, protocol, None)?;
                Ok(None)
            }
            State::Selecting(candidate)
            | State::Showing(candidate)
            | State::Verifying(candidate, _)
            | State::Touching(candidate, _)
            | State::Collecting(candidate, _) => self.on_no_assertion(key, candidate, Refusal::Hid(error)),
        }
    }

    /// Lets go of a key that holds none of the passkeys.
    fn dismiss(&mut self, key: KeyId) {
        let KeyId(number) = key;
        self.pool
            .platform()
            .trace(format_args!("key {number} is let go: it holds nothing that was asked for"));
        match self.pool.attachment(key) {
            Attachment::Plugged => self.findings.saw_foreign_key(),
            // It is asked only where a passkey was made on it.
            Attachment::Service => self.findings.remark(SignInError::NotOnThisComputer),
        }
        self.forget(key);
        self.pool.release(key);
    }

    /// Lets go of a trusted key that cannot go on, and remembers why.
    fn turn_away(&mut self, key: KeyId, passkey: Option<&'a Credential>, reason: SignInError) {
        if let SignInError::KeyUnusable(error) = reason {
            // The person is told to do something about it, and it has a passkey: there is time for that.
            self.clock.wait_to_the_end();
            self.decide_by(key, passkey);
            return self.set_aside(key, error);
        }
        let KeyId(number) = key;
        self.pool.platform().trace(format_args!("key {number} is let go: {reason:?}"));
        self.findings.judge(reason);
        self.decide_by(key, passkey);
        self.forget(key);
        self.pool.release(key);
        // The last key's lock is what the ceremony ends with.
        if let SignInError::Pin(error) = reason
            && let Some(lock) = error.lock()
            && !self.keys.is_empty()
        {
            self.tell(Notice::KeyLocked(lock));
        }
    }

    /// Lets go of a key that cannot be used as it is.
    fn set_aside(&mut self, key: KeyId, error: KeyError) {
        let KeyId(number) = key;
        self.pool.platform().trace(format_args!("key {number} is set aside: {error:?}"));
        match self.pool.attachment(key) {
            Attachment::Plugged => self.findings.is_unusable(key, error),
            Attachment::Service => self.findings.remark(SignInError::ThisComputerUnusable(error)),
        }
        if self.decision.key.is_none() {
            self.decide_by(key, None);
        }
        self.forget(key);
        self.pool.release(key);
    }

    /// The ceremony's end, if it ends now, is about this key.
    fn decide_by(&mut self, key: KeyId, passkey: Option<&'a Credential>) {
        self.decision = Decision { key: self.pool.plugged(key).cloned(), passkey };
    }

    fn forget(&mut self, key: KeyId) {
        if let Some(State::Verifying(candidate, verifying)) = self.keys.remove(key) {
            self.note_wrong_pins(&candidate, &verifying);
        }
        self.selected = self.selected.filter(|(selected, _)| *selected != key);
        if self.keys.is_empty() {
            self.clock.wait_for_another();
        }
    }

    /// Another program holds the key. The person may have selected it, but need not wait for it while there are others.
    fn on_busy(&mut self, key: KeyId, notice: Notice) -> Option<Verified> {
        self.selected = self.selected.filter(|(selected, _)| *selected != key);
        // A person cannot do anything about a service.
        if self.pool.attachment(key) == Attachment::Plugged {
            self.tell(notice);
        }
        None
    }

    fn on_lost(&mut self, key: KeyId, attachment: Attachment, error: KeyError) -> Option<Verified> {
        let state = self.keys.get(key);
        let is_undecided = state.is_none_or(State::is_undecided);
        let candidate = state.and_then(State::candidate);
        let passkey = candidate.and_then(Candidate::proved);
        let is_trusted = candidate.is_some_and(Candidate::is_trusted);
        let may_have_done = candidate.is_some_and(Candidate::is_worth_waiting_for);
        if error != KeyError::Unplugged {
            self.decide_by(key, passkey);
        }
        self.forget(key);
        match error {
            KeyError::Unplugged if attachment == Attachment::Plugged => {
                self.findings.removed(key, may_have_done);
                if may_have_done && self.keys.is_empty() && self.pool.now() < self.clock.wait_until {
                    self.tell(Notice::KeyRemoved);
                }
            }
            KeyError::NoRandomness => self.findings.judge(SignInError::NoRandomness),
            // What keeps it from being opened keeps all of them.
            KeyError::Hidden | KeyError::NoDescriptors => {
                self.findings.judge(SignInError::KeyUnusable(error));
            }
            // A service that is no longer there, too.
            error if attachment == Attachment::Service => {
                self.findings.remark(SignInError::ThisComputerUnusable(error));
            }
            error => {
                self.findings.is_unusable(key, error);
                if is_trusted {
                    self.clock.wait_to_the_end();
                } else if error == KeyError::Silent && is_undecided {
                    let again = self.pool.now().saturating_add(SILENT_RETRY);
                    self.pool.retry_at(key, again);
                }
            }
        }
        None
    }
}
