//! `add`

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use ctap::cose::Algorithm;
use passkey_core::config::UserVerification;

use super::{On, Pin, name, rp_id};

/// `add`
#[derive(Args, Debug)]
pub struct Add {
    /// The name of the passkey [default: the model of the security key, or "this computer"]
    #[arg(long, value_parser = name)]
    pub name: Option<String>,
    /// Make the passkey discoverable, so that the key can sign you in without a user name
    #[arg(long)]
    pub discoverable: bool,
    /// The RP ID of the passkey [default: `rp_id` of the configuration, or this machine's host name]
    #[arg(long, value_name = "ID", value_parser = rp_id)]
    pub rp_id: Option<String>,
    /// Whether to verify the user by PIN or fingerprint [default: what the strictest service of the configuration
    /// requires]
    #[arg(long, value_enum, value_name = "WHEN")]
    pub verification: Option<Verification>,
    /// The signature algorithm [default: the first of these that the security key supports]
    #[arg(long, value_enum)]
    pub algorithm: Option<SignatureAlgorithm>,
    /// Use the security key at this device node, such as /dev/hidraw0
    #[arg(long, value_name = "PATH")]
    pub device: Option<PathBuf>,
    /// Where to keep the passkey [default: ask if both are possible]
    #[arg(long, value_enum, value_name = "WHERE", conflicts_with = "device")]
    pub on: Option<On>,
    /// The keyring.
    #[command(flatten)]
    pub keyring: AddKeyring,
    /// Refuse a security key without an attestation that the configuration trusts
    #[arg(long)]
    pub require_attestation: bool,
    /// Give up after this many seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u16).range(1..=600))]
    pub timeout: u16,
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
}

/// Whether the new passkey opens the keyring.
#[derive(Args, Clone, Copy, Debug)]
pub struct AddKeyring {
    /// Also unlock your keyring when the passkey signs you in without the password; asks for the login password
    #[arg(long)]
    pub keyring: bool,
    /// With --keyring, read the login password from the first line of standard input instead of asking for it
    #[arg(long, requires = "keyring")]
    pub password_stdin: bool,
}

impl Add {
    /// `--timeout`
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.into())
    }
}

/// `--verification`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Verification {
    /// Always
    Required,
    /// If it can
    Preferred,
    /// Only if the security key requires it
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
    /// ECDSA over P-256 with SHA-256, which every security key supports
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
