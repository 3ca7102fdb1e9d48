//! One key of the [`fleet`](super::fleet): its channel, its transaction, its lock and its timers.

use super::event::{Event, Loss};
use super::kind::Message;
use super::world::{KeyId, OpenError, PluggedKey, World};
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
struct Job {
    request: Request,
    patience: Patience,
    stage: Stage,
    /// The key has said that it waits for a touch.
    told_presence: bool,
    /// Since when another program's lock or channel has kept the job from starting.
    blocked_since: Option<Duration>,
    told_busy: bool,
    /// Nobody waits for the reply any more.
    abandoned: bool,
}

/// How long a key may take over a request.
#[derive(Clone, Copy)]
pub(super) enum Patience {
    /// So long after its last sign of life.
    WhileAlive(Duration),
    /// So long altogether: it has no reason to put the reply off.
    Altogether(Duration),
}

impl Patience {
    fn limit(self) -> Duration {
        match self {
            Self::WhileAlive(limit) | Self::Altogether(limit) => limit,
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
    Lost(Option<Loss>),
}

pub(super) struct Link {
    plugged: PluggedKey,
    handle: Handle,
    channel: Channel,
    job: Option<Job>,
    /// Sent by the ceremony while an abandoned job was still running.
    next: Option<Job>,
    wants_write: bool,
    /// How often the key has forgotten its channel since its last reply.
    reopened: u8,
}

impl Link {
    pub(super) fn new(plugged: PluggedKey, now: Duration) -> Self {
        Self {
            plugged,
            handle: Handle::Closed { tries_left: OPEN_TRIES, not_before: now },
            channel: Channel::new(),
            job: None,
            next: None,
            wants_write: false,
            reopened: 0,
        }
    }

    pub(super) fn plugged(&self) -> &PluggedKey {
        &self.plugged
    }

    fn id(&self) -> KeyId {
        self.plugged.id
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.handle, Handle::Open)
    }

    pub(super) fn is_lost(&self) -> bool {
        matches!(self.handle, Handle::Lost(_))
    }

    /// Whether the key was noticed to be gone before the kernel told of it.
    pub(super) fn is_unplugged(&self) -> bool {
        matches!(self.handle, Handle::Lost(Some(Loss::Unplugged)))
    }

    pub(super) fn wants_write(&self) -> bool {
        self.is_open() && self.wants_write
    }

    /// Whether it is waited for because another program holds it, and the person was told.
    pub(super) fn is_busy(&self) -> bool {
        self.job.as_ref().is_some_and(|job| job.told_busy && matches!(job.stage, Stage::Waiting { .. }))
    }

    /// Whether it is still to be opened, or its channel is.
    pub(super) fn is_opening(&self) -> bool {
        match &self.handle {
            Handle::Closed { .. } => true,
            Handle::Open => self.job.as_ref().is_some_and(|job| matches!(job.request, Request::Init)),
            Handle::Lost(_) => false,
        }
    }

    /// Whether the key works on something, under our lock.
    pub(super) fn is_running(&self) -> bool {
        self.is_open() && self.job.as_ref().is_some_and(|job| matches!(job.stage, Stage::Running { .. }))
    }

    /// Whether the key works on something that was taken back.
    pub(super) fn is_ending(&self) -> bool {
        self.is_running() && self.job.as_ref().is_some_and(|job| job.abandoned)
    }

    /// What is the matter with a key that has not come to an end by now with what it was asked; `None` if it was asked nothing.
    pub(super) fn stall(&self) -> Option<Loss> {
        match (&self.handle, &self.job) {
            (Handle::Closed { .. }, _) => Some(Loss::CannotOpen),
            (Handle::Open, Some(job)) => Some(job.blocked_since.map_or(Loss::Silent, |_| Loss::Busy)),
            (Handle::Open, None) | (Handle::Lost(_), _) => None,
        }
    }

    /// When it was last heard, or asked what it has not answered yet; `None` when it is not at work for us.
    pub(super) fn heard_at(&self) -> Option<Duration> {
        match &self.job {
            Some(Job { stage: Stage::Running { last_heard }, blocked_since: None, .. }) => Some(*last_heard),
            Some(_) | None => None,
        }
    }

    pub(super) fn speaks_ctap2(&self) -> bool {
        self.channel.capabilities().is_some_and(hid::Capabilities::cbor)
    }

    pub(super) fn speaks_u2f(&self) -> bool {
        self.channel.capabilities().is_some_and(hid::Capabilities::msg)
    }

    /// When this link wants to be looked at again, if nothing happens before.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        match (&self.handle, &self.job) {
            (Handle::Closed { not_before, .. }, _) => Some(*not_before),
            (Handle::Open, Some(job)) => Some(match job.stage {
                Stage::Waiting { not_before } => not_before,
                Stage::Running { last_heard } => last_heard.saturating_add(job.patience.limit()),
            }),
            (Handle::Open, None) | (Handle::Lost(_), _) => None,
        }
    }

    /// Another chance for a key that could not be opened.
    pub(super) fn try_open_again(&mut self, now: Duration) {
        if let Handle::Lost(Some(Loss::CannotOpen)) | Handle::Closed { .. } = self.handle {
            self.handle = Handle::Closed { tries_left: OPEN_TRIES, not_before: now };
        }
    }

    pub(super) fn send(&mut self, message: Message, patience: Patience, now: Duration) {
        let job = Job::new(Request::Message(message), patience, now);
        self.cancel(now);
        if self.job.is_some() {
            self.next = Some(job);
        } else {
            self.job = Some(job);
        }
    }

    pub(super) fn cancel(&mut self, now: Duration) {
        self.next = None;
        let Some(job) = &mut self.job else { return };
        match job.stage {
            Stage::Waiting { .. } => self.job = None,
            Stage::Running { .. } if !job.abandoned => {
                job.abandoned = true;
                job.patience = Patience::Altogether(CANCEL_PATIENCE);
                job.stage = Stage::Running { last_heard: now };
                self.channel.cancel();
            }
            Stage::Running { .. } => {}
        }
    }

    pub(super) fn release(&mut self, world: &mut impl World) {
        self.cancel(world.now());
        self.flush(world);
        self.lose(world, None);
    }

    /// Does all that can be done without waiting.
    pub(super) fn pump(&mut self, world: &mut impl World, events: &mut VecDeque<Event>) {
        let outcome = self
            .open_if_due(world)
            .and_then(|()| self.start_if_due(world, events))
            .and_then(|()| self.write(world))
            .and_then(|()| self.read(world, events))
            // What was read may have let the next request start.
            .and_then(|()| self.start_if_due(world, events))
            .and_then(|()| self.write(world))
            .and_then(|()| self.check_patience(world));
        if let Err(loss) = outcome {
            self.lose(world, Some(loss));
            events.push_back(Event::Lost(self.id(), loss));
        }
    }

    /// Sends what is queued, as far as it goes.
    pub(super) fn flush(&mut self, world: &mut impl World) {
        // A key that cannot take it is noticed at the next turn.
        let _ = self.write(world);
    }

    fn lose(&mut self, world: &mut impl World, loss: Option<Loss>) {
        world.close(self.id());
        self.handle = Handle::Lost(loss);
        self.job = None;
        self.next = None;
        self.channel = Channel::new();
    }

    fn open_if_due(&mut self, world: &mut impl World) -> Result<(), Loss> {
        let now = world.now();
        let Handle::Closed { tries_left, not_before } = &mut self.handle else { return Ok(()) };
        if now < *not_before {
            return Ok(());
        }
        match world.open(self.plugged.id) {
            Ok(()) => {
                self.handle = Handle::Open;
                self.job = Some(Job::new(Request::Init, Patience::Altogether(INIT_PATIENCE), now));
                Ok(())
            }
            Err(OpenError::Gone) => Err(Loss::Unplugged),
            Err(error @ (OpenError::Denied | OpenError::Hidden | OpenError::Failed)) => {
                *tries_left = tries_left.saturating_sub(1);
                *not_before = now.saturating_add(RETRY);
                let loss = if error == OpenError::Hidden { Loss::Hidden } else { Loss::CannotOpen };
                if *tries_left == 0 { Err(loss) } else { Ok(()) }
            }
        }
    }

    fn start_if_due(&mut self, world: &mut impl World, events: &mut VecDeque<Event>) -> Result<(), Loss> {
        let now = world.now();
        let id = self.id();
        if !self.is_open() {
            return Ok(());
        }
        let Some(job) = &mut self.job else { return Ok(()) };
        match job.stage {
            Stage::Waiting { not_before } if now >= not_before => {}
            Stage::Waiting { .. } | Stage::Running { .. } => return Ok(()),
        }
        if !world.try_lock(id) {
            if job.wait(now) {
                events.push_back(Event::Busy(id));
            }
            return Ok(());
        }
        match &job.request {
            Request::Message(Message { command, payload }) if self.channel.cid().is_some() => {
                // Only an overlong message is refused, and allow lists are cut to what the key takes.
                self.channel
                    .request(*command, payload)
                    .map_err(|_| Loss::Refused(HidError::INVALID_LENGTH))?;
            }
            // A message for which there is no channel (any more) is sent once there is one.
            Request::Init | Request::Message(_) => self.channel.init(nonce(world)?),
        }
        job.stage = Stage::Running { last_heard: now };
        Ok(())
    }

    fn write(&mut self, world: &mut impl World) -> Result<(), Loss> {
        self.wants_write = false;
        if !self.is_open() {
            return Ok(());
        }
        while let Some(report) = self.channel.next_report() {
            match world.write(self.plugged.id, &report) {
                Ok(true) => {}
                Ok(false) => {
                    self.channel.unsent(report);
                    self.wants_write = true;
                    break;
                }
                Err(_) => return Err(Loss::Unplugged),
            }
        }
        Ok(())
    }

    fn read(&mut self, world: &mut impl World, events: &mut VecDeque<Event>) -> Result<(), Loss> {
        if !self.is_open() {
            return Ok(());
        }
        for _ in 0..READS_PER_TURN {
            let Some(report) = world.read(self.id()).map_err(|_| Loss::Unplugged)? else { break };
            match self.channel.handle_report(&report) {
                Ok(Some(event)) => self.handle(event, world, events)?,
                Ok(None) => {}
                // Nothing was asked: the rest of something that no longer matters.
                Err(_) if self.job.is_none() => {}
                Err(error) => return Err(Loss::Garbled(error)),
            }
        }
        Ok(())
    }

    fn handle(
        &mut self,
        event: hid::Event,
        world: &mut impl World,
        events: &mut VecDeque<Event>,
    ) -> Result<(), Loss> {
        let now = world.now();
        let id = self.id();
        match event {
            hid::Event::Opened => match &mut self.job {
                Some(job) if matches!(job.request, Request::Message(_)) => {
                    job.stage = Stage::Waiting { not_before: now };
                    return self.start_if_due(world, events);
                }
                _ => {
                    self.finish(world, now);
                    events.push_back(Event::Opened(id));
                }
            },
            hid::Event::Keepalive(status) => {
                if let Some(job) = &mut self.job {
                    job.blocked_since = None;
                    if let Patience::WhileAlive(_) = job.patience {
                        job.stage = Stage::Running { last_heard: now };
                    }
                    // Once is enough: a key says it ten times a second, or a thousand.
                    let news = status == Keepalive::UserPresenceNeeded && !job.abandoned;
                    if news && !std::mem::replace(&mut job.told_presence, true) {
                        events.push_back(Event::UserPresenceNeeded(id));
                    }
                }
            }
            hid::Event::Response { payload, .. } => {
                if self.finish(world, now) {
                    events.push_back(Event::Reply(id, payload));
                }
            }
            hid::Event::Error(error) => self.refused(error, world, events)?,
        }
        Ok(())
    }

    fn refused(
        &mut self,
        error: HidError,
        world: &mut impl World,
        events: &mut VecDeque<Event>,
    ) -> Result<(), Loss> {
        let now = world.now();
        let id = self.id();
        let Some(job) = &mut self.job else { return Ok(()) };
        if job.abandoned {
            self.finish(world, now);
            return Ok(());
        }
        if error == HidError::INVALID_CHANNEL && self.reopened < MAX_REOPENED {
            self.reopened = self.reopened.saturating_add(1);
            self.channel = Channel::new();
        } else if error != HidError::CHANNEL_BUSY {
            return Err(Loss::Refused(error));
        }
        world.unlock(id);
        if job.wait(now) {
            events.push_back(Event::Busy(id));
        }
        Ok(())
    }

    /// Ends the job in flight; whether somebody waits for its reply.
    fn finish(&mut self, world: &mut impl World, now: Duration) -> bool {
        world.unlock(self.id());
        self.reopened = 0;
        let wanted = self.job.take().is_some_and(|job| !job.abandoned);
        self.job = self.next.take();
        if let Some(job) = &mut self.job {
            job.stage = Stage::Waiting { not_before: now };
        }
        wanted
    }

    fn check_patience(&mut self, world: &mut impl World) -> Result<(), Loss> {
        match &self.job {
            Some(Job { stage: Stage::Running { last_heard }, patience, .. })
                if world.now() >= last_heard.saturating_add(patience.limit()) =>
            {
                Err(Loss::Silent)
            }
            _ => Ok(()),
        }
    }
}

impl Job {
    fn new(request: Request, patience: Patience, now: Duration) -> Self {
        Self {
            request,
            patience,
            stage: Stage::Waiting { not_before: now },
            told_presence: false,
            blocked_since: None,
            told_busy: false,
            abandoned: false,
        }
    }

    /// Puts the job off; `true` when it has been put off for so long that the person should hear of it.
    fn wait(&mut self, now: Duration) -> bool {
        self.stage = Stage::Waiting { not_before: now.saturating_add(RETRY) };
        let since = *self.blocked_since.get_or_insert(now);
        !std::mem::replace(&mut self.told_busy, now.saturating_sub(since) >= BUSY_NOTICE) && self.told_busy
    }
}

fn nonce(world: &mut impl World) -> Result<[u8; 8], Loss> {
    let mut nonce = [0; 8];
    world.random(&mut nonce).map_err(|_| Loss::NoRandomness)?;
    Ok(nonce)
}
