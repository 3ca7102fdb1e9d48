//! Packets of an authenticator that is a service, over a socket in a folder of such: each is a report as it was sent, or an error. The
//! input is the name of the socket, a zero, and the packets, each behind its length.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::LazyLock;

use ctaphid_socket::{Connection, Folder, REPORT_LEN, TransferError};
use rustix::fs::{Mode, chmod};
use rustix::net::{
    AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept, bind, listen, send,
    socket_with,
};
use tempfile::TempDir;

/// The most packets of one input.
const MAX_PACKETS: usize = 8;
/// The account that the service is asked for.
const ACCOUNT: u32 = 1000;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    chmod(folder.path(), Mode::from_raw_mode(0o700)).expect("it is ours");
    folder
});

/// Whether a report has come.
pub fn run(data: &[u8]) -> bool {
    let (name, packets) = data.split_at(data.iter().position(|byte| *byte == 0).unwrap_or(data.len()));
    let name = OsStr::from_bytes(name);
    // A folder within is none of ours.
    if name.as_bytes().contains(&b'/') || name == "." || name == ".." {
        return false;
    }
    let path = FOLDER.path().join(name);
    let listener = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
        .expect("a socket");
    let is_bound = SocketAddrUnix::new(&path).and_then(|address| bind(&listener, &address)).is_ok();
    let folder = Folder::of(FOLDER.path().to_owned(), rustix::process::getuid().as_raw());
    let services = folder.list().expect("the folder is ours");
    let is_listed = services.iter().any(|service| service.path == path);
    assert_eq!(is_listed, is_bound && Folder::is_service(name), "{}", path.display());
    let mut has_come = false;
    if let Some(service) = services.first() {
        assert!(service.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "it is shown");
        listen(&listener, 1).expect("it is bound");
        let connection = Connection::open(service, ACCOUNT).expect("it listens");
        let peer = accept(&listener).expect("somebody has connected");
        let mut packets = packets.get(1..).unwrap_or_default();
        for _ in 0..MAX_PACKETS {
            let Some((len, rest)) = packets.split_first() else { break };
            let (packet, rest) = rest.split_at(usize::from(*len).min(rest.len()));
            packets = rest;
            send(&peer, packet, SendFlags::DONTWAIT | SendFlags::NOSIGNAL).expect("there is room for it");
            has_come |= received(&connection, packet);
        }
        assert!(matches!(connection.read(&mut [0; REPORT_LEN]), Ok(false)), "there is no more than was sent");
    }
    if is_bound {
        std::fs::remove_file(path).expect("it is there");
    }
    has_come
}

/// Whether the packet is a report.
fn received(connection: &Connection, packet: &[u8]) -> bool {
    let mut report = [0xee; REPORT_LEN];
    match connection.read(&mut report) {
        Ok(has_come) => {
            assert!(has_come, "it was sent");
            assert_eq!(report.as_slice(), packet);
            true
        }
        Err(TransferError::NotAReport) => {
            assert_ne!(packet.len(), REPORT_LEN);
            false
        }
        // A packet of no bytes is how the kernel tells of a service that has gone.
        Err(TransferError::Closed) => {
            assert!(packet.is_empty());
            false
        }
        Err(TransferError::Io(error)) => panic!("{error}"),
    }
}
