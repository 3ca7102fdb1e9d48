//! `key …`

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::{Pin, name};

/// `key`
#[derive(Args, Debug)]
pub struct Key {
    /// What to do.
    #[command(subcommand)]
    pub command: KeyCommand,
}

/// The commands that manage a key.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Set or change the PIN of a security key
    #[command(subcommand)]
    Pin(PinCommand),
    /// Manage the fingerprints that a security key knows
    #[command(subcommand)]
    Fingerprint(FingerprintCommand),
    /// Manage the discoverable passkeys that a security key holds, for this machine and for websites
    #[command(subcommand)]
    Passkeys(PasskeysCommand),
    /// Have a security key forget everything: its passkeys, its PIN and its fingerprints
    ///
    /// A key does so only within 10 seconds of being plugged in, and when it is touched. Passkeys for websites are lost as well.
    Reset(Reset),
}

/// Which key, and how long to wait for it.
#[derive(Args, Debug)]
pub struct OnKey {
    /// Use the security key at this device node, such as /dev/hidraw0 [default: the one that is plugged in, or touched]
    #[arg(long, value_name = "PATH")]
    pub device: Option<PathBuf>,
    /// Give up after this many seconds without a sign of the security key or a touch
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u16).range(1..=600))]
    pub timeout: u16,
}

impl OnKey {
    /// `--timeout`
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.into())
    }
}

/// `key pin`
#[derive(Debug, Subcommand)]
pub enum PinCommand {
    /// Set the PIN of a security key that has none
    Set(SetPin),
    /// Change the PIN of a security key
    Change(ChangePin),
}

/// `key pin set`
#[derive(Args, Debug)]
pub struct SetPin {
    /// Read the new PIN from standard input instead of asking for it
    #[arg(long)]
    pub pin_stdin: bool,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}

/// `key pin change`
#[derive(Args, Debug)]
pub struct ChangePin {
    /// Read the present PIN and the new one from standard input, one per line, instead of asking for them
    #[arg(long)]
    pub pin_stdin: bool,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}

/// `key fingerprint`
#[derive(Debug, Subcommand)]
pub enum FingerprintCommand {
    /// List the fingerprints that a security key knows
    List(ListOnKey),
    /// Enrol a fingerprint, sample by sample
    Add(AddFingerprint),
    /// Give a fingerprint another name
    Rename(RenameFingerprint),
    /// Remove a fingerprint from a security key
    Remove(RemoveFingerprint),
}

/// `key … list`
#[derive(Args, Debug)]
pub struct ListOnKey {
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}

/// `key fingerprint add`
#[derive(Args, Debug)]
pub struct AddFingerprint {
    /// What to call the fingerprint, such as "right thumb" [default: Finger, Finger 2, …]
    #[arg(long, value_parser = name)]
    pub name: Option<String>,
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}

/// `key fingerprint rename`
#[derive(Args, Debug)]
pub struct RenameFingerprint {
    /// The name of the fingerprint, or its id as `list` shows it
    #[arg(allow_hyphen_values = true)]
    pub old: String,
    /// Its new name
    #[arg(value_parser = name)]
    pub new: String,
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}

/// `key fingerprint remove`
#[derive(Args, Debug)]
pub struct RemoveFingerprint {
    /// The name of the fingerprint, or its id as `list` shows it
    #[arg(allow_hyphen_values = true)]
    pub name: String,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}

/// `key passkeys`
#[derive(Debug, Subcommand)]
pub enum PasskeysCommand {
    /// List the discoverable passkeys that a security key holds
    List(ListOnKey),
    /// Remove a discoverable passkey from a security key
    Remove(RemoveFromKey),
}

/// `key passkeys remove`
#[derive(Args, Debug)]
pub struct RemoveFromKey {
    /// The id of the passkey, or its last characters, as `list` shows them
    #[arg(allow_hyphen_values = true)]
    pub id: String,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}

/// `key reset`
#[derive(Args, Debug)]
pub struct Reset {
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
    /// Afterwards remove those of your passkeys from this machine that were on the security key [default: ask]
    #[arg(long)]
    pub forget: bool,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}
