//! Changing a file so that a reader sees the old content or the new, never less, whatever happens meanwhile.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    os::fd::{AsFd as _, OwnedFd},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::{
    fs::{AtFlags, FlockOperation, Mode, OFlags},
    io::Errno,
    process::{Gid, Uid},
};

use super::StoreError;
use crate::memory;
use crate::safe_file::{self, Owner, SafeFileError, TrustedDir};

/// How long to wait between two tries for a lock.
const LOCK_INTERVAL: Duration = Duration::from_millis(5);

/// A file of the store: where it is and how it is kept.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Its absolute path.
    pub(super) path: PathBuf,
    /// Who may own it and the directories above.
    pub(super) owner: Owner,
    /// The group it is given to, by root: it can read and not write.
    pub(super) group: Option<u32>,
    /// The mode of directories that are made for it.
    pub(super) dir_mode: u32,
    /// What writers lock.
    pub(super) lock: LockFile,
    /// The longest content, in bytes.
    pub(super) max_len: u64,
}

/// Which file a writer locks. It is never the file itself, which is replaced, nor the directory: other users cannot
/// open a lock file, or any user could keep it locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LockFile {
    /// One beside each file.
    OfFile,
    /// One for all files of the directory, where they are many and seldom written.
    OfDirectory,
}

impl Place {
    /// The file's text.
    pub(super) fn read(&self) -> Result<String, StoreError> {
        let bytes = safe_file::read(&self.path, self.owner, self.max_len)?;
        text(&self.path, bytes)
    }

    /// The file, locked against other writers. Its directory is made if need be.
    pub(super) fn lock(&self, patience: Duration) -> Result<Locked<'_>, StoreError> {
        let (dir, name) = safe_file::split(&self.path)?;
        let dir = TrustedDir::create(dir, self.owner, Mode::from_raw_mode(self.dir_mode))?;
        let lock = self.take_lock(&dir, name, patience)?;
        Ok(Locked { place: self, dir, name, _lock: lock })
    }

    fn take_lock(&self, dir: &TrustedDir, name: &OsStr, patience: Duration) -> Result<OwnedFd, StoreError> {
        let lock_name = match self.lock {
            LockFile::OfFile => beside(name, ".lock"),
            LockFile::OfDirectory => OsString::from(".lock"),
        };
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let lock = rustix::fs::openat(dir, &lock_name, flags, Mode::RUSR | Mode::WUSR)
            .map_err(|errno| StoreError::write(&dir.path().join(&lock_name), errno))?;
        let deadline = Instant::now().checked_add(patience);
        loop {
            match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(lock),
                Err(Errno::AGAIN | Errno::INTR)
                    if deadline.is_some_and(|deadline| Instant::now() < deadline) =>
                {
                    std::thread::sleep(LOCK_INTERVAL);
                }
                Err(Errno::AGAIN | Errno::INTR) => {
                    return Err(StoreError::Locked { path: self.path.clone() });
                }
                Err(errno) => return Err(StoreError::write(&self.path, errno)),
            }
        }
    }
}

/// A file that no other writer changes as long as this lives.
#[derive(Debug)]
pub(super) struct Locked<'a> {
    place: &'a Place,
    dir: TrustedDir,
    name: &'a OsStr,
    _lock: OwnedFd,
}

impl Locked<'_> {
    /// The file's text; `None` where it does not exist.
    pub(super) fn read(&self) -> Result<Option<String>, StoreError> {
        match self.dir.read(self.name, self.place.max_len) {
            Ok(bytes) => text(&self.place.path, bytes).map(Some),
            Err(SafeFileError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts `content` in the file's place, all of it or nothing, and on the disk before this returns.
    pub(super) fn replace(&self, content: &str) -> Result<(), StoreError> {
        if !u64::try_from(content.len()).is_ok_and(|len| len <= self.place.max_len) {
            return Err(StoreError::Full { path: self.place.path.clone(), max_len: self.place.max_len });
        }
        self.stage(content)?.commit()
    }

    /// Takes the file away, for good before this returns. One that is not there is no error.
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        match rustix::fs::unlinkat(&self.dir, self.name, AtFlags::empty()) {
            Ok(()) => self.sync_dir(),
            Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(StoreError::write(&self.place.path, errno)),
        }
    }

    /// Puts what was done to the names in the directory on the disk.
    fn sync_dir(&self) -> Result<(), StoreError> {
        let failed = |errno: Errno| StoreError::write(&self.place.path, errno);
        // What trusted directories hold is a path only; syncing needs one opened for reading.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let readable = rustix::fs::openat(self.dir.as_fd(), ".", flags, Mode::empty()).map_err(failed)?;
        rustix::fs::fsync(readable).map_err(failed)
    }

    /// Writes `content` beside the file.
    fn stage(&self, content: &str) -> Result<Staged<'_>, StoreError> {
        let failed = |errno: Errno| StoreError::write(&self.place.path, errno);
        let temporary = beside(self.name, ".tmp");
        // The remains of a killed writer are useless; under the lock, they have no owner.
        match rustix::fs::unlinkat(&self.dir, &temporary, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(failed(errno)),
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.dir, &temporary, flags, Mode::RUSR | Mode::WUSR).map_err(failed)?;
        let staged = Staged { locked: self, temporary, committed: false };
        let mut file = File::from(fd);
        safe_file::write_whole(&mut file, content.as_bytes())
            .map_err(|error| StoreError::write(&self.place.path, error))?;
        self.hand_over(&file).map_err(failed)?;
        file.sync_all().map_err(|error| StoreError::write(&self.place.path, error))?;
        Ok(staged)
    }

    /// Gives the file to root and the place's group, which can read it.
    fn hand_over(&self, file: &File) -> rustix::io::Result<()> {
        let Some(group) = self.place.group else { return Ok(()) };
        if rustix::process::geteuid().is_root() {
            rustix::fs::fchown(file, Some(Uid::ROOT), Some(Gid::from_raw(group)))?;
        }
        rustix::fs::fchmod(file, Mode::RUSR | Mode::WUSR | Mode::RGRP)
    }
}

/// A whole new content, beside the file it is to replace. Taken away again unless committed.
#[derive(Debug)]
struct Staged<'a> {
    locked: &'a Locked<'a>,
    temporary: OsString,
    committed: bool,
}

impl Staged<'_> {
    fn commit(mut self) -> Result<(), StoreError> {
        let dir = &self.locked.dir;
        let failed = |errno: Errno| StoreError::write(&self.locked.place.path, errno);
        rustix::fs::renameat(dir, &self.temporary, dir, self.locked.name).map_err(failed)?;
        self.locked.sync_dir()?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if !self.committed {
            // Best effort: the next writer removes it as well.
            let _ = rustix::fs::unlinkat(&self.locked.dir, &self.temporary, AtFlags::empty());
        }
    }
}

/// A hidden name beside the file's. User names never begin with a dot, so it is not a user's file.
fn beside(name: &OsStr, suffix: &str) -> OsString {
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(suffix);
    hidden
}

/// The text of a file that is about to be read as TOML.
fn text(path: &Path, bytes: Vec<u8>) -> Result<String, StoreError> {
    memory::ensure_for_text(bytes.len())
        .map_err(|memory::NoMemory| StoreError::NoMemory { path: path.to_owned() })?;
    String::from_utf8(bytes).map_err(|_| {
        StoreError::malformed(path, super::FormatError::new("not UTF-8 text: restore it from a copy"))
    })
}

#[cfg(test)]
#[path = "replace_tests.rs"]
mod tests;
