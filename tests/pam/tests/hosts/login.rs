//! login on the first virtual terminal, at the machine's own keyboard.

use std::thread;
use std::time::{Duration, Instant};

use guest::{Console, Guest, PATIENCE};

use crate::program::{Sitting, kill};

/// The program that getty starts reads the terminal as it finds it.
const GETTY: &str = "setsid -f sh -c 'exec /sbin/agetty --noissue tty1 linux' </dev/null >/dev/null 2>&1";

pub(crate) struct VirtualTerminal<'a> {
    guest: &'a Guest,
    console: Console<'a>,
    /// How much of the screen has been read.
    seen: usize,
}

impl<'a> VirtualTerminal<'a> {
    /// Up to the prompt for the password, or for the passkey. The name may be empty.
    pub(crate) fn begin(guest: &'a Guest, user: &str) -> Self {
        let console = guest.console();
        guest.root(&format!("printf '\\033[H\\033[J' >/dev/tty1; {GETTY}")).ok();
        console.expect("guest login:");
        console.type_line(user);
        Self { guest, console, seen: 0 }
    }
}

impl Sitting for VirtualTerminal<'_> {
    fn expect(&mut self, text: &str) {
        self.seen = self.console.expect_after(self.seen, text);
    }

    fn type_line(&mut self, line: &str) {
        self.console.type_line(line);
    }

    fn ctrl_c(&mut self) {
        self.console.ctrl_c();
    }

    fn end(self: Box<Self>) -> (bool, String) {
        let start = Instant::now();
        loop {
            let screen = self.console.screen();
            let (shell, refused) = (screen.ends_with('$'), screen.contains("Login incorrect"));
            if shell || refused {
                return (shell && !refused, screen);
            }
            assert!(
                start.elapsed() < PATIENCE,
                "login neither lets in nor refuses\n--- screen\n{screen}\n---"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for VirtualTerminal<'_> {
    fn drop(&mut self) {
        // getty, login and the shell share one session.
        kill(self.guest, "-t tty1");
    }
}
