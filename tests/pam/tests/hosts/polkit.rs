//! pkexec, with polkit's agent for terminals.

use guest::Guest;

use crate::program::{OnTerminal, Sitting};

/// The agent registers for this shell, and closes its output then. The one inside pkexec is no use: it is root, and polkit takes
/// answers for alice only from an agent of hers.
///
/// An agent whose terminal is gone, as Ctrl-C and a closed window leave it, reads on without end and keeps a processor busy: it goes with
/// the shell, however that ends.
pub(crate) const PKEXEC: &str =
    "exec 3< <(exec pkttyagent --notify-fd 1 --process $$); trap \"kill -KILL $!\" EXIT; cat <&3
     pkexec --disable-internal-agent true";

/// The agent shows its prompt first, then turns the echo off and throws away what has been typed until then.
const ECHO_IS_OFF: &str = "tty=/dev/$(ps -o tty= -C pkttyagent | head -n 1)
    for try in $(seq 600); do stty -F $tty -a | grep -q -- ' -echo ' && exit 0; sleep 0.05; done; exit 1";

/// Where README has it put.
pub(crate) const DROP_IN: &str = "/etc/systemd/system/polkit-agent-helper@.service.d/pam_passkey.conf";
pub(crate) const DROP_IN_TEXT: &str =
    include_str!("../../../../packaging/systemd/polkit-agent-helper@.service.d/pam_passkey.conf");
/// Each sign-in has an instance of the service of its own, which reads what is in the folder at that time.
pub(crate) const TAKE_DROP_IN_AWAY: &str =
    "mv /etc/systemd/system/polkit-agent-helper@.service.d/pam_passkey.conf /root";
pub(crate) const PUT_DROP_IN_BACK: &str =
    "mv /root/pam_passkey.conf /etc/systemd/system/polkit-agent-helper@.service.d";

pub(crate) struct BeforeAgent<'a> {
    guest: &'a Guest,
    terminal: OnTerminal,
}

impl<'a> BeforeAgent<'a> {
    /// In a terminal in which [`PKEXEC`] runs.
    pub(crate) fn new(guest: &'a Guest, terminal: OnTerminal) -> Self {
        Self { guest, terminal }
    }
}

impl Sitting for BeforeAgent<'_> {
    fn expect(&mut self, text: &str) {
        self.terminal.expect(text);
    }

    fn type_line(&mut self, line: &str) {
        self.guest.root(ECHO_IS_OFF).ok();
        self.terminal.type_line(line);
    }

    fn ctrl_c(&mut self) {
        self.terminal.ctrl_c();
    }

    fn end(self: Box<Self>) -> (bool, String) {
        Box::new(self.terminal).end()
    }
}
