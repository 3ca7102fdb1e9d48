//! What can be wrong with the configuration, said so that it can be put right.

use std::{
    fmt,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use crate::safe_file::SafeFileError;

/// A key or value that cannot be taken, in a file or an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingError {
    /// No such key.
    UnknownKey {
        /// The key as given, escaped and cut to a readable length.
        key: String,
        /// The key that was probably meant.
        nearest: Option<&'static str>,
        /// The keys there are.
        known: &'static [&'static str],
    },
    /// Not a value for this key.
    BadValue {
        /// The key.
        key: String,
        /// The value as given, escaped and cut to a readable length; `None` where there was none.
        given: Option<String>,
        /// What the key takes.
        expected: Expectation,
    },
    /// A key that means nothing without another one.
    Lacks {
        /// The key.
        key: String,
        /// What has to stand beside it, in words.
        lacking: &'static str,
    },
}

/// What a key takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// One of these words.
    OneOf(Vec<&'static str>),
    /// A whole number of seconds.
    Seconds(RangeInclusive<i64>),
    /// A whole number.
    Number(RangeInclusive<i64>),
    /// `true` or `false`.
    Switch,
    /// A list of credential file templates, for the reason given.
    Templates(String),
    /// An absolute path.
    AbsolutePath,
    /// An RP ID.
    RpId,
    /// A list of AAGUIDs.
    Aaguids,
    /// The name in a certificate.
    SignerName,
    /// A table.
    Table,
}

impl SettingError {
    pub(super) fn unknown_key(
        key: &str,
        nearest: Option<&'static str>,
        known: &'static [&'static str],
    ) -> Self {
        Self::UnknownKey { key: readable(key), nearest, known }
    }

    pub(super) fn bad_value(key: &str, given: Option<&str>, expected: Expectation) -> Self {
        Self::BadValue { key: readable(key), given: given.map(readable), expected }
    }

    pub(super) fn lacks(key: &str, lacking: &'static str) -> Self {
        Self::Lacks { key: readable(key), lacking }
    }

    /// The key it is about.
    pub fn key(&self) -> &str {
        match self {
            Self::UnknownKey { key, .. } | Self::BadValue { key, .. } | Self::Lacks { key, .. } => key,
        }
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey { key, nearest: Some(nearest), .. } => {
                write!(f, "unknown key `{key}`, did you mean `{nearest}`?")
            }
            Self::UnknownKey { key, nearest: None, known } => {
                write!(f, "unknown key `{key}`; the keys are {}", known.join(", "))
            }
            Self::BadValue { key, given: Some(given), expected } => {
                write!(f, "`{key}` cannot be `{given}`: give {expected}")
            }
            Self::BadValue { key, given: None, expected } => {
                write!(f, "`{key}` needs a value: give {expected}")
            }
            Self::Lacks { key, lacking } => write!(f, "`{key}` needs {lacking} beside it"),
        }
    }
}

impl std::error::Error for SettingError {}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneOf(words) => write!(f, "one of {}", words.join(", ")),
            Self::Seconds(range) => {
                write!(f, "a whole number of seconds from {} to {}", range.start(), range.end())
            }
            Self::Number(range) => write!(f, "a whole number from {} to {}", range.start(), range.end()),
            Self::Switch => f.write_str("true or false"),
            Self::Templates(reason) => {
                write!(f, "a list of absolute paths with {{user}}, {{uid}} or {{home}} in them ({reason})")
            }
            Self::AbsolutePath => f.write_str("an absolute path"),
            Self::RpId => {
                f.write_str("a name of at most 255 visible ASCII characters, such as the host name")
            }
            Self::Aaguids => f.write_str(
                "a list of at least one AAGUID, such as [\"00000000-0000-0000-0000-000000000000\"]",
            ),
            Self::SignerName => f.write_str("a name of visible ASCII characters, such as a host name"),
            Self::Table => f.write_str("a table"),
        }
    }
}

/// Why `passkey.toml` cannot be used. Its `Display` names file, line and key, and says what to do.
#[derive(Debug)]
pub struct ConfigError {
    path: PathBuf,
    line: Option<usize>,
    reason: Box<ConfigErrorReason>,
}

/// The reason of a [`ConfigError`].
#[derive(Debug)]
pub enum ConfigErrorReason {
    /// The file is not there, although it was asked for by name.
    Missing,
    /// The file cannot be read, or may not be trusted.
    File(SafeFileError),
    /// The file is not TOML.
    Syntax(String),
    /// A table that is not known.
    Section {
        /// The table, such as `service.sudo`; empty for the top.
        section: String,
        /// What is wrong in it.
        error: SettingError,
    },
}

impl ConfigError {
    pub(super) fn new(path: &Path, line: Option<usize>, reason: ConfigErrorReason) -> Self {
        Self { path: path.to_owned(), line, reason: Box::new(reason) }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The line, counted from 1.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// The key it is about.
    pub fn key(&self) -> Option<&str> {
        match &*self.reason {
            ConfigErrorReason::Section { error, .. } => Some(error.key()),
            ConfigErrorReason::Missing | ConfigErrorReason::File(_) | ConfigErrorReason::Syntax(_) => None,
        }
    }

    /// What is wrong.
    pub fn reason(&self) -> &ConfigErrorReason {
        &self.reason
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The errors of safe files name their path themselves.
        if let ConfigErrorReason::File(error) = &*self.reason {
            return write!(f, "{error}");
        }
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        match &*self.reason {
            ConfigErrorReason::Missing => {
                f.write_str(": the file does not exist: create it or correct `config=`")
            }
            ConfigErrorReason::File(_) => Ok(()),
            ConfigErrorReason::Syntax(message) => write!(f, ": not valid TOML: {message}"),
            ConfigErrorReason::Section { section, error } if section.is_empty() => write!(f, ": {error}"),
            ConfigErrorReason::Section { section, error } => write!(f, ": [{section}] {error}"),
        }
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.reason {
            ConfigErrorReason::File(error) => Some(error),
            ConfigErrorReason::Section { error, .. } => Some(error),
            ConfigErrorReason::Missing | ConfigErrorReason::Syntax(_) => None,
        }
    }
}

/// The longest piece of foreign text that an error repeats, in characters.
const MAX_REPEATED_CHARS: usize = 80;

/// `text` fit for a log line: escaped, and cut where it is long.
pub(crate) fn readable(text: &str) -> String {
    let mut chars = text.chars();
    let mut readable: String = chars.by_ref().take(MAX_REPEATED_CHARS).flat_map(char::escape_debug).collect();
    if chars.next().is_some() {
        readable.push('…');
    }
    readable
}
