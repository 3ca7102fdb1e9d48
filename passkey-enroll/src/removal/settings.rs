//! How long a key may be away, and which key: the user's own settings, else the machine's, else the built-in ones.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;
use toml::de::{DeTable, DeValue};

use super::error::RemovalError;
use crate::util::bounded_read::{ReadError, read_text};

/// The machine's settings.
const MACHINE: &str = "/etc/passkey/lock-on-removal.toml";
/// The user's, below their home.
const USER: &str = ".config/passkey/lock-on-removal.toml";
/// The longest file of settings, in bytes.
const MAX_LEN: u64 = 64 * 1024;
/// What is above the settings in a file.
const HEAD: &str = "# Written by passkey-enroll lock-on-removal.\n";

/// The settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// How long a key may be away before the session is locked, in seconds.
    pub(crate) grace_seconds: u16,
    /// Whether the session stays open as long as any security key with a passkey of the user is there; else only the one that signed in
    /// counts.
    pub(crate) any_key: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { grace_seconds: 3, any_key: false }
    }
}

impl Settings {
    /// The longest time that a key may be away, in seconds.
    pub(crate) const MAX_GRACE: u16 = 600;

    /// How long a key may be away.
    pub(crate) fn grace(self) -> Duration {
        Duration::from_secs(self.grace_seconds.into())
    }

    /// Those that hold for the user with this home.
    pub(crate) fn of_user(home: &Path) -> Result<Self, RemovalError> {
        for path in [user(home), machine()] {
            if let Some(settings) = Self::read(&path)? {
                return Ok(settings);
            }
        }
        Ok(Self::default())
    }

    /// `None` where there is no such file.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, RemovalError> {
        let broken = |line, reason| RemovalError::SettingsBroken { path: path.to_owned(), line, reason };
        let text = match read_text(path, MAX_LEN) {
            Ok(text) => text,
            Err(ReadError::Io(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(broken(None, error.to_string())),
        };
        parse(&text).map(Some).map_err(|(line, reason)| broken(line, reason))
    }

    /// Writes them, in place of what was there.
    pub(crate) fn write(self, path: &Path) -> Result<(), RemovalError> {
        let written = || {
            let folder = path.parent().unwrap_or(Path::new("/"));
            fs::create_dir_all(folder)?;
            let mut file = NamedTempFile::new_in(folder)?;
            let Self { grace_seconds, any_key } = self;
            write!(file, "{HEAD}grace_seconds = {grace_seconds}\nany_key = {any_key}\n")?;
            file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)?;
            fs::File::open(folder)?.sync_all()
        };
        written().map_err(|error| RemovalError::Settings { path: path.to_owned(), error })
    }
}

/// What is left out is as it is built in.
fn parse(text: &str) -> Result<Settings, (Option<usize>, String)> {
    let line_of = |at: usize| text.get(..at).map(|before| before.matches('\n').count().saturating_add(1));
    let table = DeTable::parse(text)
        .map_err(|error| (error.span().and_then(|span| line_of(span.start)), error.message().to_owned()))?;
    let mut settings = Settings::default();
    for (key, value) in table.get_ref() {
        let wrong = |reason: String| (line_of(key.span().start), reason);
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("grace_seconds", DeValue::Integer(number)) => {
                let seconds =
                    number.to_string().parse().ok().filter(|seconds| *seconds <= Settings::MAX_GRACE);
                settings.grace_seconds = seconds.ok_or_else(|| {
                    wrong(format!("grace_seconds is a number from 0 to {}", Settings::MAX_GRACE))
                })?;
            }
            ("any_key", DeValue::Boolean(any_key)) => settings.any_key = *any_key,
            ("grace_seconds" | "any_key", _) => {
                return Err(wrong("grace_seconds is a number, and any_key true or false".to_owned()));
            }
            (key, _) => {
                return Err(wrong(format!("{key} is no setting: there are grace_seconds and any_key")));
            }
        }
    }
    Ok(settings)
}

/// Takes a file of settings away, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), RemovalError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(RemovalError::Settings { path: path.to_owned(), error })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The machine's file.
pub(crate) fn machine() -> PathBuf {
    MACHINE.into()
}

/// The file of the user with this home.
pub(crate) fn user(home: &Path) -> PathBuf {
    home.join(USER)
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
