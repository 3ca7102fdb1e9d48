//! `pam disable`: a service asks for passkeys no more.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use passkey_core::config::Config;

use super::super::change;
use super::error::PamError;
use super::{require_root, service};
use crate::cli::PamDisable;
use crate::commands::error::Error;
use crate::commands::results::pam::{Disabled, DisabledServices};
use crate::pam::change::common;
use crate::pam::change::ledger::{Ledger, Undone};
use crate::pam::edit;
use crate::pam::parse::ServiceFiles;
use crate::pam::simulate::ServiceAccess;
use crate::report::{self, Output};

pub(super) fn run(output: Output, arguments: &PamDisable) -> Result<(), Error> {
    let chosen = arguments.service.as_deref().map(service).transpose()?;
    require_root(&chosen.as_ref().map_or_else(|| "disable".to_owned(), |one| format!("disable {one}")))?;
    let ledger = Ledger::of_machine();
    let services = match chosen {
        Some(service) => vec![service],
        None => ledger.services().map_err(PamError::Ledger)?,
    };
    if !arguments.yes && !services.is_empty() {
        change::confirm(&format!("Have {} ask for passkeys no more?", services.join(", ")))?;
    }
    let _lock = ledger.lock().map_err(PamError::Ledger)?;
    let mut done = Vec::new();
    let mut first_error = None;
    for service in services {
        // One that cannot be put back keeps none of the others.
        match disable(&ledger, &service) {
            Ok(disabled) => done.push(disabled),
            Err(error) if first_error.is_none() => first_error = Some(error),
            Err(error) => report::warning(&error.report().message),
        }
    }
    finish(output, done, first_error)
}

/// One result: what was done, or what went wrong; a person hears of the rest as well.
pub(super) fn finish(output: Output, services: Vec<Disabled>, error: Option<Error>) -> Result<(), Error> {
    let result = DisabledServices { services };
    let Some(error) = error else { return output.result(&result) };
    report::block(&result);
    Err(error)
}

fn disable(ledger: &Ledger, service: &str) -> Result<Disabled, Error> {
    let disabled = |changed, restored| Disabled { service: service.to_owned(), changed, restored };
    let not_undone = |error| PamError::NotUndone(service.to_owned(), error);
    if let Some(entry) = ledger.entry(service).map_err(PamError::Ledger)? {
        let undone = ledger.undo(&entry).map_err(not_undone)?;
        return Ok(disabled(true, undone == Undone::Restored));
    }
    if service == common::SERVICE {
        let Some(way) = common::enabled() else { return Ok(disabled(false, true)) };
        common::disable(common::profile(way)).map_err(PamError::Common)?;
        return Ok(disabled(true, true));
    }
    by_hand(service).map(|changed| disabled(changed, false))
}

/// Takes out what somebody has put in by hand; whether there was anything.
fn by_hand(service: &str) -> Result<bool, Error> {
    let files = ServiceFiles::of_machine();
    let gate = ServiceAccess::asking(&files, service, &Config::default());
    let Some(gate) = gate.map_err(|error| PamError::Broken(service.to_owned(), error.to_string()))? else {
        return Ok(false);
    };
    let path = files.own_path(service);
    if let Some(call) = gate.passkeys.iter().find(|call| call.place.path != path) {
        return Err(PamError::Elsewhere(service.to_owned(), call.place.path.clone()).into());
    }
    let failed = |error| PamError::Io(path.clone(), error);
    let metadata = fs::symlink_metadata(&path).map_err(failed)?;
    if metadata.is_symlink() {
        return Err(PamError::Link(path).into());
    }
    let without = edit::without_passkeys(&files, service)
        .ok_or_else(|| PamError::ByHandOnly(service.to_owned(), path.clone()))?;
    crate::pam::change::replace(&path, &without, metadata.permissions().mode() & 0o777).map_err(failed)?;
    Ok(true)
}
