//! Questions to the person at the terminal. Secrets are not echoed, and the terminal is restored
//! however the question ends.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, BorrowedFd};

use ctap::Secret;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, Termios, isatty, tcgetattr, tcsetattr};
use zeroize::{Zeroize as _, Zeroizing};

use crate::terminal::signals::Interrupt;

/// The longest line that is kept, in bytes. A PIN has at most 63, so a line that was cut off is never taken for one.
const MAX_LINE_LEN: usize = 1024;

/// How much is read at a time, in bytes.
const CHUNK_LEN: usize = 256;

/// What came of a question.
#[derive(Debug)]
pub(crate) enum Line {
    /// A line was typed, possibly an empty one. Without its line end.
    Typed(Secret),
    /// The input ended before anything was typed.
    End,
    /// The person gave up (Ctrl-C).
    Interrupted,
}

/// The terminal that the person sits at, whatever stdin and stderr are connected to.
#[derive(Debug)]
pub(crate) struct Terminal(File);

impl Terminal {
    /// The controlling terminal; `None` where there is none.
    pub(crate) fn open() -> Option<Self> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let tty = rustix::fs::open("/dev/tty", flags, Mode::empty()).ok()?;
        Some(Self(File::from(tty)))
    }

    /// Asks, and shows what is typed.
    pub(crate) fn ask(&mut self, question: &str, interrupt: &Interrupt) -> io::Result<Line> {
        self.0.write_all(question.as_bytes())?;
        let line = read_line(self.0.as_fd(), interrupt, &mut nothing())?;
        if !matches!(line, Line::Typed(_)) {
            // The cursor is after the question, since Enter was not pressed.
            self.0.write_all(b"\n")?;
        }
        Ok(line)
    }

    /// Asks, and does not show what is typed.
    pub(crate) fn ask_secret(&mut self, question: &str, interrupt: &Interrupt) -> io::Result<Line> {
        let line = {
            // First the echo: what is typed as soon as the question stands there must not be seen.
            let _silent = Silent::new(self.0.as_fd())?;
            (&self.0).write_all(question.as_bytes())?;
            read_line(self.0.as_fd(), interrupt, &mut nothing())?
        };
        self.0.write_all(b"\n")?;
        Ok(line)
    }
}

/// The first line of stdin, for scripts. On a terminal it is not shown either.
pub(crate) fn secret_from_stdin(interrupt: &Interrupt) -> io::Result<Line> {
    StdinSecrets::new().next(interrupt)
}

/// The lines of stdin, for scripts that have more than one secret to give.
#[derive(Debug)]
pub(crate) struct StdinSecrets {
    /// What was read behind the end of the last line.
    rest: Rest,
}

impl StdinSecrets {
    pub(crate) fn new() -> Self {
        Self { rest: nothing() }
    }

    /// The next line.
    pub(crate) fn next(&mut self, interrupt: &Interrupt) -> io::Result<Line> {
        let stdin = io::stdin();
        let stdin = stdin.as_fd();
        let _silent = if isatty(stdin) { Some(Silent::new(stdin)?) } else { None };
        read_line(stdin, interrupt, &mut self.rest)
    }
}

/// The terminal does not show what is typed, as long as this lives.
struct Silent<'t> {
    terminal: BorrowedFd<'t>,
    before: Termios,
}

impl<'t> Silent<'t> {
    fn new(terminal: BorrowedFd<'t>) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        // Ctrl-C must stay a signal and Enter must end the line, whatever the last program has left behind.
        silent.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG);
        // What was typed before the question is no answer to it.
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        // If this fails, the terminal is gone, and the error cannot be reported.
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}

/// What was read behind a line's end. It never holds more than [`CHUNK_LEN`] bytes and never grows.
type Rest = Zeroizing<Vec<u8>>;

fn nothing() -> Rest {
    Zeroizing::new(Vec::with_capacity(CHUNK_LEN))
}

/// Reads up to and including the next line end, without standing in the way of a Ctrl-C. `rest` comes first, and holds afterwards
/// what was read too much.
fn read_line(input: BorrowedFd<'_>, interrupt: &Interrupt, rest: &mut Rest) -> io::Result<Line> {
    // Never grows, so that no copy of a secret is left behind.
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_LINE_LEN));
    let mut began = !rest.is_empty();
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let text = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let room = MAX_LINE_LEN.saturating_sub(line.len());
        line.extend_from_slice(text.get(..room.min(text.len())).unwrap_or_default());
        if let Some(end) = end {
            drop(rest.drain(..=end));
            break;
        }
        if !interrupt.wait_for(input)? {
            return Ok(Line::Interrupted);
        }
        rest.zeroize();
        let mut chunk = Zeroizing::new([0; CHUNK_LEN]);
        let len = match rustix::io::read(input, chunk.as_mut_slice()) {
            Ok(len) => len,
            Err(Errno::INTR | Errno::AGAIN) => continue,
            Err(errno) => return Err(errno.into()),
        };
        rest.extend_from_slice(chunk.get(..len).unwrap_or_default());
        began |= len > 0;
        if len == 0 {
            break;
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(if began { Line::Typed(Secret::new(std::mem::take(&mut *line))) } else { Line::End })
}

#[cfg(test)]
#[path = "input_tests.rs"]
mod tests;
