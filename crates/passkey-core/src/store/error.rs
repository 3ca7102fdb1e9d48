//! Why the store cannot be read or changed, said so that it can be put right.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use super::document::FormatError;
use crate::{config::TemplateError, random::NoRandomness, safe_file::SafeFileError};

/// An error of the store. None of these means "not enrolled".
#[derive(Debug)]
pub enum StoreError {
    /// The account has no place in a template of the configuration.
    Account {
        /// The template.
        template: String,
        /// Why not.
        error: TemplateError,
    },
    /// The configuration names no place for credential files.
    NoPlace,
    /// A file or a directory above it cannot be opened or trusted.
    File(SafeFileError),
    /// A file as a whole is not understood.
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        error: FormatError,
    },
    /// There is nothing to change: the user has no credential file.
    NotEnrolled {
        /// Where the file would be.
        path: PathBuf,
    },
    /// Another process kept the file locked for longer than one waits.
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be written.
    Write {
        /// The file.
        path: PathBuf,
        /// The system's word.
        error: io::Error,
    },
    /// The file would become longer than is read again.
    Full {
        /// The file.
        path: PathBuf,
        /// The longest possible, in bytes.
        max_len: u64,
    },
    /// What was to be written would not read back as the same.
    Unwritable {
        /// The file.
        path: PathBuf,
    },
    /// There is no memory to read a file.
    NoMemory {
        /// The file.
        path: PathBuf,
    },
    /// The process could not take on the user's identity, or not come back from it.
    Identity(io::Error),
    /// The system gives no randomness.
    Random(NoRandomness),
}

impl StoreError {
    pub(super) fn malformed(path: &Path, error: FormatError) -> Self {
        Self::Malformed { path: path.to_owned(), error }
    }

    pub(super) fn write(path: &Path, error: impl Into<io::Error>) -> Self {
        Self::Write { path: path.to_owned(), error: error.into() }
    }

    /// Whether the system forbids this process what it wanted, as it does when it is not root.
    pub fn is_not_permitted(&self) -> bool {
        match self {
            Self::File(SafeFileError::Denied { .. }) => true,
            Self::Write { error, .. } | Self::File(SafeFileError::Io { error, .. }) => {
                matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
            }
            _ => false,
        }
    }

    /// Whether this is the lack of a permission that only root has, in a process that is not root.
    pub(crate) fn is_held_back(&self) -> bool {
        self.is_not_permitted() && !rustix::process::geteuid().is_root()
    }
}

impl From<SafeFileError> for StoreError {
    fn from(error: SafeFileError) -> Self {
        Self::File(error)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account { template, error } => write!(f, "credential_files `{template}`: {error}"),
            Self::NoPlace => f.write_str("`credential_files` is empty: name at least one place"),
            Self::File(error) => write!(f, "{error}"),
            Self::Malformed { path, error: FormatError { line: Some(line), message } } => {
                write!(f, "{}:{line}: {message}", path.display())
            }
            Self::Malformed { path, error: FormatError { line: None, message } } => {
                write!(f, "{}: {message}", path.display())
            }
            Self::NotEnrolled { path } => {
                write!(f, "{}: does not exist: no passkey is enrolled", path.display())
            }
            Self::Locked { path } => {
                write!(f, "{}: locked by another process: try again when it is done", path.display())
            }
            Self::Write { path, error } if error.kind() == io::ErrorKind::PermissionDenied => {
                write!(f, "{}: no permission to write: do this as root", path.display())
            }
            Self::Write { path, error } => write!(f, "{}: cannot be written: {error}", path.display()),
            Self::Full { path, max_len } => {
                write!(f, "{}: would be longer than {max_len} bytes: remove passkeys first", path.display())
            }
            Self::Unwritable { path } => {
                write!(f, "{}: not written, since it would not read back as the same", path.display())
            }
            Self::NoMemory { path } => {
                write!(
                    f,
                    "{}: not enough memory to read it: remove what does not belong in it",
                    path.display()
                )
            }
            Self::Identity(error) => write!(f, "cannot take on the user's identity or leave it: {error}"),
            Self::Random(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Account { error, .. } => Some(error),
            Self::File(error) => Some(error),
            Self::Write { error, .. } | Self::Identity(error) => Some(error),
            Self::Random(error) => Some(error),
            Self::NoPlace
            | Self::Malformed { .. }
            | Self::NotEnrolled { .. }
            | Self::Locked { .. }
            | Self::Full { .. }
            | Self::NoMemory { .. }
            | Self::Unwritable { .. } => None,
        }
    }
}

/// Why a change was not made: the store's reason, or that of the change itself.
#[derive(Debug)]
pub enum UpdateError<E> {
    /// The store's.
    Store(StoreError),
    /// The change's. Nothing was written.
    Change(E),
}

impl<E> From<StoreError> for UpdateError<E> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<E: fmt::Display> fmt::Display for UpdateError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => write!(f, "{error}"),
            Self::Change(error) => write!(f, "{error}"),
        }
    }
}

impl<E: std::error::Error> std::error::Error for UpdateError<E> {}
