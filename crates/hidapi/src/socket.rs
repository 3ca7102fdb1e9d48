//! A socket in the place of a device node, for tests of what `ctap-hid-fido2` makes of a key's replies.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType};
use rustix::net::{connect, recv, send, socket_with};

use crate::{Connection, HidDevice, HidError, HidResult};

/// An open connection; each packet is a report.
#[derive(Debug)]
pub(crate) struct Socket(OwnedFd);

/// Connects to the socket at `path`; none where something else is there, or nothing.
pub(crate) fn open(path: &CStr) -> Option<HidResult<HidDevice>> {
    let address = SocketAddrUnix::new(path).ok()?;
    let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).ok()?;
    match connect(&socket, &address) {
        Ok(()) => Some(Ok(HidDevice(Connection::Socket(Socket(socket))))),
        Err(_) => None,
    }
}

impl Socket {
    pub(crate) fn write(&self, report: &[u8]) -> HidResult<bool> {
        match send(&self.0, report, SendFlags::NOSIGNAL) {
            Ok(_) => Ok(true),
            Err(Errno::INTR) => Ok(false),
            Err(errno) => Err(HidError::new(errno)),
        }
    }

    pub(crate) fn read(&self, buf: &mut [u8]) -> HidResult<Option<usize>> {
        match recv(&self.0, buf, RecvFlags::empty()) {
            Ok((0, _)) => Err(HidError::new("the other end has hung up")),
            Ok((len, _)) => Ok(Some(len)),
            Err(Errno::INTR) => Ok(None),
            Err(errno) => Err(HidError::new(errno)),
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
