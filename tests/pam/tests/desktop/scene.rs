//! The guests with a display, with people and keys in them.

use std::thread;
use std::time::{Duration, Instant};

use guest::{Guest, GuestBuilder, KeyOptions, PATIENCE};
use pam_tests::enrol;

pub(crate) const PASSWORD: &str = "secret";
pub(crate) const PIN: &str = "1234";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suite {
    Bookworm,
    Trixie,
}

impl Suite {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bookworm => "bookworm",
            Self::Trixie => "trixie",
        }
    }
}

/// Alice has a passkey on each key; the second one has a PIN.
pub(crate) fn people_and_keys(guest: GuestBuilder) -> GuestBuilder {
    guest
        .user("alice", PASSWORD)
        .key("blue", KeyOptions::default().unplugged())
        .key("green", KeyOptions::default().pin(PIN).unplugged())
}

pub(crate) fn enrol_all(guest: &Guest) {
    for (key, pin) in [("blue", None), ("green", Some(PIN))] {
        guest.key(key).plug();
        enrol(guest, key, pin);
        guest.key(key).unplug();
    }
}

/// Tries a shell command as root until it succeeds; what it has said.
#[track_caller]
pub(crate) fn wait_for(guest: &Guest, command: &str) -> String {
    let start = Instant::now();
    loop {
        let output = guest.root(command);
        if output.status == 0 {
            return output.stdout;
        }
        assert!(start.elapsed() < PATIENCE, "not within {PATIENCE:?}: {command}\n{}", output.stdout);
        thread::sleep(Duration::from_millis(200));
    }
}
