//! A person at a terminal in the guest.

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::PATIENCE;
use crate::guest::Inner;
use crate::protocol::{Action, Answer};
use crate::screen::Screen;

/// How a program on a terminal ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Exit status, or 128 and the signal's number.
    pub status: i32,
    /// What stood on the screen.
    pub screen: String,
}

/// A terminal with a program running on it. Dropping it closes its window.
pub struct Terminal {
    guest: Arc<Inner>,
    id: u64,
    answers: Receiver<Answer>,
    screen: Screen,
    /// How much of the transcript has been looked at by `expect`.
    seen: usize,
    status: Option<i32>,
    echo: Option<Box<dyn Write + Send>>,
}

impl Terminal {
    pub(crate) fn open(guest: Arc<Inner>, user: &str, command: Option<&str>, size: (u16, u16)) -> Self {
        let (id, answers) = guest.link.ask(Action::Terminal {
            user: user.to_owned(),
            command: command.map(str::to_owned),
            size,
        });
        Self { guest, id, answers, screen: Screen::new(size), seen: 0, status: None, echo: None }
    }

    /// Also writes what the terminal shows to `to`, as it comes.
    #[must_use]
    pub fn echoing(mut self, to: impl Write + Send + 'static) -> Self {
        self.echo = Some(Box::new(to));
        self
    }

    /// Waits until the terminal has shown `text`, after anything that was expected before. Text that has been overwritten since counts too.
    ///
    /// # Panics
    /// When it does not come within [`PATIENCE`], or the program ends first; shows the screen.
    #[track_caller]
    pub fn expect(&mut self, text: &str) -> &mut Self {
        self.expect_within(PATIENCE, text)
    }

    /// [`Terminal::expect`] with a deadline of its own.
    ///
    /// # Panics
    /// As `expect` does.
    #[track_caller]
    pub fn expect_within(&mut self, patience: Duration, text: &str) -> &mut Self {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(at) = self.screen.transcript()[self.seen..].find(text) {
                self.seen += at + text.len();
                return self;
            }
            if !self.advance(deadline) {
                let when = if self.status.is_some() {
                    "before the end".to_owned()
                } else {
                    format!("within {patience:?}")
                };
                self.fail(&format!("'{text}' did not come {when}"));
            }
        }
    }

    /// Types a line and presses Enter.
    pub fn type_line(&mut self, line: &str) -> &mut Self {
        self.type_bytes(format!("{line}\r").as_bytes())
    }

    /// Presses Ctrl-C.
    pub fn ctrl_c(&mut self) -> &mut Self {
        self.type_bytes(b"\x03")
    }

    /// Presses Ctrl-D.
    pub fn ctrl_d(&mut self) -> &mut Self {
        self.type_bytes(b"\x04")
    }

    /// Types exactly this.
    pub fn type_bytes(&mut self, data: &[u8]) -> &mut Self {
        self.guest.link.tell(Action::Input { terminal: self.id, data: data.to_vec() });
        self
    }

    /// Waits for the program to end.
    ///
    /// # Panics
    /// When it does not within [`PATIENCE`]; shows the screen.
    #[track_caller]
    pub fn wait(&mut self) -> Exit {
        self.wait_within(PATIENCE)
    }

    /// [`Terminal::wait`] with a deadline of its own.
    ///
    /// # Panics
    /// As `wait` does.
    #[track_caller]
    pub fn wait_within(&mut self, patience: Duration) -> Exit {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.status {
                return Exit { status, screen: self.screen.contents() };
            }
            if !self.advance(deadline) {
                self.fail(&format!("the program did not end within {patience:?}"));
            }
        }
    }

    /// The screen as it stands now.
    pub fn screen(&mut self) -> String {
        while self.advance(Instant::now()) {}
        self.screen.contents()
    }

    /// Everything that has been shown so far, line by line, also what was overwritten.
    pub fn transcript(&mut self) -> String {
        while self.advance(Instant::now()) {}
        self.screen.transcript().to_owned()
    }

    /// Takes in what comes within `time`; false when the program has ended.
    pub(crate) fn watch(&mut self, time: Duration) -> bool {
        self.advance(Instant::now() + time);
        self.status.is_none()
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Whether the program still runs.
    pub fn is_running(&mut self) -> bool {
        while self.advance(Instant::now()) {}
        self.status.is_none()
    }

    /// Tells the program that the window has got another size.
    pub fn resize(&mut self, size: (u16, u16)) {
        self.guest.link.tell(Action::Resize { terminal: self.id, size });
    }

    /// Takes in one answer; false when none came by the deadline or none can come any more.
    #[track_caller]
    fn advance(&mut self, deadline: Instant) -> bool {
        if self.status.is_some() {
            return false;
        }
        match self.answers.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Answer::Output { data }) => {
                self.screen.process(&data);
                if let Some(echo) = &mut self.echo {
                    // Nobody looks any more: the test goes on.
                    let _ = echo.write_all(&data).and_then(|()| echo.flush());
                }
            }
            Ok(Answer::Exited { status }) => self.status = Some(status),
            Ok(Answer::Failed { reason }) => panic!("the guest cannot open a terminal: {reason}"),
            Ok(answer) => panic!("unexpected answer for a terminal: {answer:?}"),
            Err(RecvTimeoutError::Timeout) => return false,
            Err(RecvTimeoutError::Disconnected) => {
                panic!("the guest is gone\n{}", self.guest.machine.console())
            }
        }
        true
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        let state = self
            .status
            .map_or_else(|| "still running".to_owned(), |status| format!("ended with status {status}"));
        panic!("{what}\n--- screen ({state})\n{}\n---", self.screen.contents());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.status.is_none() {
            self.guest.link.tell(Action::HangUp { terminal: self.id });
        }
    }
}
