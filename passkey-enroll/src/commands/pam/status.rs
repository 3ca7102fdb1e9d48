//! `pam status`: what services ask for.

use std::collections::BTreeSet;

use super::super::Context;
use super::service;
use crate::cli::{Global, PamStatus};
use crate::commands::error::Error;
use crate::commands::results::pam::{Asks, By, ExemptLine, ModuleLine, PartLine, ServiceStatus, Status};
use crate::pam::change::journal::Journal;
use crate::pam::parse::ServiceFiles;
use crate::pam::simulate::{self, Factors, ServiceAccess};
use crate::report::Output;

/// Services that people ask about, where the machine has them.
const USUAL: [&str; 17] = [
    "gdm-password",
    "gdm-switchable-auth",
    "greetd",
    "gtklock",
    "hyprlock",
    "i3lock",
    "kde",
    "lightdm",
    "login",
    "plasmalogin",
    "polkit-1",
    "sddm",
    "sshd",
    "su",
    "sudo",
    "swaylock",
    "xscreensaver",
];

pub(super) fn run(global: &Global, output: Output, arguments: &PamStatus) -> Result<(), Error> {
    let context = Context::new(global, output)?;
    let files = ServiceFiles::of_machine();
    let journal = Journal::of_machine();
    let asked = arguments.explain.as_ref().or(arguments.service.as_ref());
    let names = match asked {
        Some(given) => BTreeSet::from([service(given)?]),
        None => simulate::services(&files),
    };
    let mut services = Vec::new();
    for name in names {
        let access = ServiceAccess::of(&files, &name, &context.config);
        let verdict = access.as_ref().ok().map(ServiceAccess::verdict);
        let asks = match (&access, &verdict) {
            (Err(error), _) => Asks::Nothing { reason: error.to_string() },
            (Ok(access), Some(Ok(verdict))) => Asks::of(access, verdict),
            (Ok(_), _) => Asks::Other { enough: "too complex to tell".to_owned() },
        };
        let verdict = verdict.and_then(Result::ok);
        let is_wanted = asked.is_some()
            || access.as_ref().map_or(true, ServiceAccess::asks)
            || USUAL.contains(&name.as_str());
        if !is_wanted {
            continue;
        }
        let parts = match (&arguments.explain, &access, &verdict) {
            (Some(_), Ok(access), Some(verdict)) => access.explain(verdict).unwrap_or_default(),
            _ => Vec::new(),
        };
        let call = access.ok().and_then(|access| access.passkeys.into_iter().next());
        let file = match &call {
            Some(call) => Some(call.place.path.clone()),
            None => files.read(&name).ok().map(|(path, _)| path),
        };
        let by = call.as_ref().map(|call| match journal.entry_of_file(&call.place.path) {
            Some(entry) if entry.state.is_open() => By::OnTrial,
            Some(_) => By::PasskeyEnroll,
            None => By::Hand,
        });
        services.push(ServiceStatus {
            service: name,
            asks,
            ways: verdict.iter().flat_map(|verdict| &verdict.ways).map(|way| way.factors.names()).collect(),
            exempt: verdict
                .iter()
                .flat_map(|verdict| &verdict.exempt)
                .map(|exemption| ExemptLine {
                    line: ModuleLine::from(&exemption.line),
                    with: exemption.factors.names(),
                })
                .collect(),
            without_passkey: verdict
                .iter()
                .filter_map(|verdict| verdict.without_passkey)
                .flat_map(Factors::names)
                .collect(),
            lines: parts.iter().map(PartLine::from).collect(),
            unknown_modules: verdict
                .iter()
                .flat_map(|verdict| &verdict.unknown)
                .map(ModuleLine::from)
                .collect(),
            path: file.map(|path| path.display().to_string()),
            line: call.as_ref().map(|call| call.place.line),
            by,
        });
    }
    context.output.result(&Status { services })
}
