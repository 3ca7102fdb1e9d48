//! `rename`: renames a passkey.

use super::Context;
use super::change;
use crate::cli::Rename;
use crate::commands::error::Error;
use crate::commands::results::json::Renamed;

pub(super) fn run(context: &Context, arguments: &Rename) -> Result<(), Error> {
    let Rename { name, new_name } = arguments;
    let loaded = context.load_enrolled()?;
    let id = &context.named(&loaded.file, name)?.id;
    let credential = change::change(context, |file| {
        change::check_same(context, file, name, id)?;
        // The command line has checked that it is a name, so another passkey has it.
        file.rename(name, new_name)
            .map_err(|_| Error::NewNameTaken { name: new_name.clone(), list: context.list_command() })?;
        context.named(file, new_name).cloned()
    })?;
    context.output.result(&Renamed {
        user: context.user(),
        old_name: name.clone(),
        credential: change::shown(context, &credential),
    })
}
