//! `show`: everything known about a passkey.

use super::Context;
use super::change;
use crate::cli::Show;
use crate::commands::error::Error;
use crate::commands::results::json::Shown;

pub(super) fn run(context: &Context, arguments: &Show) -> Result<(), Error> {
    let loaded = context.load_enrolled()?;
    let credential = context.named(&loaded.file, &arguments.name)?;
    context.output.result(&Shown { user: context.user(), credential: change::shown(context, credential) })
}
