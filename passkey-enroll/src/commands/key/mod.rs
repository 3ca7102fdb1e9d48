//! `key`: manages a security key itself.

mod config;
mod fingerprint;
mod passkeys;
mod pin;
mod reset;

use passkey_core::config::Settings;
use passkey_core::credential::Credential;

use super::Context;
use super::change::confirm_with as confirm;
use crate::cli::{Key, KeyCommand, OnKey};
use crate::commands::error::Error;
use crate::key::Selection;
use crate::report;

pub(super) fn run(context: &Context, arguments: &Key) -> Result<(), Error> {
    match &arguments.command {
        KeyCommand::Pin(command) => pin::run(context, command),
        KeyCommand::Fingerprint(command) => fingerprint::run(context, command),
        KeyCommand::Passkeys(command) => passkeys::run(context, command),
        KeyCommand::Config(command) => config::run(context, command),
        KeyCommand::Reset(arguments) => reset::run(context, arguments),
    }
}

fn selection<'a>(context: &Context, on: &'a OnKey, pin_stdin: bool) -> Selection<'a> {
    Selection {
        device: on.device.as_deref(),
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
