//! `key pin`: the PIN of a key.

use super::Context;
use crate::cli::{ChangePin, PinCommand, SetPin};
use crate::commands::error::Error;
use crate::commands::results::json::Plugged;
use crate::commands::results::key_care::{PinGiven, PinPresence};
use crate::key::{Dialect, Job, ManagedKey};
use crate::terminal::input::StdinSecrets;
use crate::terminal::signals::Interrupt;

pub(super) fn run(context: &Context, command: &PinCommand) -> Result<(), Error> {
    match command {
        PinCommand::Set(arguments) => set(context, arguments),
        PinCommand::Change(arguments) => change(context, arguments),
    }
}

fn set(context: &Context, arguments: &SetPin) -> Result<(), Error> {
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let mut keeper = ManagedKey::pick(&interrupt, &super::care(context, &arguments.on, false))?;
    keeper.set_pin(arguments.pin_stdin.then(StdinSecrets::new).as_mut())?;
    tell(context, &keeper, false)
}

fn change(context: &Context, arguments: &ChangePin) -> Result<(), Error> {
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let mut keeper = ManagedKey::pick(&interrupt, &super::care(context, &arguments.on, false))?;
    keeper.check_pin_entry()?;
    let mut lines = arguments.pin_stdin.then(StdinSecrets::new);
    if let Some(lines) = &mut lines {
        keeper.old_pin_from(lines)?;
    }
    // Both go to the key at once: that the old one is right shows only then, and only it is asked for again.
    keeper.ask_pin()?;
    let new = keeper.new_pin(lines.as_mut())?;
    keeper.with_pin(Dialect::Final, |old| Job::ChangePin { old, new: new.clone() }, |_, _| {})?;
    tell(context, &keeper, true)
}

fn tell(context: &Context, keeper: &ManagedKey<'_>, changed: bool) -> Result<(), Error> {
    let key = Plugged::from(keeper.key());
    context.output.result(&PinGiven { key, pin: PinPresence { set: true }, changed })
}
