//! Everything that can stop a sign-in, looked at from outside. Nothing is changed.
//!
//! Each part of the machine has a file: it gathers what there is to see, and judges it. What is found is a [`Finding`], with
//! the place and the remedy. Where the module has its own word for a fault, that word is used.

mod access;
mod clock;
mod configuration;
mod devices;
mod elf;
mod finding;
mod keys;
mod machine;
mod module_file;
mod passkeys;
mod people;
mod polkit;
mod security;
mod services;
mod session;
mod store;
mod udev;

use std::path::PathBuf;

use passkey_core::ceremony::SurveyedKey;
use passkey_core::config::{Account, Config};
use passkey_core::store::{Loaded, Store};

pub(crate) use finding::{Area, Finding, Severity, exit, worst};
pub(crate) use machine::Machine;

use crate::gate::{self, Gate};
use crate::pam_files::{ServiceFiles, StackError};

/// Whom and what the examination is about.
#[derive(Debug)]
pub(crate) struct Patient {
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
    /// `None` where it does not ask for passkeys.
    gate: Result<Option<Gate>, StackError>,
}

/// Examines the machine. `survey` asks the plugged-in keys, given the passkeys that they may hold.
pub(crate) fn examine(
    patient: &Patient,
    survey: impl FnOnce(Option<&Loaded>) -> Vec<SurveyedKey>,
) -> Vec<Finding> {
    let Patient { machine, account, .. } = patient;
    let (config, mut configuration) = configuration::read(machine, patient.config.as_deref());
    // Where it is broken the module refuses everybody; what would be without it is still worth knowing.
    let is_usable = config.is_some();
    let config = config.unwrap_or_default();
    let files = ServiceFiles::below(machine.root());
    let services = services_of(&files, &config);
    let gates: Vec<&Gate> =
        services.iter().filter_map(|service| service.gate.as_ref().ok()?.as_ref()).collect();
    let store = Store::new(&config);
    let needs = keys::Needs::of(&gates);

    let mut findings = Vec::new();
    let view = devices::View::of(machine, account);
    findings.extend(devices::check(&view, account));
    findings.extend(udev::check(machine, !view.keys.is_empty()));
    findings.extend(session::check(machine));

    let (loaded, of_store) = store::of_account(machine, &store, &config, account);
    findings.extend(passkeys::check(patient, loaded.as_ref(), &config, &files, &needs));
    findings.extend(keys::check(&survey(loaded.as_ref()), loaded.as_ref(), account, &needs));

    configuration.extend(configuration::check(machine, patient.config.as_deref(), &config, &files, &gates));
    findings.append(&mut configuration);
    findings.extend(of_store);
    let people = people::People::of(machine, &store);
    findings.extend(store::of_everybody(
        machine,
        &store,
        &config,
        account,
        &people,
        needs.usernameless.is_some(),
    ));

    findings.extend(module_file::check(machine, &gates));
    findings.extend(services::check(machine, &services, is_usable.then_some(&people), account));
    findings.extend(polkit::check(machine, &gates, &config));
    findings.extend(security::check(machine));
    findings.extend(clock::check(machine, loaded.as_ref(), &store, account));
    findings.sort_by_key(|finding| finding.area);
    findings
}

fn services_of(files: &ServiceFiles, config: &Config) -> Vec<Service> {
    let names = gate::services(files).into_iter();
    names.map(|name| Service { gate: Gate::of(files, &name, config), name }).collect()
}
