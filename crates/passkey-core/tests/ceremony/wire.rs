//! The reports of a key on the bench through a real socket, as those of a service go.

use super::support::Key;
use ctap::hid::{REPORT_LEN, Report};
use ctaphid_socket::{Connection, Folder};
use passkey_core::ceremony::TransferError;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept, bind, listen, recv,
    send, socket_with,
};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use virtual_key::{Bench, PortError};

/// The account that connections are for.
const ACCOUNT: u32 = 1000;

/// Both ends of one connection.
pub(crate) struct Wire {
    near: Connection,
    /// The service's end; `None` once the key is gone.
    far: Option<OwnedFd>,
    /// What the socket had no room for.
    waiting: Option<Report>,
}

fn folder() -> PathBuf {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| tempfile::tempdir().unwrap()).path().to_owned()
}

impl Wire {
    pub(crate) fn open() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("key-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let folder = folder().join(&name);
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("tpm.sock");
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let listener = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap();
        bind(&listener, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        listen(&listener, 1).unwrap();
        let services = Folder::of(folder.clone(), rustix::process::getuid().as_raw()).list().unwrap();
        let near = Connection::open(&services[0], ACCOUNT).unwrap();
        let far = accept(&listener).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        let mut account = [0; REPORT_LEN];
        recv(&far, &mut account, RecvFlags::empty()).unwrap();
        assert_eq!(account[..7], [0xff, 0xff, 0xff, 0xff, 0xc2, 0, 4]);
        assert_eq!(account[7..11], ACCOUNT.to_be_bytes());
        Self { near, far: Some(far), waiting: None }
    }

    pub(crate) fn write(
        &mut self,
        bench: &mut Bench,
        key: Key,
        report: &Report,
    ) -> Result<bool, TransferError> {
        self.carry(bench, key);
        let written = self.near.write(report).map_err(|_| TransferError::Failed)?;
        self.carry(bench, key);
        Ok(written)
    }

    pub(crate) fn read(&mut self, bench: &mut Bench, key: Key) -> Result<Option<Report>, TransferError> {
        self.carry(bench, key);
        let mut report = [0; REPORT_LEN];
        let read = self.near.read(&mut report).map_err(|_| TransferError::Failed)?;
        Ok(read.then_some(report))
    }

    /// Whether something waits to be read.
    pub(crate) fn is_readable(&self) -> bool {
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        self.waiting.is_some() || poll(&mut [PollFd::new(&self.near, PollFlags::IN)], Some(&now)) == Ok(1)
    }

    /// Brings reports from either end to the other, as far as there is room for them.
    fn carry(&mut self, bench: &mut Bench, key: Key) {
        if self.try_carry(bench, key).is_err() {
            self.far = None;
        }
    }

    fn try_carry(&mut self, bench: &mut Bench, key: Key) -> Result<(), PortError> {
        let Some(far) = &self.far else { return Ok(()) };
        let mut report = [0; REPORT_LEN];
        while recv(far, &mut report, RecvFlags::DONTWAIT).is_ok_and(|(len, _)| len == REPORT_LEN) {
            bench.write(key, &report)?;
        }
        loop {
            let Some(report) =
                self.waiting.take().map_or_else(|| bench.read(key), |report| Ok(Some(report)))?
            else {
                return Ok(());
            };
            if send(far, &report, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) == Err(Errno::AGAIN) {
                self.waiting = Some(report);
                return Ok(());
            }
        }
    }
}
