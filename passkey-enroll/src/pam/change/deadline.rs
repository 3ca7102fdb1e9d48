//! A moment until which something holds, whatever becomes of the clock.

use std::fs;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// A moment of this start of the machine. It is over when the machine has restarted, and a clock that is set does not move it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deadline {
    /// The kernel's name for this start.
    boot_id: String,
    /// Since then, with the time that the machine has slept.
    boottime_ms: u64,
    /// By the clock, for people.
    pub(crate) wall: Timestamp,
}

impl Deadline {
    /// So far from now.
    pub(crate) fn within(time: Duration) -> Self {
        let wall = Timestamp::now();
        let wall =
            SignedDuration::try_from(time).ok().and_then(|time| wall.checked_add(time).ok()).unwrap_or(wall);
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self { boot_id: boot_id(), boottime_ms: boottime_ms().saturating_add(milliseconds), wall }
    }

    /// One that is over.
    pub(crate) fn over() -> Self {
        Self { boot_id: "-".to_owned(), boottime_ms: 0, wall: Timestamp::UNIX_EPOCH }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.boot_id != boot_id() || boottime_ms() >= self.boottime_ms
    }
}

/// Empty where the kernel does not say: then there is one start only.
fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

fn boottime_ms() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    seconds.saturating_mul(1000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or_default() / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_over_in_time_and_at_the_next_start() {
        let soon = Deadline::within(Duration::from_millis(30));
        let later = Deadline::within(Duration::from_secs(60));
        assert!(!soon.is_over() && !later.is_over() && Deadline::over().is_over());
        std::thread::sleep(Duration::from_millis(31));
        assert!(soon.is_over() && !later.is_over());
        let of_another_start = Deadline { boot_id: "another".to_owned(), ..later.clone() };
        assert!(of_another_start.is_over());
        // Whatever the clock says.
        let set_back = Deadline { wall: Timestamp::UNIX_EPOCH, ..later };
        assert!(!set_back.is_over());
        let set_forward = Deadline { wall: Timestamp::MAX, ..soon };
        assert!(set_forward.is_over());
    }
}
