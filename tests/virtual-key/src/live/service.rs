//! A key behind a socket instead of `/dev/uhid`: what `docs/protocol.md` describes for authenticators that are services.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, listen,
    recv, send, socket_with, socketpair,
};

use super::uhid::{self, EVENT_LEN, Event};
use crate::{REPORT_LEN, Report};

/// The report that names the account of a connection: the broadcast channel, command 0x42, four bytes.
const ACCOUNT: [u8; 7] = [0xff, 0xff, 0xff, 0xff, 0xc2, 0, 4];

/// Listens at `path`, and gives what stands there for `/dev/uhid`. One connection at a time is served, while the key is plugged in.
pub(super) fn listen_at(path: &Path) -> io::Result<File> {
    let flags = SocketFlags::CLOEXEC;
    let listener = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    bind(&listener, &SocketAddrUnix::new(path)?)?;
    listen(&listener, 16)?;
    let (key, kernel) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    // It ends with the key.
    thread::spawn(move || {
        let _ = Bridge { listener, kernel, is_plugged: false, client: None }.run();
    });
    Ok(File::from(key))
}

/// Between a key that believes in `/dev/uhid` and the client of a service.
struct Bridge {
    listener: OwnedFd,
    kernel: OwnedFd,
    is_plugged: bool,
    client: Option<OwnedFd>,
}

impl Bridge {
    fn run(mut self) -> io::Result<()> {
        loop {
            let from_key = PollFd::new(&self.kernel, PollFlags::IN);
            let other = match &self.client {
                Some(client) => PollFd::new(client, PollFlags::IN),
                None if self.is_plugged => PollFd::new(&self.listener, PollFlags::IN),
                None => PollFd::new(&self.listener, PollFlags::empty()),
            };
            let mut fds = [from_key, other];
            poll(&mut fds, None)?;
            let [from_key, other] = fds.map(|fd| !fd.revents().is_empty());
            if from_key {
                self.hear_key()?;
            } else if other && self.client.is_none() {
                self.client = Some(accept_with(&self.listener, SocketFlags::CLOEXEC)?);
                self.tell_key(&uhid::change(&Event::Open))?;
            } else if other {
                self.hear_client()?;
            }
        }
    }

    fn tell_key(&self, event: &[u8]) -> io::Result<()> {
        send(&self.kernel, event, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    fn hear_key(&mut self) -> io::Result<()> {
        let mut event = [0; EVENT_LEN];
        let (len, _) = recv(&self.kernel, &mut event, RecvFlags::empty())?;
        if len == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match uhid::FromKey::parse(&event[..len]) {
            Some(uhid::FromKey::Create) => {
                self.is_plugged = true;
                self.tell_key(&uhid::change(&Event::Start))
            }
            Some(uhid::FromKey::Destroy) => {
                self.is_plugged = false;
                self.hang_up()?;
                self.tell_key(&uhid::change(&Event::Stop))
            }
            Some(uhid::FromKey::Input(report)) => {
                if let Some(client) = &self.client {
                    // One that does not read, or has gone, misses it.
                    let _ = send(client, &report, SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
                }
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn hear_client(&mut self) -> io::Result<()> {
        let Some(client) = &self.client else { return Ok(()) };
        let mut report: Report = [0; REPORT_LEN];
        match recv(client.as_fd(), &mut report, RecvFlags::empty()) {
            Ok((REPORT_LEN, _)) if report.starts_with(&ACCOUNT) => Ok(()),
            Ok((REPORT_LEN, _)) => self.tell_key(&uhid::change(&Event::Output(report))),
            Ok(_) | Err(_) => self.hang_up(),
        }
    }

    fn hang_up(&mut self) -> io::Result<()> {
        if self.client.take().is_some() { self.tell_key(&uhid::change(&Event::Close)) } else { Ok(()) }
    }
}
