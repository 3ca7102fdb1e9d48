//! `key`: manages a security key itself.

mod config;
mod fingerprint;
mod passkeys;
mod pin;
mod reset;

use passkey_core::ceremony::Authenticator;
use passkey_core::config::Settings;
use passkey_core::credential::Credential;

use super::Context;
use super::change::confirm_with as confirm;
use crate::cli::{Key, KeyCommand, OnKey};
use crate::commands::error::Error;
use crate::key::{ManagedKey, Place, Selection};
use crate::report;

pub(super) fn run(context: &Context, arguments: &Key) -> Result<(), Error> {
    let OnKey { device, on, .. } = arguments.command.on();
    let place =
        Place::find(device.as_deref(), *on, &context.services()).map_err(|error| Error::Key(error.into()))?;
    match &arguments.command {
        KeyCommand::Pin(command) => pin::run(context, &place, command),
        KeyCommand::Fingerprint(command) => fingerprint::run(context, &place, command),
        KeyCommand::Passkeys(command) => passkeys::run(context, &place, command),
        KeyCommand::Config(command) => config::run(context, &place, command),
        KeyCommand::Reset(arguments) => reset::run(context, &place, arguments),
    }
    .map_err(|error| error.on(place.authenticator()))
}

/// What sentences call what is managed, in the middle of one and at its beginning.
fn named(managed: &ManagedKey<'_>) -> (&'static str, &'static str) {
    match managed.authenticator() {
        Authenticator::SecurityKey | Authenticator::Guiding => ("the security key", "The security key"),
        Authenticator::ThisComputer => ("this computer", "This computer"),
    }
}

fn selection(context: &Context, place: &Place, on: &OnKey, pin_stdin: bool) -> Selection {
    Selection {
        place: place.clone(),
        timeout: on.timeout(),
        pin_attempts: context.config.policy("", &Settings::default()).pin_attempts,
        pin_stdin,
    }
}

/// The user's passkeys on this machine. A key can be managed even where they cannot be read; then there is a warning.
fn enrolled(context: &Context) -> Option<Vec<Credential>> {
    let loaded = context.load().inspect_err(|error| report::warning(&error.report().message)).ok()?;
    Some(loaded.map(|loaded| loaded.file.credentials).unwrap_or_default())
}
