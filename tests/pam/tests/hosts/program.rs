//! How a person meets each host.

use guest::{Guest, Terminal};

use crate::greetd::TuiGreet;
use crate::locker::Locker;
use crate::login::VirtualTerminal;
use crate::polkit::{BeforeAgent, PKEXEC};
use crate::row::{Host, Mishap};
use crate::scene::{ASKPASS, PASSWORD};
use crate::swaylock::Swaylock;

/// One sign-in under way, as the person before it sees it.
pub(crate) trait Sitting {
    /// Waits until the person has read this.
    fn expect(&mut self, text: &str);
    fn type_line(&mut self, line: &str);
    fn ctrl_c(&mut self);
    /// Waits for the end: whether the person is in, and all that they have read.
    fn end(self: Box<Self>) -> (bool, String);
}

/// Ends the processes that pkill's words choose, and what they start meanwhile.
pub(crate) fn kill(guest: &Guest, chosen: &str) {
    guest.root(&format!("while pkill -KILL {chosen}; do sleep 0.05; done"));
}

/// Begins a sign-in of `user`, up to the host's first prompt.
pub(crate) fn begin<'a>(guest: &'a Guest, host: Host, mishap: Mishap, user: &str) -> Box<dyn Sitting + 'a> {
    let terminal = |who: &str, command: String| -> Box<dyn Sitting + 'a> {
        Box::new(OnTerminal(guest.terminal(who, &command)))
    };
    match host {
        Host::Sudo => {
            let echoing = mishap == Mishap::EchoedPassword;
            let sudo = if echoing { format!("SUDO_ASKPASS={ASKPASS} sudo -A") } else { "sudo".to_owned() };
            terminal(user, format!("{sudo} true"))
        }
        // It is somebody else who becomes the user.
        Host::Su => {
            let other = if user == "alice" { "carol" } else { "alice" };
            terminal(other, format!("su {user} -c true"))
        }
        Host::Sshd => terminal(user, format!("ssh {SSH_OPTIONS} {user}@127.0.0.1 true")),
        Host::SudoRs => terminal(user, "sudo-rs true".to_owned()),
        Host::SudoInSsh => Box::new(in_ssh(guest, user, "sudo true")),
        Host::Polkit | Host::SandboxedPolkit => {
            Box::new(BeforeAgent::new(guest, OnTerminal(guest.terminal(user, PKEXEC))))
        }
        Host::PolkitInSsh => Box::new(BeforeAgent::new(guest, in_ssh(guest, user, PKEXEC))),
        Host::I3lock => Box::new(Locker::begin(guest, user)),
        Host::Swaylock => Box::new(Swaylock::begin(guest, user)),
        Host::TuiGreet => Box::new(TuiGreet::begin(guest, user)),
        Host::Login => Box::new(VirtualTerminal::begin(guest, user)),
    }
}

/// A command on the terminal of an SSH session that has been signed in to.
fn in_ssh(guest: &Guest, user: &str, command: &str) -> OnTerminal {
    let mut terminal = guest.terminal(user, &format!("ssh -t {SSH_OPTIONS} {user}@127.0.0.1 '{command}'"));
    terminal.expect("assword").type_line(PASSWORD);
    OnTerminal(terminal)
}

const SSH_OPTIONS: &str = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
     -o PreferredAuthentications=keyboard-interactive -o NumberOfPasswordPrompts=1";

/// A program that ends well if the person was let in.
pub(crate) struct OnTerminal(pub(crate) Terminal);

impl Sitting for OnTerminal {
    fn expect(&mut self, text: &str) {
        self.0.expect(text);
    }

    fn type_line(&mut self, line: &str) {
        self.0.type_line(line);
    }

    fn ctrl_c(&mut self) {
        self.0.ctrl_c();
    }

    fn end(mut self: Box<Self>) -> (bool, String) {
        let exit = self.0.wait();
        (exit.status == 0, self.0.transcript())
    }
}
