//! The socket that peers connect to.

use std::env;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags};

use crate::error::ListenError;

/// The first descriptor that systemd hands over (`SD_LISTEN_FDS_START`).
const FIRST_FD: i32 = 3;
/// Connections that wait to be accepted.
const BACKLOG: i32 = 64;

/// A listening `SOCK_SEQPACKET` socket.
#[derive(Debug)]
pub struct Listener(OwnedFd);

impl Listener {
    /// The one socket that systemd hands over (`sd_listen_fds(3)`).
    ///
    /// # Errors
    /// When it hands over none, or another kind.
    pub fn from_systemd() -> Result<Self, ListenError> {
        let own = rustix::process::getpid();
        let number = |name| env::var(name).ok().and_then(|value| value.parse::<i32>().ok());
        if number("LISTEN_PID") != Some(Pid::as_raw(Some(own))) || number("LISTEN_FDS") != Some(1) {
            return Err(ListenError::NotActivated);
        }
        let failed = |errno: Errno| ListenError::Descriptor(errno.into());
        // A number becomes a descriptor by way of the kernel, which knows whether it is one.
        let process = rustix::process::pidfd_open(own, PidfdFlags::empty()).map_err(failed)?;
        let socket = rustix::process::pidfd_getfd(&process, FIRST_FD, PidfdGetfdFlags::empty());
        Self::of(socket.map_err(failed)?)
    }

    /// A socket of one's own, for tests and for use by hand. One that a service left behind is replaced.
    ///
    /// # Errors
    /// When it cannot be made there.
    pub fn bind(path: &Path) -> Result<Self, ListenError> {
        let bound = || -> Result<OwnedFd, Errno> {
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            let socket = || rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None);
            let address = SocketAddrUnix::new(path)?;
            let listening = socket()?;
            match rustix::net::bind(&listening, &address) {
                Err(Errno::ADDRINUSE)
                    if rustix::net::connect(socket()?, &address) == Err(Errno::CONNREFUSED) =>
                {
                    rustix::fs::unlink(path)?;
                    rustix::net::bind(&listening, &address)?;
                }
                other => other?,
            }
            rustix::fs::chmod(path, Mode::from_raw_mode(0o666))?;
            rustix::net::listen(&listening, BACKLOG)?;
            Ok(listening)
        };
        let failed = |errno: Errno| ListenError::Bind { path: path.to_owned(), error: errno.into() };
        Self::of(bound().map_err(failed)?)
    }

    fn of(socket: OwnedFd) -> Result<Self, ListenError> {
        let failed = |errno: Errno| ListenError::Descriptor(errno.into());
        if sockopt::socket_type(&socket).map_err(failed)? != SocketType::SEQPACKET
            || !sockopt::socket_acceptconn(&socket).map_err(failed)?
        {
            return Err(ListenError::NotSeqPacket);
        }
        let flags = rustix::fs::fcntl_getfl(&socket).map_err(failed)?;
        rustix::fs::fcntl_setfl(&socket, flags | OFlags::NONBLOCK).map_err(failed)?;
        Ok(Self(socket))
    }

    /// The next connection, and its peer's user id. `None` when none waits.
    pub(crate) fn accept(&self) -> io::Result<Option<(OwnedFd, u32)>> {
        match rustix::net::accept_with(&self.0, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
            Ok(socket) => {
                let credentials = sockopt::socket_peercred(&socket)?;
                Ok(Some((socket, credentials.uid.as_raw())))
            }
            // An aborted connection is gone; the next one is accepted in the next round.
            Err(Errno::AGAIN | Errno::CONNABORTED | Errno::INTR) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
