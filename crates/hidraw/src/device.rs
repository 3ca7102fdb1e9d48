//! One open security key.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::descriptor::ReportLen;
use crate::detached::{self, DetachedWrite};
use crate::list::{KeyInfo, device_number};
use crate::transfer::TransferError;

/// An open key. Dropping it closes it, and gives up a lock.
///
/// # What can wait
/// A report to a device that hangs on the bus takes the kernel up to 5 s, uninterruptibly. [`write_detached`] lets
/// another process wait for it. That is not all: for as long as the write lasts, hidraw holds a lock for reading that is
/// the whole system's (`minors_rwsem` in `drivers/hid/hidraw.c`), and [`open`] and the last close of *any* hidraw node
/// take it for writing; once one of these queues, so does every write. (Before Linux 5.17 it was a mutex, and one write
/// at a time.) [`read`], `poll(2)` and the advisory lock are free of it. So while a [`DetachedWrite`] has no outcome, do
/// not open a device, unlock instead of dropping, and when dropping cannot be put off, [`close_detached`].
///
/// [`write_detached`]: Self::write_detached
/// [`close_detached`]: Self::close_detached
/// [`open`]: Self::open
/// [`read`]: Self::read
#[derive(Debug)]
pub struct Device {
    fd: OwnedFd,
    report_len: ReportLen,
}

/// Why a key could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// It was unplugged, or exchanged for another one under the same name.
    Gone,
    /// The permissions of the node do not let this process in.
    Denied,
    /// It is plugged in, but this process is shown no node of it: its `/dev` is not the machine's, as in a sandbox.
    Hidden,
    /// Another program holds it exclusively.
    Busy,
    /// The node is not the character device that sysfs announces.
    NotADevice,
    /// This process, or the machine, has used up its file descriptors (`EMFILE`, `ENFILE`).
    NoDescriptors,
    /// The kernel has no memory for it (`ENOMEM`).
    NoMemory,
    /// Anything else.
    Io(io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("the security key was unplugged"),
            Self::Denied => f.write_str("no permission to open the security key"),
            Self::Hidden => f.write_str("a sandbox hides the security key"),
            Self::Busy => f.write_str("the security key is in use"),
            Self::NotADevice => {
                f.write_str("the device node is not the security key that the kernel announces")
            }
            Self::NoDescriptors => f.write_str("no file descriptors are left"),
            Self::NoMemory => f.write_str("no memory is left"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Gone
            | Self::Denied
            | Self::Hidden
            | Self::Busy
            | Self::NotADevice
            | Self::NoDescriptors
            | Self::NoMemory => None,
        }
    }
}

impl From<Errno> for OpenError {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::NXIO | Errno::NODEV | Errno::NOTDIR => Self::Gone,
            Errno::ACCESS | Errno::PERM => Self::Denied,
            Errno::BUSY => Self::Busy,
            Errno::LOOP | Errno::ISDIR => Self::NotADevice,
            Errno::MFILE | Errno::NFILE => Self::NoDescriptors,
            Errno::NOMEM => Self::NoMemory,
            other => Self::Io(other.into()),
        }
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Errno::from_io_error(&error).map_or(Self::Io(error), Self::from)
    }
}

impl Device {
    /// Opens a listed key for reading and writing, without waiting.
    ///
    /// The open node is compared with what sysfs said, and sysfs is asked once more afterwards: the key that answers
    /// is the one that was listed, or one whose reads fail because it is gone.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(key: &KeyInfo) -> Result<Self, OpenError> {
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NOCTTY;
        let fd = rustix::fs::open(&key.path, flags, Mode::empty()).map_err(|errno| match errno {
            Errno::NOENT => match device_number(&key.sysfs) {
                Ok(Some(number)) if number == key.device_number => OpenError::Hidden,
                Ok(_) => OpenError::Gone,
                Err(error) => error.into(),
            },
            errno => errno.into(),
        })?;
        let stat = rustix::fs::fstat(&fd)?;
        let number = (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev));
        if FileType::from_raw_mode(stat.st_mode) != FileType::CharacterDevice || number != key.device_number {
            return Err(OpenError::NotADevice);
        }
        if device_number(&key.sysfs)? != Some(key.device_number) {
            return Err(OpenError::Gone);
        }
        Ok(Self { fd, report_len: key.report_len })
    }

    /// How long its reports are, without report number.
    pub fn report_len(&self) -> ReportLen {
        self.report_len
    }

    /// One report from the key into `buf`, and its length; `None` if none is there.
    ///
    /// A report longer than `buf` is cut off by the kernel: give [`ReportLen::input`] bytes.
    ///
    /// # Errors
    /// [`TransferError`]; the end of the file, which hidraw does not know, is the end of the key too.
    pub fn read(&self, buf: &mut [u8]) -> Result<Option<usize>, TransferError> {
        loop {
            match rustix::io::read(&self.fd, &mut *buf) {
                Ok(0) if !buf.is_empty() => return Err(TransferError::Gone),
                Ok(len) => return Ok(Some(len)),
                Err(Errno::AGAIN) => return Ok(None),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(TransferError::from_read(errno)),
            }
        }
    }

    /// Sends one report of [`ReportLen::output`] bytes; `false` if the kernel cannot take it now.
    ///
    /// The kernel hands an output report to the USB host controller and waits for the key's acknowledgement, whatever
    /// `O_NONBLOCK` says: microseconds with a working key, and at most 5 s (`USB_CTRL_SET_TIMEOUT`) with one whose
    /// firmware hangs on the bus.
    ///
    /// # Errors
    /// [`TransferError`]; `InvalidInput` in it for another length.
    pub fn write(&self, report: &[u8]) -> Result<bool, TransferError> {
        if report.len() != self.report_len.output {
            return Err(TransferError::Failed(io::ErrorKind::InvalidInput.into()));
        }
        let numbered = numbered(report, report.len());
        loop {
            match rustix::io::write(&self.fd, &numbered) {
                Ok(len) if len == numbered.len() => return Ok(true),
                Ok(_) => return Err(TransferError::Failed(io::ErrorKind::WriteZero.into())),
                Err(Errno::AGAIN) => return Ok(false),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(TransferError::from_write(errno)),
            }
        }
    }

    /// Sends reports of [`ReportLen::output`] bytes each, one behind the other, from a process of their own, which
    /// waits for the device in the caller's place and ends by itself. The host sees neither a child nor SIGCHLD.
    ///
    /// Reports of one call keep their order; those of two calls may overtake each other, so wait for the first
    /// [outcome](DetachedWrite::outcome), or for the answer. How many are under way at a time is the caller's to bound.
    ///
    /// The process holds the open device as well, so until it has ended, dropping this one neither closes the device nor
    /// gives the lock up: [`unlock`](Self::unlock) does. It also holds a copy of the host's memory for that long,
    /// which only root can look into.
    ///
    /// # Errors
    /// `InvalidInput` for no reports, or another length; anything else when a process cannot be had (seccomp,
    /// `RLIMIT_NPROC`, `pids.max`, memory, descriptors, a kernel before 5.9). Then nothing has been sent, and
    /// [`write`](Self::write) is left.
    pub fn write_detached(&self, reports: &[u8]) -> io::Result<DetachedWrite> {
        let len = self.report_len.output;
        if len == 0 || reports.is_empty() || !reports.len().is_multiple_of(len) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        detached::write(self.as_fd(), &numbered(reports, len), len.saturating_add(1))
    }

    /// Gives the lock up and closes the device, and lets a process of its own wait for it where the kernel does.
    ///
    /// Where a process cannot be had, it is closed here all the same.
    pub fn close_detached(self) {
        let _ = self.unlock();
        let _ = detached::close(self.fd);
    }

    /// Takes the advisory lock that libfido2's users take too (`flock(2)`); `false` if another process holds it.
    ///
    /// # Errors
    /// When the device cannot be locked at all.
    pub fn try_lock(&self) -> io::Result<bool> {
        match rustix::fs::flock(&self.fd, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(Errno::AGAIN) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Gives the lock up; harmless when not held.
    ///
    /// # Errors
    /// When the device is broken; closing it gives the lock up in any case.
    pub fn unlock(&self) -> io::Result<()> {
        Ok(rustix::fs::flock(&self.fd, FlockOperation::NonBlockingUnlock)?)
    }

    /// Throws away the reports that wait to be read: answers to the program that used the key before.
    ///
    /// The kernel keeps 64 reports; a key that talks faster than they can be read is not waited for.
    ///
    /// # Errors
    /// As [`Device::read`].
    pub fn drain(&self) -> Result<(), TransferError> {
        let mut report = vec![0; self.report_len.input];
        for _ in 0..64 {
            if self.read(&mut report)?.is_none() {
                break;
            }
        }
        Ok(())
    }
}

/// Each report of `len` bytes with its number in front, which the kernel wants; 0 stands for an interface that has only
/// one report.
fn numbered(reports: &[u8], len: usize) -> Vec<u8> {
    let mut numbered = Vec::with_capacity(reports.len().saturating_mul(2));
    for report in reports.chunks(len.max(1)) {
        numbered.push(0);
        numbered.extend_from_slice(report);
    }
    numbered
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
#[path = "device_tests.rs"]
mod tests;
