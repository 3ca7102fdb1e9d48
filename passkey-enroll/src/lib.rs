//! `passkey-enroll`: enrols and manages the passkeys that `pam_passkey` verifies.
//!
//! - What can be asked for: [`cli`]; who it is for: `account`; what is done: `commands`; whose word counts for a key: `trust`.
//! - What PAM is told about services: [`pam_files`]; who comes in at them: `gate`.
//! - What can stop a sign-in: `doctor`.
//! - What other programs know of passkeys: [`foreign`].
//! - The person: `person` tells and asks, `prompt` moves while they are waited for, `terminal` reads what they type,
//!   `interrupt` is their Ctrl-C.
//! - The key itself, and the process of its own that talks to it: `care`. The names of its models: `models`.
//! - What comes out: `output` on stdout, `error` on stderr, each with its [`Exit`] code. Text of foreign origin passes
//!   through `passkey_core::escape`.

#![forbid(unsafe_code)]

mod account;
mod care;
pub mod cli;
mod commands;
mod doctor;
mod error;
mod exit;
pub mod foreign;
mod gate;
mod interrupt;
mod models;
mod naming;
mod output;
pub mod pam_files;
mod person;
mod prompt;
mod terminal;
mod trust;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};
use output::Output;

pub use exit::Exit;

/// Runs the command that the program's arguments ask for, and gives its exit code.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(refusal) => return output::usage(&refusal, &arguments).into(),
    };
    if let Command::CareForKey = cli.command {
        return care::inside();
    }
    let output = Output::new(cli.global.json);
    match commands::run(&cli, output) {
        Ok(exit) => exit.into(),
        Err(error) => output.error(&error.report()).into(),
    }
}
