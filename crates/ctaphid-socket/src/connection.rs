//! A connection to one service.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::sockopt::socket_peercred;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv, send,
    socket_with,
};

use crate::REPORT_LEN;
use crate::folder::ServiceInfo;

/// `CTAPHID_BROADCAST_CID` (CTAP 2.1 §11.2.3).
const BROADCAST: [u8; 4] = [0xff; 4];
/// The command that names the account, of those for vendors (CTAP 2.1 §11.2.9.2), with the bit of a first packet.
const ACCOUNT: u8 = 0x42 | 0x80;

/// An open connection. Dropping it closes it; the service then forgets what it was asked.
#[derive(Debug)]
pub struct Connection {
    fd: OwnedFd,
}

/// Why there is no connection.
#[derive(Debug)]
pub enum ConnectError {
    /// Nothing listens there any more.
    Gone,
    /// The permissions of the socket, or a sandbox, do not let this process in.
    Denied,
    /// Who listens is not who may.
    Untrusted,
    /// The service has as many connections to accept as the kernel keeps.
    Busy,
    /// This process, or the machine, has used up its file descriptors (`EMFILE`, `ENFILE`).
    NoDescriptors,
    /// Anything else.
    Io(io::Error),
}

/// Why a report was not exchanged.
#[derive(Debug)]
pub enum TransferError {
    /// The service has closed the connection.
    Closed,
    /// It has sent what is no report: not of 64 bytes.
    NotAReport,
    /// Anything else.
    Io(io::Error),
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("nothing listens there"),
            Self::Denied => f.write_str("no permission to connect"),
            Self::Untrusted => f.write_str("it is another user's process that listens"),
            Self::Busy => f.write_str("the service accepts no more connections for now"),
            Self::NoDescriptors => f.write_str("no file descriptors are left"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the service has closed the connection"),
            Self::NotAReport => f.write_str("the service has sent a packet that is no report"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Gone | Self::Denied | Self::Untrusted | Self::Busy | Self::NoDescriptors => None,
        }
    }
}

impl std::error::Error for TransferError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Closed | Self::NotAReport => None,
        }
    }
}

impl From<Errno> for ConnectError {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::CONNREFUSED | Errno::PROTOTYPE | Errno::PIPE | Errno::CONNRESET => {
                Self::Gone
            }
            Errno::ACCESS | Errno::PERM => Self::Denied,
            Errno::AGAIN => Self::Busy,
            Errno::MFILE | Errno::NFILE => Self::NoDescriptors,
            other => Self::Io(other.into()),
        }
    }
}

impl From<Errno> for TransferError {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN => Self::Closed,
            other => Self::Io(other.into()),
        }
    }
}

impl Connection {
    /// Connects to a listed service and tells it which account is meant, without waiting for it to accept.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub fn open(service: &ServiceInfo, account: u32) -> Result<Self, ConnectError> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let fd = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        connect(&fd, &SocketAddrUnix::new(&service.path)?)?;
        // Of who called listen(2): for a socket that systemd has made, systemd itself.
        if socket_peercred(&fd)?.uid.as_raw() != service.owner {
            return Err(ConnectError::Untrusted);
        }
        let connection = Self { fd };
        match connection.write(&account_report(account)) {
            Ok(true) => Ok(connection),
            Ok(false) => Err(ConnectError::Busy),
            Err(TransferError::Closed | TransferError::NotAReport) => Err(ConnectError::Gone),
            Err(TransferError::Io(error)) => Err(ConnectError::Io(error)),
        }
    }

    /// One report from the service into `report`; `false` if none is there.
    ///
    /// # Errors
    /// [`TransferError`].
    pub fn read(&self, report: &mut [u8; REPORT_LEN]) -> Result<bool, TransferError> {
        loop {
            // The true length, however much of it there is room for.
            return match recv(&self.fd, report.as_mut_slice(), RecvFlags::DONTWAIT | RecvFlags::TRUNC) {
                Ok((_, 0)) => Err(TransferError::Closed),
                Ok((_, REPORT_LEN)) => Ok(true),
                Ok(_) => Err(TransferError::NotAReport),
                Err(Errno::AGAIN) => Ok(false),
                Err(Errno::INTR) => continue,
                Err(errno) => Err(errno.into()),
            };
        }
    }

    /// Sends one report; `false` if the service has yet to read those before it.
    ///
    /// # Errors
    /// [`TransferError`].
    pub fn write(&self, report: &[u8; REPORT_LEN]) -> Result<bool, TransferError> {
        loop {
            return match send(&self.fd, report, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(REPORT_LEN) => Ok(true),
                Ok(_) => Err(TransferError::Io(io::ErrorKind::WriteZero.into())),
                Err(Errno::AGAIN) => Ok(false),
                Err(Errno::INTR) => continue,
                Err(errno) => Err(errno.into()),
            };
        }
    }
}

/// The report that says for which account a connection is: its user id, the most significant byte first.
fn account_report(account: u32) -> [u8; REPORT_LEN] {
    let mut report = [0; REPORT_LEN];
    let head = BROADCAST.into_iter().chain([ACCOUNT, 0, 4]).chain(account.to_be_bytes());
    for (place, byte) in report.iter_mut().zip(head) {
        *place = byte;
    }
    report
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
