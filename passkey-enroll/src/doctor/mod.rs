//! Everything that can stop a sign-in, looked at from outside. Nothing is changed.
//!
//! Each part of the machine has a file: it gathers what there is to see, and judges it. What is found is a [`Finding`], with
//! the place and the remedy. Where the module has its own word for a fault, that word is used.

mod access;
mod checks;
mod elf;
mod finding;
#[cfg(test)]
mod fixture;
mod machine;
mod people;
mod regressions;

use std::path::PathBuf;

use passkey_core::account::Account;
use passkey_core::ceremony::InspectedKey;
use passkey_core::config::Config;
use passkey_core::store::{Loaded, Store};

use checks::{
    attestation, clock, configuration, devices, keys, module_file, passkeys, polkit, security, services,
    session, store, udev,
};

pub(crate) use finding::{Area, Finding, Severity, exit, worst};
pub(crate) use machine::Machine;
pub(crate) use regressions::{exempted, over_ssh, regressions};

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
    // Where it is broken nobody knows where passkeys are and what services ask for.
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
    findings.extend(clock::check(machine, loaded.as_ref(), config.as_ref(), account));
    findings.sort_by_key(|finding| finding.area);
    findings
}

/// What can be found under a configuration that is understood. Gives the user's passkeys.
fn under(
    subject: &Subject,
    config: &Config,
    files: &ServiceFiles,
    inspect: impl FnOnce(Option<&Loaded>) -> Vec<InspectedKey>,
    findings: &mut Vec<Finding>,
) -> Option<Loaded> {
    let Subject { machine, account, .. } = subject;
    let services = services_of(files, config);
    let gates = asking(&services);
    let store = Store::new(config);
    let needs = keys::Needs::of(&gates);
    findings.extend(configuration::check(machine, subject.config.as_deref(), config, files, &gates));
    findings.extend(attestation::check(machine, subject.config.as_deref(), config));

    let (loaded, of_store) = store::of_account(machine, &store, config, account);
    if let Ok(loaded) = &loaded {
        findings.extend(passkeys::check(subject, loaded.as_ref(), config, files, &needs));
    }
    let loaded = loaded.ok().flatten();
    findings.extend(keys::check(&inspect(loaded.as_ref()), loaded.as_ref(), account, &needs));

    findings.extend(of_store);
    findings.extend(store::check_recovery(subject, &store, config, &gates));
    let people = people::People::of(machine, &store);
    let is_usernameless = needs.usernameless.is_some();
    findings.extend(store::of_everybody(machine, &store, config, account, &people, is_usernameless));

    findings.extend(module_file::check(machine, &gates));
    findings.extend(services::check_files(files, &services));
    findings.extend(services::check(machine, files, &gates, &people, account));
    findings.extend(polkit::check(machine, &gates, config));
    loaded
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
