//! One table of settings: `[defaults]`, one `[service.NAME]`, or the module's arguments. Whatever they are read
//! from, each key is defined once, here.

use std::{
    ops::RangeInclusive,
    path::{Component, Path, PathBuf},
    time::Duration,
};

use toml::de::DeValue;

use crate::host::Host;

use super::{
    CounterPolicy, KeyringPolicy, Mode, Recovery, Remote, SettingError, Unenrolled, UserVerification,
    error::Expectation, policy::Word, suggest,
};

/// The longest `timeout` and `wait_for_key`.
const MAX_WAIT_SECONDS: i64 = 600;
/// Authenticators lock themselves after eight wrong PINs (CTAP 2.1, section 6.5.2.2).
const MAX_PIN_ATTEMPTS: i64 = 8;

/// Settings that may each be left open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `mode`
    pub mode: Option<Mode>,
    /// `usernameless`
    pub usernameless: Option<bool>,
    /// `verification`
    pub verification: Option<UserVerification>,
    /// `timeout`, in seconds
    pub timeout: Option<Duration>,
    /// `wait_for_key`, in seconds
    pub wait_for_key: Option<Duration>,
    /// `unenrolled`
    pub unenrolled: Option<Unenrolled>,
    /// `remote`
    pub remote: Option<Remote>,
    /// `counter`
    pub counter: Option<CounterPolicy>,
    /// `recovery`
    pub recovery: Option<Recovery>,
    /// `keyring`
    pub keyring: Option<KeyringPolicy>,
    /// `pin_attempts`
    pub pin_attempts: Option<u8>,
    /// `host`
    pub host: Option<&'static Host>,
    /// `quiet`
    pub quiet: Option<bool>,
    /// `debug`
    pub debug: Option<bool>,
}

impl Settings {
    /// Every key, in the order of the documentation.
    pub const KEYS: &'static [&'static str] = &[
        "mode",
        "usernameless",
        "verification",
        "timeout",
        "wait_for_key",
        "unenrolled",
        "remote",
        "counter",
        "recovery",
        "keyring",
        "pin_attempts",
        "host",
        "quiet",
        "debug",
    ];

    /// Sets a key from an argument: `key=value`, or a bare `key` for a switch that is turned on.
    ///
    /// # Errors
    /// When the key is not known or the value not one of the key's.
    pub fn set(&mut self, key: &str, value: Option<&str>) -> Result<(), SettingError> {
        self.set_value(key, &value.map_or(Value::Bare, Value::Argument))
    }

    /// These settings, and `below` wherever they leave something open.
    #[must_use]
    pub fn or(self, below: &Self) -> Self {
        Self {
            mode: self.mode.or(below.mode),
            usernameless: self.usernameless.or(below.usernameless),
            verification: self.verification.or(below.verification),
            timeout: self.timeout.or(below.timeout),
            wait_for_key: self.wait_for_key.or(below.wait_for_key),
            unenrolled: self.unenrolled.or(below.unenrolled),
            remote: self.remote.or(below.remote),
            counter: self.counter.or(below.counter),
            recovery: self.recovery.or(below.recovery),
            keyring: self.keyring.or(below.keyring),
            pin_attempts: self.pin_attempts.or(below.pin_attempts),
            host: self.host.or(below.host),
            quiet: self.quiet.or(below.quiet),
            debug: self.debug.or(below.debug),
        }
    }

    /// Sets a key from either kind of source.
    pub(super) fn set_value(&mut self, key: &str, value: &Value<'_>) -> Result<(), SettingError> {
        match key {
            "mode" => self.mode = Some(value.word(key)?),
            "usernameless" => self.usernameless = Some(value.switch(key)?),
            "verification" => self.verification = Some(value.word(key)?),
            "timeout" => self.timeout = Some(value.seconds(key, 1)?),
            "wait_for_key" => self.wait_for_key = Some(value.seconds(key, 0)?),
            "unenrolled" => self.unenrolled = Some(value.word(key)?),
            "remote" => self.remote = Some(value.word(key)?),
            "counter" => self.counter = Some(value.word(key)?),
            "recovery" => self.recovery = Some(value.word(key)?),
            "keyring" => self.keyring = Some(value.word(key)?),
            "pin_attempts" => {
                let attempts = value.number(key, 1..=MAX_PIN_ATTEMPTS)?;
                self.pin_attempts = Some(u8::try_from(attempts).unwrap_or(1));
            }
            "host" => self.host = Some(value.host(key)?),
            "quiet" => self.quiet = Some(value.switch(key)?),
            "debug" => self.debug = Some(value.switch(key)?),
            _ => return Err(suggest::unknown(key, Self::KEYS)),
        }
        Ok(())
    }
}

/// A value that was given for a key.
pub(super) enum Value<'a> {
    /// In a file.
    File(&'a DeValue<'a>),
    /// After `key=` in an argument.
    Argument(&'a str),
    /// An argument without `=`.
    Bare,
}

impl Value<'_> {
    pub(super) fn word<W: Word>(&self, key: &str) -> Result<W, SettingError> {
        let word = match self {
            Self::File(DeValue::String(word)) => W::from_word(word),
            Self::Argument(word) => W::from_word(word),
            Self::File(_) | Self::Bare => None,
        };
        word.ok_or_else(|| {
            let words = W::WORDS.iter().map(|(spelling, _)| *spelling).collect();
            self.refused(key, Expectation::OneOf(words))
        })
    }

    fn host(&self, key: &str) -> Result<&'static Host, SettingError> {
        let named = match self {
            Self::File(DeValue::String(name)) => Host::named(name),
            Self::Argument(name) => Host::named(name),
            Self::File(_) | Self::Bare => None,
        };
        named.ok_or_else(|| self.refused(key, Expectation::OneOf(Host::names().collect())))
    }

    pub(super) fn switch(&self, key: &str) -> Result<bool, SettingError> {
        match self {
            Self::File(DeValue::Boolean(on)) => Ok(*on),
            Self::Argument("true") | Self::Bare => Ok(true),
            Self::Argument("false") => Ok(false),
            Self::File(_) | Self::Argument(_) => Err(self.refused(key, Expectation::Switch)),
        }
    }

    pub(super) fn path(&self, key: &str) -> Result<PathBuf, SettingError> {
        match self {
            Self::File(DeValue::String(path)) if is_plain_absolute(path) => Ok(PathBuf::from(path.as_ref())),
            Self::File(_) | Self::Argument(_) | Self::Bare => {
                Err(self.refused(key, Expectation::AbsolutePath))
            }
        }
    }

    fn seconds(&self, key: &str, least: i64) -> Result<Duration, SettingError> {
        let range = least..=MAX_WAIT_SECONDS;
        let seconds = self.whole_number().filter(|seconds| range.contains(seconds));
        seconds
            .and_then(|seconds| u64::try_from(seconds).ok())
            .map(Duration::from_secs)
            .ok_or_else(|| self.refused(key, Expectation::Seconds(range)))
    }

    fn number(&self, key: &str, range: RangeInclusive<i64>) -> Result<i64, SettingError> {
        self.whole_number()
            .filter(|number| range.contains(number))
            .ok_or_else(|| self.refused(key, Expectation::Number(range)))
    }

    fn whole_number(&self) -> Option<i64> {
        match self {
            Self::File(DeValue::Integer(number)) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            // Digits only: `from_str` would take a sign as well.
            Self::Argument(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
            Self::File(_) | Self::Argument(_) | Self::Bare => None,
        }
    }

    /// The error for a value that is not one of its key's.
    pub(super) fn refused(&self, key: &str, expected: Expectation) -> SettingError {
        let given = match self {
            Self::File(DeValue::String(text)) => Some(text.to_string()),
            Self::File(DeValue::Integer(number)) => Some(number.to_string()),
            Self::File(DeValue::Float(number)) => Some(number.to_string()),
            Self::File(DeValue::Boolean(on)) => Some(on.to_string()),
            Self::File(DeValue::Datetime(time)) => Some(time.to_string()),
            Self::File(DeValue::Array(_)) => Some("a list".to_owned()),
            Self::File(DeValue::Table(_)) => Some("a table".to_owned()),
            Self::Argument(text) => Some((*text).to_owned()),
            Self::Bare => None,
        };
        SettingError::bad_value(key, given.as_deref(), expected)
    }
}

fn is_plain_absolute(path: &str) -> bool {
    let plain = |part| matches!(part, Component::RootDir | Component::Normal(_));
    path.starts_with('/') && !path.contains('\0') && Path::new(path).components().all(plain)
}
