//! `pam confirm`: a change that was on trial stays.

use super::super::{Context, change};
use super::error::PamError;
use super::{require_root, service};
use crate::cli::{Global, PamConfirm};
use crate::commands::error::Error;
use crate::commands::results::pam::Confirmed;
use crate::pam::change::journal::{Entry, EntryState, Journal};
use crate::report::Output;

pub(super) fn run(global: &Global, output: Output, arguments: &PamConfirm) -> Result<(), Error> {
    let service = service(&arguments.service)?;
    require_root(&format!("confirm {service}"))?;
    let context = Context::new(global, output)?;
    let journal = Journal::of_machine();
    let entry = on_trial(&journal, &service)?;
    if !has_signed_in(&context, &entry) && !arguments.yes {
        change::confirm(&format!(
            "No sign-in with a passkey of {} has been seen since {service} was switched on. Keep it all the same?",
            context.account.name
        ))?;
    }
    let _lock = journal.lock().map_err(PamError::Journal)?;
    // While somebody was asked it may have been taken back.
    if on_trial(&journal, &service)? != entry {
        return Err(PamError::NotOnTrial(service).into());
    }
    journal.confirm(&service).map_err(PamError::Journal)?;
    context.output.result(&Confirmed { service, way: entry.way })
}

fn on_trial(journal: &Journal, service: &str) -> Result<Entry, Error> {
    let state = journal.state(service).map_err(PamError::Journal)?;
    let entry = journal.entry(service).map_err(PamError::Journal)?;
    match (entry, state) {
        (Some(entry), EntryState::OnTrial { .. }) => Ok(entry),
        (_, EntryState::Kept) | (None, _) => Err(PamError::NotOnTrial(service.to_owned()).into()),
    }
}

/// Whether a passkey of the caller has signed them in since.
fn has_signed_in(context: &Context, entry: &Entry) -> bool {
    let Ok(Some(loaded)) = context.store.load(&context.account) else { return false };
    let Some(state) = context.state() else { return false };
    loaded.file.credentials.iter().any(|credential| {
        let last_used = state.credential(&credential.id).and_then(|state| state.last_used);
        // Both to the second.
        last_used.is_some_and(|time| time.as_second() >= entry.switched.as_second())
    })
}
