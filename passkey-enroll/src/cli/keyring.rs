//! `keyring …`

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::{Pin, help};

/// `keyring`
#[derive(Args, Debug)]
pub struct Keyring {
    /// What to do.
    #[command(subcommand)]
    pub command: KeyringCommand,
}

/// The commands below `keyring`.
#[derive(Debug, Subcommand)]
pub enum KeyringCommand {
    /// Unlock your keyring when a passkey signs you in without the password
    ///
    /// The command checks your login password and stores it encrypted. Only the security key can decrypt it, after it
    /// has checked your PIN or fingerprint.
    #[command(after_help = help::after_help_of("keyring enable"))]
    Enable(KeyringEnable),
    /// Stop passkeys from unlocking your keyring
    #[command(after_help = help::after_help_of("keyring disable"))]
    Disable(KeyringDisable),
    /// Show which passkeys unlock your keyring
    #[command(after_help = help::after_help_of("keyring status"))]
    Status,
    /// Encrypt the stored password again, with a new secret of the security key
    #[command(after_help = help::after_help_of("keyring rotate"))]
    Rotate(KeyringRotate),
}

/// Which key is used, and for how long.
#[derive(Args, Debug)]
pub struct WithKey {
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

impl WithKey {
    /// `--timeout`
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.into())
    }
}

/// `keyring enable`
#[derive(Args, Debug)]
pub struct KeyringEnable {
    /// The name of the passkey [default: the one whose key you touch]
    pub name: Option<String>,
    /// Read the login password from the first line of standard input instead of asking for it
    #[arg(long)]
    pub password_stdin: bool,
    /// The key.
    #[command(flatten)]
    pub with: WithKey,
}

/// `keyring disable`
#[derive(Args, Debug)]
pub struct KeyringDisable {
    /// The name of the passkey [default: all of them]
    pub name: Option<String>,
}

/// `keyring rotate`
#[derive(Args, Debug)]
pub struct KeyringRotate {
    /// The name of the passkey [default: the one whose key you touch]
    pub name: Option<String>,
    /// The key.
    #[command(flatten)]
    pub with: WithKey,
}
