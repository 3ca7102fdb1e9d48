//! A connection to the service behind its socket.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use ctap::hid::{Channel, Cid, Command, Event, REPORT_LEN, packet};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType};

pub(crate) struct Connection {
    socket: OwnedFd,
    pub(crate) channel: Channel,
}

impl Connection {
    /// For the peer's own account, unless one is named.
    pub(crate) fn open(path: &Path, account: Option<u32>) -> Self {
        // Programs that other tests start must not keep the connection open.
        let (kind, flags) = (SocketType::SEQPACKET, SocketFlags::CLOEXEC);
        let socket = rustix::net::socket_with(AddressFamily::UNIX, kind, flags, None).unwrap();
        let address = SocketAddrUnix::new(path).unwrap();
        // It exists a moment before it is listened on.
        let begun = Instant::now();
        while rustix::net::connect(&socket, &address).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10));
        }
        let mut connection = Self { socket, channel: Channel::new() };
        if let Some(account) = account {
            let naming = packet::fragment(Cid::BROADCAST, 0x42, &account.to_be_bytes()).unwrap();
            rustix::net::send(&connection.socket, &naming[0], SendFlags::NOSIGNAL).unwrap();
        }
        connection.channel.init(*b"a nonce!");
        assert_eq!(connection.event(), Event::Opened);
        connection
    }

    fn flush(&mut self) {
        while let Some(report) = self.channel.next_report() {
            rustix::net::send(&self.socket, &report, SendFlags::NOSIGNAL).unwrap();
        }
    }

    /// The next event, a keepalive too.
    pub(crate) fn any_event(&mut self) -> Event {
        self.flush();
        loop {
            let mut report = [0; REPORT_LEN];
            let (_, len) = rustix::net::recv(&self.socket, &mut report, RecvFlags::empty()).unwrap();
            assert_eq!(len, REPORT_LEN);
            if let Some(event) = self.channel.handle_report(&report).unwrap() {
                return event;
            }
        }
    }

    fn event(&mut self) -> Event {
        loop {
            match self.any_event() {
                Event::Keepalive(_) => {}
                event => return event,
            }
        }
    }

    pub(crate) fn reply(&mut self) -> Vec<u8> {
        match self.event() {
            Event::Response { payload, .. } => payload,
            other => panic!("{other:?}"),
        }
    }

    /// Sends a request without waiting for the answer.
    pub(crate) fn begin(&mut self, request: &[u8]) {
        self.channel.request(Command::Cbor, request).unwrap();
        self.flush();
    }

    pub(crate) fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        self.begin(request);
        self.reply()
    }
}
