//! Opening files whose content decides who may sign in.
//!
//! The path is walked from the root one component at a time, each opened relative to the descriptor before it and
//! never through a symbolic link, and every descriptor is judged itself: nothing can be exchanged between the
//! question and the answer. A file is trusted when nobody but root and its user could have written it or put it there.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    fs::File,
    io::{self, Read as _, Write as _},
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, Stat},
    io::Errno,
    process::Resource,
};

/// Who may own a trusted file and the directories above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Only root.
    Root,
    /// Root, or the user with this id.
    RootOr(u32),
}

impl Owner {
    fn accepts(self, uid: u32) -> bool {
        uid == 0 || matches!(self, Self::RootOr(user) if user == uid)
    }
}

/// A directory, and the way to it, that only root and the user can write to.
#[derive(Debug)]
pub struct TrustedDir {
    fd: OwnedFd,
    path: PathBuf,
    owner: Owner,
}

impl TrustedDir {
    /// Opens the directory at the absolute `path`.
    ///
    /// # Errors
    /// What stands in the way, or why a component of the path is not trusted.
    pub fn open(path: &Path, owner: Owner) -> Result<Self, SafeFileError> {
        let mut dir = Self::root(owner)?;
        for name in names(path)? {
            dir = dir.enter(name)?;
        }
        Ok(dir)
    }

    /// Like [`TrustedDir::open`], making what does not exist yet with the given mode.
    ///
    /// # Errors
    /// As [`TrustedDir::open`], or why a directory cannot be made.
    pub fn create(path: &Path, owner: Owner, mode: Mode) -> Result<Self, SafeFileError> {
        let mut dir = Self::root(owner)?;
        for name in names(path)? {
            dir = match dir.enter(name) {
                Err(SafeFileError::NotFound { .. }) => dir.make(name, mode)?,
                entered => entered?,
            };
        }
        Ok(dir)
    }

    fn root(owner: Owner) -> Result<Self, SafeFileError> {
        let path = PathBuf::from("/");
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd =
            rustix::fs::open(&path, flags, Mode::empty()).map_err(|errno| refusal(&path, errno.into()))?;
        Self { fd, path, owner }.judged()
    }

    fn enter(&self, name: &OsStr) -> Result<Self, SafeFileError> {
        let path = self.path.join(name);
        // O_PATH: passing through needs no permission to read the directory.
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => Self { fd, path, owner: self.owner }.judged(),
            Err(Errno::NOTDIR | Errno::LOOP) => Err(self.not_a_directory(name, path)),
            Err(errno) => Err(refusal(&path, errno.into())),
        }
    }

    fn make(&self, name: &OsStr, mode: Mode) -> Result<Self, SafeFileError> {
        let path = self.path.join(name);
        let ours = match rustix::fs::mkdirat(&self.fd, name, mode) {
            Ok(()) => true,
            // Somebody else made it at the same moment: it is judged like any other.
            Err(Errno::EXIST) => false,
            Err(errno) => return Err(refusal(&path, errno.into())),
        };
        let dir = self.enter(name)?;
        if ours {
            // The process's umask is the host's affair and must not lock the user out.
            rustix::fs::chmodat(&self.fd, name, mode, AtFlags::empty())
                .map_err(|errno| refusal(&path, errno.into()))?;
        }
        Ok(dir)
    }

    fn judged(self) -> Result<Self, SafeFileError> {
        let stat = self.stat()?;
        judge_owner(&self.path, &stat, self.owner)?;
        // In a sticky directory (such as /tmp) only an entry's owner can exchange it, and the entry is judged next.
        if writable_by_others(&stat) && !Mode::from_raw_mode(stat.st_mode).contains(Mode::SVTX) {
            return Err(SafeFileError::WritableByOthers { path: self.path, mode: permissions(&stat) });
        }
        Ok(self)
    }

    fn stat(&self) -> Result<Stat, SafeFileError> {
        rustix::fs::fstat(&self.fd).map_err(|errno| refusal(&self.path, errno.into()))
    }

    /// Tells a symbolic link from anything else that is no directory.
    fn not_a_directory(&self, name: &OsStr, path: PathBuf) -> SafeFileError {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink => {
                SafeFileError::Symlink { path }
            }
            Ok(_) => SafeFileError::NotDirectory { path },
            Err(errno) => refusal(&path, errno.into()),
        }
    }

    /// The directory's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of what is in this directory, sorted, without those that begin with a point.
    ///
    /// # Errors
    /// What stands in the way, such as more than `max` names.
    pub fn names(&self, max: usize) -> Result<Vec<OsString>, SafeFileError> {
        let failed = |errno: Errno| refusal(&self.path, errno.into());
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, ".", flags, Mode::empty()).map_err(failed)?;
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::new(fd).map_err(failed)? {
            let name = OsStr::from_bytes(entry.map_err(failed)?.file_name().to_bytes()).to_owned();
            if name.as_bytes().starts_with(b".") {
                continue;
            }
            if names.len() >= max {
                return Err(SafeFileError::TooManyFiles { path: self.path.clone(), max });
            }
            names.push(name);
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Reads the file `name` in this directory whole, if it can be trusted and is at most `max_len` bytes long.
    ///
    /// # Errors
    /// What stands in the way, or why it is not trusted.
    pub fn read(&self, name: &OsStr, max_len: u64) -> Result<Vec<u8>, SafeFileError> {
        let path = self.path.join(name);
        // Non-blocking, or opening a FIFO put in the file's place would wait for ever.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let fd = match rustix::fs::openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::LOOP) => return Err(SafeFileError::Symlink { path }),
            Err(errno) => return Err(refusal(&path, errno.into())),
        };
        let stat = rustix::fs::fstat(&fd).map_err(|errno| refusal(&path, errno.into()))?;
        judge_file(&path, &stat, self.owner, max_len)?;
        let mut content = Vec::new();
        // The bound holds for what is read, not for what the size was a moment ago.
        let read = File::from(fd).take(max_len.saturating_add(1)).read_to_end(&mut content);
        let len = read.map_err(|error| refusal(&path, error))?;
        match u64::try_from(len) {
            Ok(len) if len <= max_len => Ok(content),
            _ => Err(SafeFileError::TooLarge { path, max_len }),
        }
    }
}

impl AsFd for TrustedDir {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Reads the file at the absolute `path` whole, if it can be trusted and is at most `max_len` bytes long.
///
/// # Errors
/// What stands in the way, or why it is not trusted.
pub fn read(path: &Path, owner: Owner, max_len: u64) -> Result<Vec<u8>, SafeFileError> {
    let (dir, name) = split(path)?;
    TrustedDir::open(dir, owner)?.read(name, max_len)
}

/// Writes `content` at the beginning of `file`, which is empty, or nothing where the process may not write files so
/// long. The kernel ends a process that writes beyond its limit with SIGXFSZ, and the process is not ours.
///
/// # Errors
/// [`io::ErrorKind::FileTooLarge`] beyond the limit (`RLIMIT_FSIZE`), or what keeps the file from being written.
pub fn write_whole(file: &mut File, content: &[u8]) -> io::Result<()> {
    let limit = rustix::process::getrlimit(Resource::Fsize).current;
    if limit.is_some_and(|limit| u64::try_from(content.len()).map_or(true, |len| len > limit)) {
        return Err(Errno::FBIG.into());
    }
    file.write_all(content)
}

/// A path's directory and last name.
pub(crate) fn split(path: &Path) -> Result<(&Path, &OsStr), SafeFileError> {
    match (path.parent(), path.file_name()) {
        (Some(dir), Some(name)) => Ok((dir, name)),
        _ => Err(SafeFileError::NotPlain { path: path.to_owned() }),
    }
}

/// The names that lead from the root to `path`.
fn names(path: &Path) -> Result<Vec<&OsStr>, SafeFileError> {
    let not_plain = || SafeFileError::NotPlain { path: path.to_owned() };
    let mut components = path.components();
    if components.next() != Some(Component::RootDir) {
        return Err(not_plain());
    }
    components
        .map(|component| match component {
            Component::Normal(name) => Ok(name),
            Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => {
                Err(not_plain())
            }
        })
        .collect()
}

fn judge_file(path: &Path, stat: &Stat, owner: Owner, max_len: u64) -> Result<(), SafeFileError> {
    let path = || path.to_owned();
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(SafeFileError::NotRegular { path: path() });
    }
    judge_owner(&path(), stat, owner)?;
    if writable_by_others(stat) {
        return Err(SafeFileError::WritableByOthers { path: path(), mode: permissions(stat) });
    }
    // A second name for the file may lie where others can reach it. No name at all is what a file has that was
    // replaced between opening and now: whole, and a moment old.
    if stat.st_nlink > 1 {
        return Err(SafeFileError::HardLinked { path: path() });
    }
    if u64::try_from(stat.st_size).is_ok_and(|len| len <= max_len) {
        Ok(())
    } else {
        Err(SafeFileError::TooLarge { path: path(), max_len })
    }
}

fn judge_owner(path: &Path, stat: &Stat, owner: Owner) -> Result<(), SafeFileError> {
    if owner.accepts(stat.st_uid) {
        Ok(())
    } else {
        Err(SafeFileError::ForeignOwner { path: path.to_owned(), uid: stat.st_uid, accepted: owner })
    }
}

fn writable_by_others(stat: &Stat) -> bool {
    Mode::from_raw_mode(stat.st_mode).intersects(Mode::WGRP | Mode::WOTH)
}

fn permissions(stat: &Stat) -> u32 {
    stat.st_mode & 0o7777
}

/// The refusal that an error of the system amounts to.
pub(crate) fn refusal(path: &Path, error: io::Error) -> SafeFileError {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::NotFound => SafeFileError::NotFound { path },
        io::ErrorKind::PermissionDenied => SafeFileError::Denied { path },
        _ => SafeFileError::Io { path, error },
    }
}

/// Why a file or a directory above it cannot be opened or trusted. Each `Display` names the path and the remedy.
#[derive(Debug)]
pub enum SafeFileError {
    /// It truly does not exist.
    NotFound {
        /// What does not exist.
        path: PathBuf,
    },
    /// The system does not let this process at it.
    Denied {
        /// What is closed.
        path: PathBuf,
    },
    /// A symbolic link.
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// No directory where one should be.
    NotDirectory {
        /// What is there instead.
        path: PathBuf,
    },
    /// A FIFO, a device, a directory: anything but a regular file.
    NotRegular {
        /// What is there instead.
        path: PathBuf,
    },
    /// Owned by somebody who has no business here.
    ForeignOwner {
        /// What is owned.
        path: PathBuf,
        /// By whom.
        uid: u32,
        /// Who may own it.
        accepted: Owner,
    },
    /// Its group or everybody can write to it.
    WritableByOthers {
        /// What is writable.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It has more names than one.
    HardLinked {
        /// The name that was opened.
        path: PathBuf,
    },
    /// Longer than such a file can be.
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The longest accepted, in bytes.
        max_len: u64,
    },
    /// A directory holds more files than such a one can.
    TooManyFiles {
        /// The directory.
        path: PathBuf,
        /// The most that are accepted.
        max: usize,
    },
    /// The path is not absolute or holds `.` or `..`.
    NotPlain {
        /// The path.
        path: PathBuf,
    },
    /// Any other error of the system.
    Io {
        /// What was being opened or read.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
}

impl SafeFileError {
    /// The file or directory that it is about.
    pub fn path(&self) -> &Path {
        match self {
            Self::NotFound { path }
            | Self::Denied { path }
            | Self::Symlink { path }
            | Self::NotDirectory { path }
            | Self::NotRegular { path }
            | Self::ForeignOwner { path, .. }
            | Self::WritableByOthers { path, .. }
            | Self::HardLinked { path }
            | Self::TooLarge { path, .. }
            | Self::TooManyFiles { path, .. }
            | Self::NotPlain { path }
            | Self::Io { path, .. } => path,
        }
    }
}

impl fmt::Display for SafeFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { path } => write!(f, "{}: does not exist", path.display()),
            Self::Denied { path } => write!(
                f,
                "{}: permission denied: check its mode, its owner and the policy of SELinux or AppArmor",
                path.display()
            ),
            Self::Symlink { path } => write!(
                f,
                "{}: is a symbolic link, which is not followed: put the file or directory itself there",
                path.display()
            ),
            Self::NotDirectory { path } => write!(f, "{}: is not a directory", path.display()),
            Self::NotRegular { path } => {
                write!(f, "{}: is not a regular file: put one there or remove it", path.display())
            }
            Self::ForeignOwner { path, uid, accepted } => match accepted {
                Owner::Root => write!(f, "{}: owned by user {uid}: run `chown root` on it", path.display()),
                Owner::RootOr(user) => write!(
                    f,
                    "{}: owned by user {uid}: it must belong to root or to user {user}: run `chown` on it",
                    path.display()
                ),
            },
            Self::WritableByOthers { path, mode } => write!(
                f,
                "{}: others can write to it (mode {mode:04o}): run `chmod go-w` on it",
                path.display()
            ),
            Self::HardLinked { path } => write!(
                f,
                "{}: has a second name (hard link): copy it to a new file and put that in its place",
                path.display()
            ),
            Self::TooLarge { path, max_len } => {
                write!(
                    f,
                    "{}: longer than {max_len} bytes: remove what does not belong in it",
                    path.display()
                )
            }
            Self::TooManyFiles { path, max } => {
                write!(
                    f,
                    "{}: holds more than {max} files: remove what does not belong there",
                    path.display()
                )
            }
            Self::NotPlain { path } => {
                write!(f, "{}: give an absolute path without `.` and `..`", path.display())
            }
            Self::Io { path, error } => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for SafeFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "safe_file_tests.rs"]
mod tests;
