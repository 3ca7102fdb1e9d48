//! `enable`: enables a disabled passkey.

use super::Context;
use super::change;
use crate::cli::Enable;
use crate::commands::error::Error;
use crate::commands::results::json::Switched;

pub(super) fn run(context: &Context, arguments: &Enable) -> Result<(), Error> {
    let loaded = context.load_enrolled()?;
    let before = context.named(&loaded.file, &arguments.name)?;
    let (credential, left) = change::change(context, |file| {
        change::check_same(context, file, &arguments.name, &before.id)?;
        let _ = file.set_enabled(&arguments.name, true);
        Ok((context.named(file, &arguments.name)?.clone(), change::Left::in_file(context, file)))
    })?;
    context.output.result(&Switched {
        user: context.user(),
        credential: change::shown(context, &credential),
        changed: !before.enabled,
        usable: left.usable,
        closed_services: left.closed_services,
    })
}
