//! `key passkeys`: the discoverable passkeys that a key holds.

use ctap::info::Options;
use passkey_core::credential::Credential;
use passkey_core::escape::Escaped;

use super::Context;
use crate::cli::{ListOnKey, PasskeysCommand, RemoveFromKey};
use crate::commands::error::Error;
use crate::commands::results::json::Plugged;
use crate::commands::results::key::{self, KeyPasskeys, PasskeyRemoved};
use crate::key::{Dialect, KeyPasskey, ManageError, ManagedKey, Operation, Outcome, Place};
use crate::report::note;
use crate::terminal::signals::Interrupt;
use crate::util::encoding::to_base64url;

/// Fewer characters could be anything.
const MIN_SUFFIX_LEN: usize = 4;

pub(super) fn run(context: &Context, place: &Place, command: &PasskeysCommand) -> Result<(), Error> {
    match command {
        PasskeysCommand::List(arguments) => list(context, place, arguments),
        PasskeysCommand::Remove(arguments) => remove(context, place, arguments),
    }
}

/// How the key wants to be asked about passkeys.
fn dialect(options: &Options) -> Result<Dialect, Error> {
    match (options.cred_mgmt, options.credential_mgmt_preview) {
        (true, _) => Ok(Dialect::Final),
        (false, true) => Ok(Dialect::Preview),
        (false, false) => Err(Error::Key(ManageError::NoPasskeyManagement)),
    }
}

/// The key that the person picks, how it is to be asked, and what it holds.
fn select<'i>(
    interrupt: &'i Interrupt,
    selection: &crate::key::Selection,
) -> Result<(ManagedKey<'i>, Dialect, Vec<KeyPasskey>), Error> {
    let mut managed = ManagedKey::select(interrupt, selection)?;
    let dialect = dialect(&managed.info().options)?;
    managed.check_pin()?;
    match managed.with_pin(dialect, |pin| Operation::Passkeys { pin }, |_, _| {})? {
        Outcome::Passkeys(passkeys) => Ok((managed, dialect, passkeys)),
        Outcome::Done | Outcome::Fingerprints(_) | Outcome::Added { .. } => {
            Err(Error::Key(ManageError::Garbled))
        }
    }
}

fn described(passkey: &KeyPasskey, own: &[Credential]) -> key::KeyPasskey {
    let enrolled = own.iter().find(|credential| credential.id.as_bytes() == passkey.id);
    key::KeyPasskey::new(passkey, enrolled.map(|credential| credential.name.clone()))
}

fn list(context: &Context, place: &Place, arguments: &ListOnKey) -> Result<(), Error> {
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let selection = super::selection(context, place, &arguments.on, arguments.pin.pin_stdin);
    let (managed, _, held) = select(&interrupt, &selection)?;
    if held.is_empty() {
        note(&format!("{} holds no discoverable passkey.", super::named(&managed).1));
    }
    let own = super::enrolled(context).unwrap_or_default();
    context.output.result(&KeyPasskeys {
        key: Plugged::from(managed.key()),
        passkeys: held.iter().map(|passkey| described(passkey, &own)).collect(),
        remaining_discoverable: managed.info().remaining_discoverable_credentials,
    })
}

fn remove(context: &Context, place: &Place, arguments: &RemoveFromKey) -> Result<(), Error> {
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let selection = super::selection(context, place, &arguments.on, arguments.pin.pin_stdin);
    let (mut managed, dialect, held) = select(&interrupt, &selection)?;
    let found = find(&held, &arguments.id)?;
    let removed = described(found, &super::enrolled(context).unwrap_or_default());
    if !arguments.yes {
        let warning = removed.enrolled.as_ref().map(|name| {
            let user = Escaped::text(&context.account.name);
            let name = Escaped::text(name);
            format!("It is the passkey “{name}” of {user} on this machine, and signs nobody in any more.\n")
        });
        let whose = removed.whose();
        let question = format!(
            "{}Remove the passkey of {} from {}? It cannot be brought back.",
            warning.unwrap_or_default(),
            Escaped::text(&whose),
            super::named(&managed).0,
        );
        super::confirm(&interrupt, &question, "yes")?;
    }
    managed.with_pin(dialect, |pin| Operation::RemovePasskey { pin, id: found.id.clone() }, |_, _| {})?;
    if let Some(name) = &removed.enrolled {
        note(&format!(
            "It is of no use here any more. Remove it from this machine too: {}",
            context.remove_command(name)
        ));
    }
    context.output.result(&PasskeyRemoved {
        key: Plugged::from(managed.key()),
        removed,
        remaining: held.len().saturating_sub(1),
    })
}

/// The passkey of this id, or the only one whose id ends so.
fn find<'k>(held: &'k [KeyPasskey], wanted: &str) -> Result<&'k KeyPasskey, Error> {
    let id = |passkey: &KeyPasskey| to_base64url(&passkey.id);
    if let Some(found) = held.iter().find(|passkey| id(passkey) == wanted) {
        return Ok(found);
    }
    let mut ending =
        held.iter().filter(|passkey| wanted.len() >= MIN_SUFFIX_LEN && id(passkey).ends_with(wanted));
    match (ending.next(), ending.next()) {
        (Some(found), None) => Ok(found),
        (Some(_), Some(_)) => Err(Error::Key(ManageError::AmbiguousPasskey(wanted.to_owned()))),
        (None, _) => Err(Error::Key(ManageError::NoSuchPasskey(wanted.to_owned()))),
    }
}

#[cfg(test)]
#[path = "passkeys_tests.rs"]
mod tests;
