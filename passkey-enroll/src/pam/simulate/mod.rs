//! Who comes in at a service, going by its PAM files and by what the configuration makes of its calls of `pam_passkey.so`.

mod closed;
mod modules;
mod visitor;

use std::fmt;

use passkey_core::config::{ArgumentError, Arguments, Config, ConfigError, ConfigPath, Policy};

use crate::pam::parse::{Call, Facility, Place, Rule, ServiceFiles, Stack, StackError};
pub(crate) use closed::{closed, services};
pub(crate) use modules::{KEYRINGS, MODULE, is_password, lets_in};
pub(crate) use visitor::{Lack, Passkey, Visitor};

/// A service that asks for passkeys.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Its name.
    pub(crate) service: String,
    /// What happens there when somebody signs in.
    pub(crate) stack: Stack,
    /// Its calls of the module, in order; never empty.
    pub(crate) passkeys: Vec<PasskeyCall>,
}

/// A call of the module.
#[derive(Debug)]
pub(crate) struct PasskeyCall {
    /// Where it stands.
    pub(crate) place: Place,
    /// What stands behind the module.
    pub(crate) arguments: Vec<String>,
    /// What it asks for, or why the module refuses to work at all.
    pub(crate) asked: Result<Asked, Refusal>,
}

/// What a call of the module asks for.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The arguments, understood.
    pub(crate) arguments: Arguments,
    /// The configuration that they name, where it is another one than that of all services.
    pub(crate) own_config: Option<Box<Config>>,
    /// What comes of both.
    pub(crate) policy: Policy,
}

/// Why the module refuses to work at all. Its `Display` is what the module would put into the log.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// An argument is not understood.
    Argument(ArgumentError),
    /// The configuration that the call names cannot be used.
    Config(Box<ConfigError>),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(error) => error.fmt(f),
            Self::Config(error) => error.fmt(f),
        }
    }
}

impl Gate {
    /// The service, if it asks for passkeys. `config` is the configuration of all services.
    ///
    /// # Errors
    /// When PAM gives the service nothing at all.
    pub(crate) fn of(
        files: &ServiceFiles,
        service: &str,
        config: &Config,
    ) -> Result<Option<Self>, StackError> {
        let stack = files.stack(service, Facility::Auth)?;
        let passkeys: Vec<PasskeyCall> = stack
            .calls()
            .into_iter()
            .filter(|call| call.rule.module_name() == MODULE)
            .map(|call| PasskeyCall {
                place: call.place.clone(),
                arguments: call.rule.arguments.clone(),
                asked: Asked::of(&call.rule, service, config),
            })
            .collect();
        let is_asked = !passkeys.is_empty();
        Ok(is_asked.then(|| Self { service: service.to_owned(), stack, passkeys }))
    }

    /// Every call in its stack.
    pub(crate) fn calls(&self) -> Vec<&Call> {
        self.stack.calls()
    }
}

impl Asked {
    fn of(rule: &Rule, service: &str, config: &Config) -> Result<Self, Refusal> {
        let arguments =
            Arguments::parse(rule.arguments.iter().map(String::as_bytes)).map_err(Refusal::Argument)?;
        let own_config = match &arguments.config {
            ConfigPath::Default => None,
            ConfigPath::Given(_) => {
                Some(Box::new(arguments.config.load().map_err(|error| Refusal::Config(Box::new(error)))?))
            }
        };
        let policy = own_config.as_deref().unwrap_or(config).policy(service, &arguments.settings);
        Ok(Self { arguments, own_config, policy })
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
