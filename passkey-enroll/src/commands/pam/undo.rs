//! `pam undo`: what was on trial, and was not confirmed in time or before the machine went down, is undone.

use super::error::PamError;
use super::{disable, require_root};
use crate::commands::error::Error;
use crate::commands::results::pam::Disabled;
use crate::pam::change::entry::{EntryState, Undone, UndoneBecause};
use crate::pam::change::journal::Journal;
use crate::report::Output;

pub(super) fn run(output: Output) -> Result<(), Error> {
    require_root("undo")?;
    let journal = Journal::of_machine();
    let failed = PamError::Journal;
    let locked = journal.lock().map_err(failed)?;
    let mut services = Vec::new();
    let mut first_error = None;
    for service in journal.open().map_err(failed)? {
        // The sign-in that it waits for may have come when nothing watched over it.
        match locked.keep_if_signed_in(&service) {
            Ok(false) => {}
            Ok(true) => continue,
            Err(error) => {
                first_error = first_error.or(Some(failed(error)));
                continue;
            }
        }
        let was_open = matches!(journal.entry(&service), Ok(Some(entry)) if entry.state.is_open());
        match locked.settle(&service, UndoneBecause::NotConfirmed, false) {
            Ok(Some(entry)) => match entry.state {
                EntryState::Undone { how, .. } if was_open => {
                    let restored = how == Undone::Restored;
                    services.push(Disabled { service, changed: true, restored });
                }
                EntryState::UndoFailed { reason, .. } => {
                    first_error = first_error.or(Some(PamError::UndoFailed(service, reason)));
                }
                EntryState::OnTrial { .. } | EntryState::Kept { .. } | EntryState::Undone { .. } => {}
            },
            Ok(None) => {}
            // One that cannot be understood keeps none of the others.
            Err(error) => first_error = first_error.or(Some(failed(error))),
        }
    }
    disable::finish(output, services, first_error.map(Error::from))
}
