//! Starts the helper process, sends it one request over a socket, and kills it when it is silent for too long.

use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::protocol::{Event, Failure, Outcome, Request};
use crate::terminal::signals::{Interrupt, Waited};

/// The argument that makes this program the helper. It is not a command for people.
pub(crate) const COMMAND: &str = "key-helper";
/// How long the key may take to stop waiting for a person, once it is told to.
const CANCEL_PATIENCE: Duration = Duration::from_secs(2);
/// More than any line from the process has, in bytes: a full key lists a few hundred passkeys.
const MAX_LINE_LEN: usize = 4 << 20;
/// More than any request has, in bytes; it never grows, so that no copy of a PIN is left behind.
const REQUEST_CAPACITY: usize = 16 * 1024;

/// Why there is no outcome.
#[derive(Debug)]
pub(in crate::key) enum Broken {
    /// The process says why.
    Failed(Failure),
    /// No sign of life for too long.
    TimedOut,
    /// The person gave up.
    Interrupted,
    /// The process could not be started or spoken to.
    NoProcess(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::NoProcess(error)
    }
}

/// Has `request` done in a process of its own. `on_event` hears of everything that comes before the end, and says whether it is a
/// reason to go on waiting for another `timeout`.
pub(in crate::key) fn run(
    request: &Request,
    interrupt: &Interrupt,
    timeout: Duration,
    on_event: impl FnMut(&Event) -> bool,
) -> Result<Outcome, Broken> {
    // This very program, whatever has become of its file meanwhile.
    let mut command = Command::new("/proc/self/exe");
    command.arg(COMMAND);
    run_in(command, request, interrupt, timeout, on_event)
}

fn run_in(
    mut command: Command,
    request: &Request,
    interrupt: &Interrupt,
    timeout: Duration,
    on_event: impl FnMut(&Event) -> bool,
) -> Result<Outcome, Broken> {
    let (ours, theirs) = UnixStream::pair()?;
    command.env_clear().current_dir("/").stdin(OwnedFd::from(theirs));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    // Ctrl-C at the terminal is for us: the process is to end in order, so that the key stops blinking.
    command.process_group(0);
    let mut helper = Helper { child: command.spawn()?, socket: ours };
    // It holds the other end of the socket, which would never be closed otherwise.
    drop(command);
    // A process that is gone already shows when it is listened to.
    let _ = helper.ask(request);
    helper.listen(interrupt, timeout, on_event)
}

/// The helper process. It does not outlive this.
struct Helper {
    child: Child,
    socket: UnixStream,
}

impl Helper {
    fn ask(&mut self, request: &Request) -> io::Result<()> {
        let mut line = Zeroizing::new(Vec::with_capacity(REQUEST_CAPACITY));
        serde_json::to_writer(&mut *line, request)?;
        line.push(b'\n');
        self.socket.write_all(&line)
    }

    fn listen(
        &mut self,
        interrupt: &Interrupt,
        timeout: Duration,
        mut on_event: impl FnMut(&Event) -> bool,
    ) -> Result<Outcome, Broken> {
        let mut lines = Lines::default();
        let mut heard = Instant::now();
        loop {
            let left = timeout.saturating_sub(heard.elapsed());
            match interrupt.wait_within(self.socket.as_fd(), left)? {
                Waited::Input => {}
                Waited::GaveUp => return Err(Broken::Interrupted),
                Waited::Elapsed => return Err(Broken::TimedOut),
            }
            // A process that ends without a word has met something that it could not get over.
            if !lines.read_from(&mut self.socket).unwrap_or(false) {
                return Err(Broken::Failed(Failure::Garbled));
            }
            while let Some(line) = lines.next_line() {
                match serde_json::from_slice(&line) {
                    Ok(Event::Done(outcome)) => return Ok(outcome),
                    Ok(Event::Failed(failure)) => return Err(Broken::Failed(failure)),
                    Ok(event @ (Event::Busy | Event::Sample(_))) => {
                        if on_event(&event) {
                            heard = Instant::now();
                        }
                    }
                    Err(_) => return Err(Broken::Failed(Failure::Garbled)),
                }
            }
        }
    }

    /// Lets the process have the key stop blinking, and sees it end.
    fn wind_up(&mut self) {
        if self.socket.shutdown(Shutdown::Write).is_err() {
            return;
        }
        let deadline = Instant::now().checked_add(CANCEL_PATIENCE);
        let mut rest = [0; 4096];
        while let Some(left) = deadline.and_then(|deadline| deadline.checked_duration_since(Instant::now())) {
            // A timeout of zero would be none.
            if self.socket.set_read_timeout(Some(left.max(Duration::from_millis(1)))).is_err() {
                return;
            }
            match self.socket.read(&mut rest) {
                Ok(0) => return,
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return,
                Ok(_) | Err(_) => {}
            }
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.wind_up();
        // Harmless where it has ended. A process that the kernel holds ends as soon as it is let go: a USB transfer takes 5 s at most.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What has come from the process and was not looked at yet.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
}

impl Lines {
    /// Takes in what is there; false at the end, or when there is too much of it.
    fn read_from(&mut self, socket: &mut UnixStream) -> io::Result<bool> {
        let mut chunk = [0; 16 * 1024];
        let len = loop {
            match socket.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.bytes.extend_from_slice(chunk.get(..len).unwrap_or_default());
        Ok(len > 0 && self.bytes.len() <= MAX_LINE_LEN)
    }

    fn next_line(&mut self) -> Option<Vec<u8>> {
        let end = self.bytes.iter().position(|byte| *byte == b'\n')?;
        let rest = self.bytes.split_off(end.saturating_add(1));
        let mut line = std::mem::replace(&mut self.bytes, rest);
        line.pop();
        Some(line)
    }
}

#[cfg(test)]
#[path = "parent_tests.rs"]
mod tests;
