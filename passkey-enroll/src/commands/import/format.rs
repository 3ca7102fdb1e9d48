//! Which program wrote a file, by what is in it.

use std::path::Path;

use crate::cli::ForeignFormat;
use crate::interop::{Damage, Entry, TransferError, openssh, pam_u2f, sssd};

const ALL: [ForeignFormat; 3] = [ForeignFormat::PamU2f, ForeignFormat::Sssd, ForeignFormat::Openssh];

/// The entries of the file, read as one of this format.
pub(super) fn parse(format: ForeignFormat, bytes: &[u8]) -> Vec<Entry> {
    match format {
        ForeignFormat::PamU2f => pam_u2f::parse(bytes),
        ForeignFormat::Sssd => sssd::parse(bytes),
        ForeignFormat::Openssh => openssh::parse(bytes),
    }
}

/// The format of which there are passkeys in the file; where all are damaged, the one that they look like.
///
/// # Errors
/// [`TransferError::FormatUnclear`], with the formats where there are passkeys of several.
pub(super) fn guess(path: &Path, bytes: &[u8]) -> Result<ForeignFormat, TransferError> {
    let is_sound = |entry: &Entry| entry.passkey.is_ok();
    let mut candidates: Vec<ForeignFormat> =
        ALL.into_iter().filter(|format| read_alone(*format, bytes).iter().any(is_sound)).collect();
    if candidates.is_empty() {
        // From the most particular to the least.
        let order = [ForeignFormat::Openssh, ForeignFormat::Sssd, ForeignFormat::PamU2f];
        candidates.extend(order.into_iter().find(|format| looks_like(*format, bytes)));
    }
    match candidates.as_slice() {
        [only] => Ok(*only),
        several => Err(TransferError::FormatUnclear {
            path: path.to_owned(),
            candidates: several.iter().map(|format| format.as_str()).collect(),
        }),
    }
}

/// The entries that are of this format and no other: pam_u2f reads OpenSSH's private keys too.
fn read_alone(format: ForeignFormat, bytes: &[u8]) -> Vec<Entry> {
    match format {
        ForeignFormat::PamU2f if pam_u2f::is_openssh(bytes) => Vec::new(),
        format => parse(format, bytes),
    }
}

/// Whether there is something in the file that only this format has, damaged as it is.
fn looks_like(format: ForeignFormat, bytes: &[u8]) -> bool {
    read_alone(format, bytes).iter().any(|entry| match (format, &entry.passkey) {
        (_, Ok(_)) => true,
        // Behind a user name and a colon could be anything, but hardly with commas in it.
        (ForeignFormat::PamU2f, Err(damage)) => matches!(
            damage,
            Damage::CredentialId | Damage::Algorithm | Damage::Attribute | Damage::TooManyFields
        ),
        (ForeignFormat::Sssd | ForeignFormat::Openssh, Err(damage)) => {
            !matches!(damage, Damage::NotText | Damage::NotAnEntry)
        }
    })
}

#[cfg(test)]
#[path = "format_tests.rs"]
mod tests;
