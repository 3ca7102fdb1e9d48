//! One key after the other: what a ceremony does with a key that it has settled on, while keys that are plugged in now come too late.

use super::super::keys::{Event, KeyError, KeyId, KeyPool, Message, Platform};
use super::super::prompter::{Authenticator, Dialogue, Notice, PinAnswer, PinPrompt, Prompter};
use super::super::standing::Trusted;
use super::assertion::Token;
use super::pin_uv_token::{
    KeyName, PinBudget, PinRules, PinUvTokenFlow, Progress, TokenError, TokenHost, TokenRequest,
    finger_notice, locked_notice,
};
use super::timing::{QUIET, REPEAT_DELAY, U2F_POLL};
use ctap::hid::Command;
use ctap::u2f::{self, StatusWord};
use ctap::{Info, ReplyError, Status};
use std::time::Duration;

/// Why there is no key, or no reply of it that could be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFailure {
    /// No key was plugged in in time.
    NoKey,
    /// It could not be talked to.
    Unusable(KeyError),
    /// It was unplugged in the middle.
    Unplugged,
    /// Neither it nor another one to choose from was touched in time.
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

/// What a key has answered.
pub(crate) struct Reply {
    pub(crate) payload: Vec<u8>,
    /// How long the key has had the request.
    pub(crate) took: Duration,
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
    ) -> Result<Reply, KeyFailure> {
        // A U2F key answers at once; its person is waited for by asking again.
        let waits = cue.is_some() || message.command == Command::Msg;
        self.pool.send(key, message, cue.map(|_| self.deadline));
        self.await_reply(key, cue, waits)
    }

    /// The same for a request that needs no person. A key that wants one all the same says so, and the person is told.
    pub(crate) fn exchange_silently(&mut self, key: KeyId, message: Message) -> Result<Reply, KeyFailure> {
        self.pool.send(key, message, None);
        self.await_reply(key, Some(&Notice::TouchKey), false)
    }

    fn await_reply(&mut self, key: KeyId, cue: Option<&Notice>, waits: bool) -> Result<Reply, KeyFailure> {
        loop {
            match self.pool.next(self.deadline) {
                Event::Reply(from, payload, took) if from == key => return Ok(Reply { payload, took }),
                Event::Refused(from, error) if from == key => {
                    return Err(KeyFailure::Unusable(KeyError::Refused(error)));
                }
                Event::UserPresenceNeeded(from) if from == key => {
                    if let Some(cue) = cue {
                        self.dialogue.tell(cue.clone());
                    }
                }
                Event::Busy(from) if from == key => self.dialogue.tell(Notice::KeyBusy),
                Event::Stuck(from) if from == key => {
                    self.dialogue.tell(Notice::KeyUnusable(KeyError::Stuck));
                }
                Event::Elapsed => {
                    return Err(match self.pool.stall(key) {
                        Some(error @ (KeyError::Busy | KeyError::Stuck)) => KeyFailure::Unusable(error),
                        Some(error) if !waits => KeyFailure::Unusable(error),
                        Some(_) | None => KeyFailure::NoTouch,
                    });
                }
                event => self.pass_over(key, &event)?,
            }
        }
    }

    /// Waits until a U2F key that has not been touched yet is to be asked again.
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
            Event::Lost(from, _, loss) if *from == key => return Err((*loss).into()),
            Event::Interrupted => return Err(KeyFailure::Interrupted),
            Event::Opened(other) => self.pool.release(*other),
            Event::Reply(..)
            | Event::Refused(..)
            | Event::UserPresenceNeeded(_)
            | Event::Busy(_)
            | Event::Stuck(_)
            | Event::Lost(..)
            | Event::Elapsed => {}
        }
        Ok(())
    }

    /// What the key is.
    pub(crate) fn authenticator(&self, key: KeyId, info: &Info) -> Authenticator {
        Authenticator::of(self.pool.attachment(key), Some(info))
    }

    /// Has one key verify its user, by its sensor or by its PIN, with `attempts` wrong ones allowed.
    pub(crate) fn token(
        &mut self,
        key: KeyId,
        info: &Info,
        trusted: &Trusted<'_>,
        request: TokenRequest<'_>,
        attempts: u8,
    ) -> Result<Token, NoToken> {
        let rules = PinRules { forbidden: None, takes_recovery_code: false };
        let authenticator = self.authenticator(key, info);
        let finger = finger_notice(authenticator);
        let budget = PinBudget::new(attempts);
        let mut host = OneKeyHost { single: self, key, authenticator, budget, sent: None };
        let mut request = request;
        loop {
            let (mut flow, mut progress) = PinUvTokenFlow::start(trusted, info, &request, rules, &mut host)
                .ok_or(NoToken::NoProtocol)?;
            loop {
                progress = match progress {
                    Progress::Sent => {
                        let (message, cue) = host.sent.take().ok_or(KeyFailure::Malformed)?;
                        let Reply { payload, took } =
                            host.single.exchange(key, message, cue.then_some(&finger))?;
                        flow.on_reply(&payload, took, &mut host)
                    }
                    Progress::Pause => {
                        host.single.pause(key, REPEAT_DELAY)?;
                        flow.resume(&mut host)
                    }
                    Progress::SensorGaveUp => {
                        host.tell(locked_notice(authenticator, None));
                        break;
                    }
                    Progress::SensorUnused => break,
                    Progress::Done(token, _) => return Ok(token),
                    Progress::Failed(TokenError::Interrupted) => return Err(KeyFailure::Interrupted.into()),
                    Progress::Failed(error) => return Err(NoToken::Pin(error)),
                };
            }
            request.by_sensor = false;
        }
    }
}

/// A token flow's view of the one key: what it sends is exchanged at its next turn.
struct OneKeyHost<'s, 'a, W: Platform, P: Prompter> {
    single: &'s mut SingleKey<'a, W, P>,
    key: KeyId,
    authenticator: Authenticator,
    budget: PinBudget,
    sent: Option<(Message, bool)>,
}

impl<W: Platform, P: Prompter> TokenHost for OneKeyHost<'_, '_, W, P> {
    type Platform = W;

    fn platform(&mut self) -> &mut W {
        self.single.pool.platform()
    }

    fn budget(&mut self) -> &mut PinBudget {
        &mut self.budget
    }

    fn send(&mut self, message: Message, touch: bool) {
        self.sent = Some((message, touch));
    }

    fn tell(&mut self, notice: Notice) {
        self.single.dialogue.tell(notice);
    }

    fn authenticator(&self) -> Authenticator {
        self.authenticator
    }

    fn key_name(&mut self) -> KeyName {
        let device =
            self.single.pool.plugged(self.key).map_or_else(String::new, |plugged| plugged.name.clone());
        KeyName { device, shown: None }
    }

    fn ask_pin(&mut self, prompt: &PinPrompt<'_>) -> PinAnswer {
        let single = &mut *self.single;
        single.pool.drain_cancelled(QUIET);
        if single.pool.is_interrupted() {
            return PinAnswer::Interrupted;
        }
        let asked_at = single.pool.now();
        let answer = single.dialogue.prompter.ask_pin(prompt);
        single.deadline = single.deadline.saturating_add(single.pool.now().saturating_sub(asked_at));
        single.dialogue.move_on();
        answer
    }
}
