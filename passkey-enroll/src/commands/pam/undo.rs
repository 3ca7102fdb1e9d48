//! `pam undo`: what was on trial when the machine went down is taken back.

use super::error::PamError;
use super::{disable, require_root};
use crate::commands::error::Error;
use crate::commands::results::pam::Disabled;
use crate::pam::change::ledger::{Ledger, Standing, Undone};
use crate::report::Output;

pub(super) fn run(output: Output) -> Result<(), Error> {
    require_root("undo")?;
    let ledger = Ledger::of_machine();
    let failed = PamError::Ledger;
    let _lock = ledger.lock().map_err(failed)?;
    let mut services = Vec::new();
    let mut first_error = None;
    for service in ledger.on_trial().map_err(failed)? {
        if ledger.standing(&service).map_err(failed)? == (Standing::OnTrial { watched: true }) {
            continue;
        }
        let Some(entry) = ledger.entry(&service).map_err(failed)? else {
            // The machine went down before anything was changed, or after it had been put back.
            ledger.forget(&service).map_err(failed)?;
            continue;
        };
        match ledger.undo(&entry) {
            Ok(undone) => {
                services.push(Disabled { service, changed: true, restored: undone == Undone::Restored });
            }
            Err(error) => first_error = first_error.or(Some(PamError::NotUndone(service, error))),
        }
    }
    disable::finish(output, services, first_error.map(Error::from))
}
