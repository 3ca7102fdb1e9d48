//! One request to one key, and how far it has come.

use super::protocol::Message;
use std::time::Duration;

/// How long to wait before another try to open a key, to lock it, or to send to one that is busy.
pub(super) const RETRY: Duration = Duration::from_millis(50);
/// When another program has held a key for this long, the person should know.
const BUSY_NOTICE: Duration = Duration::from_secs(1);
/// A key that has said for this long that it is busy, while no program holds its lock, is out of order, or used by a program that
/// knows no lock: to unplug it helps with either.
const STUCK_NOTICE: Duration = Duration::from_secs(4);

/// A request and how far it has come.
pub(super) struct Transaction {
    pub(super) request: Request,
    pub(super) timeout: Timeout,
    pub(super) state: State,
    /// The key has said that it waits for a touch.
    pub(super) told_presence: bool,
    /// The reply is no longer needed.
    pub(super) abandoned: bool,
    /// The kernel had no room for more reports of the key, perhaps including the reply: asked again then, if nothing is heard before.
    pub(super) ask_anew_at: Option<Duration>,
    blocked: Option<Blocked>,
}

/// Reports that the kernel keeps of a device until they are read; those that come later are lost (`HIDRAW_BUFFER_SIZE`, less the one by
/// which it tells full from empty). Keys that wait for a touch send ten a second, so a program that shows a message for longer than six
/// seconds before it goes on may miss the reply.
pub(super) const KERNEL_QUEUE: usize = 63;
/// A key that works on something says so ten times a second (CTAP 2.1 §11.2.9.2.1): after this long without a word it does not.
const SURELY_DONE: Duration = Duration::from_secs(1);

/// How long a key may take over a request.
#[derive(Clone, Copy)]
pub(super) enum Timeout {
    /// So long after its last sign of life.
    Idle(Duration),
    /// So long altogether: it has no reason to put the reply off.
    Total(Duration),
}

impl Timeout {
    pub(super) fn limit(self) -> Duration {
        match self {
            Self::Idle(limit) | Self::Total(limit) => limit,
        }
    }
}

pub(super) enum Request {
    Init,
    Message(Message),
}

pub(super) enum State {
    /// Not begun: the lock or the key was taken.
    Waiting { not_before: Duration },
    /// The key has it.
    Running { since: Duration, last_heard: Duration },
}

/// What keeps a request from the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// Another program holds the key's lock.
    Lock,
    /// The key says that it is busy, and its lock is free.
    Channel,
}

/// Since when a request has been kept from the key, and what the person was told of it.
#[derive(Clone, Copy, Debug)]
struct Blocked {
    since: Duration,
    /// Since when it was the key itself.
    by_key_since: Option<Duration>,
    told_busy: bool,
    told_stuck: bool,
}

/// What the person should hear of a request that was put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delay {
    Busy,
    Stuck,
}

impl Transaction {
    pub(super) fn new(request: Request, timeout: Timeout, now: Duration) -> Self {
        Self {
            request,
            timeout,
            state: State::Waiting { not_before: now },
            told_presence: false,
            abandoned: false,
            ask_anew_at: None,
            blocked: None,
        }
    }

    /// Whether it must not be sent another time, however little may have come of the first.
    pub(super) fn is_once(&self) -> bool {
        matches!(&self.request, Request::Message(message) if message.once)
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.is_some()
    }

    /// Whether the person was told that another program has the key, and it still has.
    pub(super) fn is_told_busy(&self) -> bool {
        !self.is_running() && self.blocked.is_some_and(|blocked| blocked.told_busy)
    }

    pub(super) fn is_told_stuck(&self) -> bool {
        self.blocked.is_some_and(|blocked| blocked.told_stuck)
    }

    /// So many reports were read at once: whether the reply was among those that were lost shows soon. What must not be sent twice is
    /// not asked again.
    pub(super) fn has_read(&mut self, reports: usize, now: Duration) {
        let may_be_lost = reports >= KERNEL_QUEUE && self.is_running() && !self.abandoned && !self.is_once();
        if may_be_lost {
            self.ask_anew_at = Some(now.saturating_add(SURELY_DONE));
        } else if reports > 0 {
            self.ask_anew_at = None;
        }
    }

    /// The key works on it.
    pub(super) fn unblock(&mut self) {
        self.blocked = None;
    }

    /// Puts it off; what the person should hear of that, once.
    pub(super) fn put_off(&mut self, obstacle: Obstacle, now: Duration) -> Option<Delay> {
        self.state = State::Waiting { not_before: now.saturating_add(RETRY) };
        let blocked = self.blocked.get_or_insert(Blocked {
            since: now,
            by_key_since: None,
            told_busy: false,
            told_stuck: false,
        });
        match obstacle {
            Obstacle::Lock => blocked.by_key_since = None,
            Obstacle::Channel => {
                blocked.by_key_since.get_or_insert(now);
            }
        }
        let lasts = |since: Duration, limit| now.saturating_sub(since) >= limit;
        if blocked.by_key_since.is_some_and(|since| lasts(since, STUCK_NOTICE)) {
            let told = std::mem::replace(&mut blocked.told_stuck, true);
            return (!told).then_some(Delay::Stuck);
        }
        if lasts(blocked.since, BUSY_NOTICE) {
            let told = std::mem::replace(&mut blocked.told_busy, true);
            return (!told).then_some(Delay::Busy);
        }
        None
    }
}
