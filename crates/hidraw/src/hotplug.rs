//! Notice of keys that come and go.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::event::{EventfdFlags, eventfd};
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
    /// inotify's number for the folder of device nodes.
    dev: i32,
}

/// Why keys that come and go cannot be watched for.
#[derive(Debug)]
pub enum HotplugError {
    /// The user has used up their inotify instances (`fs.inotify.max_user_instances`).
    NoInstances,
    /// The user has used up their inotify watches (`fs.inotify.max_user_watches`).
    NoWatches,
    /// This process, or the machine, has used up its file descriptors.
    NoDescriptors,
    /// Anything else, such as a `/dev` that cannot be read.
    Io(io::Error),
}

impl HotplugError {
    /// `inotify_init1(2)` says `EMFILE` for two limits: that of instances is meant if `another`, any other new
    /// descriptor, can still be had.
    fn from_init(errno: Errno, another: impl FnOnce() -> Result<(), Errno>) -> Self {
        match errno {
            Errno::MFILE if another().is_ok() => Self::NoInstances,
            Errno::MFILE | Errno::NFILE => Self::NoDescriptors,
            other => Self::Io(other.into()),
        }
    }
}

impl fmt::Display for HotplugError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoInstances => f.write_str("no inotify instances are left (fs.inotify.max_user_instances)"),
            Self::NoWatches => f.write_str("no inotify watches are left (fs.inotify.max_user_watches)"),
            Self::NoDescriptors => f.write_str("no file descriptors are left"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for HotplugError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoInstances | Self::NoWatches | Self::NoDescriptors => None,
            Self::Io(error) => Some(error),
        }
    }
}

impl Hotplug {
    /// Watches `/dev`. List the keys after this, not before, and none is missed.
    ///
    /// # Errors
    /// [`HotplugError`]. Without notice the caller has to list the keys every now and then.
    pub fn new() -> Result<Self, HotplugError> {
        Self::watching(Path::new("/dev"))
    }

    /// As [`Hotplug::new`], for another folder of device nodes.
    ///
    /// # Errors
    /// As [`Hotplug::new`].
    pub fn watching(dev: &Path) -> Result<Self, HotplugError> {
        let fd = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).map_err(|errno| {
            HotplugError::from_init(errno, || eventfd(0, EventfdFlags::CLOEXEC).map(drop))
        })?;
        let dev = watch(&fd, dev)?;
        Ok(Self { fd, dev })
    }

    /// Watches another folder as well, whose files are of other names. Whatever happens in it counts.
    ///
    /// # Errors
    /// As [`Hotplug::new`]; what was watched before still is.
    pub fn also_watch(&self, folder: &Path) -> Result<(), HotplugError> {
        watch(&self.fd, folder).map(|_| ())
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
                    changed |= lost || event.wd() != self.dev || name.and_then(node_number).is_some();
                }
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(changed)
    }
}

/// The number under which inotify tells of the folder.
fn watch(fd: &OwnedFd, folder: &Path) -> Result<i32, HotplugError> {
    let what = WatchFlags::CREATE
        | WatchFlags::DELETE
        | WatchFlags::ATTRIB
        | WatchFlags::MOVED_TO
        | WatchFlags::MOVED_FROM
        | WatchFlags::ONLYDIR;
    inotify::add_watch(fd, folder, what).map_err(|errno| match errno {
        Errno::NOSPC => HotplugError::NoWatches,
        other => HotplugError::Io(other.into()),
    })
}

impl AsFd for Hotplug {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
#[path = "hotplug_tests.rs"]
mod tests;
