//! One key after the other: what a ceremony does with a key that it has settled on, while keys that are plugged in now come too late.

use super::super::keys::KeyPool;
use super::super::keys::{Event, KeyError};
use super::super::keys::{KeyId, Platform};
use super::super::keys::{Message, U2F_POLL};
use super::super::prompter::{Dialogue, Notice, Prompter};
use super::pin_uv_token::{Next, PinRules, PinUvTokenFlow, TokenError};
use ctap::client_pin::Permissions;
use ctap::hid::Command;
use ctap::pin_uv_auth::{PinUvAuthProtocol, PinUvAuthToken};
use ctap::u2f::{self, StatusWord};
use ctap::{Info, ReplyError, Status};
use std::time::Duration;

/// How long a key may take to end what was cancelled before a PIN is asked for.
const QUIET: Duration = Duration::from_millis(250);
/// Before a sensor that nobody came to in the key's own time is asked for again.
const REPEAT_DELAY: Duration = Duration::from_millis(250);

/// Why there is no key, or no reply of it that could be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFailure {
    /// No key was plugged in in time.
    NoKey,
    /// It could not be talked to.
    Unusable(KeyError),
    /// It was unplugged in the middle.
    Unplugged,
    /// Nobody touched it, or any of those to choose from, in time.
    NoTouch,
    /// The person refused on the key itself.
    Declined,
    /// The person gave up.
    Interrupted,
    /// It refused with a status that leaves no way on.
    Refused(Status),
    /// It speaks U2F and refused with a status word that leaves no way on.
    RefusedU2f(StatusWord),
    /// Its reply is no valid CTAP2 or U2F.
    Malformed,
}

impl From<KeyError> for KeyFailure {
    fn from(loss: KeyError) -> Self {
        if loss == KeyError::Unplugged { Self::Unplugged } else { Self::Unusable(loss) }
    }
}

impl From<ReplyError> for KeyFailure {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::Status(status) => Self::Refused(status),
            ReplyError::Malformed(_) => Self::Malformed,
        }
    }
}

impl From<u2f::ReplyError> for KeyFailure {
    fn from(error: u2f::ReplyError) -> Self {
        match error {
            u2f::ReplyError::Status(status) => Self::RefusedU2f(status),
            u2f::ReplyError::Malformed(_) => Self::Malformed,
        }
    }
}

/// Why there is no token.
pub(crate) enum NoToken {
    /// The key gave no reply.
    Key(KeyFailure),
    /// The key did not verify its user.
    Pin(TokenError),
    /// It offers no PIN/UV auth protocol that we know.
    NoProtocol,
}

impl From<KeyFailure> for NoToken {
    fn from(failure: KeyFailure) -> Self {
        Self::Key(failure)
    }
}

/// What a token shall be good for, and how the user is verified for it.
pub(crate) struct TokenRequest<'r> {
    pub(crate) permissions: Permissions,
    pub(crate) rp_id: &'r str,
    /// By the key's own sensor, with the PIN to fall back on; else by the PIN.
    pub(crate) by_sensor: bool,
    /// Wrong PINs allowed.
    pub(crate) attempts: u8,
}

/// The keys and the person of a ceremony that deals with one key at a time, and when it ends.
pub(crate) struct SingleKey<'a, W: Platform, P: Prompter> {
    pub(crate) pool: KeyPool<'a, W>,
    pub(crate) dialogue: Dialogue<'a, P>,
    pub(crate) deadline: Duration,
}

impl<'a, W: Platform, P: Prompter> SingleKey<'a, W, P> {
    /// Ends after `timeout`, not counting the time that the person takes to type a PIN.
    pub(crate) fn new(platform: &'a mut W, person: &'a mut P, timeout: Duration) -> Self {
        let pool = KeyPool::new(platform);
        let deadline = pool.now().saturating_add(timeout);
        Self { pool, dialogue: Dialogue::new(person), deadline }
    }

    /// The reply of one key to one request. `cue` is told as soon as it waits for a touch.
    pub(crate) fn exchange(
        &mut self,
        key: KeyId,
        message: Message,
        cue: Option<&Notice>,
    ) -> Result<Vec<u8>, KeyFailure> {
        // A U2F key answers at once; its person is waited for by asking again.
        let waits = cue.is_some() || message.command == Command::Msg;
        self.pool.send(key, message, cue.map(|_| self.deadline));
        loop {
            match self.pool.next(self.deadline) {
                Event::Reply(from, payload) if from == key => return Ok(payload),
                Event::UserPresenceNeeded(from) if from == key => {
                    if let Some(cue) = cue {
                        self.dialogue.tell(cue.clone());
                    }
                }
                Event::Busy(from) if from == key => self.dialogue.tell(Notice::KeyBusy),
                Event::Elapsed => {
                    return Err(match self.pool.stall(key) {
                        Some(loss) if !waits || loss == KeyError::Busy => KeyFailure::Unusable(loss),
                        Some(_) | None => KeyFailure::NoTouch,
                    });
                }
                event => self.pass_over(key, &event)?,
            }
        }
    }

    /// Waits until a U2F key that nobody has touched yet is to be asked again.
    pub(crate) fn pause_for_u2f(&mut self, key: KeyId) -> Result<(), KeyFailure> {
        self.pause(key, U2F_POLL)
    }

    fn pause(&mut self, key: KeyId, time: Duration) -> Result<(), KeyFailure> {
        let until = self.pool.now().saturating_add(time).min(self.deadline);
        loop {
            match self.pool.next(until) {
                Event::Elapsed if self.pool.now() >= self.deadline => return Err(KeyFailure::NoTouch),
                Event::Elapsed => return Ok(()),
                event => self.pass_over(key, &event)?,
            }
        }
    }

    /// Ends the wait for `key` where nothing can come of it any more, and lets other keys do what they will.
    fn pass_over(&mut self, key: KeyId, event: &Event) -> Result<(), KeyFailure> {
        match event {
            Event::Lost(from, loss) if *from == key => return Err((*loss).into()),
            Event::Interrupted => return Err(KeyFailure::Interrupted),
            Event::Opened(other) => self.pool.release(*other),
            Event::Reply(..)
            | Event::UserPresenceNeeded(_)
            | Event::Busy(_)
            | Event::Lost(..)
            | Event::Elapsed => {}
        }
        Ok(())
    }

    /// Has one key verify its user.
    pub(crate) fn token(
        &mut self,
        key: KeyId,
        info: &Info,
        request: &TokenRequest<'_>,
    ) -> Result<(PinUvAuthProtocol, PinUvAuthToken), NoToken> {
        let TokenRequest { permissions, rp_id, by_sensor, attempts } = *request;
        let name = self.pool.plugged(key).map_or_else(String::new, |plugged| plugged.name.clone());
        let rules = PinRules { attempts, forbidden: None, takes_recovery_code: false };
        let (mut flow, mut next) = PinUvTokenFlow::start(&name, info, permissions, rp_id, by_sensor, rules)
            .ok_or(NoToken::NoProtocol)?;
        loop {
            next = match next {
                Next::Send { payload, touch } => {
                    let cue = touch.then_some(&Notice::UseFingerprint);
                    let reply = self.exchange(key, Message::ctap2(payload), cue)?;
                    flow.on_reply(&reply, self.pool.platform(), self.dialogue.person)
                }
                Next::Later => {
                    self.pause(key, REPEAT_DELAY)?;
                    flow.resume(self.dialogue.person)
                }
                Next::Ask => {
                    self.pool.settle(QUIET);
                    if self.pool.is_interrupted() {
                        return Err(KeyFailure::Interrupted.into());
                    }
                    let asked_at = self.pool.now();
                    let next = flow.ask(self.pool.platform(), self.dialogue.person);
                    let taken = self.pool.now().saturating_sub(asked_at);
                    self.deadline = self.deadline.saturating_add(taken);
                    self.dialogue.move_on();
                    next
                }
                Next::Done(token) => return Ok((flow.protocol(), token)),
                Next::Failed(error) => return Err(NoToken::Pin(error)),
            };
        }
    }
}
