//! Why a file or a directory above it cannot be opened or trusted.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use super::Owner;

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
    /// A symbolic link that is not followed: the last component, not root's in a directory that only root can write to,
    /// or one too many.
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
    /// Owned by a user who may not own it.
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
