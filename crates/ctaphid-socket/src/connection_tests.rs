//! Packets to and from a service, and who it is.

use std::path::Path;

use rustix::net::{accept, bind, listen};
use rustix::process::getuid;
use tempfile::TempDir;

use super::*;
use crate::folder::Folder;

struct Service {
    folder: TempDir,
    socket: OwnedFd,
}

impl Service {
    fn new(backlog: i32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = listening(&folder.path().join("tpm.sock"), SocketType::SEQPACKET, backlog);
        Self { folder, socket }
    }

    fn info(&self) -> ServiceInfo {
        let folder = Folder::of(self.folder.path().to_owned(), getuid().as_raw());
        folder.list().expect("listed").remove(0)
    }

    fn accept(&self) -> OwnedFd {
        accept(&self.socket).expect("somebody has connected")
    }
}

fn listening(path: &Path, kind: SocketType, backlog: i32) -> OwnedFd {
    let socket = socket_with(AddressFamily::UNIX, kind, SocketFlags::empty(), None).expect("a socket");
    bind(&socket, &SocketAddrUnix::new(path).expect("a short path")).expect("the name is free");
    listen(&socket, backlog).expect("it listens");
    socket
}

fn received(peer: &OwnedFd) -> Vec<u8> {
    let mut packet = [0; 128];
    let (len, _) = recv(peer, packet.as_mut_slice(), RecvFlags::empty()).expect("a packet");
    packet[..len].to_vec()
}

#[test]
fn the_account_comes_first_and_reports_go_both_ways() {
    let service = Service::new(4);
    let connection = Connection::open(&service.info(), 0x0001_0203).expect("connected");
    let peer = service.accept();
    let mut account = vec![0xff, 0xff, 0xff, 0xff, 0xc2, 0, 4, 0, 1, 2, 3];
    account.resize(REPORT_LEN, 0);
    assert_eq!(received(&peer), account);
    assert!(connection.write(&[7; REPORT_LEN]).expect("sent"));
    assert_eq!(received(&peer), [7; REPORT_LEN]);
    let mut report = [0; REPORT_LEN];
    assert!(!connection.read(&mut report).expect("nothing yet"));
    send(&peer, &[9; REPORT_LEN], SendFlags::empty()).expect("sent");
    assert!(connection.read(&mut report).expect("read"));
    assert_eq!(report, [9; REPORT_LEN]);
}

#[test]
fn a_packet_of_another_length_is_no_report() {
    for len in [1, 63, 65, 4096] {
        let service = Service::new(4);
        let connection = Connection::open(&service.info(), 0).expect("connected");
        let peer = service.accept();
        send(&peer, &vec![1; len], SendFlags::empty()).expect("sent");
        let read = connection.read(&mut [0; REPORT_LEN]);
        assert!(matches!(read, Err(TransferError::NotAReport)), "{len}: {read:?}");
    }
}

#[test]
fn a_service_that_hangs_up_is_noticed() {
    let service = Service::new(4);
    let connection = Connection::open(&service.info(), 0).expect("connected");
    drop(service.accept());
    assert!(matches!(connection.write(&[0; REPORT_LEN]), Err(TransferError::Closed)));
    assert!(matches!(connection.read(&mut [0; REPORT_LEN]), Err(TransferError::Closed)));
}

#[test]
fn nobody_waits_for_a_service_that_does_not_read_or_accept() {
    let service = Service::new(4);
    let connection = Connection::open(&service.info(), 0).expect("connected");
    let mut sent = 0;
    while connection.write(&[0; REPORT_LEN]).expect("sent, or not yet") {
        sent += 1;
        assert!(sent < 100_000, "the kernel takes them all");
    }
    let full = Service::new(0);
    let mut connections = Vec::new();
    let refused = loop {
        match Connection::open(&full.info(), 0) {
            Ok(connection) => connections.push(connection),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, ConnectError::Busy), "{refused:?}");
}

#[test]
fn what_listens_must_be_the_owners_and_of_packets() {
    let service = Service::new(4);
    let mut info = service.info();
    info.owner = info.owner.wrapping_add(1);
    assert!(matches!(Connection::open(&info, 0), Err(ConnectError::Untrusted)));

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tpm.sock");
    let stream = listening(&path, SocketType::STREAM, 4);
    let listed = Folder::of(folder.path().to_owned(), getuid().as_raw()).list().expect("listed").remove(0);
    assert!(matches!(Connection::open(&listed, 0), Err(ConnectError::Gone)), "a stream");
    drop(stream);
    assert!(matches!(Connection::open(&listed, 0), Err(ConnectError::Gone)), "nobody listens");
    std::fs::remove_file(path).expect("removed");
    assert!(matches!(Connection::open(&listed, 0), Err(ConnectError::Gone)), "no socket");
}
