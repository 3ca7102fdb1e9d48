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
  sudo passkey-enroll doctor              look for everything that can stop a sign-in
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
    /// Show the security keys that are plugged in
    Keys,
    /// Look for everything that can stop a sign-in, and say what to do about it
    ///
    /// Nothing is changed. Without root, only what the caller can see is looked at. The exit status is 0 where nothing is worse
    /// than a note, 11 where the credential files or the configuration are broken, and 1 for any other warning or error.
    Doctor,
    /// Print a file that lets a shell complete this command
    Completions(Completions),
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

/// `verify`
#[derive(Args, Debug)]
pub struct Verify {
    /// Rehearse under the rules of this PAM service, such as sudo: those of the configuration and those of its line in
    /// /etc/pam.d or /usr/lib/pam.d [default: the rules of no service in particular]
    #[arg(long, value_name = "SERVICE")]
    pub service: Option<String>,
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
}

/// `completions`
#[derive(Args, Debug)]
pub struct Completions {
    /// The shell that the file is for
    #[arg(value_enum)]
    pub shell: Shell,
}

/// The shells that there are completions for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// Such as in /usr/share/bash-completion/completions/passkey-enroll
    Bash,
    /// Such as in /usr/share/zsh/vendor-completions/_passkey-enroll
    Zsh,
    /// Such as in /usr/share/fish/vendor_completions.d/passkey-enroll.fish
    Fish,
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

/// The command line without what no person has a use for.
pub fn visible() -> clap::Command {
    fn without_hidden(command: &clap::Command) -> clap::Command {
        let visible: Vec<clap::Command> =
            command.get_subcommands().filter(|inner| !inner.is_hide_set()).map(without_hidden).collect();
        // Nothing takes a subcommand out again, so a new command is made of the rest.
        let mut bare = clap::Command::new(command.get_name().to_owned());
        if let Some(about) = command.get_about() {
            bare = bare.about(about.clone());
        }
        if let Some(version) = command.get_version() {
            bare = bare.version(version.to_owned());
        }
        bare.args(command.get_arguments().filter(|argument| !argument.is_hide_set()).cloned())
            .subcommands(visible)
    }
    without_hidden(&command())
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
