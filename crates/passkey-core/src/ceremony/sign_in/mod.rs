//! The sign-in ceremony over all plugged-in keys at once.
//!
//! Each key goes its own way through [`Step`]; [`Ceremony::advance`] is the one place that looks at all of them together and
//! decides what may begin. The first valid assertion wins.

mod advance;
mod replies;

use super::allow_list::{self, Piece};
use super::assertion::{Manner, Question};
use super::event::{Event, Loss};
use super::fleet::Fleet;
use super::person::{Dialogue, Notice, Person};
use super::token::{Next, PinRules, TokenError, TokenFlow};
use super::user_verification::{self, Impossible, Method};
use super::world::{KeyId, NoRandomness, PluggedKey, World};
use crate::config::{Policy, UserVerification};
use crate::credential::{Credential, CredentialId};
use crate::store::{CredentialFile, State};
use crate::verify::{self, Requirements, Verified, VerifyError};
use ctap::client_pin::Permissions;
use ctap::pin_uv_auth::{PinUvAuthProtocol, PinUvAuthToken};
use ctap::{Info, ReplyError, Secret, Status, get_assertion, info};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// How long a PIN prompt is held back for other keys that may turn out to hold a passkey too.
const SETTLE: Duration = Duration::from_secs(1);
/// How long a key may take to end what was cancelled before a PIN is asked for.
const QUIET: Duration = Duration::from_millis(250);
/// The touch is asked for at the latest this long after the key has got the request, should it not say that it waits.
const CUE_DELAY: Duration = Duration::from_millis(500);
/// Before the same touch is asked for again: a key that refuses at once must not keep the processor busy.
const REPEAT_DELAY: Duration = Duration::from_millis(250);

/// What to sign in with, and how.
#[derive(Clone, Copy, Debug)]
pub struct SignIn<'a> {
    /// The passkeys that may sign in.
    pub passkeys: &'a [Passkey<'a>],
    /// How: user verification, time, PIN attempts, counters.
    pub policy: &'a Policy,
    /// What must never be sent to a key as a PIN: the password that an earlier module got.
    pub forbidden_pin: Option<&'a Secret>,
}

/// A passkey with what is remembered of its last use.
#[derive(Clone, Copy, Debug)]
pub struct Passkey<'a> {
    /// The passkey.
    pub credential: &'a Credential,
    /// The signature counter of its last use.
    pub sign_count: Option<u32>,
    /// The last PIN typed for it was wrong: its key is asked how many tries are left before the person is asked for another.
    pub pin_failed: bool,
}

impl<'a> Passkey<'a> {
    /// The enabled passkeys of a file with what `state` remembers of them.
    pub fn enabled(file: &'a CredentialFile, state: &State) -> Vec<Self> {
        file.enabled()
            .map(|credential| Self {
                credential,
                sign_count: state.sign_count(&credential.id),
                pin_failed: state.credential(&credential.id).is_some_and(|state| state.failures > 0),
            })
            .collect()
    }
}

/// How a sign-in ended and what was learnt on the way.
#[derive(Debug)]
pub struct Attempt {
    /// The proof, or why there is none.
    pub result: Result<Verified, SignInError>,
    /// The key that decided it, where one did.
    pub key: Option<PluggedKey>,
    /// The passkeys for whose key a wrong PIN was typed, without a right one after it.
    pub pin_failed: Vec<CredentialId>,
}

/// Why a sign-in came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInError {
    /// No key was plugged in in time.
    NoKey,
    /// Keys were plugged in, but none holds a passkey that was asked for.
    ForeignKeys,
    /// Keys were plugged in, but none could be talked to.
    KeyUnusable(Loss),
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
    /// The key's reply is no valid CTAP2.
    Malformed,
    /// The kernel gave no randomness.
    NoRandomness,
}

impl SignInError {
    /// Whether it answers the sign-in, however many keys may still be plugged in: a key that merely could not be used does not.
    fn is_final(self) -> bool {
        match self {
            Self::NoKey | Self::ForeignKeys | Self::KeyUnusable(_) => false,
            Self::NoTouch
            | Self::Declined
            | Self::Interrupted
            | Self::CannotVerifyUser(_)
            | Self::Pin(_)
            | Self::Rejected(_)
            | Self::Refused(_)
            | Self::Malformed
            | Self::NoRandomness => true,
        }
    }
}

/// Runs the ceremony to its end.
pub fn sign_in(world: &mut impl World, person: &mut impl Person, request: &SignIn<'_>) -> Attempt {
    let mut ceremony = Ceremony::new(world, person, request);
    let result = ceremony.run();
    Attempt { result, key: ceremony.decided_by, pin_failed: ceremony.pin_failed }
}

/// How far a key has come.
enum Step<'a> {
    /// authenticatorGetInfo is under way.
    Identifying,
    /// A silent getAssertion is under way for the first of the pieces.
    Searching,
    /// It holds a passkey; what comes next is for [`Ceremony::advance`] to decide.
    Ready,
    /// The person may touch it to say that this is the key they mean.
    Choosing,
    /// Getting a token, by PIN or sensor.
    Verifying(Box<TokenFlow<'a>>),
    /// The assertion proper is under way since then.
    Touching { cue_at: Option<Duration> },
    /// Will be asked for the touch again at this time.
    Pausing { until: Duration },
}

/// One key in the ceremony. Keys that hold nothing, or have failed, are removed.
struct Candidate<'a> {
    step: Step<'a>,
    info: Option<Info>,
    method: Method,
    /// Why the key cannot verify its user although it must.
    impossible: Option<Impossible>,
    /// Lists still to be tried; the first is the one in flight.
    pieces: VecDeque<Piece>,
    /// What the reply in flight is held against.
    question: Option<Question<'a>>,
    token: Option<(PinUvAuthProtocol, PinUvAuthToken)>,
    sensor_failures: u8,
}

struct Ceremony<'a, W: World, P: Person> {
    fleet: Fleet<'a, W>,
    dialogue: Dialogue<'a, P>,
    request: &'a SignIn<'a>,
    credentials: Vec<&'a Credential>,
    candidates: BTreeMap<KeyId, Candidate<'a>>,
    deadline: Duration,
    wait_until: Duration,
    /// When a PIN may be asked for although other keys have not answered yet.
    settled_at: Option<Duration>,
    /// The key that the person touched to say which one they mean.
    chosen: Option<KeyId>,
    /// What to say if nothing better comes of it.
    failure: Option<SignInError>,
    saw_foreign_key: bool,
    decided_by: Option<PluggedKey>,
    pin_failed: Vec<CredentialId>,
}

impl<'a, W: World, P: Person> Ceremony<'a, W, P> {
    fn new(world: &'a mut W, person: &'a mut P, request: &'a SignIn<'a>) -> Self {
        let fleet = Fleet::new(world);
        let start = fleet.now();
        let deadline = start.saturating_add(request.policy.timeout);
        Self {
            fleet,
            dialogue: Dialogue::new(person),
            request,
            credentials: request.passkeys.iter().map(|passkey| passkey.credential).collect(),
            candidates: BTreeMap::new(),
            deadline,
            wait_until: start.saturating_add(request.policy.wait_for_key).min(deadline),
            settled_at: None,
            chosen: None,
            failure: None,
            saw_foreign_key: false,
            decided_by: None,
            pin_failed: Vec::new(),
        }
    }

    fn run(&mut self) -> Result<Verified, SignInError> {
        self.fleet.look();
        loop {
            self.advance()?;
            match self.fleet.next(self.wake_at()) {
                Event::Opened(key) => self.identify(key),
                Event::Reply(key, payload) => {
                    if let Some(verified) = self.on_reply(key, &payload)? {
                        return Ok(verified);
                    }
                }
                Event::UserPresenceNeeded(key) => self.cue(key),
                Event::Busy(_) => self.tell(Notice::KeyBusy),
                Event::Lost(key, loss) => self.on_lost(key, loss),
                Event::Interrupted => return Err(SignInError::Interrupted),
                Event::Elapsed => self.on_elapsed()?,
            }
        }
    }

    fn tell(&mut self, notice: Notice) {
        self.dialogue.tell(notice);
    }

    fn send(&mut self, key: KeyId, payload: Vec<u8>, touch: bool) {
        self.fleet.send(key, payload, touch.then_some(self.deadline));
    }

    fn identify(&mut self, key: KeyId) {
        if !self.fleet.speaks_ctap2(key) {
            return self.dismiss(key);
        }
        self.candidates.insert(key, Candidate::new());
        self.send(key, info::request(), false);
    }

    /// Lets go of a key that holds none of the passkeys.
    fn dismiss(&mut self, key: KeyId) {
        self.saw_foreign_key = true;
        self.forget(key);
        self.fleet.release(key);
    }

    /// Lets go of a key that cannot go on, and remembers why.
    fn turn_away(&mut self, key: KeyId, reason: SignInError) {
        self.failure = Some(reason);
        self.decided_by = self.fleet.plugged(key).cloned();
        self.forget(key);
        self.fleet.release(key);
    }

    fn forget(&mut self, key: KeyId) {
        self.candidates.remove(&key);
        if self.chosen == Some(key) {
            self.chosen = None;
        }
    }

    fn on_lost(&mut self, key: KeyId, loss: Loss) {
        let was_candidate = self.candidates.get(&key).is_some_and(Candidate::holds_passkey);
        self.forget(key);
        match loss {
            Loss::Unplugged if was_candidate => {
                self.failure = None;
                if self.candidates.is_empty() && self.fleet.now() < self.wait_until {
                    self.tell(Notice::KeyRemoved);
                }
            }
            Loss::Unplugged => {}
            Loss::NoRandomness => self.failure = Some(SignInError::NoRandomness),
            loss => self.failure = Some(SignInError::KeyUnusable(loss)),
        }
    }
}

impl Candidate<'_> {
    fn new() -> Self {
        Self {
            step: Step::Identifying,
            info: None,
            method: Method::None,
            impossible: None,
            pieces: VecDeque::new(),
            question: None,
            token: None,
            sensor_failures: 0,
        }
    }

    fn holds_passkey(&self) -> bool {
        !self.is_undecided()
    }

    fn is_undecided(&self) -> bool {
        matches!(self.step, Step::Identifying | Step::Searching)
    }
}
