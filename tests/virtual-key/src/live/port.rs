//! A powered key's view of the real world.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::uhid;
use crate::key::{Port, Shared, Wake};
use crate::{Report, Touch};

/// What happens to a powered key.
pub(super) enum Happening {
    Report(Report),
    Touch {
        at: Duration,
        touch: Touch,
        /// Told whether the key was waiting for it.
        taken: Sender<bool>,
    },
    /// The plans for touches have changed.
    Plans,
    Unplugged,
}

pub(super) struct LivePort {
    pub(super) epoch: Instant,
    pub(super) inbox: Receiver<Happening>,
    pub(super) shared: Arc<Shared>,
    pub(super) device: Arc<File>,
}

impl LivePort {
    fn latency(&self) {
        let latency = self.shared.lock().config.latency;
        if !latency.is_zero() {
            thread::sleep(latency);
        }
    }
}

impl Port for LivePort {
    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    fn send(&mut self, report: &Report) {
        self.latency();
        let now = self.now();
        {
            let mut body = self.shared.lock();
            body.tally.report_out(report);
            body.timeline.last_report_out = Some(now);
        }
        // A device that has just been unplugged takes no report, and is told so by an event.
        let _ = (&*self.device).write_all(&uhid::input(report));
    }

    fn pull_out(&mut self) {
        // The kernel's answer takes the power away. A device that is gone already takes no event.
        let _ = (&*self.device).write_all(&uhid::destroy());
    }

    fn wait(&mut self, deadline: Option<Duration>) -> Wake {
        loop {
            let (wanted_since, touch_at) = {
                let body = self.shared.lock();
                (body.wanted_since, body.hand.due(body.wanted_since))
            };
            let until = [deadline, touch_at].into_iter().flatten().min();
            let happening = match until {
                None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(until) => self.inbox.recv_timeout(until.saturating_sub(self.now())),
            };
            match happening {
                Ok(Happening::Report(report)) => {
                    self.latency();
                    return Wake::Report(report);
                }
                Ok(Happening::Touch { at, touch, taken }) => {
                    // A touch from before the request is over, even if it is only noticed now.
                    let in_time = wanted_since.is_some_and(|since| since <= at);
                    // Who touched may have left.
                    let _ = taken.send(in_time);
                    if in_time {
                        self.shared.lock().timeline.touches.push(at);
                        return Wake::Touch(touch);
                    }
                }
                Ok(Happening::Plans) => {}
                Ok(Happening::Unplugged) | Err(RecvTimeoutError::Disconnected) => return Wake::Unplugged,
                Err(RecvTimeoutError::Timeout) => {
                    let now = self.now();
                    if touch_at.is_some_and(|time| time <= now) {
                        let mut body = self.shared.lock();
                        body.hand.spend(now, wanted_since);
                        if wanted_since.is_some() {
                            body.timeline.touches.push(now);
                        }
                        return Wake::Touch(Touch::Owner);
                    }
                    if deadline.is_some_and(|time| time <= now) {
                        return Wake::Deadline;
                    }
                }
            }
        }
    }
}
