//! The command line, as a person types it. Help, manual page and completions are made from these definitions.

mod add;
pub(crate) mod completions;
pub mod help;
mod key;
mod keyring;
mod lock_on_removal;
mod pam;
mod recovery;
mod setup;
mod transfer;
mod usage;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PathBufValueParser, TypedValueParser as _};
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use passkey_core::credential::{check_name, is_rp_id};

pub(crate) use usage::usage;
#[cfg(test)]
pub(crate) use usage::{usage_report, usage_text};

pub use add::{Add, SignatureAlgorithm, Verification};
pub use key::{
    AddFingerprint, AlwaysUv, ChangePin, ConfigCommand, FingerprintCommand, Key, KeyCommand, ListOnKey,
    MinPinLength, On, OnKey, PasskeysCommand, PinCommand, RemoveFingerprint, RemoveFromKey,
    RenameFingerprint, Reset, SetPin, Switch,
};
pub use keyring::{Keyring, KeyringCommand, KeyringDisable, KeyringEnable, KeyringRotate, WithKey};
pub use lock_on_removal::{LockOff, LockOn, LockOnRemoval, LockOnRemovalCommand};
pub use pam::{Pam, PamCommand, PamConfirm, PamDisable, PamEnable, PamStatus};
pub use recovery::{Confirmation, Recovery, RecoveryCommand};
pub use setup::{Setup, SetupStep};
pub use transfer::{Export, ExportFormat, ForeignFormat, Import};

/// Enrol and manage the passkeys that sign you in to this machine.
///
/// A passkey is stored on a security key, or in the TPM of this computer. This machine stores only its public key and metadata.
#[derive(Debug, Parser)]
#[command(name = "passkey-enroll", version, after_help = help::after_help(), max_term_width = 100)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// Work on this user's passkeys instead of your own (root only)
    #[arg(long, global = true, value_name = "USER")]
    pub user: Option<String>,
    /// Print the result as one JSON object
    #[arg(long, global = true)]
    pub json: bool,
    /// Read this configuration instead of /etc/passkey/passkey.toml
    // Taken from here once and for all: the processes that it is handed on to have another working directory.
    #[arg(long, global = true, value_name = "PATH", value_parser = PathBufValueParser::new().try_map(std::path::absolute))]
    pub config: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Set everything up, step by step: key, PIN, passkeys, recovery codes, services
    ///
    /// You can skip any step and do it later with a command of its own, which the summary names. Steps that are
    /// already done are recognised, so you can run the command again after an interruption.
    #[command(after_help = help::after_help_of("setup"))]
    Setup(Setup),
    /// Enrol a passkey on a security key, or on this computer
    ///
    /// If a PIN is needed and the key has none, the command asks for a new one at the terminal and sets it. Scripts
    /// set it beforehand with `key pin set`.
    #[command(visible_alias = "enroll")]
    #[command(after_help = help::after_help_of("add"))]
    Add(Add),
    /// List your passkeys
    #[command(visible_alias = "ls")]
    #[command(after_help = help::after_help_of("list"))]
    List,
    /// Show everything known about a passkey
    #[command(after_help = help::after_help_of("show"))]
    Show(Show),
    /// Rename a passkey
    #[command(after_help = help::after_help_of("rename"))]
    Rename(Rename),
    /// Disable a passkey without deleting it
    #[command(after_help = help::after_help_of("disable"))]
    Disable(Disable),
    /// Enable a disabled passkey
    #[command(after_help = help::after_help_of("enable"))]
    Enable(Enable),
    /// Remove a passkey from this machine
    #[command(visible_alias = "rm")]
    #[command(after_help = help::after_help_of("remove"))]
    Remove(Remove),
    /// Test signing in with your passkeys, without signing in to anything
    #[command(after_help = help::after_help_of("verify"))]
    Verify(Verify),
    /// Manage the recovery codes that sign you in if your security key is lost
    Recovery(Recovery),
    /// Unlock your keyring when a passkey signs you in without the password
    Keyring(Keyring),
    /// Show the security keys that are plugged in, and this computer if it holds passkeys
    #[command(after_help = help::after_help_of("keys"))]
    Keys,
    /// Manage a security key: its PIN, its fingerprints, its settings, the passkeys on it
    Key(Key),
    /// Import passkeys from another program
    #[command(after_help = help::after_help_of("import"))]
    Import(Import),
    /// Export passkeys for another program
    #[command(after_help = help::after_help_of("export"))]
    Export(Export),
    /// Switch services on and off without locking anyone out
    Pam(Pam),
    /// Lock your session when your security key is pulled out
    LockOnRemoval(LockOnRemoval),
    /// List the users of this machine with their passkeys and recovery codes (root only)
    ///
    /// The list contains the people in the user database and everyone with a credential file. With --user, only this user.
    #[command(after_help = help::after_help_of("users"))]
    Users,
    /// Find problems that can prevent a sign-in, and say how to fix them
    ///
    /// The command does not change anything. Without root, it checks only what the caller can read. The exit status
    /// is 0 if nothing is worse than a note, 11 if a credential file or the configuration is broken, and 1 for any
    /// other warning or error.
    #[command(after_help = help::after_help_of("doctor"))]
    Doctor,
    /// Print a completion script for a shell
    #[command(after_help = help::after_help_of("completions"))]
    Completions(Completions),
}

/// How the PIN comes in.
#[derive(Args, Clone, Copy, Debug)]
pub struct Pin {
    /// Read the PIN of the security key from standard input instead of asking for it
    #[arg(long)]
    pub pin_stdin: bool,
}

/// `show`
#[derive(Args, Debug)]
pub struct Show {
    /// The name of the passkey
    pub name: String,
}

/// `rename`
#[derive(Args, Debug)]
pub struct Rename {
    /// The name of the passkey
    #[arg(value_name = "OLD")]
    pub name: String,
    /// The new name
    #[arg(value_name = "NEW", value_parser = name)]
    pub new_name: String,
}

/// `disable`
#[derive(Args, Debug)]
pub struct Disable {
    /// The name of the passkey
    pub name: String,
    /// Do not ask for confirmation, even for the last passkey that can sign in
    #[arg(long, short)]
    pub yes: bool,
}

/// `enable`
#[derive(Args, Debug)]
pub struct Enable {
    /// The name of the passkey
    pub name: String,
}

/// `remove`
#[derive(Args, Debug)]
pub struct Remove {
    /// The name of the passkey
    pub name: String,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
}

/// `verify`
#[derive(Args, Debug)]
pub struct Verify {
    /// Rehearse under the rules of this PAM service, such as sudo: those of the configuration and those of its line in
    /// /etc/pam.d or /usr/lib/pam.d [default: the settings for all services]
    #[arg(long, value_name = "SERVICE")]
    pub service: Option<String>,
    /// Use only the security key at this device node, such as /dev/hidraw0
    #[arg(long, value_name = "PATH")]
    pub device: Option<PathBuf>,
    /// Give up after this many seconds [default: `timeout` of the service]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..=600))]
    pub timeout: Option<u16>,
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
}

impl Verify {
    /// `--timeout`
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout.map(|seconds| Duration::from_secs(seconds.into()))
    }
}

/// `completions`
#[derive(Args, Debug)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// The shells that can complete this command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// For /usr/share/bash-completion/completions/passkey-enroll
    Bash,
    /// For /usr/share/zsh/vendor-completions/_passkey-enroll
    Zsh,
    /// For /usr/share/fish/vendor_completions.d/passkey-enroll.fish
    Fish,
}

/// The whole command line, for documents that are made from it.
pub fn command() -> clap::Command {
    Cli::command()
}

fn name(text: &str) -> Result<String, String> {
    check_name(text).map(|()| text.to_owned()).map_err(|error| error.to_string())
}

fn rp_id(text: &str) -> Result<String, String> {
    if is_rp_id(text) {
        Ok(text.to_owned())
    } else {
        Err("an RP ID is a name such as example.org: visible ASCII characters, no quotes".to_owned())
    }
}

#[cfg(test)]
mod tests;
