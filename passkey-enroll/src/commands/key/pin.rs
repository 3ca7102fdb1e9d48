//! `key pin`: the PIN of a key.

use passkey_core::ceremony::{Authenticator, TokenError};

use super::Context;
use crate::cli::{ChangePin, ListOnKey, PinCommand, SetPin};
use crate::commands::error::Error;
use crate::commands::results::json::Plugged;
use crate::commands::results::key::{PinGiven, PinPresence, PinVerified};
use crate::key::{Dialect, ManageError, ManagedKey, Operation, Place, Selection};
use crate::report::note;
use crate::terminal::input::StdinSecrets;
use crate::terminal::signals::Interrupt;

pub(super) fn run(context: &Context, place: &Place, command: &PinCommand) -> Result<(), Error> {
    match command {
        PinCommand::Set(arguments) => set(context, place, arguments),
        PinCommand::Change(arguments) => change(context, place, arguments),
        PinCommand::Verify(arguments) => verify(context, place, arguments),
    }
}

fn set(context: &Context, place: &Place, arguments: &SetPin) -> Result<(), Error> {
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let mut managed =
        ManagedKey::select(&interrupt, &super::selection(context, place, &arguments.on, false))?;
    managed.set_pin(arguments.pin_stdin.then(StdinSecrets::new).as_mut())?;
    tell(context, &managed, false)
}

fn change(context: &Context, place: &Place, arguments: &ChangePin) -> Result<(), Error> {
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let mut managed =
        ManagedKey::select(&interrupt, &super::selection(context, place, &arguments.on, false))?;
    managed.check_pin_entry()?;
    let mut lines = arguments.pin_stdin.then(StdinSecrets::new);
    if let Some(lines) = &mut lines {
        managed.old_pin_from(lines)?;
    }
    // Both go to the key at once: that the old one is right shows only then, and only it is asked for again.
    managed.ask_pin()?;
    let new = managed.new_pin(lines.as_mut())?;
    managed.with_pin(Dialect::Final, |old| Operation::ChangePin { old, new: new.clone() }, |_, _| {})?;
    tell(context, &managed, true)
}

/// A single try, so that a person who is unsure of the PIN does not use up all of them.
fn verify(context: &Context, place: &Place, arguments: &ListOnKey) -> Result<(), Error> {
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let selection = Selection {
        pin_attempts: 1,
        ..super::selection(context, place, &arguments.on, arguments.pin.pin_stdin)
    };
    let mut managed = ManagedKey::select(&interrupt, &selection)?;
    managed.check_pin()?;
    let retries_before = managed.pin_retries();
    if let Some(left) = retries_before {
        note(&match managed.authenticator() {
            Authenticator::SecurityKey | Authenticator::Guiding => {
                format!("Wrong PINs before the security key locks itself for good: {left}.")
            }
            Authenticator::ThisComputer => {
                format!("Wrong PINs before this computer takes none for an hour or longer: {left}.")
            }
        });
    }
    managed.with_pin(Dialect::Final, |pin| Operation::VerifyPin { pin }, |_, _| {}).map_err(|error| {
        match error {
            ManageError::Pin { error: TokenError::AttemptsUsedUp { retries_left }, .. } => {
                ManageError::WrongPin { retries_left }
            }
            other => other,
        }
    })?;
    let key = Plugged::from(managed.key());
    context.output.result(&PinVerified { key, verified: true, retries_before })
}

fn tell(context: &Context, managed: &ManagedKey<'_>, changed: bool) -> Result<(), Error> {
    let key = Plugged::from(managed.key());
    context.output.result(&PinGiven { key, pin: PinPresence { set: true }, changed })
}
