//! The interface that a service implements.

use std::time::Instant;

use crate::shown::Shown;

/// An authenticator behind a socket. It is asked by one connection after the other, never by two at once.
pub trait Authenticator {
    /// The state of one connection, such as a `pinUvAuthToken`.
    type Session: Send;

    /// Whether it has something to show ([`Authenticator::show`]).
    const SHOWS: bool = false;

    /// The device version in the reply to `CTAPHID_INIT`: major, minor, build.
    const VERSION: [u8; 3];

    /// Begins a connection.
    fn connect(&mut self, peer: Peer) -> Self::Session;

    /// Answers one CTAP2 request: command byte and parameters. The answer is a status byte and what follows it.
    fn cbor(&mut self, session: &mut Self::Session, request: &[u8], wait: &dyn Wait) -> Vec<u8>;

    /// The text to show to the person now, if any.
    fn show(&mut self, _session: &mut Self::Session, _wait: &dyn Wait) -> Option<Shown> {
        None
    }
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The user id of the account that the connection is for: the peer's own, or the one that root has named.
    pub account: u32,
    /// Whether the peer is root.
    pub is_root: bool,
    /// When the connection was made.
    pub since: Instant,
}

/// For requests that take time. Keepalives are sent by themselves.
pub trait Wait {
    /// Whether the answer is no longer wanted: cancelled, or the peer has gone. The answer should then be
    /// `CTAP2_ERR_KEEPALIVE_CANCEL`, soon.
    fn is_cancelled(&self) -> bool;

    /// Has keepalives say that the person has to do something (`STATUS_UPNEEDED`), or no longer.
    fn needs_user(&self, needed: bool);
}
