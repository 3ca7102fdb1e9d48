//! `remove`: forgets a passkey. The key itself is not touched, and need not be there.

use passkey_core::credential::CredentialId;
use passkey_core::store::{CredentialFile, UpdateError};

use super::{Context, confirm};
use crate::cli::Remove;
use crate::error::Error;
use crate::output::{
    self,
    json::{Credential, Removal},
};
use passkey_core::escape::Escaped;

pub(super) fn run(context: &Context, arguments: &Remove) -> Result<(), Error> {
    let loaded = context.load_enrolled()?;
    let credential = context.named(&loaded.file, &arguments.name)?;
    // Who cannot remove it should not be asked whether they mean it.
    context.check_writable("remove", &loaded.file.user_handle)?;
    let remembered = context.state();
    let removed =
        Credential::new(credential, remembered.as_ref().and_then(|state| state.credential(&credential.id)));
    if !arguments.yes {
        confirm(&question(context, &arguments.name, is_last(&loaded.file, &credential.id)))?;
    }
    let remaining = take_out(context, &arguments.name, &credential.id)?;
    if let Err(error) = context.store.update_state(&context.account, |state| state.forget(&credential.id)) {
        output::warning(&format!("its last use and counter are not forgotten: {error}"));
    }
    if remaining == 0 {
        output::warning(&format!(
            "{} has no passkey left: services that require one do not let them in any more.",
            context.account.name
        ));
    }
    context.output.result(&Removal { user: context.user(), removed, remaining })
}

/// Whether nothing else could sign in.
fn is_last(file: &CredentialFile, id: &CredentialId) -> bool {
    !file.enabled().any(|credential| credential.id != *id)
}

fn question(context: &Context, name: &str, is_last: bool) -> String {
    let user = Escaped::text(&context.account.name);
    let warning = if is_last {
        format!(
            "This is the last passkey of {user} that can sign in: services that require one will not let them in any \
             more.\n"
        )
    } else {
        String::new()
    };
    format!("{warning}Remove the passkey “{}” of {user}?", Escaped::text(name))
}

/// Takes the passkey out of the file; how many the user has left.
fn take_out(context: &Context, name: &str, id: &CredentialId) -> Result<usize, Error> {
    let changed = context.store.update(&context.account, |file| {
        // While the person thought about it, another process may have given the name to another passkey.
        context
            .named(file, name)
            .and_then(|found| if found.id == *id { Ok(()) } else { Err(Error::Changed) })?;
        // It was there a line ago.
        let _ = file.remove(name);
        Ok(file.credentials.len())
    });
    changed.map_err(|error| match error {
        UpdateError::Store(error) => context.store_error("remove", error),
        UpdateError::Change(error) => error,
    })
}
