//! What an impostor was asked, and when it blinked.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::Asked;

/// One request that reached an impostor in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// When its last report arrived.
    pub at: Duration,
    /// What it asked.
    pub what: Requested,
}

/// What a request asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requested {
    /// One of the kinds by which a ceremony's steps are told apart.
    Asked(Asked),
    /// Another CTAP2 command, with the subcommand of clientPIN if it has one.
    Cbor {
        /// The command byte (CTAP 2.1 §6).
        command: u8,
        /// `subCommand`.
        subcommand: Option<u64>,
    },
    /// Another U2F instruction.
    U2f(u8),
    /// Another CTAPHID command: 0x01 is PING, 0x11 CANCEL.
    Hid(u8),
}

/// A time during which an impostor pretended to wait for a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blink {
    /// From when.
    pub from: Duration,
    /// Until when; None: still.
    pub until: Option<Duration>,
}

/// A handle on all that an impostor was asked since it was made, over all pluggings.
#[derive(Clone, Debug, Default)]
pub struct Record(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    requests: Vec<Request>,
    blinks: Vec<Blink>,
    touches: Vec<Duration>,
}

impl Record {
    /// Every request in the order in which it came.
    pub fn requests(&self) -> Vec<Request> {
        self.lock().requests.clone()
    }

    /// How many requests of a kind have come.
    pub fn count(&self, asked: Asked) -> usize {
        self.lock().requests.iter().filter(|request| request.what == Requested::Asked(asked)).count()
    }

    /// Every time during which it blinked.
    pub fn blinks(&self) -> Vec<Blink> {
        self.lock().blinks.clone()
    }

    /// How long it has blinked altogether by `now`.
    pub fn blinked(&self, now: Duration) -> Duration {
        let length = |blink: &Blink| blink.until.unwrap_or(now).saturating_sub(blink.from);
        self.lock().blinks.iter().map(length).sum()
    }

    /// When it was touched while it blinked: touches that were meant for another key, or for nothing.
    pub fn touches(&self) -> Vec<Duration> {
        self.lock().touches.clone()
    }

    /// Forget all requests, touches and blinking that has ended.
    pub fn clear(&self) {
        let mut entries = self.lock();
        entries.requests.clear();
        entries.touches.clear();
        entries.blinks.retain(|blink| blink.until.is_none());
    }

    pub(super) fn request(&self, at: Duration, what: Requested) {
        self.lock().requests.push(Request { at, what });
    }

    pub(super) fn touch(&self, now: Duration) {
        self.lock().touches.push(now);
    }

    /// It blinks, or it does not.
    pub(super) fn blinking(&self, now: Duration, blinking: bool) {
        let mut entries = self.lock();
        let open = entries.blinks.last_mut().filter(|blink| blink.until.is_none());
        match (open, blinking) {
            (Some(blink), false) => blink.until = Some(now),
            (None, true) => entries.blinks.push(Blink { from: now, until: None }),
            (Some(_), true) | (None, false) => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().expect("an impostor's thread has panicked")
    }
}
