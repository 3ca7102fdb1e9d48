//! `passkey-enroll`: enrols and manages the passkeys that `pam_passkey` verifies.
//!
//! - What can be asked for: [`cli`]; who it is for: `account`; what is done: `commands`; whose word counts for a key: `trust`. What
//!   other documents share with the help: [`help`], `completions`.
//! - What PAM is told about services: [`pam_files`]; who comes in at them: `gate`.
//! - What can stop a sign-in: `doctor`. What changes PAM files, and takes it back: `switch`.
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
mod completions;
mod doctor;
mod error;
mod exit;
pub mod foreign;
mod gate;
pub mod help;
mod interrupt;
mod models;
mod naming;
mod output;
pub mod pam_files;
mod prompt;
mod switch;
mod terminal;
mod terminal_prompter;
mod trust;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use cli::Cli;
use output::Output;

pub use completions::completions;
pub use exit::Exit;

/// Runs the command that the program's arguments ask for, and gives its exit code.
pub fn main() -> ExitCode {
    interrupt::survive_file_size_limit();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // This program is also its own helper, in processes of their own.
    match arguments.as_slice() {
        [_, only] if only == care::COMMAND => return care::inside(),
        [_, first, rest @ ..] if first == switch::rehearsal::COMMAND => {
            return switch::rehearsal::inside(rest).into();
        }
        [_, first, rest @ ..] if first == switch::trial::COMMAND => {
            return switch::trial::inside(rest).into();
        }
        _ => {}
    }
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(refusal) => return output::usage(&refusal, &arguments).into(),
    };
    let output = Output::new(cli.global.json);
    match commands::run(&cli, output) {
        Ok(exit) => exit.into(),
        Err(error) => output.error(&error.report()).into(),
    }
}
