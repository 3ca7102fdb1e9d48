//! The guest's terminal in the person's hands.

use std::io::{self, IsTerminal, Read};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use super::narrate;
use crate::protocol::Action;
use crate::{Guest, Terminal};

/// Ctrl-T: the one thing that cannot be typed while a program waits for it.
const TOUCH: u8 = 0x14;

/// Rows and columns of the person's terminal.
pub(super) fn window_size() -> Option<(u16, u16)> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    (size.ws_row > 0 && size.ws_col > 0).then_some((size.ws_row, size.ws_col))
}

/// Passes on what is typed until the guest's shell ends.
pub(super) fn to_person(guest: &Guest, mut terminal: Terminal) -> ExitCode {
    narrate(
        "The guest is yours, as alice (password: secret). 'exit' or Ctrl-D ends it. Try 'sudo -k; sudo id', and:",
    );
    narrate("  Ctrl-T           touches the key 'blue', now: while it blinks");
    narrate("  touch [KEY]      touches it as soon as it blinks: 'touch; sudo -k; sudo id'");
    narrate("  unplug [KEY]     pulls it out; 'green' lies beside it, enrolled as well");
    narrate("  plug [KEY]       plugs it in;   keys  lists them;   passkey-enroll --help");
    let raw = Raw::enter();
    let touch_wanted = Arc::new(AtomicBool::new(false));
    let (inner, id) = (Arc::clone(&guest.inner), terminal.id());
    let touched = Arc::clone(&touch_wanted);
    thread::spawn(move || {
        let mut buffer = [0; 1024];
        while let Ok(length @ 1..) = io::stdin().lock().read(&mut buffer) {
            let mut typed = buffer[..length].to_vec();
            if typed.contains(&TOUCH) {
                typed.retain(|&byte| byte != TOUCH);
                touched.store(true, Ordering::Relaxed);
            }
            inner.link.tell(Action::Input { terminal: id, data: typed });
        }
        // The person has gone: so does the shell.
        inner.link.tell(Action::Input { terminal: id, data: b"\x04".to_vec() });
    });
    let mut size = window_size();
    terminal.type_line("");
    while terminal.watch(Duration::from_millis(100)) {
        if touch_wanted.swap(false, Ordering::Relaxed) && !guest.key("blue").touch_now() {
            narrate("'blue' does not blink: the touch is lost.\r");
        }
        let now = window_size();
        if let (true, Some(now)) = (now != size, now) {
            terminal.resize(now);
        }
        size = now;
    }
    drop(raw);
    println!();
    ExitCode::SUCCESS
}

/// The person's terminal passes on every key as it is pressed; dropping this makes it as it was.
struct Raw(Option<Termios>);

impl Raw {
    fn enter() -> Self {
        let stdin = io::stdin();
        if !stdin.is_terminal() {
            return Self(None);
        }
        let before = tcgetattr(&stdin).ok();
        if let Some(mut raw) = before.clone() {
            raw.make_raw();
            let _ = tcsetattr(&stdin, OptionalActions::Now, &raw);
        }
        Self(before)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}
