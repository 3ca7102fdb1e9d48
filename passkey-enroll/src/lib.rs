//! `passkey-enroll`: enrols and manages the passkeys that `pam_passkey` verifies.
//!
//! - What can be asked for: [`cli`]; who it is for: `account`; what is done: `commands`; whose word counts for a key: `trust`.
//! - The person: `person` tells and asks, `prompt` moves while they are waited for, `terminal` reads what they type,
//!   `interrupt` is their Ctrl-C.
//! - What comes out: `output` on stdout, `error` on stderr, each with its [`Exit`] code. Text of foreign origin passes
//!   through `passkey_core::escape`.

#![forbid(unsafe_code)]

mod account;
pub mod cli;
mod commands;
mod error;
mod exit;
mod interrupt;
mod naming;
mod output;
mod person;
mod prompt;
mod terminal;
mod trust;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use cli::Cli;
use output::Output;

pub use exit::Exit;

/// Runs the command that the program's arguments ask for, and gives its exit code.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(refusal) => return output::usage(&refusal, &arguments).into(),
    };
    let output = Output::new(cli.global.json);
    match commands::run(&cli, output) {
        Ok(()) => Exit::Done.into(),
        Err(error) => output.error(&error.report()).into(),
    }
}
