//! One key of the [`pool`](super::pool): its channel, its transaction, its lock and its timers.

use super::event::{Event, KeyError};
use super::platform::{KeyId, OpenError, Platform, PluggedKey, TransferError};
use super::protocol::Message;
use super::transaction::{Delay, Obstacle, RETRY, Request, State, Timeout, Transaction};
use ctap::hid::{self, Channel, HidError, Keepalive};
use std::collections::VecDeque;
use std::time::Duration;

/// Tries to open a device node. udev needs a moment to set the permissions of a new one.
const OPEN_TRIES: u8 = 20;
/// A key that does not answer `CTAPHID_INIT` within this time is not there for us.
const INIT_TIMEOUT: Duration = Duration::from_secs(3);
/// A key that does not end a cancelled request within this time is given up.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(2);
/// How often transfers to and from a key may fail over one request, and it be opened again, before it is given up.
const MAX_FAILED_TRANSFERS: u8 = 3;
/// How often a key may forget its channel over one request before it is given up.
const MAX_REOPENED: u8 = 3;
/// Reports taken from one key before the others get their turn.
const READS_PER_TURN: usize = 256;

enum Handle {
    Closed {
        tries_left: u8,
        not_before: Duration,
    },
    Open,
    /// Of no further use, or released.
    Lost(Option<KeyError>),
    /// Of no use so far, as the ceremony knows: to be tried again then.
    Resting {
        until: Duration,
        error: KeyError,
    },
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
    /// How often transfers have failed since its last reply.
    failed_transfers: u8,
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
            failed_transfers: 0,
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
        self.transaction.as_ref().is_some_and(Transaction::is_told_busy)
    }

    /// Whether it is still to be opened, or its channel is.
    pub(crate) fn is_opening(&self) -> bool {
        match &self.handle {
            Handle::Closed { .. } => true,
            Handle::Open => self
                .transaction
                .as_ref()
                .is_some_and(|transaction| matches!(transaction.request, Request::Init)),
            Handle::Lost(_) | Handle::Resting { .. } => false,
        }
    }

    /// Whether the key works on something, under our lock.
    pub(crate) fn is_running(&self) -> bool {
        self.is_open() && self.transaction.as_ref().is_some_and(Transaction::is_running)
    }

    /// Whether the key works on something that was taken back.
    pub(crate) fn is_ending(&self) -> bool {
        self.is_running() && self.transaction.as_ref().is_some_and(|transaction| transaction.abandoned)
    }

    /// What is the matter with a key that has not come to an end by now with what it was asked; `None` if it was asked nothing.
    pub(crate) fn stall(&self) -> Option<KeyError> {
        match (&self.handle, &self.transaction) {
            (Handle::Closed { .. }, _) => Some(KeyError::CannotOpen),
            (Handle::Open, Some(transaction)) if transaction.is_told_stuck() => Some(KeyError::Stuck),
            (Handle::Open, Some(transaction)) if transaction.is_blocked() => Some(KeyError::Busy),
            (Handle::Open, Some(_)) => Some(KeyError::Silent),
            (Handle::Resting { error, .. }, _) => Some(*error),
            (Handle::Open, None) | (Handle::Lost(_), _) => None,
        }
    }

    /// When it was last heard, or asked what it has not answered yet; `None` when it is not at work for us.
    pub(crate) fn heard_at(&self) -> Option<Duration> {
        match &self.transaction {
            Some(transaction) => match transaction.state {
                State::Running { last_heard, .. } if !transaction.is_blocked() => Some(last_heard),
                State::Running { .. } | State::Waiting { .. } => None,
            },
            None => None,
        }
    }

    pub(crate) fn speaks_ctap2(&self) -> bool {
        self.channel.capabilities().is_some_and(hid::Capabilities::cbor)
    }

    pub(crate) fn speaks_u2f(&self) -> bool {
        self.channel.capabilities().is_some_and(hid::Capabilities::msg)
    }

    /// When this connection wants to be looked at again, if nothing happens before.
    pub(crate) fn wake_at(&self) -> Option<Duration> {
        match (&self.handle, &self.transaction) {
            (Handle::Closed { not_before, .. }, _) => Some(*not_before),
            (Handle::Open, Some(transaction)) => Some(match transaction.state {
                State::Waiting { not_before } => not_before,
                State::Running { last_heard, .. } => {
                    let timeout = last_heard.saturating_add(transaction.timeout.limit());
                    transaction.ask_anew_at.map_or(timeout, |at| at.min(timeout))
                }
            }),
            (Handle::Resting { until, .. }, _) => Some(*until),
            (Handle::Open, None) | (Handle::Lost(_), _) => None,
        }
    }

    /// Another chance for a key that could not be opened.
    pub(crate) fn try_open_again(&mut self, now: Duration) {
        if let Handle::Lost(Some(KeyError::CannotOpen | KeyError::NoDescriptors)) | Handle::Closed { .. } =
            self.handle
        {
            self.handle = Handle::Closed { tries_left: OPEN_TRIES, not_before: now };
        }
    }

    /// Another chance at `until` for a key that was lost and is still plugged in.
    pub(crate) fn rest(&mut self, until: Duration) {
        if let Handle::Lost(Some(error)) = self.handle {
            self.handle = Handle::Resting { until, error };
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
        match transaction.state {
            State::Waiting { .. } => self.transaction = None,
            State::Running { .. } if !transaction.abandoned => {
                transaction.abandoned = true;
                transaction.timeout = Timeout::Total(CANCEL_TIMEOUT);
                transaction.state = State::Running { since: now, last_heard: now };
                self.channel.cancel();
            }
            State::Running { .. } => {}
        }
    }

    pub(crate) fn release(&mut self, platform: &mut impl Platform) {
        self.cancel(platform.now());
        self.flush(platform);
        self.lose(platform, None);
    }

    /// Opens the key, if it is to be opened by now.
    pub(crate) fn open(&mut self, platform: &mut impl Platform, events: &mut VecDeque<Event>) {
        if let Err(error) = self.open_if_due(platform) {
            self.lose(platform, Some(error));
            events.push_back(Event::Lost(self.id(), self.plugged.attachment, error));
        }
    }

    /// Does all else that can be done without waiting.
    pub(crate) fn pump(&mut self, platform: &mut impl Platform, events: &mut VecDeque<Event>) {
        let outcome = self
            .start_if_due(platform, events)
            .and_then(|()| self.write(platform))
            .and_then(|()| self.read(platform, events))
            // What was read may have let the next request start.
            .and_then(|()| self.start_if_due(platform, events))
            .and_then(|()| self.write(platform))
            .and_then(|()| self.check_timeout(platform));
        if let Err(error) = outcome {
            self.lose(platform, Some(error));
            events.push_back(Event::Lost(self.id(), self.plugged.attachment, error));
        }
    }

    /// Sends what is queued, as far as it goes.
    pub(crate) fn flush(&mut self, platform: &mut impl Platform) {
        // A key that cannot take it is noticed at the next turn.
        let _ = self.write(platform);
    }

    fn lose(&mut self, platform: &mut impl Platform, error: Option<KeyError>) {
        platform.close(self.id());
        self.handle = Handle::Lost(error);
        self.transaction = None;
        self.next = None;
        self.channel = Channel::new();
    }

    fn open_if_due(&mut self, platform: &mut impl Platform) -> Result<(), KeyError> {
        let now = platform.now();
        if let Handle::Resting { until, .. } = self.handle
            && now >= until
        {
            self.handle = Handle::Closed { tries_left: OPEN_TRIES, not_before: now };
        }
        let Handle::Closed { tries_left, not_before } = &mut self.handle else { return Ok(()) };
        if now < *not_before {
            return Ok(());
        }
        let error = match platform.open(self.plugged.id) {
            Ok(()) => {
                self.handle = Handle::Open;
                // A request that a failed transfer has interrupted opens the channel by itself.
                self.transaction.get_or_insert_with(|| {
                    Transaction::new(Request::Init, Timeout::Total(INIT_TIMEOUT), now)
                });
                return Ok(());
            }
            Err(OpenError::Gone) => return Err(KeyError::Unplugged),
            Err(OpenError::Later) => {
                *not_before = now.saturating_add(RETRY);
                return Ok(());
            }
            Err(OpenError::Hidden) => KeyError::Hidden,
            Err(OpenError::NoDescriptors) => KeyError::NoDescriptors,
            Err(OpenError::Denied | OpenError::Failed) => KeyError::CannotOpen,
        };
        *tries_left = tries_left.saturating_sub(1);
        *not_before = now.saturating_add(RETRY);
        if *tries_left == 0 { Err(error) } else { Ok(()) }
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
        match transaction.state {
            State::Waiting { not_before } if now >= not_before => {}
            State::Waiting { .. } | State::Running { .. } => return Ok(()),
        }
        if !platform.try_lock(id) {
            events.extend(transaction.put_off(Obstacle::Lock, now).map(|delay| delayed(delay, id)));
            return Ok(());
        }
        match &transaction.request {
            Request::Message(Message { command, payload, .. }) if self.channel.cid().is_some() => {
                // Only an overlong message is refused, and allow lists are cut to what the key takes.
                self.channel
                    .request(*command, payload)
                    .map_err(|_| KeyError::Refused(HidError::INVALID_LENGTH))?;
            }
            // A message for which there is no channel (any more) is sent once there is one.
            Request::Init | Request::Message(_) => self.channel.init(nonce(platform)?),
        }
        transaction.state = State::Running { since: now, last_heard: now };
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
                Err(error) => return self.on_transfer_error(error, platform),
            }
        }
        Ok(())
    }

    fn read(&mut self, platform: &mut impl Platform, events: &mut VecDeque<Event>) -> Result<(), KeyError> {
        if !self.is_open() {
            return Ok(());
        }
        let mut reports = 0;
        while reports < READS_PER_TURN {
            let report = match platform.read(self.id()) {
                Ok(Some(report)) => report,
                Ok(None) => break,
                Err(error) => return self.on_transfer_error(error, platform),
            };
            reports = reports.saturating_add(1);
            match self.channel.handle_report(&report) {
                Ok(Some(event)) => self.handle(event, platform, events)?,
                Ok(None) => {}
                // Nothing was asked: the rest of something that no longer matters.
                Err(_) if self.transaction.is_none() => {}
                Err(error) => return Err(KeyError::Garbled(error)),
            }
        }
        let now = platform.now();
        if let Some(transaction) = &mut self.transaction {
            transaction.has_read(reports, now);
            // On a new channel: whatever comes on the old one belongs to nothing.
            if transaction.ask_anew_at.is_some_and(|at| now >= at) {
                transaction.ask_anew_at = None;
                transaction.state = State::Waiting { not_before: now };
                self.channel = Channel::new();
                platform.unlock(self.id());
            }
        }
        Ok(())
    }

    /// Opens the key again, and repeats the request, unless it must not be sent twice.
    fn on_transfer_error(
        &mut self,
        error: TransferError,
        platform: &mut impl Platform,
    ) -> Result<(), KeyError> {
        if error == TransferError::Gone {
            return Err(KeyError::Unplugged);
        }
        self.failed_transfers = self.failed_transfers.saturating_add(1);
        let is_once = self.transaction.as_ref().is_some_and(Transaction::is_once);
        if is_once || self.failed_transfers > MAX_FAILED_TRANSFERS {
            return Err(KeyError::Silent);
        }
        platform.close(self.id());
        let not_before = platform.now().saturating_add(RETRY);
        self.handle = Handle::Closed { tries_left: OPEN_TRIES, not_before };
        self.channel = Channel::new();
        self.wants_write = false;
        if self.transaction.as_ref().is_some_and(|transaction| transaction.abandoned) {
            self.transaction = self.next.take();
        }
        if let Some(transaction) = &mut self.transaction {
            transaction.state = State::Waiting { not_before };
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
                    transaction.state = State::Waiting { not_before: now };
                    return self.start_if_due(platform, events);
                }
                _ => {
                    self.finish(platform);
                    events.push_back(Event::Opened(id));
                }
            },
            hid::Event::Keepalive(status) => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.unblock();
                    if let (Timeout::Idle(_), State::Running { last_heard, .. }) =
                        (transaction.timeout, &mut transaction.state)
                    {
                        *last_heard = now;
                    }
                    // Once is enough: a key says it ten times a second, or a thousand.
                    let news = status == Keepalive::UserPresenceNeeded && !transaction.abandoned;
                    if news && !std::mem::replace(&mut transaction.told_presence, true) {
                        events.push_back(Event::UserPresenceNeeded(id));
                    }
                }
            }
            hid::Event::Response { payload, .. } => {
                if let Some(took) = self.finish(platform) {
                    events.push_back(Event::Reply(id, payload, took));
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
        let obstacle = match error {
            _ if transaction.abandoned => {
                self.finish(platform);
                return Ok(());
            }
            // It may have had it all the same.
            error if transaction.is_once() => {
                self.finish(platform);
                events.push_back(Event::Refused(id, error));
                return Ok(());
            }
            HidError::CHANNEL_BUSY => Obstacle::Channel,
            HidError::INVALID_CHANNEL if self.reopened < MAX_REOPENED => {
                self.reopened = self.reopened.saturating_add(1);
                self.channel = Channel::new();
                Obstacle::Lock
            }
            error if matches!(transaction.request, Request::Init) => return Err(KeyError::Refused(error)),
            error => {
                self.finish(platform);
                events.push_back(Event::Refused(id, error));
                return Ok(());
            }
        };
        platform.unlock(id);
        events.extend(transaction.put_off(obstacle, now).map(|delay| delayed(delay, id)));
        Ok(())
    }

    /// Ends the transaction in flight; how long the key has had it, if its reply is waited for.
    fn finish(&mut self, platform: &mut impl Platform) -> Option<Duration> {
        let now = platform.now();
        platform.unlock(self.id());
        self.reopened = 0;
        self.failed_transfers = 0;
        let ended = self.transaction.take();
        self.transaction = self.next.take();
        if let Some(transaction) = &mut self.transaction {
            transaction.state = State::Waiting { not_before: now };
        }
        match ended {
            Some(Transaction { state: State::Running { since, .. }, abandoned: false, .. }) => {
                Some(now.saturating_sub(since))
            }
            Some(_) | None => None,
        }
    }

    fn check_timeout(&mut self, platform: &mut impl Platform) -> Result<(), KeyError> {
        match &self.transaction {
            Some(Transaction { state: State::Running { last_heard, .. }, timeout, .. })
                if self.is_open() && platform.now() >= last_heard.saturating_add(timeout.limit()) =>
            {
                Err(KeyError::Silent)
            }
            _ => Ok(()),
        }
    }
}

fn delayed(delay: Delay, key: KeyId) -> Event {
    match delay {
        Delay::Busy => Event::Busy(key),
        Delay::Stuck => Event::Stuck(key),
    }
}

fn nonce(platform: &mut impl Platform) -> Result<[u8; 8], KeyError> {
    let mut nonce = [0; 8];
    platform.random(&mut nonce).map_err(|_| KeyError::NoRandomness)?;
    Ok(nonce)
}
