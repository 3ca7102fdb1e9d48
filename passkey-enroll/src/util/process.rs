//! Other programs, each with a deadline.

use std::fmt;
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Where the commands of the system are.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin";
/// How often a process that has closed its output is looked at for its end.
const INTERVAL: Duration = Duration::from_millis(5);

/// What a program that has ended leaves behind.
#[derive(Debug)]
pub(crate) struct Ended {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// What it wrote to stdout.
    pub(crate) stdout: Vec<u8>,
}

/// Why there is nothing to show for a program.
#[derive(Debug)]
pub(crate) enum RunError {
    /// It could not be started, or not be read from.
    Io(io::Error),
    /// It took too long, and was killed.
    TimedOut {
        /// What it wrote to stdout until then.
        stdout: Vec<u8>,
    },
    /// It wrote more than it should, and was killed.
    TooLong,
}

impl From<io::Error> for RunError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// As words after the name of a program.
impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::TimedOut { .. } => f.write_str("it took too long"),
            Self::TooLong => f.write_str("its output was too long"),
        }
    }
}

/// A command of the system, without what the caller's environment says, and in words that are the same everywhere.
pub(crate) fn system_command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", PATH).env("LC_ALL", "C").env("TZ", "UTC");
    command
}

/// Runs a program to its end: at most `patience` long, with no more than `max_len` bytes on stdout. It has nothing
/// to read, and nothing to write errors to. What it has started itself is killed with it.
pub(crate) fn run(command: &mut Command, patience: Duration, max_len: usize) -> Result<Ended, RunError> {
    let deadline = Deadline { start: Instant::now(), patience };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut running = Running(command.process_group(0).spawn()?);
    let mut stdout = Vec::new();
    let is_at_end = running.read(&deadline, max_len, &mut stdout)?;
    while is_at_end && deadline.left().is_some() {
        if let Some(status) = running.0.try_wait()? {
            return Ok(Ended { status, stdout });
        }
        thread::sleep(INTERVAL);
    }
    Err(RunError::TimedOut { stdout })
}

struct Deadline {
    start: Instant,
    patience: Duration,
}

impl Deadline {
    /// The time that is left, where some is.
    fn left(&self) -> Option<Duration> {
        self.patience.checked_sub(self.start.elapsed()).filter(|left| !left.is_zero())
    }
}

/// A program that does not outlive this.
struct Running(Child);

impl Running {
    /// Reads to the end of what it writes; false where the deadline comes first.
    fn read(&mut self, deadline: &Deadline, max_len: usize, bytes: &mut Vec<u8>) -> Result<bool, RunError> {
        let Some(mut stdout) = self.0.stdout.take() else { return Ok(true) };
        let mut chunk = [0; 16 * 1024];
        while let Some(left) = deadline.left() {
            let timeout = Timespec::try_from(left).ok();
            let output = PollFd::from_borrowed_fd(stdout.as_fd(), PollFlags::IN);
            match poll(&mut [output], timeout.as_ref()) {
                Ok(1..) => {}
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(io::Error::from(error).into()),
            }
            match stdout.read(&mut chunk) {
                Ok(0) => return Ok(true),
                Ok(len) => bytes.extend_from_slice(chunk.get(..len).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
            if bytes.len() > max_len {
                return Err(RunError::TooLong);
            }
        }
        Ok(false)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that was waited for is left alone: its number may belong to another by now.
        if matches!(self.0.try_wait(), Ok(Some(_))) {
            return;
        }
        let pid = i32::try_from(self.0.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
        let _ = self.0.wait();
    }
}

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
#[path = "process_tests.rs"]
mod wait_tests;

#[cfg(test)]
mod tests {
    use super::*;

    const LATE: Duration = Duration::from_secs(20);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_it_wrote_and_how_it_ended_are_told() {
        let ended = run(&mut shell("cat; echo said; echo no >&2; exit 3"), LATE, 99).unwrap();
        assert_eq!((ended.status.code(), ended.stdout.as_slice()), (Some(3), &b"said\n"[..]));
        let ended = run(&mut shell("kill -SEGV $$"), LATE, 99).unwrap();
        assert!(ended.status.code().is_none());
        assert!(matches!(run(&mut Command::new("/nonexistent"), LATE, 99), Err(RunError::Io(_))));
    }

    #[test]
    fn one_that_goes_on_is_killed_with_all_that_it_started() {
        let soon = Duration::from_millis(300);
        let mark = format!("7.{}", std::process::id());
        for script in [
            format!("echo begun; sleep {mark} & sleep {mark}"),
            format!("echo begun; exec >/dev/null; while :; do sleep {mark}; done"),
        ] {
            let start = Instant::now();
            let Err(RunError::TimedOut { stdout }) = run(&mut shell(&script), soon, 99) else {
                panic!("{script} ended");
            };
            assert_eq!(stdout, b"begun\n", "{script}");
            assert!(start.elapsed() >= soon && start.elapsed() < LATE, "{:?}", start.elapsed());
        }
        let sleeping = Command::new("pgrep").args(["-f", &format!("sleep {mark}")]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&sleeping.stdout), "", "nothing goes on");
    }

    #[test]
    fn one_that_writes_for_ever_is_killed() {
        assert!(matches!(run(&mut shell("yes"), LATE, 1000), Err(RunError::TooLong)));
    }
}
