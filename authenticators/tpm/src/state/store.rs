//! Files and their folder.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{AtFlags, Dir, FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::account::{Account, FingerSeal};
use super::error::StateError;
use super::text;

/// More than the largest account has.
const MAX_LEN: u64 = 1024 * 1024;
const OWNER_ONLY: Mode = Mode::RUSR.union(Mode::WUSR);

/// A folder that belongs to this service, which nothing else writes to.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    folder: OwnedFd,
}

/// How often, and how many times, the folder is tried for that another service still has.
const LOCK_RETRY: Duration = Duration::from_millis(50);
const LOCK_TRIES: u32 = 40;

impl Folder {
    /// Opens the folder, which must be there, for this process alone. A service that is ending is waited for.
    fn open(path: &Path) -> Result<Self, StateError> {
        let failed = |errno: Errno| StateError::Io { path: path.to_owned(), error: errno.into() };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(path, flags, Mode::empty()).map_err(failed)?;
        for tries_left in (0..LOCK_TRIES).rev() {
            match rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self { path: path.to_owned(), folder }),
                Err(Errno::WOULDBLOCK) if tries_left > 0 => thread::sleep(LOCK_RETRY),
                Err(Errno::WOULDBLOCK) => break,
                Err(errno) => return Err(failed(errno)),
            }
        }
        Err(StateError::InUse(path.to_owned()))
    }

    /// The text of a file, with its path; `None` where there is none.
    fn read(&self, name: &str) -> Result<Option<(Zeroizing<String>, PathBuf)>, StateError> {
        let path = self.path.join(name);
        let failed = |errno: Errno| StateError::Io { path: path.clone(), error: errno.into() };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.folder, name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err(StateError::Untrusted(path)),
            Err(errno) => return Err(failed(errno)),
        };
        let stat = rustix::fs::fstat(&file).map_err(failed)?;
        let mode = Mode::from_raw_mode(stat.st_mode);
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile
            || stat.st_uid != rustix::process::geteuid().as_raw()
            || mode.intersects(Mode::RWXG | Mode::RWXO)
        {
            return Err(StateError::Untrusted(path));
        }
        let mut content = Zeroizing::new(String::new());
        let read = File::from(file).take(MAX_LEN).read_to_string(&mut content);
        read.map_err(|error| StateError::Io { path: path.clone(), error })?;
        Ok(Some((content, path)))
    }

    /// Replaces a file atomically.
    fn replace(&self, name: &str, text: &str) -> Result<(), StateError> {
        let temporary = format!(".{}.new", name.trim_end_matches(".toml"));
        let failed = |error: io::Error| StateError::Io { path: self.path.join(name), error };
        let replace = || -> io::Result<()> {
            match rustix::fs::unlinkat(&self.folder, &temporary, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(errno) => return Err(errno.into()),
            }
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let mut file = File::from(rustix::fs::openat(&self.folder, &temporary, flags, OWNER_ONLY)?);
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            rustix::fs::renameat(&self.folder, &temporary, &self.folder, name)?;
            Ok(rustix::fs::fsync(&self.folder)?)
        };
        replace().map_err(failed)
    }

    /// Removes a file, if it is there.
    fn remove(&self, name: &str) -> Result<(), StateError> {
        match rustix::fs::unlinkat(&self.folder, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(StateError::Io { path: self.path.join(name), error: errno.into() }),
        }
    }
}

/// The folder with a file for each account, named after its user id.
#[derive(Debug)]
pub struct Store(Folder);

impl Store {
    /// Opens the folder, which must be there, for this process alone. A service that is ending is waited for.
    ///
    /// # Errors
    /// When it cannot be opened, or another service has done so.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        Folder::open(path).map(Self)
    }

    /// The state of an account; a new one where there is no file.
    ///
    /// # Errors
    /// When there is one that cannot be read, trusted or understood.
    pub fn load(&self, account: u32) -> Result<Account, StateError> {
        let Some((content, path)) = self.0.read(&name(account))? else { return Ok(Account::default()) };
        text::parse(&content).map_err(|(line, message)| StateError::Format { path, line, message })
    }

    /// Replaces the state of an account atomically.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, account: u32, content: &Account) -> Result<(), StateError> {
        self.0.replace(&name(account), &text::write(content))
    }
}

/// The folder with what a finger unlocks, a file for each account. It is in memory, so that nothing of it is left when the computer is
/// switched off.
#[derive(Debug)]
pub struct FingerSeals(Folder);

impl FingerSeals {
    /// Opens the folder, which must be there, for this process alone. A service that is ending is waited for.
    ///
    /// # Errors
    /// When it cannot be opened, or another service has done so.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        Folder::open(path).map(Self)
    }

    /// What there is for an account. A file that cannot be trusted or understood is removed: the next right PIN makes another one.
    ///
    /// # Errors
    /// When it cannot be read or removed.
    pub fn load(&self, account: u32) -> Result<Option<FingerSeal>, StateError> {
        let name = name(account);
        let read = match self.0.read(&name) {
            Ok(None) => return Ok(None),
            Ok(Some((content, _))) => text::parse_seal(&content).ok(),
            Err(StateError::Untrusted(_)) => None,
            Err(error) => return Err(error),
        };
        if read.is_none() {
            self.0.remove(&name)?;
        }
        Ok(read)
    }

    /// Replaces what there is for an account atomically.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, account: u32, seal: &FingerSeal) -> Result<(), StateError> {
        self.0.replace(&name(account), &text::write_seal(seal))
    }

    /// Removes what there is for an account.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, account: u32) -> Result<(), StateError> {
        self.0.remove(&name(account))
    }

    /// Removes what there is for every account.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn clear(&self) -> Result<(), StateError> {
        let failed = |error: io::Error| StateError::Io { path: self.0.path.clone(), error };
        for entry in Dir::read_from(&self.0.folder).map_err(|errno| failed(errno.into()))? {
            let entry = entry.map_err(|errno| failed(errno.into()))?;
            match entry.file_name().to_str() {
                Ok("." | "..") | Err(_) => {}
                Ok(name) => self.0.remove(name)?,
            }
        }
        Ok(())
    }
}

fn name(account: u32) -> String {
    format!("{account}.toml")
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
