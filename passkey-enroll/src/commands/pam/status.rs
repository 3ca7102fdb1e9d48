//! `pam status`: what services ask for.

use std::collections::BTreeSet;

use super::super::Context;
use super::service;
use crate::cli::{Global, PamStatus};
use crate::commands::error::Error;
use crate::commands::results::pam::{Asks, By, ServiceStatus, Status};
use crate::pam::change::journal::Journal;
use crate::pam::parse::ServiceFiles;
use crate::pam::simulate::{self, Gate};
use crate::report::Output;

/// Services that people ask about, where the machine has them.
const USUAL: [&str; 12] = [
    "gdm-password",
    "i3lock",
    "kde",
    "lightdm",
    "login",
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
    let names = match &arguments.service {
        Some(given) => BTreeSet::from([service(given)?]),
        None => simulate::services(&files),
    };
    let mut services = Vec::new();
    for name in names {
        let gate = Gate::of(&files, &name, &context.config);
        let asks = match &gate {
            Ok(gate) => Asks::of(gate.as_ref()),
            Err(error) => Asks::Nothing { reason: error.to_string() },
        };
        let is_wanted =
            arguments.service.is_some() || asks != Asks::Password || USUAL.contains(&name.as_str());
        if !is_wanted {
            continue;
        }
        let call = gate.ok().flatten().and_then(|gate| gate.passkeys.into_iter().next());
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
            path: file.map(|path| path.display().to_string()),
            line: call.as_ref().map(|call| call.place.line),
            by,
        });
    }
    context.output.result(&Status { services })
}
