//! swaylock, which runs PAM as the person themselves, in a Wayland session on a screen that is nowhere.

use std::thread;
use std::time::{Duration, Instant};

use guest::{Guest, PATIENCE};

use crate::program::{Sitting, kill};

/// Sway's screen, and a command of alice's in it.
pub(crate) const SWAY_CONFIG: &str = "/etc/sway/tests";
pub(crate) const SWAY_SETTINGS: &str = "output HEADLESS-1 resolution 640x480\nxwayland disable\n";
pub(crate) const START_SWAY: &str = "export XDG_RUNTIME_DIR=/run/user/alice
     export WLR_BACKENDS=headless WLR_RENDERER=pixman WLR_LIBINPUT_NO_DEVICES=1 LIBSEAT_BACKEND=noop
     mkdir -p -m 700 $XDG_RUNTIME_DIR && chown alice: $XDG_RUNTIME_DIR || exit
     setsid -f setpriv --reuid=alice --regid=alice --init-groups sway -c /etc/sway/tests >/tmp/sway.log 2>&1 </dev/null
     for try in $(seq 300); do [ -S $XDG_RUNTIME_DIR/wayland-1 ] && exit 0; sleep 0.1; done; cat /tmp/sway.log >&2; exit 1";
const IN_SWAY: &str = "export XDG_RUNTIME_DIR=/run/user/alice WAYLAND_DISPLAY=wayland-1;";
/// What it tells of itself, in the background.
const LOG: &str = "/tmp/swaylock.log";
/// There: it has taken a line.
const TAKEN: &str = "received pw check request";
/// There: PAM has refused.
const REFUSED: &str = "pam_authenticate failed";

/// It takes one line, gives it as the answer to the first prompt, and shows none of the module's words.
pub(crate) struct Swaylock<'a> {
    guest: &'a Guest,
    user: String,
}

impl<'a> Swaylock<'a> {
    pub(crate) fn begin(guest: &'a Guest, user: &str) -> Self {
        guest.root(&format!("rm -f {LOG}")).ok();
        // Returns when the screen is locked.
        guest.run_as(user, &format!("{IN_SWAY} swaylock -f --debug >/dev/null 2>{LOG} </dev/null")).ok();
        Self { guest, user: user.to_owned() }
    }
}

impl Sitting for Swaylock<'_> {
    /// There is nothing to read.
    fn expect(&mut self, _text: &str) {}

    /// Until it has been taken. The keyboard is plugged in for the line, and the locker needs a moment to learn what its keys are.
    fn type_line(&mut self, line: &str) {
        let script = format!(
            "{IN_SWAY} wtype -s 300 -d 20 '{line}' -k Return && until grep -q '{TAKEN}' {LOG}; do sleep 0.1; done"
        );
        self.guest.run_as(&self.user, &script).ok();
    }

    fn ctrl_c(&mut self) {
        self.guest.run_as(&self.user, &format!("{IN_SWAY} wtype -s 300 -M ctrl c -m ctrl")).ok();
    }

    fn end(self: Box<Self>) -> (bool, String) {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if self.guest.root("pgrep -x swaylock").status != 0 {
                return (true, String::new());
            }
            if self.guest.root(&format!("grep '{REFUSED}' {LOG}")).status == 0 {
                return (false, String::new());
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("swaylock neither unlocks nor refuses: {}", self.guest.root(&format!("cat {LOG}")).stdout);
    }
}

impl Drop for Swaylock<'_> {
    fn drop(&mut self) {
        kill(self.guest, "-x swaylock");
    }
}
