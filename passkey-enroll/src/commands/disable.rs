//! `disable`: disables a passkey without deleting it.

use passkey_core::escape::Escaped;

use super::Context;
use super::change::{self, Left};
use crate::cli::Disable;
use crate::commands::error::Error;
use crate::commands::results::json::Switched;
use crate::report::{self};

pub(super) fn run(context: &Context, arguments: &Disable) -> Result<(), Error> {
    let loaded = context.load_enrolled()?;
    let before = context.named(&loaded.file, &arguments.name)?;
    context.check_writable(&loaded.file.user_handle)?;
    let mut without = loaded.file.clone();
    // It was there a line ago.
    let _ = without.set_enabled(&arguments.name, false);
    // Disabling can be undone, so it needs a confirmation only for the last usable passkey.
    if before.enabled && !arguments.yes && without.enabled().next().is_none() {
        let foreboding = Left::in_file(context, &without).foreboding(context);
        let name = Escaped::text(&arguments.name);
        let user = Escaped::text(&context.account.name);
        change::confirm(&format!("{foreboding}Disable the passkey “{name}” of {user}?"))?;
    }
    let (credential, left) = change::change(context, |file| {
        change::check_same(context, file, &arguments.name, &before.id)?;
        let _ = file.set_enabled(&arguments.name, false);
        Ok((context.named(file, &arguments.name)?.clone(), Left::in_file(context, file)))
    })?;
    if let Some(warning) = left.warning(context).filter(|_| before.enabled) {
        report::warning(&warning);
    }
    context.output.result(&Switched {
        user: context.user(),
        credential: change::shown(context, &credential),
        changed: before.enabled,
        usable: left.usable,
        closed_services: left.closed_services,
    })
}
