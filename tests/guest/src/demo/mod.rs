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
/// As long as a person looks before they act.
const GLANCE: Duration = Duration::from_millis(700);

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
    let mut demo = Demo::new(&guest);
    demo.set_up();
    demo.sign_in();
    if stay {
        return hand_over::to_person(&guest, demo.terminal);
    }
    narrate("That was sudo with a passkey. The guest is gone now; './demo --shell' lets you play in it.");
    ExitCode::SUCCESS
}

/// Alice at her terminal.
struct Demo<'g> {
    guest: &'g Guest,
    terminal: Terminal,
}

impl<'g> Demo<'g> {
    fn new(guest: &'g Guest) -> Self {
        Self { guest, terminal: shell(guest) }
    }

    /// One guided run: two keys, recovery codes, and a sudo that asks. The change is tried before it is in place, and kept from
    /// another terminal.
    fn set_up(&mut self) {
        narrate("One command guides through all of it.");
        sudo(&mut self.terminal, "passkey-enroll setup");
        self.terminal.expect("Give it a PIN?");
        self.answer("skip");
        self.terminal.expect("Enrol a passkey on this key?");
        self.answer("yes");
        // Once to make the passkey, once to see that it works.
        self.guest.key("blue").touch_always(1500);
        self.terminal.expect("Press Enter when it is in");
        self.guest.key("blue").touch_never();
        self.guest.key("green").plug();
        self.answer("");
        self.terminal.expect("Enrol a passkey on");
        self.answer("yes");
        self.guest.key("green").touch_always(1500);
        self.terminal.expect("Make recovery codes?");
        self.guest.key("green").touch_never();
        self.guest.key("green").unplug();
        self.answer("yes");
        self.terminal.expect("Enter for sudo");
        self.answer("");
        self.terminal.expect("Enter for 1");
        self.answer("");
        self.terminal.expect("Type yes to go on");
        self.answer("yes");
        self.terminal.expect("Sign in once by the new lines");
        give_password(&mut self.terminal);
        self.touch_after_a_glance();
        self.terminal.expect("Waiting for the confirmation");
        println!();
        narrate("In another terminal, a sudo that asks for the passkey already:");
        let mut other = shell(self.guest);
        sudo(&mut other, "passkey-enroll pam confirm sudo");
        other.expect("Touch your security key");
        self.touch_after_a_glance();
        other.expect(PROMPT);
        println!();
        narrate("And back in the first one:");
        self.terminal.expect(PROMPT);
        println!();
    }

    fn answer(&mut self, answer: &str) {
        thread::sleep(GLANCE);
        self.terminal.type_line(answer);
    }

    fn sign_in(&mut self) {
        narrate("From now on:");
        self.new_prompt();
        sudo(&mut self.terminal, "id");
        self.terminal.expect("Touch your security key");
        self.touch_after_a_glance();
        self.terminal.expect("uid=0(root)").expect(PROMPT);
        println!();
    }

    /// The last one stands above what was said.
    fn new_prompt(&mut self) {
        self.terminal.type_line("").expect(PROMPT);
    }

    fn touch_after_a_glance(&self) {
        let blue = self.guest.key("blue");
        blue.wait_blinking();
        thread::sleep(GLANCE);
        blue.touch();
    }
}

/// Another terminal of hers, shown as it is.
fn shell(guest: &Guest) -> Terminal {
    let size = hand_over::window_size().unwrap_or((24, 100));
    let mut terminal = guest.terminal_sized("alice", None, size).echoing(io::stdout());
    terminal.expect(PROMPT);
    terminal
}

/// Asks for the password, whatever was asked before.
fn sudo(terminal: &mut Terminal, command: &str) {
    terminal.type_line(&format!("sudo -k; sudo {command}"));
    give_password(terminal);
}

fn give_password(terminal: &mut Terminal) {
    terminal.expect("assword");
    thread::sleep(GLANCE);
    terminal.type_line(PASSWORD);
}

/// A line that is not of the guest's terminal.
fn narrate(line: &str) {
    let mut stdout = io::stdout();
    // Nobody looks: nothing to tell.
    let _ = writeln!(stdout, "\x1b[1;34m# {line}\x1b[0m").and_then(|()| stdout.flush());
}
