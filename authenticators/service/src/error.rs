//! Why the service cannot run.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why there is no socket to listen on.
#[derive(Debug)]
pub enum ListenError {
    /// `LISTEN_PID` and `LISTEN_FDS` do not name one socket for this process.
    NotActivated,
    /// The descriptor that systemd handed over cannot be taken.
    Descriptor(io::Error),
    /// The descriptor is not a listening `SOCK_SEQPACKET` socket.
    NotSeqPacket,
    /// The socket cannot be made at the path.
    Bind {
        /// Where it was to be.
        path: PathBuf,
        /// What stands in the way.
        error: io::Error,
    },
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotActivated => f.write_str(
                "systemd has handed over no socket (LISTEN_PID, LISTEN_FDS); \
                 start the .socket unit, or give a path with --listen",
            ),
            Self::Descriptor(error) => write!(f, "cannot take the socket that systemd handed over: {error}"),
            Self::NotSeqPacket => f.write_str(
                "the socket is not a listening SOCK_SEQPACKET socket; use ListenSequentialPacket=",
            ),
            Self::Bind { path, error } => write!(f, "{}: cannot listen: {error}", path.display()),
        }
    }
}

impl std::error::Error for ListenError {}

/// Why a service ended before it was idle.
#[derive(Debug)]
pub enum ServeError {
    /// Connections cannot be waited for.
    Poll(io::Error),
    /// The authenticator has panicked.
    Worker,
    /// The authenticator has worked on one request, or waited for something, for too long.
    Stuck,
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Poll(error) => write!(f, "cannot wait for connections: {error}"),
            Self::Worker => f.write_str("the authenticator has ended unexpectedly"),
            Self::Stuck => f.write_str("the authenticator does not answer; ending, to be started anew"),
        }
    }
}

impl std::error::Error for ServeError {}
