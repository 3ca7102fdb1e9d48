//! The peer of a socket.

use std::os::fd::{AsFd, AsRawFd as _};
use std::ptr;

/// The process that a socket of the Unix family was connected by, or to; `None` for every other descriptor.
///
/// Not rustix's, whose process ids cannot be 0: for sockets of other families the kernel gives just that.
pub(crate) fn peer(socket: impl AsFd) -> Option<libc::pid_t> {
    let mut peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut len = libc::socklen_t::try_from(size_of_val(&peer)).ok()?;
    // SAFETY: `peer` is valid for writing `len` bytes, and both live until the call returns.
    let failed = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            ptr::from_mut(&mut peer).cast(),
            &raw mut len,
        )
    };
    (failed == 0 && peer.pid > 0).then_some(peer.pid)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn only_sockets_of_the_unix_family_have_one() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        assert_eq!(peer(&ours).and_then(|pid| u32::try_from(pid).ok()), Some(std::process::id()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert_eq!(peer(&stream), None);
        assert_eq!(peer(std::fs::File::open("/dev/null").unwrap()), None);
    }
}
