//! i3lock, which runs PAM as the person themselves, in an X server that nobody looks at.

use std::thread;
use std::time::{Duration, Instant};

use guest::{Guest, PATIENCE};

use crate::program::{Sitting, kill};

/// Its screen, whose keys do not repeat themselves (`-r`) when the machine is slow to let go of one.
pub(crate) const START_X: &str = "setsid -f Xvfb :7 -ac -r -screen 0 320x240x24 >/dev/null 2>&1 </dev/null
     for try in $(seq 300); do [ -S /tmp/.X11-unix/X7 ] && exit 0; sleep 0.1; done; exit 1";
/// What it tells of itself, in the background.
const LOG: &str = "/tmp/i3lock.log";
/// There: it asks PAM.
const TAKEN: &str = "auth_state = 1";
/// There: PAM has refused.
const REFUSED: &str = "Authentication failure";

/// It takes one line, gives it as the answer to every prompt, and shows none of the module's words.
pub(crate) struct Locker<'a> {
    guest: &'a Guest,
}

impl<'a> Locker<'a> {
    pub(crate) fn begin(guest: &'a Guest, user: &str) -> Self {
        guest.root(&format!("rm -f {LOG}")).ok();
        // Returns when the screen is locked.
        guest.run_as(user, &format!("DISPLAY=:7 i3lock --debug >/dev/null 2>{LOG} </dev/null")).ok();
        Self { guest }
    }

    fn log(&self) -> String {
        self.guest.root(&format!("cat {LOG}")).stdout
    }
}

impl Sitting for Locker<'_> {
    /// There is nothing to read.
    fn expect(&mut self, _text: &str) {}

    /// Until it has been taken. On a busy machine i3lock now and then leaves the last keys in its queue until another one comes, or
    /// for its event loop's minute: a person in front of a screen that stands still presses something, here a key that types nothing.
    fn type_line(&mut self, line: &str) {
        let script = format!(
            "export DISPLAY=:7; xdotool type --delay 10 '{line}' && xdotool key Return || exit
             until grep -q '{TAKEN}' {LOG}; do sleep 0.2; xdotool key Shift_L; done"
        );
        self.guest.root(&script).ok();
    }

    fn ctrl_c(&mut self) {
        self.guest.root("DISPLAY=:7 xdotool key ctrl+c").ok();
    }

    fn end(self: Box<Self>) -> (bool, String) {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if self.guest.root("pgrep -x i3lock").status != 0 {
                return (true, String::new());
            }
            if self.log().contains(REFUSED) {
                return (false, String::new());
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("i3lock neither unlocks nor refuses: {}", self.log());
    }
}

impl Drop for Locker<'_> {
    fn drop(&mut self) {
        kill(self.guest, "-x i3lock");
    }
}
