//! Who gets in at a service, computed from its PAM files and from what the configuration makes of its calls of `pam_passkey.so`.
//!
//! - [`dispatch`]: libpam's dispatcher, walked with every answer that modules may give at once.
//! - `modules`: how modules answer; one that is not known may give any answer. `person`: what a person has;
//!   `identity`: what conditions are known to say of an account.
//! - `ways`: who gets in with what, and which line exempts whom. `compare`: what a change means for people.
//! - `authtok`: which modules take the password, and whether a passkey passes them by.
//! - `password_change`: whether the module hears of a changed password where it is called for that.
//! - `explain`: what each line does, in words.
//! - `closed`: the services that refuse a person without a passkey.

mod authtok;
mod closed;
mod compare;
pub mod dispatch;
mod explain;
pub mod factors;
mod identity;
mod modules;
mod password_change;
mod person;
mod ways;

use std::fmt;

use passkey_core::config::{ArgumentError, Arguments, Config, ConfigError, ConfigPath, Policy};

use crate::pam::parse::{Call, Facility, Place, Rule, ServiceFiles, Stack, StackError};
pub(crate) use authtok::{Consumer, session_consumers};
pub(crate) use closed::{closed, services};
pub(crate) use compare::{Fault, lost_without_passkeys, passwordless, second_factor, without_passkeys};
pub(crate) use explain::Part;
pub(crate) use factors::Factors;
pub(crate) use identity::Identity;
pub(crate) use modules::{Asks, MODULE, asks_with_password, is_password, refuses_everybody};
pub(crate) use password_change::{ends_alike, hears_of_changes, misplaced};
pub(crate) use person::{MissingPasskey, Passkey};
pub(crate) use ways::{Exemption, Line, Verdict};

/// The service by which GDM offers the passkey and the password side by side. Those whom it refuses GDM asks by `gdm-password`.
pub(crate) const GDM_SWITCHABLE: &str = "gdm-switchable-auth";

/// A service, and what its stack says of who gets in.
#[derive(Debug)]
pub(crate) struct ServiceAccess {
    /// Its name.
    pub(crate) service: String,
    /// What happens there when a person signs in.
    pub(crate) stack: Stack,
    /// Its calls of the module, in order.
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

impl ServiceAccess {
    /// The service. `config` is the configuration of all services.
    ///
    /// # Errors
    /// When PAM gives the service nothing at all.
    pub(crate) fn of(files: &ServiceFiles, service: &str, config: &Config) -> Result<Self, StackError> {
        let stack = files.stack(service, Facility::Auth)?;
        let passkeys = stack
            .calls()
            .into_iter()
            .filter(|call| call.rule.module_name() == MODULE)
            .map(|call| PasskeyCall {
                place: call.place.clone(),
                arguments: call.rule.arguments.clone(),
                asked: Asked::of(&call.rule, service, config),
            })
            .collect();
        Ok(Self { service: service.to_owned(), stack, passkeys })
    }

    /// The service, if it asks for passkeys.
    ///
    /// # Errors
    /// When PAM gives the service nothing at all.
    pub(crate) fn asking(
        files: &ServiceFiles,
        service: &str,
        config: &Config,
    ) -> Result<Option<Self>, StackError> {
        let access = Self::of(files, service, config)?;
        Ok(access.asks().then_some(access))
    }

    /// Whether it asks for passkeys.
    pub(crate) fn asks(&self) -> bool {
        !self.passkeys.is_empty()
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

#[cfg(test)]
#[path = "nixos_tests.rs"]
mod nixos_tests;
