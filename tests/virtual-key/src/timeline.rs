//! When an honest key was asked, blinked, was touched and answered.

use std::time::Duration;

/// The moments of a key since it was made, or since they were last forgotten.
///
/// They are those of the key's own thread, so that a client that looks for them does not stand between key and host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// When the first report came from the host.
    pub first_report_in: Option<Duration>,
    /// Each time that it began to ask for a touch.
    pub blinks: Vec<Duration>,
    /// Each touch that it took.
    pub touches: Vec<Duration>,
    /// When the latest report went to the host.
    pub last_report_out: Option<Duration>,
}

impl Timeline {
    /// The same moments on a clock that showed `start` when this one showed zero.
    #[must_use]
    pub fn since(self, start: Duration) -> Self {
        let shift = |moment: Duration| moment + start;
        Self {
            first_report_in: self.first_report_in.map(shift),
            blinks: self.blinks.into_iter().map(shift).collect(),
            touches: self.touches.into_iter().map(shift).collect(),
            last_report_out: self.last_report_out.map(shift),
        }
    }
}
