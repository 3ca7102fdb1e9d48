//! What `./demo` shows.
//!
//! Everything between the narrator's lines is what the guest's terminal really shows; the narrator does what a person
//! would: types, and touches the key when it blinks.

mod hand_over;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use crate::{Guest, KeyOptions, Terminal};

const PASSWORD: &str = "secret";
const PROMPT: &str = "alice@debian:~$ ";

/// Sudo asks for the password and then for the passkey.
const PAM_SUDO: &str = "\
auth required pam_unix.so
auth required pam_passkey.so
account include common-account
session include common-session-noninteractive
";

/// Of `guest-demo [--shell]`.
pub fn main() -> ExitCode {
    let stay = env::args().nth(1).as_deref() == Some("--shell");
    narrate("Booting a clean Debian 12 with a virtual security key called 'blue' in it.");
    let guest = Guest::debian12()
        .host_name("debian")
        .user("alice", PASSWORD)
        .file("/etc/profile.d/demo.sh", include_str!("profile.sh"))
        .key("blue", KeyOptions::default().with(&["--model", "Blue Key"]))
        .key("green", KeyOptions::default().with(&["--model", "Green Key"]).unplugged())
        .try_boot();
    let guest = match guest {
        Ok(guest) => guest,
        Err(reason) => {
            narrate(&format!("There is no guest: {reason}"));
            return ExitCode::FAILURE;
        }
    };
    let size = hand_over::window_size().unwrap_or((24, 100));
    let mut terminal = guest.terminal_sized("alice", None, size).echoing(io::stdout());
    terminal.expect(PROMPT);
    enrol(&guest, &mut terminal);
    sign_in(&guest, &mut terminal);
    println!();
    if stay {
        return hand_over::to_person(&guest, terminal);
    }
    narrate("That was sudo with a passkey. The guest is gone now; './demo --shell' lets you play in it.");
    ExitCode::SUCCESS
}

fn enrol(guest: &Guest, terminal: &mut Terminal) {
    terminal.type_line("sudo passkey-enroll add --name 'blue key'");
    terminal.expect("password for alice: ");
    thread::sleep(Duration::from_millis(500));
    terminal.type_line(PASSWORD);
    // Once to make the passkey, once to see that it works.
    let blue = guest.key("blue");
    blue.touch_always(1500);
    terminal.expect(PROMPT);
    blue.touch_never();
}

fn sign_in(guest: &Guest, terminal: &mut Terminal) {
    println!();
    narrate("The administrator switches it on: 'auth required pam_passkey.so' in /etc/pam.d/sudo.");
    guest.write("/etc/pam.d/sudo", PAM_SUDO);
    // The prompt stands above what was said: a new one, so that the command is typed behind it.
    terminal.type_line("").expect(PROMPT);
    terminal.type_line("sudo -k").expect(PROMPT);
    terminal.type_line("sudo -u root id").expect("password for alice: ");
    thread::sleep(Duration::from_millis(500));
    terminal.type_line(PASSWORD).expect("Touch your security key");
    let blue = guest.key("blue");
    blue.wait_blinking();
    thread::sleep(Duration::from_secs(1));
    blue.touch();
    terminal.expect("uid=0(root)").expect(PROMPT);
}

/// A line that is not of the guest's terminal.
fn narrate(line: &str) {
    let mut stdout = io::stdout();
    // Nobody looks: nothing to tell.
    let _ = writeln!(stdout, "\x1b[1;34m# {line}\x1b[0m").and_then(|()| stdout.flush());
}
