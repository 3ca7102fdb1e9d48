//! Scripted keys.

use std::time::Duration;

use crate::{Report, Touch};

/// A key that follows a script instead of the specification. It sits at the [`Bench`](crate::Bench) beside honest ones.
pub trait Behaviour: Send {
    /// A report from the host has arrived at `now`. Each returned report is sent after its delay, measured from `now`.
    fn on_report(&mut self, now: Duration, report: &Report) -> Vec<(Duration, Report)>;

    /// Somebody touches the key. By default nothing happens.
    fn on_touch(&mut self, _now: Duration, _touch: Touch) -> Vec<(Duration, Report)> {
        Vec::new()
    }

    /// The key gets power. By default nothing happens.
    fn on_plug(&mut self, _now: Duration) -> Vec<(Duration, Report)> {
        Vec::new()
    }

    /// The key loses power. By default nothing happens.
    fn on_unplug(&mut self, _now: Duration) {}

    /// When the key next has something to do of its own accord. It is woken then, unless something happens before.
    fn wakes_at(&self) -> Option<Duration> {
        None
    }

    /// The time that [`Behaviour::wakes_at`] told has come.
    fn on_wake(&mut self, _now: Duration) -> Vec<(Duration, Report)> {
        Vec::new()
    }

    /// Whether a person at the bench would see the key blink.
    fn blinking(&self) -> bool {
        false
    }
}

impl<F> Behaviour for F
where
    F: FnMut(Duration, &Report) -> Vec<(Duration, Report)> + Send,
{
    fn on_report(&mut self, now: Duration, report: &Report) -> Vec<(Duration, Report)> {
        self(now, report)
    }
}
