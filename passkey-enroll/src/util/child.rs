//! A process of one's own, with a deadline.

use std::io;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

/// How often it is looked whether it has ended.
const INTERVAL: Duration = Duration::from_millis(20);

/// What the wait has ended with.
#[derive(Debug)]
pub(crate) enum Waited<T> {
    /// The process has ended.
    Ended(ExitStatus),
    /// What was waited for besides has come. The process still runs.
    Event(T),
    /// The time was over: the process was killed.
    TimedOut,
}

/// Waits for the process to end, or for `event` to give something, which it is asked again and again.
pub(crate) fn wait<T>(
    child: &mut Child,
    time: Duration,
    mut event: impl FnMut() -> io::Result<Option<T>>,
) -> io::Result<Waited<T>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Waited::Ended(status));
        }
        if let Some(event) = event()? {
            return Ok(Waited::Event(event));
        }
        if start.elapsed() > time {
            // One that has ended just now cannot be killed, and need not be.
            let _ = child.kill();
            child.wait()?;
            return Ok(Waited::TimedOut);
        }
        thread::sleep(INTERVAL);
    }
}

#[cfg(test)]
#[path = "child_tests.rs"]
mod tests;
