//! `key …`

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::{Pin, help, name};

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
    /// Manage the fingerprints on a security key
    #[command(subcommand)]
    Fingerprint(FingerprintCommand),
    /// Manage the discoverable passkeys on a security key, for this machine and for websites
    #[command(subcommand)]
    Passkeys(PasskeysCommand),
    /// Change the settings of a security key
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Erase a security key: its passkeys, its PIN and its fingerprints
    ///
    /// A key allows this only within 10 seconds of being plugged in, and must be touched. Passkeys for websites are
    /// lost as well. On this computer, a reset deletes the PIN and the passkeys of one account.
    #[command(after_help = help::after_help_of("key reset"))]
    Reset(Reset),
}

impl KeyCommand {
    /// Which key it is about.
    pub fn on(&self) -> &OnKey {
        match self {
            Self::Pin(
                PinCommand::Set(SetPin { on, .. })
                | PinCommand::Change(ChangePin { on, .. })
                | PinCommand::Verify(ListOnKey { on, .. }),
            )
            | Self::Fingerprint(
                FingerprintCommand::List(ListOnKey { on, .. })
                | FingerprintCommand::Add(AddFingerprint { on, .. })
                | FingerprintCommand::Rename(RenameFingerprint { on, .. })
                | FingerprintCommand::Remove(RemoveFingerprint { on, .. }),
            )
            | Self::Passkeys(
                PasskeysCommand::List(ListOnKey { on, .. })
                | PasskeysCommand::Remove(RemoveFromKey { on, .. }),
            )
            | Self::Config(
                ConfigCommand::AlwaysUv(AlwaysUv { on, .. })
                | ConfigCommand::MinPinLength(MinPinLength { on, .. })
                | ConfigCommand::ForcePinChange(ListOnKey { on, .. }),
            )
            | Self::Reset(Reset { on, .. }) => on,
        }
    }
}

/// Where passkeys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum On {
    /// This computer, in its TPM: needs the package passkey-tpm
    ThisComputer,
    /// A security key that is plugged in
    Usb,
}

/// Which key, and how long to wait for it.
#[derive(Args, Debug)]
pub struct OnKey {
    /// Use the security key at this device node, such as /dev/hidraw0 [default: the one that is plugged in, or touched]
    #[arg(long, value_name = "PATH")]
    pub device: Option<PathBuf>,
    /// Use this computer, which holds passkeys in its TPM, or a security key [default: usb]
    #[arg(long, value_enum, value_name = "WHERE", conflicts_with = "device")]
    pub on: Option<On>,
    /// Give up after this many seconds without a reply or a touch
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
    #[command(after_help = help::after_help_of("key pin set"))]
    Set(SetPin),
    /// Change the PIN of a security key
    #[command(after_help = help::after_help_of("key pin change"))]
    Change(ChangePin),
    /// Show how many PIN tries are left, and check the PIN of a security key
    ///
    /// A wrong PIN uses up one try; after the last one, the key blocks its PIN permanently. The right PIN restores all tries.
    #[command(after_help = help::after_help_of("key pin verify"))]
    Verify(ListOnKey),
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
    /// Read the current PIN and the new one from standard input, one per line, instead of asking for them
    #[arg(long)]
    pub pin_stdin: bool,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}

/// `key config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Require user verification (PIN or fingerprint) for every use of a security key
    #[command(name = "always-uv")]
    #[command(after_help = help::after_help_of("key config always-uv"))]
    AlwaysUv(AlwaysUv),
    /// Raise the minimum PIN length of a security key
    ///
    /// Only `key reset` lowers it again. If the current PIN is shorter, it must be changed before the key can be used.
    #[command(name = "min-pin-length")]
    #[command(after_help = help::after_help_of("key config min-pin-length"))]
    MinPinLength(MinPinLength),
    /// Require a new PIN before a security key can be used again
    #[command(name = "force-pin-change")]
    #[command(after_help = help::after_help_of("key config force-pin-change"))]
    ForcePinChange(ListOnKey),
}

/// `key config always-uv`
#[derive(Args, Debug)]
pub struct AlwaysUv {
    /// On or off
    #[arg(value_enum, value_name = "STATE")]
    pub state: Switch,
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// At every use
    On,
    /// Only if a program asks for it
    Off,
}

/// `key config min-pin-length`
#[derive(Args, Debug)]
pub struct MinPinLength {
    /// The minimum length, in characters
    #[arg(value_name = "N", value_parser = clap::value_parser!(u8).range(4..=63))]
    pub length: u8,
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}

/// `key fingerprint`
#[derive(Debug, Subcommand)]
pub enum FingerprintCommand {
    /// List the fingerprints on a security key
    #[command(after_help = help::after_help_of("key fingerprint list"))]
    List(ListOnKey),
    /// Enrol a fingerprint, sample by sample
    #[command(after_help = help::after_help_of("key fingerprint add"))]
    Add(AddFingerprint),
    /// Rename a fingerprint
    #[command(after_help = help::after_help_of("key fingerprint rename"))]
    Rename(RenameFingerprint),
    /// Remove a fingerprint from a security key
    #[command(after_help = help::after_help_of("key fingerprint remove"))]
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
    /// The name of the fingerprint, such as "right thumb" [default: Finger, Finger 2, …]
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
    /// List the discoverable passkeys on a security key
    #[command(after_help = help::after_help_of("key passkeys list"))]
    List(ListOnKey),
    /// Remove a discoverable passkey from a security key
    #[command(after_help = help::after_help_of("key passkeys remove"))]
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
    /// Also remove your passkeys that were on the security key from this machine [default: ask]
    #[arg(long)]
    pub forget: bool,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}
