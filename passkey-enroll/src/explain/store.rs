//! Errors of the store, with their remedies.

use passkey_core::safe_file::SafeFileError;
use passkey_core::store::StoreError;

use crate::report::{ErrorReport, Exit};

/// How an error of the store comes out.
pub(crate) fn report(error: &StoreError) -> ErrorReport {
    report_to(error, rustix::process::geteuid().is_root())
}

fn report_to(error: &StoreError, is_root: bool) -> ErrorReport {
    if error.is_not_permitted() && !is_root {
        return ErrorReport::new(Exit::NotPermitted, "not_permitted", not_permitted(error))
            .hint("Run the command with sudo.");
    }
    let broken = |code| ErrorReport::new(Exit::Broken, code, error.to_string());
    match error {
        StoreError::Account { .. } => broken("no_place").hint(
            "Correct `credential_files` in the configuration, or the user's entry in the user database.",
        ),
        StoreError::NoPlace => broken("no_place"),
        StoreError::File(_) => broken("store_not_trusted")
            .hint("Nothing in this file counts until that is put right: it decides who may sign in."),
        StoreError::Malformed { .. } => {
            broken("store_broken").hint("Restore the file from a copy. Nothing was changed.")
        }
        StoreError::NotEnrolled { .. } => {
            ErrorReport::new(Exit::NotEnrolled, "not_enrolled", error.to_string())
                .hint("Enrol a passkey: sudo passkey-enroll add")
        }
        StoreError::Locked { .. } => {
            ErrorReport::new(Exit::Failed, "store_locked", error.to_string()).hint("Run the command again.")
        }
        StoreError::Write { .. } => broken("store_not_writable")
            .hint("Nothing was changed. Look for a full disk or a read-only file system."),
        StoreError::Full { .. } => broken("store_full"),
        StoreError::Unwritable { .. } => broken("store_not_writable")
            .hint("Nothing was changed. Repair or remove the damaged entries of the file first."),
        StoreError::NoMemory { .. } => ErrorReport::new(Exit::Failed, "no_memory", error.to_string()),
        StoreError::Identity(_) => ErrorReport::new(Exit::Failed, "identity_failed", error.to_string()),
        StoreError::Random(_) => ErrorReport::new(Exit::Failed, "no_randomness", error.to_string()),
    }
}

/// What a user who is not root is told: that they are the wrong person, not that something is wrong.
fn not_permitted(error: &StoreError) -> String {
    match error {
        StoreError::Write { path, .. } => format!("Only root can change {}.", path.display()),
        StoreError::File(SafeFileError::Denied { path } | SafeFileError::Io { path, .. }) => {
            format!("Only root can look into {}.", path.display())
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
