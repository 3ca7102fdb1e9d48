//! `show`: all that is known of one passkey.

use super::Context;
use crate::cli::Show;
use crate::error::Error;
use crate::output::json::Shown;

pub(super) fn run(context: &Context, arguments: &Show) -> Result<(), Error> {
    let loaded = context.load_enrolled()?;
    let credential = context.named(&loaded.file, &arguments.name)?;
    let state = context.state();
    let remembered = state.as_ref().and_then(|state| state.credential(&credential.id));
    context
        .output
        .result(&Shown { user: context.user(), credential: context.described(credential, remembered) })
}
