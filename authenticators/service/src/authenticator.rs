//! The interface that a service implements.

use std::fmt;
use std::time::Instant;

use crate::shown::Shown;
use crate::waiting::Waiting;

/// An authenticator behind a socket. It is asked by one connection after the other, never by two at once.
pub trait Authenticator {
    /// The state of one connection, such as a `pinUvAuthToken`.
    type Session: Send;

    /// What comes of a wait ([`Answer::Later`]).
    type Outcome: Send;

    /// Whether it has something to show ([`Authenticator::show`]).
    const SHOWS: bool = false;

    /// The device version in the reply to `CTAPHID_INIT`: major, minor, build.
    const VERSION: [u8; 3];

    /// Begins a connection.
    fn connect(&mut self, peer: Peer) -> Self::Session;

    /// Answers one CTAP2 request: command byte and parameters. Other connections wait meanwhile.
    fn cbor(&mut self, session: &mut Self::Session, request: &[u8], wait: &dyn Wait)
    -> Answer<Self::Outcome>;

    /// Goes on with a request of that session after the wait for which it was put off. Much may have happened since, to the same
    /// account too. `None`: there was no wait, for lack of a thread.
    fn resume(
        &mut self,
        session: &mut Self::Session,
        outcome: Option<Self::Outcome>,
        wait: &dyn Wait,
    ) -> Answer<Self::Outcome>;

    /// The text to show to the person now, if any.
    fn show(&mut self, _session: &mut Self::Session, _wait: &dyn Wait) -> Option<Shown> {
        None
    }
}

/// The answer to a request.
pub enum Answer<T> {
    /// A status byte and what follows it.
    Now(Vec<u8>),
    /// Not before a person, or another program, has done something. It is waited for in a thread of its own, while other connections
    /// are served; what comes of it goes to [`Authenticator::resume`]. A wait ends soon after it is cancelled, and by itself before
    /// [`Settings::request`](crate::Settings::request): one that does not ends the service.
    Later(Later<T>),
}

/// What is done during a wait.
pub type Later<T> = Box<dyn FnOnce(&Waiting<'_>) -> T + Send>;

impl<T> Answer<T> {
    /// After a wait.
    pub fn later(wait: impl FnOnce(&Waiting<'_>) -> T + Send + 'static) -> Self {
        Self::Later(Box::new(wait))
    }
}

impl<T> From<Vec<u8>> for Answer<T> {
    fn from(answer: Vec<u8>) -> Self {
        Self::Now(answer)
    }
}

impl<T> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(answer) => f.debug_tuple("Now").field(answer).finish(),
            Self::Later(_) => f.write_str("Later(..)"),
        }
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
