//! greetd with tuigreet, at the machine's own keyboard and screen.

use std::thread;
use std::time::{Duration, Instant};

use guest::{Console, Guest, PATIENCE};

use crate::program::{Sitting, kill};

pub(crate) const CONFIG: &str = "/etc/greetd/tests.toml";
/// The session leaves a file behind.
pub(crate) const SETTINGS: &str = "\
[terminal]
vt = 1
[default_session]
command = \"tuigreet --cmd 'touch /tmp/signed-in'\"
user = \"_greetd\"
";
const START: &str = "rm -f /tmp/signed-in; printf '\\033[H\\033[J' >/dev/tty1
     setsid -f greetd --config /etc/greetd/tests.toml >/tmp/greetd.log 2>&1 </dev/null";

pub(crate) struct TuiGreet<'a> {
    guest: &'a Guest,
    console: Console<'a>,
    /// Every screen on which something was read.
    seen: String,
}

impl<'a> TuiGreet<'a> {
    /// Up to the prompt for the password, or for the passkey.
    pub(crate) fn begin(guest: &'a Guest, user: &str) -> Self {
        let console = guest.console();
        guest.root(START).ok();
        console.expect("Username:");
        console.type_line(user);
        Self { guest, console, seen: String::new() }
    }
}

impl Sitting for TuiGreet<'_> {
    fn expect(&mut self, text: &str) {
        self.console.expect(text);
        self.seen.push_str(&self.console.screen());
    }

    fn type_line(&mut self, line: &str) {
        self.console.type_line(line);
    }

    fn ctrl_c(&mut self) {
        self.console.ctrl_c();
    }

    /// A refusal is followed by another prompt for the password.
    fn end(self: Box<Self>) -> (bool, String) {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if self.guest.root("[ -e /tmp/signed-in ]").status == 0 {
                return (true, self.seen.clone());
            }
            let screen = self.console.screen();
            if screen.contains("Authentication failed") {
                return (false, format!("{}{screen}", self.seen));
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("tuigreet neither lets in nor refuses\n--- screen\n{}\n---", self.console.screen());
    }
}

impl Drop for TuiGreet<'_> {
    fn drop(&mut self) {
        kill(self.guest, "-x 'greetd|tuigreet'");
    }
}
