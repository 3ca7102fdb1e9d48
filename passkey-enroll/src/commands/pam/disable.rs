//! `pam disable`: a service asks for passkeys no more.

use super::super::change;
use super::error::PamError;
use super::{plan, require_root, service};
use crate::cli::PamDisable;
use crate::commands::error::Error;
use crate::commands::results::pam::{Disabled, DisabledServices};
use crate::pam::change::journal::{Change, Journal, Undone};
use crate::pam::change::pam_auth_update;
use crate::pam::parse::ServiceFiles;
use crate::report::{self, Output};

pub(super) fn run(output: Output, arguments: &PamDisable) -> Result<(), Error> {
    let chosen = arguments.service.as_deref().map(service).transpose()?;
    require_root(&chosen.as_ref().map_or_else(|| "disable".to_owned(), |one| format!("disable {one}")))?;
    let journal = Journal::of_machine();
    let services = match chosen {
        Some(service) => vec![service],
        None => journal.services().map_err(PamError::Journal)?,
    };
    if !arguments.yes && !services.is_empty() {
        change::confirm(&format!("Have {} ask for passkeys no more?", services.join(", ")))?;
    }
    let _lock = journal.lock().map_err(PamError::Journal)?;
    let mut done = Vec::new();
    let mut first_error = None;
    for service in services {
        // One that cannot be put back keeps none of the others.
        match disable(&journal, &service) {
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

fn disable(journal: &Journal, service: &str) -> Result<Disabled, Error> {
    let disabled = |changed, restored| Disabled { service: service.to_owned(), changed, restored };
    let not_undone = |error| PamError::NotUndone(service.to_owned(), error);
    if let Some(entry) = journal.entry(service).map_err(PamError::Journal)? {
        let undone = journal.undo(&entry).map_err(not_undone)?;
        return Ok(disabled(true, undone == Undone::Restored));
    }
    if service == pam_auth_update::SERVICE {
        let Some(way) = pam_auth_update::enabled() else { return Ok(disabled(false, true)) };
        pam_auth_update::disable(pam_auth_update::profile(way)).map_err(PamError::Common)?;
        return Ok(disabled(true, true));
    }
    by_hand(service).map(|changed| disabled(changed, false))
}

/// Takes out what somebody has put in by hand; whether there was anything.
fn by_hand(service: &str) -> Result<bool, Error> {
    let Some(plan) = plan::without_lines(&ServiceFiles::of_machine(), service)? else { return Ok(false) };
    if let Change::File { path, mode, after, .. } = &plan.change {
        crate::pam::change::replace(path, after.as_bytes(), *mode)
            .map_err(|error| PamError::Io(path.clone(), error))?;
    }
    Ok(true)
}
