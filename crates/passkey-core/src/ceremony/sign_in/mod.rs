//! The sign-in ceremony over all plugged-in keys at once.
//!
//! Each key goes its own way through [`Step`]; [`Ceremony::advance`] is the one place that looks at all of them together and
//! decides what may begin. The first valid assertion wins.
//!
//! - `pre_flight`: whether a key holds one of the passkeys. `selecting`, `token`, `touch`: the person's part, in this order.
//! - `u2f`: the same for keys that speak nothing else. `discovery`: where the key says who is signing in.

mod advance;
mod discovery;
mod pre_flight;
mod selecting;
mod token;
mod touch;
mod u2f;

use super::keys::{
    Event, KeyError, KeyId, KeyMap, KeyPool, Message, NoRandomness, Platform, PluggedKey, Protocol,
};
use super::prompter::{Dialogue, Notice, Prompter};
use super::steps::allow_list::{self, AllowListBatch};
use super::steps::assertion::{AssertionRequest, UserPresence};
use super::steps::pin_uv_token::{Next, PinRules, PinUvTokenFlow, TokenError};
use super::steps::uv_method::{self, Impossible, Method};
use super::user_handle_lookup::UserHandleLookup;
use crate::config::{Account, Policy, UserVerification};
use crate::credential::{Credential, CredentialId};
use crate::store::recovery::Code;
use crate::store::{CredentialFile, State};
use crate::verify::{self, AssertionFacts, Requirements, Verified, VerifyError};
use ctap::client_pin::Permissions;
use ctap::pin_uv_auth::{PinUvAuthProtocol, PinUvAuthToken};
use ctap::u2f::StatusWord;
use ctap::{Info, ReplyError, Secret, Status, get_assertion, info};
use discovery::Discovery;
use std::collections::VecDeque;
use std::time::Duration;

/// How long a key may take to end what was cancelled before a PIN is asked for.
const QUIET: Duration = Duration::from_millis(250);
/// The touch is asked for at the latest this long after the key has got the request, should it not say that it waits.
///
/// The words never come before the request. A key that was not asked silently may turn out to hold nothing, and a program that takes
/// its time to show them would keep the key dark. Whoever touches a blinking key before they have read why has said yes all the same.
const CUE_DELAY: Duration = Duration::from_millis(500);
/// Before the same touch is asked for again: a key that refuses at once must not keep the processor busy.
const REPEAT_DELAY: Duration = Duration::from_millis(250);

/// A key was pulled out in the middle. It may come back, and is then no longer to blame.
const REMOVED: SignInError = SignInError::KeyUnusable(KeyError::Unplugged);

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
    /// Anybody's: the key says who is signing in, by the user handle of a discoverable passkey.
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
}

impl<'a> Passkey<'a> {
    /// The enabled passkeys of a file with what `state` remembers of them.
    pub fn enabled(file: &'a CredentialFile, state: &State) -> Vec<Self> {
        file.enabled()
            .map(|credential| Self { credential, sign_count: state.sign_count(&credential.id) })
            .collect()
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
    /// The passkey that this key holds, as far as is known.
    pub passkey: Option<Credential>,
    /// The passkeys for whose key a wrong PIN was typed, without a right one after it.
    pub pin_failed: Vec<CredentialId>,
    /// The recovery code that was typed in place of a PIN, not looked at yet.
    pub recovery_code: Option<Code>,
}

/// Why a sign-in came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInError {
    /// No key was plugged in in time.
    NoKey,
    /// Keys were plugged in, but none holds a passkey that was asked for.
    ForeignKeys,
    /// Keys were plugged in, but none holds a discoverable passkey that could say who is signing in.
    NothingDiscoverable,
    /// The key's passkeys belong to nobody on this machine.
    UnknownAccount,
    /// The key holds passkeys of several accounts, and the person chose none of them.
    NoAccountChosen,
    /// A key was plugged in, and another program was using it until the time was up.
    KeyBusy,
    /// Keys were plugged in, but none could be talked to.
    KeyUnusable(KeyError),
    /// Nobody touched the key in time.
    NoTouch,
    /// The person refused on the key itself.
    Declined,
    /// The person gave up.
    Interrupted,
    /// The key cannot verify its user although it must.
    CannotVerifyUser(Impossible),
    /// The key did not verify its user.
    Pin(TokenError),
    /// The key answered, wrongly.
    Rejected(VerifyError),
    /// The key refused with a status that leaves no way on.
    Refused(Status),
    /// The U2F key refused with a status word that leaves no way on.
    RefusedU2f(StatusWord),
    /// The key's reply is no valid CTAP2 or U2F.
    Malformed,
    /// The kernel gave no randomness.
    NoRandomness,
}

impl SignInError {
    /// Whether it answers the sign-in, however many keys may still be plugged in: a key that merely could not be used does not, but a
    /// sandbox that hides one hides them all.
    fn is_final(self) -> bool {
        match self {
            Self::KeyUnusable(loss) => loss == KeyError::Hidden,
            Self::NoKey | Self::ForeignKeys | Self::KeyBusy => false,
            Self::NoTouch
            | Self::NothingDiscoverable
            | Self::UnknownAccount
            | Self::NoAccountChosen
            | Self::Declined
            | Self::Interrupted
            | Self::CannotVerifyUser(_)
            | Self::Pin(_)
            | Self::Rejected(_)
            | Self::Refused(_)
            | Self::RefusedU2f(_)
            | Self::Malformed
            | Self::NoRandomness => true,
        }
    }
}

/// Runs the ceremony to its end.
pub fn sign_in(platform: &mut impl Platform, person: &mut impl Prompter, request: &SignIn<'_>) -> Attempt {
    let mut ceremony = Ceremony::new(platform, person, request);
    let result = ceremony.run();
    let Decision { key, passkey } = ceremony.decision;
    Attempt {
        result,
        account: ceremony.account,
        key,
        passkey,
        pin_failed: ceremony.pin_failed,
        recovery_code: ceremony.recovery_code,
    }
}

/// How far a key has come.
enum Step<'a> {
    /// authenticatorGetInfo is under way.
    Identifying,
    /// A silent getAssertion is under way for the first of the batches.
    Searching,
    /// It holds a passkey; what comes next is for [`Ceremony::advance`] to decide.
    Ready,
    /// The person may touch it to say that this is the key they mean.
    Choosing,
    /// Getting a token, by PIN or sensor.
    Verifying(Box<PinUvTokenFlow<'a>>),
    /// The assertion proper is under way since then.
    Touching { cue_at: Option<Duration> },
    /// Will be asked for the touch again at this time.
    Pausing { until: Duration },
    /// Has been touched and is telling its other discoverable passkeys, so many at most.
    Collecting { left: usize },
}

/// One key in the ceremony. Keys that hold nothing, or have failed, are removed.
struct Candidate<'a> {
    step: Step<'a>,
    protocol: Option<Protocol>,
    method: Method,
    /// Why the key cannot verify its user although it must.
    impossible: Option<Impossible>,
    /// Lists still to be tried; the first is the one in flight.
    batches: VecDeque<AllowListBatch>,
    /// What the reply in flight is held against.
    question: Option<AssertionRequest<'a>>,
    token: Option<(PinUvAuthProtocol, PinUvAuthToken)>,
    sensor_failures: u8,
    /// The accounts that it has said could sign in, where it was asked.
    discovery: Discovery,
}

/// The key that the ceremony's end is about, and its passkey.
#[derive(Default)]
struct Decision {
    key: Option<PluggedKey>,
    passkey: Option<Credential>,
}

struct Ceremony<'a, W: Platform, P: Prompter> {
    pool: KeyPool<'a, W>,
    dialogue: Dialogue<'a, P>,
    request: &'a SignIn<'a>,
    credentials: Vec<&'a Credential>,
    candidates: KeyMap<Candidate<'a>>,
    deadline: Duration,
    wait_until: Duration,
    /// Since when a PIN could be asked for, were it not for keys that have not answered yet.
    pin_ready_at: Option<Duration>,
    /// The key that the person touched to say which one they mean.
    chosen: Option<KeyId>,
    /// What to say if nothing better comes of it.
    failure: Option<SignInError>,
    saw_foreign_key: bool,
    decision: Decision,
    account: Option<Account>,
    pin_failed: Vec<CredentialId>,
    /// Questions for a PIN, over all keys.
    questions: u8,
    recovery_code: Option<Code>,
}

impl<'a, W: Platform, P: Prompter> Ceremony<'a, W, P> {
    fn new(platform: &'a mut W, person: &'a mut P, request: &'a SignIn<'a>) -> Self {
        let pool = KeyPool::new(platform);
        let start = pool.now();
        let deadline = start.saturating_add(request.policy.timeout);
        Self {
            pool,
            dialogue: Dialogue::new(person),
            request,
            credentials: match request.wanted {
                Wanted::Passkeys(passkeys) => passkeys.iter().map(|passkey| passkey.credential).collect(),
                Wanted::Anyone { .. } => Vec::new(),
            },
            candidates: KeyMap::new(),
            deadline,
            wait_until: start.saturating_add(request.policy.wait_for_key).min(deadline),
            pin_ready_at: None,
            chosen: None,
            failure: None,
            saw_foreign_key: false,
            decision: Decision::default(),
            account: None,
            pin_failed: Vec::new(),
            questions: 0,
            recovery_code: None,
        }
    }

    fn run(&mut self) -> Result<Verified, SignInError> {
        self.pool.look();
        loop {
            self.advance()?;
            match self.pool.next(self.wake_at()) {
                Event::Opened(key) => self.identify(key)?,
                Event::Reply(key, payload) => {
                    if let Some(verified) = self.on_reply(key, &payload)? {
                        return Ok(verified);
                    }
                }
                Event::UserPresenceNeeded(key) => self.cue(key),
                Event::Busy(key) => self.on_busy(key),
                Event::Lost(key, loss) => self.on_lost(key, loss),
                Event::Interrupted => return Err(SignInError::Interrupted),
                Event::Elapsed => self.on_elapsed()?,
            }
        }
    }

    fn tell(&mut self, notice: Notice) {
        self.dialogue.tell(notice);
    }

    /// Lets the person answer a question about one key; `None` if they had given up before it. The time they take does not count,
    /// and no key is locked or blinks meanwhile.
    fn with_the_person<T>(&mut self, key: KeyId, ask: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.quieten_others(key);
        if self.pool.is_interrupted() {
            return None;
        }
        let asked_at = self.pool.now();
        let answer = ask(self);
        // Whatever was told before the question may be told again after it.
        self.dialogue.move_on();
        let taken = self.pool.now().saturating_sub(asked_at);
        self.deadline = self.deadline.saturating_add(taken);
        self.wait_until = self.wait_until.saturating_add(taken);
        Some(answer)
    }

    /// The RP ID that the candidate is asked for.
    fn rp_id_for(&self, candidate: &Candidate<'a>) -> Option<&'a str> {
        match self.request.wanted {
            Wanted::Anyone { rp_id, .. } => Some(rp_id),
            Wanted::Passkeys(_) => {
                let index = candidate.batches.front()?.0.first()?;
                self.credentials.get(*index).map(|credential| credential.rp_id.as_str())
            }
        }
    }

    fn send(&mut self, key: KeyId, message: Message, touch: bool) {
        self.pool.send(key, message, touch.then_some(self.deadline));
    }

    fn identify(&mut self, key: KeyId) -> Result<(), SignInError> {
        if self.pool.speaks_ctap2(key) {
            self.candidates.insert(key, Candidate::new());
            self.send(key, Message::ctap2(info::request()), false);
            Ok(())
        } else if self.pool.speaks_u2f(key) && matches!(self.request.wanted, Wanted::Passkeys(_)) {
            self.identify_u2f(key)
        } else {
            self.dismiss(key);
            Ok(())
        }
    }

    /// Takes the reply of one key; the proof if it is one.
    fn on_reply(&mut self, key: KeyId, payload: &[u8]) -> Result<Option<Verified>, SignInError> {
        let Some(candidate) = self.candidates.get(key) else { return Ok(None) };
        let is_u2f = matches!(candidate.protocol, Some(Protocol::U2f));
        match candidate.step {
            Step::Identifying => self.on_info(key, payload)?,
            Step::Searching if is_u2f => self.on_u2f_found(key, payload)?,
            Step::Searching => self.on_found(key, payload)?,
            Step::Choosing => self.on_chosen(key, payload),
            Step::Verifying(_) => self.on_token_reply(key, payload)?,
            Step::Touching { .. } if is_u2f => return self.on_u2f_assertion(key, payload),
            Step::Touching { .. } => return self.on_assertion(key, payload),
            Step::Collecting { left } => return self.on_next_assertion(key, left, payload),
            // The reply to something that was taken back.
            Step::Ready | Step::Pausing { .. } => {}
        }
        Ok(None)
    }

    /// Lets go of a key that holds none of the passkeys.
    fn dismiss(&mut self, key: KeyId) {
        let KeyId(number) = key;
        self.pool
            .platform()
            .trace(format_args!("key {number} is let go: it holds nothing that was asked for"));
        self.saw_foreign_key = true;
        self.forget(key);
        self.pool.release(key);
    }

    /// Lets go of a key that cannot go on, and remembers why.
    fn turn_away(&mut self, key: KeyId, reason: SignInError) {
        let KeyId(number) = key;
        self.pool.platform().trace(format_args!("key {number} is let go: {reason:?}"));
        self.failure = Some(reason);
        self.decide_by(key);
        self.forget(key);
        self.pool.release(key);
        // The last key's lock is what the ceremony ends with.
        if let SignInError::Pin(error) = reason
            && let Some(lock) = error.lock()
            && !self.candidates.is_empty()
        {
            self.tell(Notice::KeyLocked(lock));
        }
    }

    /// The ceremony's end, if it ends now, is about this key.
    fn decide_by(&mut self, key: KeyId) {
        let passkey = self.candidates.get(key).and_then(|candidate| self.held_by(candidate)).cloned();
        self.decision = Decision { key: self.pool.plugged(key).cloned(), passkey };
    }

    /// The passkey that the key has shown to hold, or that is the only one it was asked for.
    fn held_by(&self, candidate: &Candidate<'a>) -> Option<&'a Credential> {
        match candidate.batches.front() {
            Some(AllowListBatch(indexes)) if candidate.holds_passkey() => match indexes.as_slice() {
                [only] => self.credentials.get(*only).copied(),
                _ => None,
            },
            Some(_) | None => None,
        }
    }

    fn forget(&mut self, key: KeyId) {
        self.candidates.remove(key);
        if self.chosen == Some(key) {
            self.chosen = None;
        }
    }

    /// Another program holds the key. The person may have chosen it, but need not wait for it while there are others.
    fn on_busy(&mut self, key: KeyId) {
        if self.chosen == Some(key) {
            self.chosen = None;
        }
        self.tell(Notice::KeyBusy);
    }

    fn on_lost(&mut self, key: KeyId, loss: KeyError) {
        let was_candidate = self.candidates.get(key).is_some_and(Candidate::holds_passkey);
        if loss != KeyError::Unplugged {
            self.decide_by(key);
        }
        self.forget(key);
        match loss {
            // What was the matter with another key matters less than that this one would have done.
            KeyError::Unplugged if was_candidate => {
                self.failure = Some(REMOVED);
                if self.candidates.is_empty() && self.pool.now() < self.wait_until {
                    self.tell(Notice::KeyRemoved);
                }
            }
            KeyError::Unplugged => {
                self.failure.get_or_insert(REMOVED);
            }
            KeyError::NoRandomness => self.failure = Some(SignInError::NoRandomness),
            loss => self.failure = Some(SignInError::KeyUnusable(loss)),
        }
    }
}

impl Candidate<'_> {
    fn new() -> Self {
        Self {
            step: Step::Identifying,
            protocol: None,
            method: Method::None,
            impossible: None,
            batches: VecDeque::new(),
            question: None,
            token: None,
            sensor_failures: 0,
            discovery: Discovery::default(),
        }
    }

    /// What it says of itself, if it speaks CTAP2 and has said so.
    fn info(&self) -> Option<&Info> {
        self.protocol.as_ref().and_then(Protocol::info)
    }

    fn holds_passkey(&self) -> bool {
        !self.is_undecided()
    }

    /// Whether its person has to do something on it now.
    fn waits_for_person(&self) -> bool {
        match &self.step {
            Step::Touching { .. } | Step::Choosing | Step::Pausing { .. } => true,
            Step::Verifying(flow) => flow.waits_for_person(),
            Step::Identifying | Step::Searching | Step::Ready | Step::Collecting { .. } => false,
        }
    }

    fn is_undecided(&self) -> bool {
        matches!(self.step, Step::Identifying | Step::Searching)
    }
}
