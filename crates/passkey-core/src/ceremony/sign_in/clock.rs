//! When a sign-in ends.

use crate::config::Policy;
use std::time::Duration;

/// A key that comes at the last moment is still asked whether it is the right one, for that long.
const PRE_FLIGHT_TIME: Duration = Duration::from_secs(5);

/// The times of one sign-in. What the person takes to answer a question does not count.
pub(super) struct Clock {
    /// When it ends, as things stand.
    pub(super) deadline: Duration,
    /// Until when a key is waited for that could sign in.
    pub(super) wait_until: Duration,
    /// When it ends at the latest, whatever keys come and go.
    last: Duration,
    timeout: Duration,
}

impl Clock {
    pub(super) fn new(start: Duration, policy: &Policy) -> Self {
        let wait_until = start.saturating_add(policy.wait_for_key);
        let last = wait_until.saturating_add(policy.timeout);
        let deadline = start.saturating_add(policy.timeout).max(wait_until);
        Self { deadline, wait_until, last, timeout: policy.timeout }
    }

    /// A key has come, and is asked what it holds.
    pub(super) fn begin_pre_flight(&mut self, now: Duration) {
        self.deadline = self.deadline.max(now.saturating_add(PRE_FLIGHT_TIME).min(self.last));
    }

    /// From now on a key can be touched: the time for that begins.
    pub(super) fn begin_touch(&mut self, now: Duration) {
        self.deadline = now.saturating_add(self.timeout).min(self.last);
    }

    /// No key is left that could be touched: there is all the time that a key is waited for.
    pub(super) fn wait_for_another(&mut self) {
        self.deadline = self.deadline.max(self.wait_until);
    }

    /// The person is asked to do something about the key, and it takes as long as that.
    pub(super) fn wait_to_the_end(&mut self) {
        self.wait_until = self.wait_until.max(self.deadline);
    }

    /// The person has taken this time over a question.
    pub(super) fn stop_for(&mut self, taken: Duration) {
        for time in [&mut self.deadline, &mut self.wait_until, &mut self.last] {
            *time = time.saturating_add(taken);
        }
    }
}
