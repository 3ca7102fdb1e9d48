//! A person at the machine itself: its keyboard and its screen.

use std::thread;
use std::time::{Duration, Instant};

use crate::PATIENCE;
use crate::guest::Guest;
use crate::protocol::{Action, Answer};

/// The first virtual terminal, `/dev/tty1`, which is in front from the start.
pub struct Console<'a> {
    guest: &'a Guest,
}

impl<'a> Console<'a> {
    /// Makes its screen large enough that no sentence is broken into two lines.
    #[track_caller]
    pub(crate) fn new(guest: &'a Guest) -> Self {
        guest.root("stty -F /dev/tty1 cols 150 rows 50").ok();
        Self { guest }
    }

    /// Presses the keys that make a line, and Enter.
    ///
    /// # Panics
    /// When the guest has no such keys.
    #[track_caller]
    pub fn type_line(&self, line: &str) {
        self.press(format!("{line}\r").as_bytes());
    }

    /// Presses Ctrl-C.
    ///
    /// # Panics
    /// When the guest is gone.
    #[track_caller]
    pub fn ctrl_c(&self) {
        self.press(b"\x03");
    }

    #[track_caller]
    fn press(&self, keys: &[u8]) {
        match self.guest.inner.link.ask(Action::Press { keys: keys.to_vec() }).1.recv_timeout(PATIENCE) {
            Ok(Answer::Pressed) => {}
            answer => panic!("the keyboard does not work: {answer:?}"),
        }
    }

    /// What stands on the screen, without empty lines at its end.
    ///
    /// # Panics
    /// When the guest is gone.
    #[track_caller]
    pub fn screen(&self) -> String {
        // The second byte of vcsa is the number of columns; vcs has no line ends (vcs(4)).
        let text = self.guest.root("fold -b -w $(od -An -tu1 -j1 -N1 /dev/vcsa1) /dev/vcs1").ok();
        text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned()
    }

    /// Waits until the screen shows `text`.
    ///
    /// # Panics
    /// When it does not within [`PATIENCE`]; shows the screen.
    #[track_caller]
    pub fn expect(&self, text: &str) {
        self.expect_after(0, text);
    }

    /// Waits until the screen shows `text` behind its first `seen` bytes; how many bytes have been seen then. For as long as the
    /// screen does not scroll.
    ///
    /// # Panics
    /// As [`Console::expect`] does.
    #[track_caller]
    pub fn expect_after(&self, seen: usize, text: &str) -> usize {
        let start = Instant::now();
        loop {
            let screen = self.screen();
            if let Some(at) = screen.get(seen..).and_then(|rest| rest.find(text)) {
                return seen + at + text.len();
            }
            assert!(
                start.elapsed() < PATIENCE,
                "'{text}' did not come within {PATIENCE:?}\n--- screen\n{screen}\n---"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }
}
