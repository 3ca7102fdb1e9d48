//! pkexec, with polkit's agent for terminals.

use guest::Guest;

use crate::program::{OnTerminal, Sitting};

/// The agent closes its output once it is registered for this shell. The one inside pkexec is root's,
/// whom polkit does not take for the person that it asks about.
const PKEXEC: &str = "exec 3< <(exec pkttyagent --notify-fd 1 --process $$); cat <&3; \
     pkexec --disable-internal-agent true; result=$?; kill $!; exit $result";

/// The agent shows its prompt first, then turns the echo off and throws away what has been typed until then.
const ECHO_IS_OFF: &str = "tty=/dev/$(ps -o tty= -C pkttyagent | head -n 1)
    for try in $(seq 600); do stty -F $tty -a | grep -q -- ' -echo ' && exit 0; sleep 0.05; done; exit 1";

pub(crate) struct BeforeAgent<'a> {
    guest: &'a Guest,
    terminal: OnTerminal,
}

impl<'a> BeforeAgent<'a> {
    pub(crate) fn begin(guest: &'a Guest, user: &str) -> Self {
        Self { guest, terminal: OnTerminal(guest.terminal(user, PKEXEC)) }
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
