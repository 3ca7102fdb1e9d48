//! How many wrong codes are looked at, and when.
//!
//! 80 bits cannot be guessed. The limit keeps noise out of the log and the cost of the hash off the machine.

use std::time::Duration;

use jiff::Timestamp;

use crate::store::document::{EntryError, Fields, write_line, write_text};
use crate::time;

/// Wrong codes in a row before any waiting.
const FREE: u32 = 5;
/// The first wait. Every further wrong code doubles it.
const FIRST_WAIT_SECONDS: u32 = 60;
/// The longest: a person who types nonsense at a prompt must not keep the owner out for a day.
const LONGEST_WAIT_SECONDS: u32 = 3600;

/// Wrong codes since the last right one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) failures: u32,
    pub(super) lock: Option<Lock>,
}

/// No code is looked at between these moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lock {
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
}

impl Limit {
    /// How long no code is looked at. A clock that was set back does not make it longer than it ever was.
    pub(super) fn wait(&self, now: Timestamp) -> Option<Duration> {
        let lock = self.lock?;
        let from = now.max(lock.since).as_second();
        let left =
            u64::try_from(lock.until.as_second().saturating_sub(from)).ok().filter(|left| *left > 0)?;
        Some(Duration::from_secs(left.min(LONGEST_WAIT_SECONDS.into())))
    }

    /// Whether it is earlier now than when the lock began.
    pub(super) fn clock_was_set_back(&self, now: Timestamp) -> bool {
        self.lock.is_some_and(|lock| now < lock.since)
    }

    /// Has the lock begin now.
    pub(super) fn begin_again(&mut self, now: Timestamp) {
        self.lock = wait_after(self.failures).and_then(|wait| Lock::new(now, wait));
    }

    /// Counts a wrong code.
    pub(super) fn charge(&mut self, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        self.begin_again(now);
    }

    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, EntryError> {
        let failures = fields.number("failures")?;
        let since = fields.optional(|fields| fields.parsed("locked_since", time::parse))?;
        let until = fields.optional(|fields| fields.parsed("locked_until", time::parse))?;
        let lock = match (since, until) {
            (None, None) => None,
            (Some(since), Some(until)) => Some(Lock { since, until }),
            (Some(_), None) => return Err(EntryError::Missing("locked_until")),
            (None, Some(_)) => return Err(EntryError::Missing("locked_since")),
        };
        Ok(Self { failures, lock })
    }

    pub(super) fn write(&self, text: &mut String) {
        write_line(text, "failures", &self.failures.to_string());
        if let Some(Lock { since, until }) = self.lock {
            write_text(text, "locked_since", &time::format(since));
            write_text(text, "locked_until", &time::format(until));
        }
    }
}

impl Lock {
    fn new(since: Timestamp, seconds: u32) -> Option<Self> {
        let until = Timestamp::from_second(since.as_second().saturating_add(seconds.into())).ok()?;
        Some(Self { since, until })
    }
}

/// How many seconds no code is looked at after so many wrong ones.
fn wait_after(failures: u32) -> Option<u32> {
    let doublings = failures.checked_sub(FREE)?;
    let wait = FIRST_WAIT_SECONDS.saturating_mul(2_u32.saturating_pow(doublings));
    Some(wait.min(LONGEST_WAIT_SECONDS))
}

#[cfg(test)]
#[path = "limit_tests.rs"]
mod tests;
