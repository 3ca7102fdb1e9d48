//! A service that only shows a text: `show PATH TEXT [URI]`. For trying a client out.

use std::path::Path;
use std::process::ExitCode;

use authenticator_service::{Authenticator, Listener, Peer, Settings, Shown, Wait, log, serve};

struct Show(Shown);

impl Authenticator for Show {
    type Session = ();
    const SHOWS: bool = true;
    const VERSION: [u8; 3] = [0, 0, 0];

    fn connect(&mut self, peer: Peer) {
        log(format_args!("a connection for the account {}", peer.account));
    }

    /// Waits until it is cancelled, like a phone that is not at hand.
    fn cbor(&mut self, (): &mut (), _: &[u8], wait: &dyn Wait) -> Vec<u8> {
        wait.needs_user(true);
        while !wait.is_cancelled() {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        vec![ctap::Status::KEEPALIVE_CANCEL.0]
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
