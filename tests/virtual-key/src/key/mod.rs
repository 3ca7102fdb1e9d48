//! One key: OpenSK with a body around it.

mod body;
mod crypto;
mod env;
mod firmware;
mod key_store;
mod profile;
mod transmit;

use std::time::Duration;

use sha2::{Digest, Sha256};

pub use self::body::Memory;
pub(crate) use self::body::{Body, Shared};
pub(crate) use self::firmware::run;
use crate::{Report, Touch};

/// The world outside one powered key: the one trait behind which the real and the fake clock stand.
pub(crate) trait Port {
    /// Time since an arbitrary start.
    fn now(&self) -> Duration;

    /// Send a report to the host.
    fn send(&mut self, report: &Report);

    /// Sleep until something happens, at the latest until `deadline`.
    fn wait(&mut self, deadline: Option<Duration>) -> Wake;

    /// Have the key pulled out: the next [`Port::wait`] will say so.
    fn pull_out(&mut self);
}

/// What ended a [`Port::wait`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// A report from the host.
    Report(Report),
    /// A touch.
    Touch(Touch),
    /// The deadline has passed.
    Deadline,
    /// The power is gone.
    Unplugged,
}

/// SHA-256 over the pieces, each with its length in front.
pub(crate) fn sha256(pieces: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for piece in pieces {
        hash.update((piece.len() as u64).to_be_bytes());
        hash.update(piece);
    }
    hash.finalize().into()
}
