//! Looks from outside for everything that can prevent a sign-in, without changing anything.
//!
//! Each part of the machine has a file below `checks`: it gathers the facts and judges them. The result is a [`Finding`] with the
//! place and the remedy. Where the module has its own words for a fault, those are used. `probe` asks other processes, `people` is
//! who signs in here.

mod checks;
mod finding;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod greeters_tests;
mod machine;
mod people;
pub(crate) mod probe;
mod regressions;
mod user_sources;

use std::path::PathBuf;

use passkey_core::account::Account;
use passkey_core::ceremony::InspectedKey;
use passkey_core::config::{Config, Recovery, Settings};
use passkey_core::store::{Loaded, Store};

use checks::{
    attestation, clock, configuration, devices, keys, module_file, passkeys, polkit, security, services,
    session, store, this_computer, udev,
};

pub(crate) use finding::{Area, Finding, Severity, exit, worst};
pub(crate) use machine::Machine;
use people::People;
pub(crate) use people::Roster;
pub(crate) use regressions::{beside_gdm_password, exempted, over_ssh, regressions};

use crate::pam::parse::{ServiceFiles, StackError};
use crate::pam::simulate::{self, ServiceAccess};

/// Whom and what the examination is about.
#[derive(Debug)]
pub(crate) struct Subject {
    /// Where to look.
    pub(crate) machine: Machine,
    /// Whose passkeys and keys are looked at more closely.
    pub(crate) account: Account,
    /// ` --user NAME`, for commands in remedies.
    pub(crate) user_option: String,
    /// The configuration that was asked for by name.
    pub(crate) config: Option<PathBuf>,
}

/// A service and what is known of who comes in there.
#[derive(Debug)]
struct Service {
    name: String,
    access: Result<ServiceAccess, StackError>,
}

/// Where recovery codes are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecoveryCodes {
    /// By a service of this machine.
    Accepted,
    /// By no service, although the configuration allows it: none of those that it allows it for asks for passkeys.
    OnlyConfigured,
    /// By no service.
    NotAccepted,
}

impl RecoveryCodes {
    /// By the configuration and by the module's lines in the services' files.
    pub(crate) fn of(machine: &Machine, config: &Config) -> Self {
        let services = services_of(&ServiceFiles::below(machine.root()), config);
        Self::by(&asking(&services), config)
    }

    fn by(gates: &[&ServiceAccess], config: &Config) -> Self {
        if store::accepted_by(gates).is_some() {
            return Self::Accepted;
        }
        let mut names = config.service_names().chain([""]);
        if names.any(|name| config.policy(name, &Settings::default()).recovery == Recovery::Allow) {
            Self::OnlyConfigured
        } else {
            Self::NotAccepted
        }
    }

    /// What to do so that codes are accepted.
    pub(crate) fn remedy(self) -> Option<&'static str> {
        match self {
            Self::Accepted => None,
            Self::OnlyConfigured => Some(
                "passkey.toml allows them only for services that do not ask for passkeys; switch one on: sudo passkey-enroll pam enable SERVICE",
            ),
            Self::NotAccepted => {
                Some("Set `recovery = \"allow\"` in passkey.toml for the services that should accept them.")
            }
        }
    }
}

/// Examines the machine. `inspect` asks the plugged-in keys, given the passkeys that they may hold.
pub(crate) fn examine(
    subject: &Subject,
    inspect: impl FnOnce(Option<&Loaded>) -> Vec<InspectedKey>,
) -> Vec<Finding> {
    examine_with(subject, &ServiceFiles::below(subject.machine.root()), inspect)
}

/// The same, were these the machine's service files.
fn examine_with(
    subject: &Subject,
    files: &ServiceFiles,
    inspect: impl FnOnce(Option<&Loaded>) -> Vec<InspectedKey>,
) -> Vec<Finding> {
    let Subject { machine, account, .. } = subject;
    let (config, mut findings) = configuration::read(machine, subject.config.as_deref());
    let view = devices::View::of(machine, account);
    findings.extend(devices::check(&view, account));
    findings.extend(udev::check(machine, !view.keys.is_empty()));
    findings.extend(session::check(machine));
    findings.extend(security::check(machine));
    // Where it is broken, it is not known where passkeys are and what services ask for.
    let loaded = if let Some(config) = &config {
        under(subject, config, files, inspect, &mut findings)
    } else {
        let services = services_of(files, &Config::default());
        findings.extend(services::check_files(files, &services));
        findings.extend(module_file::check(machine, &asking(&services)));
        findings.extend(keys::check(&inspect(None), None, account, &keys::Needs::default()));
        None
    };
    findings.extend(services::unwatched(machine));
    findings.extend(clock::check(machine, loaded.as_ref(), config.as_ref()));
    findings.sort_by_key(|finding| finding.area);
    findings
}

/// What can be found under a configuration that is understood. Gives the user's passkeys, and whose they are.
fn under(
    subject: &Subject,
    config: &Config,
    files: &ServiceFiles,
    inspect: impl FnOnce(Option<&Loaded>) -> Vec<InspectedKey>,
    findings: &mut Vec<Finding>,
) -> Option<(Account, Loaded)> {
    let Subject { machine, account, .. } = subject;
    let services = services_of(files, config);
    let gates = asking(&services);
    let store = Store::new(config);
    let needs = keys::Needs::of(&gates);
    findings.extend(configuration::check(machine, subject.config.as_deref(), config, files, &gates));
    findings.extend(attestation::check(machine, subject.config.as_deref(), config));

    let (found, of_store) = store::of_account(machine, &store, config, account);
    if let Ok(found) = &found {
        findings.extend(passkeys::check(subject, found.as_ref(), config, files, &needs));
    }
    let found = found.ok().flatten();
    let loaded = found.as_ref().map(|(_, loaded)| loaded);
    let inspected = inspect(loaded);
    findings.extend(keys::check(&inspected, loaded, account, &needs));
    findings.extend(this_computer::check(subject, &inspected, loaded));

    findings.extend(of_store);
    findings.extend(store::check_recovery(subject, &store, config, &gates));
    let people = People::of(machine, config, &store);
    let is_usernameless = needs.usernameless.is_some();
    findings.extend(store::of_everybody(machine, &store, config, account, &people, is_usernameless));

    findings.extend(module_file::check(machine, &gates));
    findings.extend(services::check_files(files, &services));
    findings.extend(services::check(machine, files, &gates, &people, account));
    findings.extend(people.unseen_findings(&gates));
    findings.extend(polkit::check(machine, &gates, config));
    found
}

/// The services that ask for passkeys.
fn asking(services: &[Service]) -> Vec<&ServiceAccess> {
    services
        .iter()
        .filter_map(|service| service.access.as_ref().ok().filter(|access| access.asks()))
        .collect()
}

fn services_of(files: &ServiceFiles, config: &Config) -> Vec<Service> {
    let names = simulate::services(files).into_iter();
    names.map(|name| Service { access: ServiceAccess::of(files, &name, config), name }).collect()
}

#[cfg(test)]
mod tests;
