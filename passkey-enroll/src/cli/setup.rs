//! `setup`

use clap::{ArgGroup, Args, ValueEnum};
use serde::Serialize;

/// `setup`
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("way")))]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Setup {
    /// Skip a step; may be given several times
    #[arg(long, value_enum, value_name = "STEP")]
    pub skip: Vec<SetupStep>,
    /// The services to switch on, separated by commas [default: ask; with --yes, sudo]
    #[arg(long, value_name = "SERVICES", value_delimiter = ',')]
    pub services: Vec<String>,
    /// Have the services ask for the passkey in addition to the password [default: ask; with --yes, this]
    #[arg(long, group = "way")]
    pub second_factor: bool,
    /// Have the services take the passkey in place of the password
    #[arg(long, group = "way")]
    pub passwordless: bool,
    /// Accept this risk of switching a service on; may be given several times
    #[arg(long, value_name = "RISK")]
    pub accept: Vec<String>,
    /// Switch services on without a rehearsal, for unattended scripts
    #[arg(long)]
    pub no_rehearsal: bool,
    /// Roll a service back after this many seconds unless it is confirmed; 0 keeps it at once
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(0..=3600))]
    pub confirm_within: Option<u16>,
    /// Read the PIN of each new passkey's security key from standard input, one per line
    #[arg(long)]
    pub pin_stdin: bool,
    /// Do every step that is not skipped, without asking
    #[arg(long, short)]
    pub yes: bool,
}

/// A step of `setup`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum SetupStep {
    /// Find the security key
    Key,
    /// Set its PIN
    Pin,
    /// Enrol the first passkey
    Passkey,
    /// Enrol a passkey on a second key
    SecondKey,
    /// Create recovery codes
    RecoveryCodes,
    /// Switch services on
    Services,
}
