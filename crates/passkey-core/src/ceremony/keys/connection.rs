//! One key of the [`pool`](super::pool): its channel, its transaction, its lock and its timers.

use super::event::{Event, KeyError};
use super::platform::{KeyId, OpenError, Platform, PluggedKey};
use super::protocol::Message;
use ctap::hid::{self, Channel, HidError, Keepalive};
use std::collections::VecDeque;
use std::time::Duration;

/// How long to wait before another try to open a key, to lock it, or to send to one that is busy.
const RETRY: Duration = Duration::from_millis(50);
/// Tries to open a device node. udev needs a moment to set the permissions of a new one.
const OPEN_TRIES: u8 = 20;
/// A key that does not answer `CTAPHID_INIT` within this time is not there for us.
const INIT_PATIENCE: Duration = Duration::from_secs(3);
/// A key that does not end a cancelled request within this time is given up.
const CANCEL_PATIENCE: Duration = Duration::from_secs(2);
/// When another program has held a key for this long, the person should know.
const BUSY_NOTICE: Duration = Duration::from_secs(1);
/// How often a key may forget its channel over one request before it is given up.
const MAX_REOPENED: u8 = 3;
/// Reports taken from one key before the others get their turn.
const READS_PER_TURN: usize = 256;

/// A request and how far it has come.
struct Transaction {
    request: Request,
    timeout: Timeout,
    stage: Stage,
    /// The key has said that it waits for a touch.
    told_presence: bool,
    /// Since when another program's lock or channel has kept the transaction from starting.
    blocked_since: Option<Duration>,
    told_busy: bool,
    /// Nobody waits for the reply any more.
    abandoned: bool,
}

/// How long a key may take over a request.
#[derive(Clone, Copy)]
pub(crate) enum Timeout {
    /// So long after its last sign of life.
    Idle(Duration),
    /// So long altogether: it has no reason to put the reply off.
    Total(Duration),
}

impl Timeout {
    fn limit(self) -> Duration {
        match self {
            Self::Idle(limit) | Self::Total(limit) => limit,
        }
    }
}

enum Request {
    Init,
    Message(Message),
}

enum Stage {
    /// Not begun: the lock or the key was taken.
    Waiting {
        not_before: Duration,
    },
    Running {
        last_heard: Duration,
    },
}

enum Handle {
    Closed {
        tries_left: u8,
        not_before: Duration,
    },
    Open,
    /// Of no further use, or released.
    Lost(Option<KeyError>),
}

pub(crate) struct Connection {
    plugged: PluggedKey,
    handle: Handle,
    channel: Channel,
    transaction: Option<Transaction>,
    /// Sent by the ceremony while an abandoned transaction was still running.
    next: Option<Transaction>,
    wants_write: bool,
    /// How often the key has forgotten its channel since its last reply.
    reopened: u8,
}

impl Connection {
    pub(crate) fn new(plugged: PluggedKey, now: Duration) -> Self {
        Self {
            plugged,
            handle: Handle::Closed { tries_left: OPEN_TRIES, not_before: now },
            channel: Channel::new(),
            transaction: None,
            next: None,
            wants_write: false,
            reopened: 0,
        }
    }

    pub(crate) fn plugged(&self) -> &PluggedKey {
        &self.plugged
    }

    fn id(&self) -> KeyId {
        self.plugged.id
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.handle, Handle::Open)
    }

    pub(crate) fn is_lost(&self) -> bool {
        matches!(self.handle, Handle::Lost(_))
    }

    /// Whether the key was noticed to be gone before the kernel told of it.
    pub(crate) fn is_unplugged(&self) -> bool {
        matches!(self.handle, Handle::Lost(Some(KeyError::Unplugged)))
    }

    pub(crate) fn wants_write(&self) -> bool {
        self.is_open() && self.wants_write
    }

    /// Whether it is waited for because another program holds it, and the person was told.
    pub(crate) fn is_busy(&self) -> bool {
        self.transaction.as_ref().is_some_and(|transaction| {
            transaction.told_busy && matches!(transaction.stage, Stage::Waiting { .. })
        })
    }

    /// Whether it is still to be opened, or its channel is.
    pub(crate) fn is_opening(&self) -> bool {
        match &self.handle {
            Handle::Closed { .. } => true,
            Handle::Open => self
                .transaction
                .as_ref()
                .is_some_and(|transaction| matches!(transaction.request, Request::Init)),
            Handle::Lost(_) => false,
        }
    }

    /// Whether the key works on something, under our lock.
    pub(crate) fn is_running(&self) -> bool {
        self.is_open()
            && self
                .transaction
                .as_ref()
                .is_some_and(|transaction| matches!(transaction.stage, Stage::Running { .. }))
    }

    /// Whether the key works on something that was taken back.
    pub(crate) fn is_ending(&self) -> bool {
        self.is_running() && self.transaction.as_ref().is_some_and(|transaction| transaction.abandoned)
    }

    /// What is the matter with a key that has not come to an end by now with what it was asked; `None` if it was asked nothing.
    pub(crate) fn stall(&self) -> Option<KeyError> {
        match (&self.handle, &self.transaction) {
            (Handle::Closed { .. }, _) => Some(KeyError::CannotOpen),
            (Handle::Open, Some(transaction)) => {
                Some(transaction.blocked_since.map_or(KeyError::Silent, |_| KeyError::Busy))
            }
            (Handle::Open, None) | (Handle::Lost(_), _) => None,
        }
    }

    /// When it was last heard, or asked what it has not answered yet; `None` when it is not at work for us.
    pub(crate) fn heard_at(&self) -> Option<Duration> {
        match &self.transaction {
            Some(Transaction { stage: Stage::Running { last_heard }, blocked_since: None, .. }) => {
                Some(*last_heard)
            }
            Some(_) | None => None,
        }
    }

    pub(crate) fn speaks_ctap2(&self) -> bool {
        self.channel.capabilities().is_some_and(hid::Capabilities::cbor)
    }

    pub(crate) fn speaks_u2f(&self) -> bool {
        self.channel.capabilities().is_some_and(hid::Capabilities::msg)
    }

    /// When this link wants to be looked at again, if nothing happens before.
    pub(crate) fn wake_at(&self) -> Option<Duration> {
        match (&self.handle, &self.transaction) {
            (Handle::Closed { not_before, .. }, _) => Some(*not_before),
            (Handle::Open, Some(transaction)) => Some(match transaction.stage {
                Stage::Waiting { not_before } => not_before,
                Stage::Running { last_heard } => last_heard.saturating_add(transaction.timeout.limit()),
            }),
            (Handle::Open, None) | (Handle::Lost(_), _) => None,
        }
    }

    /// Another chance for a key that could not be opened.
    pub(crate) fn try_open_again(&mut self, now: Duration) {
        if let Handle::Lost(Some(KeyError::CannotOpen)) | Handle::Closed { .. } = self.handle {
            self.handle = Handle::Closed { tries_left: OPEN_TRIES, not_before: now };
        }
    }

    pub(crate) fn send(&mut self, message: Message, timeout: Timeout, now: Duration) {
        let transaction = Transaction::new(Request::Message(message), timeout, now);
        self.cancel(now);
        if self.transaction.is_some() {
            self.next = Some(transaction);
        } else {
            self.transaction = Some(transaction);
        }
    }

    pub(crate) fn cancel(&mut self, now: Duration) {
        self.next = None;
        let Some(transaction) = &mut self.transaction else { return };
        match transaction.stage {
            Stage::Waiting { .. } => self.transaction = None,
            Stage::Running { .. } if !transaction.abandoned => {
                transaction.abandoned = true;
                transaction.timeout = Timeout::Total(CANCEL_PATIENCE);
                transaction.stage = Stage::Running { last_heard: now };
                self.channel.cancel();
            }
            Stage::Running { .. } => {}
        }
    }

    pub(crate) fn release(&mut self, platform: &mut impl Platform) {
        self.cancel(platform.now());
        self.flush(platform);
        self.lose(platform, None);
    }

    /// Does all that can be done without waiting.
    pub(crate) fn pump(&mut self, platform: &mut impl Platform, events: &mut VecDeque<Event>) {
        let outcome = self
            .open_if_due(platform)
            .and_then(|()| self.start_if_due(platform, events))
            .and_then(|()| self.write(platform))
            .and_then(|()| self.read(platform, events))
            // What was read may have let the next request start.
            .and_then(|()| self.start_if_due(platform, events))
            .and_then(|()| self.write(platform))
            .and_then(|()| self.check_patience(platform));
        if let Err(loss) = outcome {
            self.lose(platform, Some(loss));
            events.push_back(Event::Lost(self.id(), loss));
        }
    }

    /// Sends what is queued, as far as it goes.
    pub(crate) fn flush(&mut self, platform: &mut impl Platform) {
        // A key that cannot take it is noticed at the next turn.
        let _ = self.write(platform);
    }

    fn lose(&mut self, platform: &mut impl Platform, loss: Option<KeyError>) {
        platform.close(self.id());
        self.handle = Handle::Lost(loss);
        self.transaction = None;
        self.next = None;
        self.channel = Channel::new();
    }

    fn open_if_due(&mut self, platform: &mut impl Platform) -> Result<(), KeyError> {
        let now = platform.now();
        let Handle::Closed { tries_left, not_before } = &mut self.handle else { return Ok(()) };
        if now < *not_before {
            return Ok(());
        }
        match platform.open(self.plugged.id) {
            Ok(()) => {
                self.handle = Handle::Open;
                self.transaction = Some(Transaction::new(Request::Init, Timeout::Total(INIT_PATIENCE), now));
                Ok(())
            }
            Err(OpenError::Gone) => Err(KeyError::Unplugged),
            Err(error @ (OpenError::Denied | OpenError::Hidden | OpenError::Failed)) => {
                *tries_left = tries_left.saturating_sub(1);
                *not_before = now.saturating_add(RETRY);
                let loss = if error == OpenError::Hidden { KeyError::Hidden } else { KeyError::CannotOpen };
                if *tries_left == 0 { Err(loss) } else { Ok(()) }
            }
        }
    }

    fn start_if_due(
        &mut self,
        platform: &mut impl Platform,
        events: &mut VecDeque<Event>,
    ) -> Result<(), KeyError> {
        let now = platform.now();
        let id = self.id();
        if !self.is_open() {
            return Ok(());
        }
        let Some(transaction) = &mut self.transaction else { return Ok(()) };
        match transaction.stage {
            Stage::Waiting { not_before } if now >= not_before => {}
            Stage::Waiting { .. } | Stage::Running { .. } => return Ok(()),
        }
        if !platform.try_lock(id) {
            if transaction.wait(now) {
                events.push_back(Event::Busy(id));
            }
            return Ok(());
        }
        match &transaction.request {
            Request::Message(Message { command, payload }) if self.channel.cid().is_some() => {
                // Only an overlong message is refused, and allow lists are cut to what the key takes.
                self.channel
                    .request(*command, payload)
                    .map_err(|_| KeyError::Refused(HidError::INVALID_LENGTH))?;
            }
            // A message for which there is no channel (any more) is sent once there is one.
            Request::Init | Request::Message(_) => self.channel.init(nonce(platform)?),
        }
        transaction.stage = Stage::Running { last_heard: now };
        Ok(())
    }

    fn write(&mut self, platform: &mut impl Platform) -> Result<(), KeyError> {
        self.wants_write = false;
        if !self.is_open() {
            return Ok(());
        }
        while let Some(report) = self.channel.next_report() {
            match platform.write(self.plugged.id, &report) {
                Ok(true) => {}
                Ok(false) => {
                    self.channel.unsent(report);
                    self.wants_write = true;
                    break;
                }
                Err(_) => return Err(KeyError::Unplugged),
            }
        }
        Ok(())
    }

    fn read(&mut self, platform: &mut impl Platform, events: &mut VecDeque<Event>) -> Result<(), KeyError> {
        if !self.is_open() {
            return Ok(());
        }
        for _ in 0..READS_PER_TURN {
            let Some(report) = platform.read(self.id()).map_err(|_| KeyError::Unplugged)? else { break };
            match self.channel.handle_report(&report) {
                Ok(Some(event)) => self.handle(event, platform, events)?,
                Ok(None) => {}
                // Nothing was asked: the rest of something that no longer matters.
                Err(_) if self.transaction.is_none() => {}
                Err(error) => return Err(KeyError::Garbled(error)),
            }
        }
        Ok(())
    }

    fn handle(
        &mut self,
        event: hid::Event,
        platform: &mut impl Platform,
        events: &mut VecDeque<Event>,
    ) -> Result<(), KeyError> {
        let now = platform.now();
        let id = self.id();
        match event {
            hid::Event::Opened => match &mut self.transaction {
                Some(transaction) if matches!(transaction.request, Request::Message(_)) => {
                    transaction.stage = Stage::Waiting { not_before: now };
                    return self.start_if_due(platform, events);
                }
                _ => {
                    self.finish(platform, now);
                    events.push_back(Event::Opened(id));
                }
            },
            hid::Event::Keepalive(status) => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.blocked_since = None;
                    if let Timeout::Idle(_) = transaction.timeout {
                        transaction.stage = Stage::Running { last_heard: now };
                    }
                    // Once is enough: a key says it ten times a second, or a thousand.
                    let news = status == Keepalive::UserPresenceNeeded && !transaction.abandoned;
                    if news && !std::mem::replace(&mut transaction.told_presence, true) {
                        events.push_back(Event::UserPresenceNeeded(id));
                    }
                }
            }
            hid::Event::Response { payload, .. } => {
                if self.finish(platform, now) {
                    events.push_back(Event::Reply(id, payload));
                }
            }
            hid::Event::Error(error) => self.refused(error, platform, events)?,
        }
        Ok(())
    }

    fn refused(
        &mut self,
        error: HidError,
        platform: &mut impl Platform,
        events: &mut VecDeque<Event>,
    ) -> Result<(), KeyError> {
        let now = platform.now();
        let id = self.id();
        let Some(transaction) = &mut self.transaction else { return Ok(()) };
        if transaction.abandoned {
            self.finish(platform, now);
            return Ok(());
        }
        if error == HidError::INVALID_CHANNEL && self.reopened < MAX_REOPENED {
            self.reopened = self.reopened.saturating_add(1);
            self.channel = Channel::new();
        } else if error != HidError::CHANNEL_BUSY {
            return Err(KeyError::Refused(error));
        }
        platform.unlock(id);
        if transaction.wait(now) {
            events.push_back(Event::Busy(id));
        }
        Ok(())
    }

    /// Ends the transaction in flight; whether somebody waits for its reply.
    fn finish(&mut self, platform: &mut impl Platform, now: Duration) -> bool {
        platform.unlock(self.id());
        self.reopened = 0;
        let wanted = self.transaction.take().is_some_and(|transaction| !transaction.abandoned);
        self.transaction = self.next.take();
        if let Some(transaction) = &mut self.transaction {
            transaction.stage = Stage::Waiting { not_before: now };
        }
        wanted
    }

    fn check_patience(&mut self, platform: &mut impl Platform) -> Result<(), KeyError> {
        match &self.transaction {
            Some(Transaction { stage: Stage::Running { last_heard }, timeout, .. })
                if platform.now() >= last_heard.saturating_add(timeout.limit()) =>
            {
                Err(KeyError::Silent)
            }
            _ => Ok(()),
        }
    }
}

impl Transaction {
    fn new(request: Request, timeout: Timeout, now: Duration) -> Self {
        Self {
            request,
            timeout,
            stage: Stage::Waiting { not_before: now },
            told_presence: false,
            blocked_since: None,
            told_busy: false,
            abandoned: false,
        }
    }

    /// Puts the transaction off; `true` when it has been put off for so long that the person should hear of it.
    fn wait(&mut self, now: Duration) -> bool {
        self.stage = Stage::Waiting { not_before: now.saturating_add(RETRY) };
        let since = *self.blocked_since.get_or_insert(now);
        !std::mem::replace(&mut self.told_busy, now.saturating_sub(since) >= BUSY_NOTICE) && self.told_busy
    }
}

fn nonce(platform: &mut impl Platform) -> Result<[u8; 8], KeyError> {
    let mut nonce = [0; 8];
    platform.random(&mut nonce).map_err(|_| KeyError::NoRandomness)?;
    Ok(nonce)
}
