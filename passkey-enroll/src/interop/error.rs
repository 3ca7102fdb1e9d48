//! Errors of importing and exporting passkeys, with remedies.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::file::ReadError;
use crate::report::{ErrorReport, Exit};

/// Why nothing was imported or exported at all.
#[derive(Debug)]
pub(crate) enum TransferError {
    /// The file cannot be read.
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: ReadError,
    },
    /// The file holds no passkey of the user, or none at all.
    NothingThere {
        /// The file.
        path: PathBuf,
        /// Whose passkeys were looked for; `None` for those of all users.
        user: Option<String>,
    },
    /// The passkeys of all users, and the caller is not root.
    AllUsersOnlyRoot,
    /// The configuration asks where the keys of new passkeys come from, which is not known of these.
    OriginUnknown {
        /// The command that enrols a passkey.
        add: String,
    },
    /// The file may be one of several formats, or none.
    FormatUnclear {
        /// The file.
        path: PathBuf,
        /// Those that it can be read as, as on the command line.
        candidates: Vec<&'static str>,
    },
    /// Standard input is to give both the file and the PIN.
    StdinTaken,
    /// The file does not say whose its passkeys are.
    NoUsers(PathBuf),
    /// The RP ID must be given: it does not stand in such a file.
    RpIdNeeded,
    /// The calls of `pam_u2f` name several RP IDs.
    SeveralOrigins(Vec<OriginUse>),
    /// What the calls of `pam_u2f` name is no RP ID.
    BadOrigin,
    /// The passkey names its RP ID itself, and it is another one than was given.
    OtherRpId(String),
    /// The user has passkeys of several RP IDs, and the other program has one.
    SeveralRpIds(Vec<String>),
    /// The user has no passkey of the RP ID that was given.
    NoSuchRpId(String),
    /// None of the user's passkeys can be written down for the other program.
    NothingToExport {
        /// Whose passkeys they are.
        user: String,
    },
    /// The system gives no randomness.
    NoRandomness,
}

/// An origin that `pam_u2f` is called with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OriginUse {
    /// That.
    pub(crate) origin: String,
    /// The PAM files with the calls.
    pub(crate) files: Vec<PathBuf>,
}

impl fmt::Display for OriginUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<String> = self.files.iter().map(|path| path.display().to_string()).collect();
        write!(f, "{} ({})", self.origin, files.join(", "))
    }
}

impl TransferError {
    pub(crate) fn report(&self) -> ErrorReport {
        match self {
            Self::File { path, error: ReadError::Io(error) }
                if error.kind() == io::ErrorKind::PermissionDenied =>
            {
                let message = format!("{}: you do not have permission to read it.", path.display());
                ErrorReport::new(Exit::NotPermitted, "not_permitted", message)
                    .hint("Run the command with sudo.")
            }
            Self::File { path, error } => {
                ErrorReport::new(Exit::Failed, "file_unreadable", format!("{}: {error}.", path.display()))
                    .hint("Give the file with the passkeys itself.")
            }
            Self::NothingThere { path, user } => {
                let whose = user.as_ref().map_or_else(String::new, |user| format!(" of {user}"));
                let message = format!("{}: the file holds no passkey{whose}.", path.display());
                ErrorReport::new(Exit::NotEnrolled, "nothing_to_import", message)
                    .hint("Check the file and --format, and --user where the file has the passkeys of several users.")
            }
            Self::AllUsersOnlyRoot => {
                let message = "Only root can manage the passkeys of other users.";
                ErrorReport::new(Exit::NotPermitted, "not_permitted", message)
                    .hint("Run the command with sudo, or leave --all-users out.")
            }
            Self::OriginUnknown { add } => {
                let message = "Nothing is imported: `[attestation]` of the configuration asks security keys to prove what they are, and imported passkeys prove nothing.";
                ErrorReport::new(Exit::Failed, "attestation_refused", message)
                    .hint(format!("Enrol each key anew: {add}"))
            }
            Self::FormatUnclear { path, candidates } => format_unclear(path, candidates),
            Self::StdinTaken => {
                let message = "Standard input cannot give both the passkeys and the PIN.";
                ErrorReport::new(Exit::Usage, "stdin_taken", message)
                    .hint("Give the passkeys in a file, or leave --pin-stdin out.")
            }
            Self::NoUsers(path) => {
                let message =
                    format!("{}: the file does not name the users of its passkeys.", path.display());
                ErrorReport::new(Exit::Usage, "no_users", message)
                    .hint("Name the user with --user in place of --all-users.")
            }
            Self::RpIdNeeded => {
                let message = "Passkey mappings of SSSD do not name their RP ID.";
                ErrorReport::new(Exit::Usage, "rp_id_needed", message)
                    .hint("Give the name of the domain: --rp-id example.org")
            }
            Self::SeveralOrigins(origins) => {
                let uses: Vec<String> = origins.iter().map(ToString::to_string).collect();
                let first = origins.first().map_or("ORIGIN", |first| first.origin.as_str());
                let message =
                    format!("pam_u2f is called with several origins on this machine: {}.", uses.join("; "));
                ErrorReport::new(Exit::Usage, "several_rp_ids", message)
                    .hint(format!("Give the origin of these passkeys, such as --rp-id {first}"))
            }
            Self::BadOrigin => {
                let message = "The origin in the calls of pam_u2f on this machine is not an RP ID.";
                ErrorReport::new(Exit::Usage, "rp_id_needed", message)
                    .hint("Give the RP ID of the passkeys with --rp-id.")
            }
            Self::OtherRpId(rp_id) => {
                let message = format!("The key names its RP ID itself: {rp_id}.");
                ErrorReport::new(Exit::Usage, "other_rp_id", message).hint("Leave --rp-id out.")
            }
            Self::SeveralRpIds(rp_ids) => {
                let message = format!("The passkeys are for several RP IDs: {}.", rp_ids.join(", "));
                ErrorReport::new(Exit::Usage, "several_rp_ids", message)
                    .hint("The other program takes one at a time: choose with --rp-id.")
            }
            Self::NoSuchRpId(rp_id) => ErrorReport::new(
                Exit::NotEnrolled,
                "no_such_rp_id",
                format!("There is no passkey for {rp_id}."),
            )
            .hint("See the RP IDs of the passkeys: passkey-enroll list --json"),
            Self::NothingToExport { user } => {
                let message = format!("No passkey of {user} can be exported.");
                ErrorReport::new(Exit::NotEnrolled, "nothing_to_export", message)
            }
            Self::NoRandomness => crate::explain::sign_in::no_randomness(),
        }
    }
}

fn format_unclear(path: &Path, candidates: &[&str]) -> ErrorReport {
    let path = path.display();
    match candidates {
        [] => {
            let message = format!("{path}: this is not a file of pam_u2f, SSSD or OpenSSH.");
            ErrorReport::new(Exit::Usage, "format_unknown", message)
                .hint("If it is one all the same, say which: --format pam-u2f, sssd or openssh")
        }
        several => {
            let message = format!("{path}: this holds passkeys of several formats: {}.", several.join(", "));
            ErrorReport::new(Exit::Usage, "format_ambiguous", message).hint(format!(
                "Import them one after the other: --format {}",
                several.join(", then --format ")
            ))
        }
    }
}
