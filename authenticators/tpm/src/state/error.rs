//! Why the state of an account cannot be read or written.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// The error, with the file. Never taken for an account without a PIN.
#[derive(Debug)]
pub enum StateError {
    /// Another service uses the folder.
    InUse(PathBuf),
    /// It cannot be read or written.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What stands in the way.
        error: io::Error,
    },
    /// It is not a plain file that only this service can access.
    Untrusted(PathBuf),
    /// It is not understood.
    Format {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1, where it is known.
        line: Option<usize>,
        /// The message.
        message: String,
    },
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse(path) => write!(f, "{}: another passkey-tpm uses this folder", path.display()),
            Self::Io { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Untrusted(path) => write!(
                f,
                "{}: not a plain file that only passkey-tpm can write; restore it from a copy, owner and mode (0600) too",
                path.display()
            ),
            Self::Format { path, line, message } => {
                write!(f, "{}", path.display())?;
                if let Some(line) = line {
                    write!(f, ":{line}")?;
                }
                write!(
                    f,
                    ": {message}; restore the file from a copy, or remove it, and with it the account's passkeys on this computer"
                )
            }
        }
    }
}

impl std::error::Error for StateError {}
