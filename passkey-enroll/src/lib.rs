//! `passkey-enroll`: enrols and manages the passkeys that `pam_passkey` verifies.
//!
//! Arrows point downwards only:
//! - [`cli`]: arguments, help, completions.
//! - `commands`: one file a command; each calls what is below, and reports. `commands::results` are the shapes of what comes out.
//! - `doctor`: everything that can stop a sign-in; each check gives findings.
//! - [`pam`]: PAM services, from their files to who gets in, and changing them safely.
//! - `removal`: the watcher that has a session locked when its key is pulled out.
//! - `key`: managing a security key itself. `interop`: the formats of other programs. `attestation`: whom to trust, and model names.
//! - `explain`: what the errors of `passkey-core` mean to a person, and what to do.
//! - `logind`: the sessions of this machine.
//! - `terminal`: the person who is asked and told. `report`: exit codes, JSON, text, tables.
//! - [`fuzzing`]: what the fuzz targets take of the inside.
//! - `util`: reading files with a bound, processes with a deadline, base64 and hexadecimal: one of each.
//!
//! Text of foreign origin passes through `passkey_core::escape` before a terminal sees it.

#![forbid(unsafe_code)]

mod account;
mod attestation;
pub mod cli;
mod commands;
mod doctor;
mod explain;
pub mod fuzzing;
pub mod interop;
mod key;
mod keyring;
mod logind;
pub mod pam;
mod removal;
mod report;
mod terminal;
mod util;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use cli::Cli;
use report::Output;

pub use cli::completions::completions;
pub use report::Exit;

/// Runs the command that the program's arguments ask for, and gives its exit code.
pub fn main() -> ExitCode {
    terminal::signals::survive_file_size_limit();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // This program is also its own helper, in processes of their own.
    match arguments.as_slice() {
        [_, only] if only == key::HELPER_COMMAND => return key::helper_main(),
        [_, first, rest @ ..] if first == pam::change::rehearsal::COMMAND => {
            return pam::change::rehearsal::inside(rest).into();
        }
        [_, first, rest @ ..] if first == pam::change::watchdog::COMMAND => {
            return pam::change::watchdog::inside(rest).into();
        }
        [_, first, rest @ ..] if first == keyring::password::COMMAND => {
            return keyring::password::inside(rest).into();
        }
        [_, first, rest @ ..] if first == doctor::probe::COMMAND => {
            return doctor::probe::inside(rest).into();
        }
        [_, first, rest @ ..] if first == removal::probe::COMMAND => {
            return removal::probe::inside(rest).into();
        }
        [name, first, rest @ ..] if first == removal::as_user::COMMAND => {
            let Some(rest) = removal::as_user::become_user(rest) else { return Exit::Usage.into() };
            return command(&[std::slice::from_ref(name), rest].concat());
        }
        _ => {}
    }
    command(&arguments)
}

/// A command for people.
fn command(arguments: &[OsString]) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(refusal) => return cli::usage(&refusal, arguments).into(),
    };
    let output = Output::new(cli.global.json);
    match commands::run(&cli, output) {
        Ok(exit) => exit.into(),
        Err(error) => output.error(&error.report()).into(),
    }
}
