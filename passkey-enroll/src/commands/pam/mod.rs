//! `pam …`: switching services on and off.
//!
//! Taking something back works where nothing else does: it needs neither a configuration that is understood nor a passkey.

mod confirm;
mod desktop;
mod disable;
mod enable;
mod error;
mod plan;
mod status;
mod trial;
mod undo;

use crate::account::Caller;
use crate::cli::{Global, Pam, PamCommand};
use crate::commands::error::Error;
pub(crate) use error::PamError;

use crate::report::Output;

pub(super) fn run(global: &Global, output: Output, arguments: &Pam) -> Result<(), Error> {
    match &arguments.command {
        PamCommand::Status(arguments) => status::run(global, output, arguments),
        PamCommand::Enable(arguments) => enable::run(global, output, arguments),
        PamCommand::Disable(arguments) => disable::run(output, arguments),
        PamCommand::Confirm(arguments) => confirm::run(global, output, arguments),
        PamCommand::Undo => undo::run(output),
    }
}

/// Goes on as root only; the command is what root would have to say behind `pam`.
fn require_root(command: &str) -> Result<(), Error> {
    if Caller::of_process().is_root { Ok(()) } else { Err(PamError::OnlyRoot(command.to_owned()).into()) }
}

/// The service's name, as libpam has it.
fn service(given: &str) -> Result<String, Error> {
    let name = given.to_ascii_lowercase();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '@');
    if !name.is_empty() && !name.starts_with('.') && name.chars().all(is_plain) {
        Ok(name)
    } else {
        Err(PamError::NoName(given.to_owned()).into())
    }
}
