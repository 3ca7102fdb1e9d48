//! A service that only shows a text: `show PATH TEXT [URI]`. For trying a client out.

use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::ExitCode;

use authenticator_service::{Answer, Authenticator, Listener, Peer, Settings, Shown, Wait, log, serve};

use ctap::Status;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

struct Show(Shown);

impl Authenticator for Show {
    type Session = ();
    type Outcome = ();
    const SHOWS: bool = true;
    const VERSION: [u8; 3] = [0, 0, 0];

    fn connect(&mut self, peer: Peer) {
        log(format_args!("a connection for the account {}", peer.account));
    }

    /// Waits until it is cancelled, like a phone that is not at hand.
    fn cbor(&mut self, (): &mut (), _: &[u8], _: &dyn Wait) -> Answer<()> {
        Answer::later(|waiting| {
            waiting.needs_user(true);
            let limit = Timespec { tv_sec: 60, tv_nsec: 0 };
            let mut cancelled = [PollFd::from_borrowed_fd(waiting.as_fd(), PollFlags::IN)];
            while rustix::event::poll(&mut cancelled, Some(&limit)) == Err(Errno::INTR) {}
        })
    }

    fn resume(&mut self, (): &mut (), _: Option<()>, wait: &dyn Wait) -> Answer<()> {
        let status = if wait.is_cancelled() { Status::KEEPALIVE_CANCEL } else { Status::USER_ACTION_TIMEOUT };
        vec![status.0].into()
    }

    fn show(&mut self, (): &mut (), _: &dyn Wait) -> Option<Shown> {
        Some(self.0.clone())
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (path, text, uri) = match arguments.as_slice() {
        [path, text] => (path, text, None),
        [path, text, uri] => (path, text, Some(uri.as_str())),
        _ => {
            log("usage: show PATH TEXT [URI]");
            return ExitCode::from(2);
        }
    };
    let shown = match Shown::new(text, uri) {
        Ok(shown) => shown,
        Err(error) => {
            log(error);
            return ExitCode::FAILURE;
        }
    };
    let result = match Listener::bind(Path::new(path)) {
        Ok(listener) => serve(&listener, &mut Show(shown), &Settings::default()).map_err(|e| e.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log(error);
            ExitCode::FAILURE
        }
    }
}
