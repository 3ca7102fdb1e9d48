//! The module's arguments: what stands after `pam_passkey.so` in a PAM service file.
//!
//! They are the settings of `passkey.toml` under the same names, and `config=PATH`. Whatever is not understood closes the
//! door: a misspelt argument must not leave a service with less than its administrator asked for.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::{Config, ConfigError, DEFAULT_PATH, SettingError, Settings};

/// The one argument that is no setting of the file.
const CONFIG: &str = "config";

/// The arguments, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    /// The configuration file.
    pub config: ConfigPath,
    /// What was set for this line of the service file; beats the file.
    pub settings: Settings,
}

/// Which configuration file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigPath {
    /// The usual one, which need not exist.
    Default,
    /// This one, which must exist.
    Given(PathBuf),
}

impl ConfigPath {
    /// The path.
    pub fn path(&self) -> &Path {
        match self {
            Self::Default => Path::new(DEFAULT_PATH),
            Self::Given(path) => path,
        }
    }

    /// Reads the configuration.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn load(&self) -> Result<Config, ConfigError> {
        match self {
            Self::Default => Config::load(self.path()),
            Self::Given(path) => Config::load_existing(path),
        }
    }
}

/// An argument that was not understood. Its `Display` names the argument and says what would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgumentError {
    argument: String,
    reason: Reason,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Reason {
    Setting(SettingError),
    NotText,
    Repeated,
    ConfigPath,
}

impl Arguments {
    /// Reads the arguments in the order given.
    ///
    /// # Errors
    /// For the first one that is not understood, or whose key was there before.
    pub fn parse<'a>(arguments: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, ArgumentError> {
        let mut parsed = Self { config: ConfigPath::Default, settings: Settings::default() };
        let mut seen: Vec<&str> = Vec::new();
        for argument in arguments {
            let refused =
                |reason| ArgumentError { argument: String::from_utf8_lossy(argument).into_owned(), reason };
            let text = std::str::from_utf8(argument).map_err(|_| refused(Reason::NotText))?;
            let (key, value) = match text.split_once('=') {
                Some((key, value)) => (key, Some(value)),
                None => (text, None),
            };
            if seen.contains(&key) {
                return Err(refused(Reason::Repeated));
            }
            seen.push(key);
            if key == CONFIG {
                let path = value.map(Path::new).filter(|path| path.is_absolute());
                parsed.config =
                    ConfigPath::Given(path.ok_or_else(|| refused(Reason::ConfigPath))?.to_owned());
            } else {
                parsed.settings.set(key, value).map_err(|error| refused(Reason::Setting(error)))?;
            }
        }
        Ok(parsed)
    }
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "argument {:?}: ", self.argument)?;
        match &self.reason {
            Reason::Setting(SettingError::UnknownKey { nearest, .. }) => {
                f.write_str("unknown")?;
                if let Some(nearest) = nearest {
                    write!(f, ", did you mean `{nearest}`?")?;
                }
                write!(f, "; known are {CONFIG}, {}", Settings::KEYS.join(", "))
            }
            Reason::Setting(error @ (SettingError::BadValue { .. } | SettingError::Lacks { .. })) => {
                error.fmt(f)
            }
            Reason::NotText => f.write_str("not valid UTF-8"),
            Reason::Repeated => f.write_str("given twice"),
            Reason::ConfigPath => write!(f, "`{CONFIG}` needs the absolute path of a file"),
        }
    }
}

impl std::error::Error for ArgumentError {}

#[cfg(test)]
#[path = "arguments_tests.rs"]
mod tests;
