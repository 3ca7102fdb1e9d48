//! What a guest makes of this machine's processors: by these figures the suites are kept short.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Names the file that gets a line for each guest, appended at its end: when it got its slot and when it gave it back, in seconds since
/// 1970; for how many seconds its processors ran, and were ready to run but this machine's had other things to do; and the test.
const FILE: &str = "GUEST_FIGURES";

/// So long the threads of a process ran, and waited for a processor.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    ran: Duration,
    waited: Duration,
}

impl Usage {
    /// None: it is gone.
    pub(crate) fn of(process: u32) -> Option<Self> {
        let threads = fs::read_dir(format!("/proc/{process}/task")).ok()?.flatten();
        let sum = threads
            .filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok())
            .filter_map(|figures| Self::parse(&figures))
            .fold(Self::default(), |sum, thread| Self {
                ran: sum.ran + thread.ran,
                waited: sum.waited + thread.waited,
            });
        Some(sum)
    }

    /// One thread's, as the kernel writes it: both in nanoseconds, and how often it was its turn.
    fn parse(schedstat: &str) -> Option<Self> {
        let mut figures = schedstat.split_whitespace().map(str::parse);
        let (ran, waited) = (figures.next()?.ok()?, figures.next()?.ok()?);
        Some(Self { ran: Duration::from_nanos(ran), waited: Duration::from_nanos(waited) })
    }

    /// Writes the line of a guest that has had its slot since then.
    pub(crate) fn record(self, since: SystemTime) {
        let Some(file) = std::env::var_os(FILE) else { return };
        let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let line = format!(
            "{:.1} {:.1} {:.1} {:.1} {}\n",
            seconds(since),
            seconds(SystemTime::now()),
            self.ran.as_secs_f64(),
            self.waited.as_secs_f64(),
            thread::current().name().unwrap_or("-")
        );
        // A test does not fail for want of a figure.
        let _ = OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)
            .and_then(|mut file| file.write_all(line.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::Usage;
    use std::time::{Duration, Instant};

    #[test]
    fn time_that_was_worked_is_counted() {
        let ran = || Usage::of(std::process::id()).unwrap().ran;
        let (before, start) = (ran(), Instant::now());
        while ran() < before + Duration::from_millis(20) {
            assert!(start.elapsed() < Duration::from_secs(20), "no time passes");
        }
    }

    #[test]
    fn what_is_no_figure_counts_nothing() {
        assert!(Usage::parse("").is_none() && Usage::parse("1 x 2").is_none());
        assert_eq!(Usage::parse("1000000 2000000 3\n").unwrap().waited, Duration::from_millis(2));
    }
}
