//! `remove`: removes a passkey from this machine. The key itself is not changed and need not be plugged in.

use passkey_core::credential::CredentialId;
use passkey_core::escape::Escaped;
use passkey_core::store::StoreError;

use super::Context;
use super::change::{self, Left};
use crate::cli::Remove;
use crate::commands::error::Error;
use crate::commands::results::json::Removal;
use crate::report::{self};

pub(super) fn run(context: &Context, arguments: &Remove) -> Result<(), Error> {
    let loaded = context.load_enrolled()?;
    let credential = context.named(&loaded.file, &arguments.name)?;
    // Check permission before asking for confirmation.
    context.check_writable(&loaded.file.user_handle)?;
    let removed = change::shown(context, credential);
    if !arguments.yes {
        let mut without = loaded.file.clone();
        // It was there a line ago.
        let _ = without.remove(&arguments.name);
        let was_usable = credential.enabled;
        let left = Left::in_file(context, &without);
        let foreboding = if was_usable { left.foreboding(context) } else { String::new() };
        let name = Escaped::text(&arguments.name);
        let user = Escaped::text(&context.account.name);
        change::confirm(&format!("{foreboding}Remove the passkey “{name}” of {user}?"))?;
    }
    let left = take_out(context, &arguments.name, &credential.id)?;
    if let Err(error) = context.store.update_state(&context.account, |state| state.forget(&credential.id)) {
        report::warning(&format!("its last use and counter are not forgotten: {error}"));
    }
    if let Err(error) = forget_password(context, &credential.id) {
        report::warning(&format!("the password that is stored for it is not removed: {error}"));
    }
    if let Some(warning) = left.warning(context) {
        report::warning(&warning);
    }
    context.output.result(&Removal {
        user: context.user(),
        removed,
        remaining: left.remaining,
        usable: left.usable,
        closed_services: left.closed_services,
    })
}

/// Deletes the password that is wrapped for the passkey. A caller who may not see it does not delete anything.
fn forget_password(context: &Context, id: &CredentialId) -> Result<(), StoreError> {
    match context.store.load_keyring(&context.account) {
        Ok(keyring) if keyring.is_empty() => Ok(()),
        Err(error) if error.is_not_permitted() && !context.is_root => Ok(()),
        Ok(_) => context.store.update_keyring(&context.account, |keyring| keyring.remove(id)).map(drop),
        Err(error) => Err(error),
    }
}

/// Takes the passkey out of the file; what the user has left.
pub(super) fn take_out(context: &Context, name: &str, id: &CredentialId) -> Result<Left, Error> {
    change::change(context, |file| {
        change::check_same(context, file, name, id)?;
        let _ = file.remove(name);
        Ok(Left::in_file(context, file))
    })
}
