//! The command line, as a person types it. Help, manual page and completions are made from these definitions.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use ctap::cose::Algorithm;
use passkey_core::config::UserVerification;
use passkey_core::credential::{check_name, is_rp_id};

/// What stands below every help text of the command as a whole.
const AFTER_HELP: &str = "\
Examples:
  sudo passkey-enroll add                 enrol the security key that is plugged in
  passkey-enroll list                     show your passkeys
  passkey-enroll verify --service sudo    rehearse signing in to sudo
  sudo passkey-enroll remove \"Old key\"    take a passkey away

Exit status:
   0  done                          6  timed out
   1  failed                        7  cancelled
   2  command line not understood   8  not permitted
   3  no security key               9  not enrolled
   4  wrong PIN                    10  already enrolled
   5  PIN or fingerprint locked    11  credential file or configuration broken";

/// Enrol and manage the passkeys that sign you in to this machine.
///
/// A passkey lives on a security key. This machine keeps only what it needs to recognise it: nothing here is secret.
#[derive(Debug, Parser)]
#[command(name = "passkey-enroll", version, after_help = AFTER_HELP, max_term_width = 100)]
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
    #[arg(long, global = true, value_name = "PATH")]
    pub config: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Enrol a passkey on a security key
    Add(Add),
    /// List your passkeys
    List,
    /// Show all that is known of one passkey
    Show(Show),
    /// Remove a passkey from this machine
    Remove(Remove),
    /// Rehearse signing in, without signing in to anything
    Verify(Verify),
    /// Look after the codes that sign you in when your security key is lost
    Recovery(Recovery),
    /// Show the security keys that are plugged in
    Keys,
}

/// `add`
#[derive(Args, Debug)]
pub struct Add {
    /// What to call the passkey [default: the model of the security key]
    #[arg(long, value_parser = name)]
    pub name: Option<String>,
    /// Let the security key find the passkey by itself, as signing in without a user name needs it
    #[arg(long)]
    pub discoverable: bool,
    /// Whom the passkey is for [default: `rp_id` of the configuration, or this machine's host name]
    #[arg(long, value_name = "ID", value_parser = rp_id)]
    pub rp_id: Option<String>,
    /// Whether the security key must check who touches it, by PIN or fingerprint [default: as strict as the strictest
    /// service of the configuration]
    #[arg(long, value_enum, value_name = "WHEN")]
    pub verification: Option<Verification>,
    /// The signature algorithm [default: the first of these that the security key knows]
    #[arg(long, value_enum)]
    pub algorithm: Option<SignatureAlgorithm>,
    /// Use the security key at this device node, such as /dev/hidraw0
    #[arg(long, value_name = "PATH")]
    pub device: Option<PathBuf>,
    /// Give up after this many seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u16).range(1..=600))]
    pub timeout: u16,
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
}

impl Add {
    /// `--timeout`
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.into())
    }
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

/// `remove`
#[derive(Args, Debug)]
pub struct Remove {
    /// The name of the passkey
    pub name: String,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
}

/// `recovery`
#[derive(Args, Debug)]
pub struct Recovery {
    /// What to do.
    #[command(subcommand)]
    pub command: RecoveryCommand,
}

/// The commands below `recovery`.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum RecoveryCommand {
    /// Make ten new codes and show them, once; any older ones stop working
    New(Confirmation),
    /// Show how many codes are left and what became of the others
    Status,
    /// Take all codes away
    Revoke(Confirmation),
}

/// Whether to ask before codes stop working.
#[derive(Args, Clone, Copy, Debug)]
pub struct Confirmation {
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
}

/// `verify`
#[derive(Args, Debug)]
pub struct Verify {
    /// Rehearse under the rules of this PAM service, such as sudo [default: the rules of no service in particular]
    #[arg(long, value_name = "SERVICE")]
    pub service: Option<String>,
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
}

/// `--verification`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Verification {
    /// It must
    Required,
    /// If it can
    Preferred,
    /// Only if the security key insists
    Discouraged,
}

impl From<Verification> for UserVerification {
    fn from(verification: Verification) -> Self {
        match verification {
            Verification::Required => Self::Required,
            Verification::Preferred => Self::Preferred,
            Verification::Discouraged => Self::Discouraged,
        }
    }
}

/// `--algorithm`, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SignatureAlgorithm {
    /// ECDSA over P-256 with SHA-256, which every security key knows
    Es256,
    /// Ed25519
    #[value(name = "eddsa")]
    EdDsa,
    /// ECDSA over P-384 with SHA-384
    Es384,
}

impl From<SignatureAlgorithm> for Algorithm {
    fn from(algorithm: SignatureAlgorithm) -> Self {
        match algorithm {
            SignatureAlgorithm::Es256 => Self::Es256,
            SignatureAlgorithm::EdDsa => Self::EdDsa,
            SignatureAlgorithm::Es384 => Self::Es384,
        }
    }
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
#[path = "cli_tests.rs"]
mod tests;
