//! The folder in which services listen.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::FOLDER;

/// The most services that are looked at: there are three kinds.
const MAX_SERVICES: usize = 16;
/// The longest name of a service, without `.sock`.
const MAX_NAME_LEN: usize = 32;
/// The superuser.
const ROOT: u32 = 0;

/// A folder of sockets that one user alone can have put there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
    owner: u32,
}

/// A service that listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceInfo {
    /// Its name: that of the socket, without `.sock`. Lower-case letters, digits and hyphens.
    pub name: String,
    /// The socket.
    pub path: PathBuf,
    /// Whose process must be at its other end.
    pub(crate) owner: u32,
    /// Device and inode: a socket that was made again is another one.
    identity: (u64, u64),
}

/// Why services could not be listed.
#[derive(Debug)]
pub enum ListError {
    /// Users other than its owner could have put a socket there.
    Untrusted(PathBuf),
    /// This process, or the machine, has used up its file descriptors (`EMFILE`, `ENFILE`).
    NoDescriptors,
    /// Anything else.
    Io(io::Error),
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untrusted(path) => write!(f, "others than its owner can change {}", path.display()),
            Self::NoDescriptors => f.write_str("no file descriptors are left"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ListError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Untrusted(_) | Self::NoDescriptors => None,
            Self::Io(error) => Some(error),
        }
    }
}

impl From<Errno> for ListError {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::MFILE | Errno::NFILE => Self::NoDescriptors,
            other => Self::Io(other.into()),
        }
    }
}

impl Default for Folder {
    /// [`FOLDER`], the superuser's.
    fn default() -> Self {
        Self { path: FOLDER.into(), owner: ROOT }
    }
}

impl Folder {
    /// Another folder, of a user who is trusted like the superuser: for tests.
    pub fn of(path: PathBuf, owner: u32) -> Self {
        Self { path, owner }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a file of this name in it could be a service.
    pub fn is_service(file_name: &OsStr) -> bool {
        name(file_name.as_bytes()).is_some()
    }

    /// The services that listen, by name. None where there is no such folder.
    ///
    /// Files of other names, and sockets of other owners, are passed over.
    ///
    /// # Errors
    /// [`ListError`].
    pub fn list(&self) -> Result<Vec<ServiceInfo>, ListError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = match rustix::fs::open(&self.path, flags, Mode::empty()) {
            Ok(folder) => folder,
            Err(Errno::NOENT) => return Ok(Vec::new()),
            Err(errno) => return Err(errno.into()),
        };
        let stat = rustix::fs::fstat(&folder)?;
        if !self.is_own(&stat) || stat.st_mode & 0o022 != 0 {
            return Err(ListError::Untrusted(self.path.clone()));
        }
        let mut services = Vec::new();
        for entry in Dir::read_from(&folder)? {
            let entry = entry?;
            let Some(name) = name(entry.file_name().to_bytes()) else { continue };
            let Ok(stat) = rustix::fs::statat(&folder, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            if FileType::from_raw_mode(stat.st_mode) != FileType::Socket || !self.is_own(&stat) {
                continue;
            }
            let service = ServiceInfo {
                path: self.path.join(OsStr::from_bytes(entry.file_name().to_bytes())),
                name,
                owner: self.owner,
                identity: (stat.st_dev, stat.st_ino),
            };
            // Inserted in order: there are a handful, and a sort would be the larger part of this crate in the module.
            let place = services.partition_point(|before: &ServiceInfo| before.name < service.name);
            services.insert(place, service);
            if services.len() == MAX_SERVICES {
                break;
            }
        }
        Ok(services)
    }

    fn is_own(&self, stat: &Stat) -> bool {
        stat.st_uid == self.owner
    }
}

/// The name of the service with a socket of this name.
fn name(file_name: &[u8]) -> Option<String> {
    let name = file_name.strip_suffix(b".sock")?;
    let is_allowed = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let is_name = !name.is_empty() && name.len() <= MAX_NAME_LEN && name.iter().all(is_allowed);
    is_name.then(|| String::from_utf8(name.to_vec()).ok()).flatten()
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
