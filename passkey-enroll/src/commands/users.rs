//! `users`: who has passkeys on this machine, for administrators.

use passkey_core::account::Account;
use passkey_core::credential::Credential;
use passkey_core::session::find_passkeys;
use passkey_core::store::Loaded;

use super::Context;
use crate::account::{AccountError, SystemUsers};
use crate::commands::error::Error;
use crate::commands::results::users::{Passkeys, UserList, UserSummary};
use crate::doctor::{Machine, Roster};
use crate::report::{note, warning};

/// `only_one`: only the user whom the command is about.
pub(super) fn run(context: &Context, only_one: bool) -> Result<(), Error> {
    if !context.is_root {
        return Err(AccountError::NotRootForAll.into());
    }
    if only_one {
        let users = vec![summary(context, &context.account)];
        return context.output.result(&UserList { users, unlisted_sources: Vec::new(), complete: true });
    }
    let roster = Roster::of(&Machine::this(), &context.config);
    let users = roster.accounts.iter().map(|account| summary(context, account)).collect();
    if roster.more > 0 {
        note(&format!("{} more users are left out.", roster.more));
    }
    if let Some(unseen) = roster.unseen() {
        note(&format!("{unseen}: those who have no credential file here are missing."));
    }
    let complete = roster.more == 0 && roster.unseen().is_none();
    context.output.result(&UserList { users, unlisted_sources: roster.unlisted, complete })
}

/// What the user has. A file that cannot be read is warned of, and hides none of the others.
fn summary(context: &Context, account: &Account) -> UserSummary {
    let store = &context.store;
    let warn = |error: &dyn std::fmt::Display| warning(&error.to_string());
    let found = find_passkeys(store, &SystemUsers, account).inspect_err(|error| warn(error));
    let (owner, loaded) = match &found {
        Ok(Some((owner, loaded))) => (owner, Some(loaded)),
        Ok(None) | Err(_) => (account, None),
    };
    let state = store.load_state(owner).inspect_err(|error| warn(error)).ok();
    let last_used = |credential: &Credential| state.as_ref()?.credential(&credential.id)?.last_used;
    let codes = store.load_codes(owner).inspect_err(|error| warn(error)).ok();
    UserSummary {
        user: account.name.clone(),
        uid: account.uid,
        passkeys: found.is_ok().then(|| passkeys(loaded)),
        passkeys_of: (owner.name != account.name).then(|| owner.name.clone()),
        recovery_codes_left: codes.map(|codes| codes.map_or(0, |codes| codes.left())),
        last_used: loaded.and_then(|loaded| loaded.file.credentials.iter().filter_map(last_used).max()),
    }
}

fn passkeys(loaded: Option<&Loaded>) -> Passkeys {
    let Some(Loaded { file, .. }) = loaded else { return Passkeys::default() };
    let usable = file.enabled().count();
    Passkeys { usable, disabled: file.credentials.len().saturating_sub(usable), damaged: file.skipped.len() }
}
