//! `pam confirm`: a change that was on trial stays.

use super::super::{Context, change};
use super::error::PamError;
use super::{require_root, service};
use crate::cli::{Global, PamConfirm};
use crate::commands::error::Error;
use crate::commands::results::pam::Confirmed;
use crate::pam::change::entry::{Entry, EntryState};
use crate::pam::change::journal::Journal;
use crate::pam::change::sign_ins;
use crate::pam::parse::ServiceFiles;
use crate::report::Output;

pub(super) fn run(global: &Global, output: Output, arguments: &PamConfirm) -> Result<(), Error> {
    let service = service(&arguments.service)?;
    require_root(&format!("confirm {service}"))?;
    let context = Context::new(global, output)?;
    let journal = Journal::of_machine();
    let entry = on_trial(&journal, &service)?;
    let files = ServiceFiles::of_machine();
    if !arguments.yes && !sign_ins::has_signed_in(&entry, &files, &context.config, &context.account) {
        change::confirm(&question(&context, &entry))?;
    }
    let locked = journal.lock().map_err(PamError::Journal)?;
    // While the person was asked it may have been undone.
    if on_trial(&journal, &service)?.switched != entry.switched {
        return Err(PamError::NotOnTrial(service).into());
    }
    let way = entry.way;
    if !sign_ins::still_asks(&entry, &ServiceFiles::of_machine(), &context.config) {
        return Err(PamError::NothingToKeep(service).into());
    }
    locked.confirm(entry).map_err(PamError::Journal)?;
    context.output.result(&Confirmed { service, way })
}

fn on_trial(journal: &Journal, service: &str) -> Result<Entry, Error> {
    match journal.entry(service).map_err(PamError::Journal)? {
        Some(entry) if matches!(entry.state, EntryState::OnTrial { .. }) => Ok(entry),
        Some(_) | None => Err(PamError::NotOnTrial(service.to_owned()).into()),
    }
}

fn question(context: &Context, entry: &Entry) -> String {
    let (service, user) = (&entry.service, &context.account.name);
    if entry.way.is_none() {
        return format!(
            "Have you signed in to {service} since it asks for passkeys no more? Keep it like this?"
        );
    }
    format!(
        "No sign-in to {service} with a passkey of {user} has been seen since it was switched on. Keep it all the same?"
    )
}
