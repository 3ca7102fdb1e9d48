//! `list`: the user's passkeys.

use super::Context;
use crate::commands::error::Error;
use crate::commands::results::json::Passkeys;
use crate::report::note;

pub(super) fn run(context: &Context) -> Result<(), Error> {
    let loaded = context.load()?;
    // An empty list is a result, not an error.
    if loaded.as_ref().is_none_or(|loaded| loaded.file.is_unenrolled()) {
        note(&format!("{} has no passkey. Enrol one: {}", context.account.name, context.add_command()));
    }
    let Some(loaded) = loaded else {
        return context.output.result(&Passkeys {
            user: context.user(),
            user_handle: None,
            path: None,
            credentials: Vec::new(),
            skipped: Vec::new(),
            state_known: true,
        });
    };
    let state = context.state();
    let credentials = loaded.file.credentials.iter().map(|credential| {
        context.described(credential, state.as_ref().and_then(|state| state.credential(&credential.id)))
    });
    context.output.result(&Passkeys {
        user: context.user(),
        user_handle: Some(loaded.file.user_handle.to_base64url()),
        path: Some(loaded.path.display().to_string()),
        credentials: credentials.collect(),
        skipped: loaded.file.skipped.iter().map(Into::into).collect(),
        state_known: state.is_some(),
    })
}
