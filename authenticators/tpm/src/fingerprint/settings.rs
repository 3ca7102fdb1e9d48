//! `/etc/passkey/tpm.toml`: what an administrator has decided for this service.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use toml::de::DeValue;

use crate::toml_text;

/// More than the file ever needs.
const MAX_LEN: u64 = 64 * 1024;

/// What is set. Without a file, and with one that is not understood, nothing is switched on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Whether a finger may stand for the PIN.
    pub fingerprint: bool,
}

/// Why the file is not gone by.
#[derive(Debug)]
pub enum SettingsError {
    /// It cannot be read.
    Io {
        /// The file.
        path: PathBuf,
        /// What stands in the way.
        error: io::Error,
    },
    /// It is not a plain file that only root can write.
    Untrusted(PathBuf),
    /// It is not understood.
    Format {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The message.
        message: String,
    },
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "{}: {error}", path.display())?,
            Self::Untrusted(path) => write!(
                f,
                "{}: not a plain file that only root can write (chown root:root, chmod 644)",
                path.display()
            )?,
            Self::Format { path, line, message } => write!(f, "{}:{line}: {message}", path.display())?,
        }
        f.write_str("; until that is mended, the fingerprint stays off")
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// Reads the file, which `owner` alone may be able to write.
    ///
    /// # Errors
    /// When there is one that cannot be read, trusted or understood.
    pub fn read(path: &Path, owner: u32) -> Result<Self, SettingsError> {
        let failed = |errno: Errno| SettingsError::Io { path: path.to_owned(), error: errno.into() };
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(Self::default()),
            Err(errno) => return Err(failed(errno)),
        };
        let stat = rustix::fs::fstat(&file).map_err(failed)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile
            || stat.st_uid != owner
            || Mode::from_raw_mode(stat.st_mode).intersects(Mode::WGRP | Mode::WOTH)
        {
            return Err(SettingsError::Untrusted(path.to_owned()));
        }
        let mut text = String::new();
        let read = File::from(file).take(MAX_LEN).read_to_string(&mut text);
        read.map_err(|error| SettingsError::Io { path: path.to_owned(), error })?;
        Self::parse(&text).map_err(|(line, message)| SettingsError::Format {
            path: path.to_owned(),
            line,
            message,
        })
    }

    /// Reads the text; what is wrong with it, with the line.
    fn parse(text: &str) -> Result<Self, (usize, String)> {
        let table = toml_text::table(text).map_err(|(line, message)| (line.unwrap_or(1), message))?;
        let mut settings = Self::default();
        for (key, value) in table.get_ref() {
            let line = toml_text::line(text, key.span().start);
            match (&**key.get_ref(), value.get_ref()) {
                ("fingerprint", DeValue::Boolean(on)) => settings.fingerprint = *on,
                ("fingerprint", _) => return Err((line, "`fingerprint` is true or false".to_owned())),
                (other, _) => {
                    let known = "there is only `fingerprint`";
                    return Err((line, format!("unknown key `{}`; {known}", other.escape_debug())));
                }
            }
        }
        Ok(settings)
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
