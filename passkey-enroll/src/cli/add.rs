//! `add`

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use ctap::cose::Algorithm;
use passkey_core::config::UserVerification;

use super::{Pin, name, rp_id};

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
    /// Refuse a security key that no maker vouches for whom the configuration trusts
    #[arg(long)]
    pub require_attestation: bool,
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
