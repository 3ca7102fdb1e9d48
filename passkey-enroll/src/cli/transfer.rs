//! `import` and `export`

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Pin, rp_id};

/// `import`
#[derive(Args, Debug)]
pub struct Import {
    /// The file of the other program, or - for standard input
    pub file: PathBuf,
    /// Which program wrote the file [default: by its content]
    #[arg(long, value_enum)]
    pub format: Option<ForeignFormat>,
    /// The RP ID of the passkeys [default: the origin of pam_u2f in /etc/pam.d; for SSH keys, their application]
    #[arg(long, value_name = "ID", value_parser = rp_id)]
    pub rp_id: Option<String>,
    /// Import the passkeys of all users that the file names (root only)
    #[arg(long, conflicts_with = "user")]
    pub all_users: bool,
    /// Use the security key at this device node for entries that leave the passkey to the key
    #[arg(long, value_name = "PATH")]
    pub device: Option<PathBuf>,
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
}

impl Import {
    /// The file, as messages name it.
    pub(crate) fn shown_path(&self) -> PathBuf {
        self.path().map_or_else(|| PathBuf::from("standard input"), Path::to_owned)
    }

    /// The file; `None` for standard input.
    pub fn path(&self) -> Option<&Path> {
        Some(self.file.as_path()).filter(|path| path.as_os_str() != "-")
    }
}

/// `export`
#[derive(Args, Debug)]
pub struct Export {
    /// The program that will read them
    #[arg(long, value_enum)]
    pub format: ExportFormat,
    /// Export only the passkeys of this RP ID
    #[arg(long, value_name = "ID", value_parser = rp_id)]
    pub rp_id: Option<String>,
}

/// `--format` of `import`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ForeignFormat {
    /// The authfile of pam_u2f
    #[value(name = "pam-u2f")]
    PamU2f,
    /// Passkey mappings of SSSD and FreeIPA
    Sssd,
    /// An ecdsa-sk or ed25519-sk private key of OpenSSH
    Openssh,
}

impl ForeignFormat {
    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PamU2f => "pam-u2f",
            Self::Sssd => "sssd",
            Self::Openssh => "openssh",
        }
    }

    /// What a passkey is called that has no name of its own.
    pub(crate) fn fallback_name(self) -> &'static str {
        match self {
            Self::PamU2f => "From pam_u2f",
            Self::Sssd => "From SSSD",
            Self::Openssh => "From OpenSSH",
        }
    }
}

/// `--format` of `export`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A line for the authfile of pam_u2f
    #[value(name = "pam-u2f")]
    PamU2f,
    /// Passkey mappings of SSSD and FreeIPA, one per line
    Sssd,
}

impl ExportFormat {
    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PamU2f => "pam-u2f",
            Self::Sssd => "sssd",
        }
    }
}
