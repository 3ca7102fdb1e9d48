//! `pam undo`: what was on trial when the machine went down is taken back.

use super::error::PamError;
use super::{disable, require_root};
use crate::commands::error::Error;
use crate::commands::results::pam::Disabled;
use crate::pam::change::journal::{EntryState, Journal, Undone};
use crate::report::Output;

pub(super) fn run(output: Output) -> Result<(), Error> {
    require_root("undo")?;
    let journal = Journal::of_machine();
    let failed = PamError::Journal;
    let _lock = journal.lock().map_err(failed)?;
    let mut services = Vec::new();
    let mut first_error = None;
    for service in journal.on_trial().map_err(failed)? {
        if journal.state(&service).map_err(failed)? == (EntryState::OnTrial { watched: true }) {
            continue;
        }
        let Some(entry) = journal.entry(&service).map_err(failed)? else {
            // The machine went down before anything was changed, or after it had been put back.
            journal.forget(&service).map_err(failed)?;
            continue;
        };
        match journal.undo(&entry) {
            Ok(undone) => {
                services.push(Disabled { service, changed: true, restored: undone == Undone::Restored });
            }
            Err(error) => first_error = first_error.or(Some(PamError::NotUndone(service, error))),
        }
    }
    disable::finish(output, services, first_error.map(Error::from))
}
