//! `passkey.toml`.

use std::{
    path::{Path, PathBuf},
    str::FromStr as _,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    AttestationTable, ConfigError, HostNameError, Policy, SettingError, Settings, Template, TemplateError,
    error::{ConfigErrorReason, Expectation, readable},
    host as host_name,
    settings::Value,
    suggest,
};
use crate::{
    credential::is_rp_id,
    host::Host,
    safe_file::{self, Owner, SafeFileError},
    toml_text::{line_of, syntax_message},
};

/// Where the configuration is unless the module is told otherwise.
pub const DEFAULT_PATH: &str = "/etc/passkey/passkey.toml";
/// Where credential files are unless the configuration says otherwise.
pub const DEFAULT_CREDENTIAL_FILES: &str = "/etc/passkey/credentials/{user}.toml";
/// Where counters and the like are kept unless the configuration says otherwise.
pub const DEFAULT_STATE_DIR: &str = "/var/lib/passkey/state";
/// Where hashed recovery codes are kept unless the configuration says otherwise.
pub const DEFAULT_RECOVERY_DIR: &str = "/var/lib/passkey/recovery";
/// Where wrapped passwords are kept unless the configuration says otherwise.
pub const DEFAULT_KEYRING_DIR: &str = "/var/lib/passkey/keyring";

/// The longest configuration, in bytes.
const MAX_LEN: u64 = 64 * 1024;
/// The keys outside any table.
const KEYS: &[&str] = &[
    "credential_files",
    "state_dir",
    "recovery_dir",
    "keyring_dir",
    "rp_id",
    "attestation",
    "defaults",
    "service",
];

/// The whole configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where credential files are looked for, in this order. Never empty.
    pub credential_files: Vec<Template>,
    /// Where counters, last use and failures are kept.
    pub state_dir: PathBuf,
    /// Where hashed recovery codes are kept.
    pub recovery_dir: PathBuf,
    /// Where wrapped passwords are kept.
    pub keyring_dir: PathBuf,
    /// The RP ID for new passkeys; `None` for the machine's host name.
    pub rp_id: Option<String>,
    /// `[attestation]`, not read yet.
    pub attestation: AttestationTable,
    /// `[defaults]`
    pub defaults: Settings,
    /// `[service.NAME]`, each name once and in lower case.
    pub services: Vec<(String, Settings)>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            credential_files: Template::from_str(DEFAULT_CREDENTIAL_FILES).into_iter().collect(),
            state_dir: PathBuf::from(DEFAULT_STATE_DIR),
            recovery_dir: PathBuf::from(DEFAULT_RECOVERY_DIR),
            keyring_dir: PathBuf::from(DEFAULT_KEYRING_DIR),
            rp_id: None,
            attestation: AttestationTable::default(),
            defaults: Settings::default(),
            services: Vec::new(),
        }
    }
}

impl Config {
    /// Every key outside `[defaults]` and `[service.NAME]`, and the names of the tables.
    pub const KEYS: &'static [&'static str] = KEYS;

    /// Reads the configuration; a file that does not exist stands for the built-in defaults. The file and the
    /// directories above it must belong to root, and only root may write to them.
    ///
    /// # Errors
    /// When the file cannot be read or trusted, or holds anything that is not understood.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Ok(Self::read(path, Owner::Root)?.unwrap_or_default())
    }

    /// Like [`Config::load`], for a file that was named explicitly: it must exist.
    ///
    /// # Errors
    /// As [`Config::load`], and when the file does not exist.
    pub fn load_existing(path: &Path) -> Result<Self, ConfigError> {
        Self::read(path, Owner::Root)?.ok_or_else(|| ConfigError::new(path, None, ConfigErrorReason::Missing))
    }

    /// The configuration at `path`, if there is one, where `owner` may own it.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn read(path: &Path, owner: Owner) -> Result<Option<Self>, ConfigError> {
        let error = |reason| ConfigError::new(path, None, reason);
        match safe_file::read(path, owner, MAX_LEN) {
            Ok(bytes) => {
                let text = String::from_utf8(bytes)
                    .map_err(|_| error(ConfigErrorReason::Syntax("not UTF-8 text".to_owned())))?;
                Self::parse(path, &text).map(Some)
            }
            Err(SafeFileError::NotFound { .. }) => Ok(None),
            Err(refusal) => Err(error(ConfigErrorReason::File(refusal))),
        }
    }

    /// Reads the text of a configuration; `path` is only for errors.
    ///
    /// # Errors
    /// When the text holds anything that is not understood.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let source = Source { path, text };
        let table = source.table()?;
        let mut config = Self::default();
        for (key, value) in table.get_ref() {
            match key.get_ref().as_ref() {
                "defaults" => config.defaults = source.settings("defaults", key, value)?,
                "service" => config.services = source.services(key, value)?,
                "attestation" => config.attestation = AttestationTable::of(&source),
                name => config
                    .set(name, value.get_ref())
                    .map_err(|error| source.error(key.span().start, String::new(), error))?,
            }
        }
        Ok(config)
    }

    fn set(&mut self, key: &str, value: &DeValue<'_>) -> Result<(), SettingError> {
        let refused = |expected| Err(Value::File(value).refused(key, expected));
        match (key, value) {
            ("credential_files", value) => match templates(value) {
                Ok(templates) => self.credential_files = templates,
                Err(reason) => return refused(Expectation::Templates(reason)),
            },
            ("state_dir", value) => self.state_dir = Value::File(value).path(key)?,
            ("recovery_dir", value) => self.recovery_dir = Value::File(value).path(key)?,
            ("keyring_dir", value) => self.keyring_dir = Value::File(value).path(key)?,
            ("rp_id", DeValue::String(rp_id)) if is_rp_id(rp_id) => self.rp_id = Some(rp_id.to_string()),
            ("rp_id", _) => return refused(Expectation::RpId),
            _ => return Err(suggest::unknown(key, KEYS)),
        }
        Ok(())
    }

    /// The policy for `service`: arguments before `[service.NAME]` before `[defaults]` before the built-in values of
    /// the mode that comes out, and of the program that usually asks for the service.
    pub fn policy(&self, service: &str, arguments: &Settings) -> Policy {
        self.policy_of_host(service, Host::of(service, None), arguments)
    }

    /// As [`policy`](Self::policy), where it is known which program asks. The configuration may name another one.
    pub fn policy_of_host(&self, service: &str, host: &'static Host, arguments: &Settings) -> Policy {
        let nothing = Settings::default();
        let of_service = self.services.iter().find(|(name, _)| name.eq_ignore_ascii_case(service));
        let service = of_service.map_or(&nothing, |(_, settings)| settings);
        Policy::from_settings(&arguments.clone().or(service).or(&self.defaults), host)
    }

    /// The names of the services that have a table, in lower case.
    pub fn service_names(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(|(name, _)| name.as_str())
    }

    /// The RP ID for new passkeys.
    ///
    /// # Errors
    /// When the configuration names none and the machine has no name of its own.
    pub fn rp_id_for_enrolment(&self) -> Result<String, HostNameError> {
        self.rp_id.clone().map_or_else(host_name::machine_rp_id, Ok)
    }
}

/// The text that is read, for errors that say where.
pub(super) struct Source<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl<'a> Source<'a> {
    /// All of it.
    pub(super) fn table(&self) -> Result<Spanned<DeTable<'a>>, ConfigError> {
        DeTable::parse(self.text).map_err(|error| {
            let line = error.span().map(|span| line_of(self.text, span.start));
            ConfigError::new(self.path, line, ConfigErrorReason::Syntax(syntax_message(&error)))
        })
    }

    fn services(
        &self,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Vec<(String, Settings)>, ConfigError> {
        let DeValue::Table(table) = value.get_ref() else {
            let error = Value::File(value.get_ref()).refused("service", Expectation::Table);
            return Err(self.error(key.span().start, String::new(), error));
        };
        let mut services = Vec::new();
        for (name, value) in table {
            let section = format!("service.{}", readable(name.get_ref()));
            let settings = self.settings(&section, name, value)?;
            // The PAM library knows services in lower case only. They come in the order of their names: of two spellings the one
            // in lower case counts.
            let name = name.get_ref().to_ascii_lowercase();
            services.retain(|(known, _)| *known != name);
            services.push((name, settings));
        }
        Ok(services)
    }

    fn settings(
        &self,
        section: &str,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Settings, ConfigError> {
        let DeValue::Table(table) = value.get_ref() else {
            let error = Value::File(value.get_ref()).refused(key.get_ref(), Expectation::Table);
            return Err(self.error(key.span().start, String::new(), error));
        };
        let mut settings = Settings::default();
        for (key, value) in table {
            settings
                .set_value(key.get_ref(), &Value::File(value.get_ref()))
                .map_err(|error| self.error(key.span().start, section.to_owned(), error))?;
        }
        Ok(settings)
    }

    pub(super) fn error(&self, offset: usize, section: String, error: SettingError) -> ConfigError {
        let line = line_of(self.text, offset);
        ConfigError::new(self.path, Some(line), ConfigErrorReason::Section { section, error })
    }
}

/// The templates in a list, or why they are none.
fn templates(value: &DeValue<'_>) -> Result<Vec<Template>, String> {
    let DeValue::Array(list) = value else {
        return Err("it is not a list".to_owned());
    };
    if list.is_empty() {
        return Err("the list is empty".to_owned());
    }
    list.iter()
        .map(|item| match item.get_ref() {
            DeValue::String(text) => Template::from_str(text)
                .map_err(|error: TemplateError| format!("`{}`: {error}", readable(text))),
            _ => Err("an element is not text".to_owned()),
        })
        .collect()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
