//! `pam disable`: a service stops asking for passkeys.

use super::super::change;
use super::error::PamError;
use super::{desktop, plan, require_root, service, trial};
use crate::cli::PamDisable;
use crate::commands::error::Error;
use crate::commands::results::pam::{Disabled, DisabledServices, Draft};
use crate::pam::change::entry::{Entry, KeptBy, Undone, UndoneBecause};
use crate::pam::change::journal::{Journal, Locked};
use crate::pam::change::pam_auth_update;
use crate::pam::parse::ServiceFiles;
use crate::report::{self, Output};
use crate::terminal::signals::Interrupt;

pub(super) fn run(output: Output, arguments: &PamDisable) -> Result<(), Error> {
    let chosen = arguments.service.as_deref().map(service).transpose()?;
    require_root(&chosen.as_ref().map_or_else(|| "disable".to_owned(), |one| format!("disable {one}")))?;
    let journal = Journal::of_machine();
    let in_effect = journal.in_effect().map_err(PamError::Journal)?;
    let services = match chosen {
        Some(service) if service != pam_auth_update::SERVICE && !in_effect.contains(&service) => {
            let disabled = by_hand(&journal, service, arguments)?;
            return finish(output, vec![disabled], None);
        }
        Some(service) => vec![service],
        None => in_effect,
    };
    if !arguments.yes && !services.is_empty() {
        change::confirm(&format!("Have {} ask for passkeys no more?", services.join(", ")))?;
    }
    let locked = journal.lock().map_err(PamError::Journal)?;
    let mut done = Vec::new();
    let mut first_error = None;
    for service in services {
        // One that cannot be put back keeps none of the others.
        match disable(&journal, &locked, &service) {
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

fn disable(journal: &Journal, locked: &Locked<'_>, service: &str) -> Result<Disabled, Error> {
    let disabled = |changed, restored| Disabled { service: service.to_owned(), changed, restored };
    let entry = journal.entry(service).map_err(PamError::Journal)?;
    if let Some(entry) = entry.filter(Entry::is_switched_on) {
        let undone = locked
            .undo(&entry, UndoneBecause::Disabled)
            .map_err(|error| PamError::NotUndone(service.to_owned(), error))?;
        if undone == Undone::LeftAlone {
            report::warning(&format!(
                "The file of {service} has become a link, or was deleted: another program keeps it. It was left alone."
            ));
        }
        return Ok(disabled(undone != Undone::LeftAlone, undone == Undone::Restored));
    }
    let Some(way) = pam_auth_update::enabled() else { return Ok(disabled(false, true)) };
    pam_auth_update::disable(pam_auth_update::profile(way), false).map_err(PamError::Common)?;
    Ok(disabled(true, true))
}

/// Takes out what was put in by hand, as carefully as `pam enable` puts lines in: shown, kept, and on trial.
fn by_hand(journal: &Journal, service: String, arguments: &PamDisable) -> Result<Disabled, Error> {
    let files = ServiceFiles::of_machine();
    let Some(plan) = plan::without_lines(&files, &service)? else {
        return Ok(Disabled { service, changed: false, restored: false });
    };
    report::block(&Draft::new(&files, &plan.after, &[]));
    plan::warn_of_lost(&files, &plan.after, &service);
    if !arguments.yes {
        change::confirm(&format!("Have {service} ask for passkeys no more?"))?;
    }
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let time = arguments.confirm_within(desktop::usual_time(&service));
    // Nothing is left that would show a sign-in with a passkey.
    let terms = time.map(|time| trial::Terms { time, kept_by: KeptBy::Confirmation });
    let entry = trial::switch(journal, &service, None, &plan, terms.as_ref())?;
    if let Some(time) = time {
        report::note(&format!(
            "{service} does not ask for passkeys now, on trial: in {} seconds all is as before, unless you keep it from a new sign-in.",
            time.as_secs()
        ));
        trial::wait(journal, &entry, &interrupt)?;
    }
    Ok(Disabled { service, changed: true, restored: false })
}
