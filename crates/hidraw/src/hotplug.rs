//! Notice of keys that come and go.

use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

use crate::list::node_number;

/// Becomes readable when a `hidraw` node appears in `/dev`, vanishes, or changes its permissions (udev grants access
/// only some time after the kernel made the node).
///
/// It is inotify on the folder, not a netlink socket: sandboxes that take the network away leave this working.
#[derive(Debug)]
pub struct Hotplug {
    fd: OwnedFd,
}

impl Hotplug {
    /// Watches `/dev`. List the keys after this, not before, and none is missed.
    ///
    /// # Errors
    /// When the user has used up their inotify instances, or `/dev` cannot be read.
    pub fn new() -> io::Result<Self> {
        Self::watching(Path::new("/dev"))
    }

    /// As [`Hotplug::new`], for another folder of device nodes.
    ///
    /// # Errors
    /// As [`Hotplug::new`].
    pub fn watching(dev: &Path) -> io::Result<Self> {
        let fd = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let what = WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::ATTRIB
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::ONLYDIR;
        inotify::add_watch(&fd, dev, what)?;
        Ok(Self { fd })
    }

    /// Takes in what has happened since the last call; `true` if the list of keys may have changed.
    ///
    /// # Errors
    /// When inotify itself fails.
    pub fn drain(&self) -> io::Result<bool> {
        // Room for many events; one is at most 16 bytes and a file name.
        let mut buf = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&self.fd, &mut buf);
        let mut changed = false;
        // Bounded, so that a storm in /dev cannot hold up the caller: what is left keeps the descriptor readable. What
        // was read already is looked at to its end.
        let mut budget = 1024_u32;
        while budget > 0 || !events.is_buffer_empty() {
            budget = budget.saturating_sub(1);
            match events.next() {
                Ok(event) => {
                    let lost = event.events().contains(ReadFlags::QUEUE_OVERFLOW);
                    let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
                    changed |= lost || name.and_then(node_number).is_some();
                }
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(changed)
    }
}

impl AsFd for Hotplug {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
#[path = "hotplug_tests.rs"]
mod tests;
