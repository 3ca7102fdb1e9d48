//! The person's hand: when the key will be touched.

use std::collections::BTreeSet;
use std::time::Duration;

/// One touch of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// By the owner: any finger on a key with a button, the enrolled one on a fingerprint sensor.
    Owner,
    /// By a finger that the sensor does not know. A key with a mere button cannot tell.
    Stranger,
}

/// Touches to come. A touch at a moment when the key asks for none is lost, as with a real key.
#[derive(Debug, Default)]
pub(crate) struct Hand {
    /// Touch this long after each request for touch.
    pub(crate) auto: Option<Duration>,
    /// Touch this long after the next request for touch, once.
    pub(crate) next: Option<Duration>,
    /// Touch at these times.
    pub(crate) planned: BTreeSet<Duration>,
}

impl Hand {
    /// The earliest touch to come on a key that has asked for one since `wanted_since`.
    pub(crate) fn due(&self, wanted_since: Option<Duration>) -> Option<Duration> {
        let after = |delay: Option<Duration>| Some(wanted_since? + delay?);
        [self.planned.first().copied(), after(self.auto), after(self.next)].into_iter().flatten().min()
    }

    /// The touch due at or before `now` happens.
    pub(crate) fn spend(&mut self, now: Duration, wanted_since: Option<Duration>) {
        if let (Some(since), Some(delay)) = (wanted_since, self.next)
            && since + delay <= now
        {
            self.next = None;
        }
        self.planned = self.planned.split_off(&(now + Duration::from_nanos(1)));
    }

    /// No touch is to come.
    pub(crate) fn withdraw(&mut self) {
        *self = Self::default();
    }
}
