//! Switching a service on and off: the one place that changes PAM files.
//!
//! - Who would be worse off than today is the `doctor`'s to foresee.
//! - [`rehearsal`]: a real sign-in by the new lines, before they are in place.
//! - [`journal`]: what stood there before, on the disk before anything is changed, and what has become of it: its [`entry`].
//! - [`sign_ins`]: sign-ins with a passkey, as the module has recorded them.
//! - [`awaited`]: the session that keeps a greeter's change.
//! - [`undo`]: putting files back, whatever others have done to them meanwhile.
//! - [`watchdog`]: the process that undoes a change which was not confirmed, whatever becomes of the terminal.
//! - [`pam_auth_update`]: the common files of Debian, which `pam-auth-update` writes.

pub(crate) mod awaited;
mod deadline;
pub(crate) mod entry;
mod file;
pub(crate) mod journal;
pub(crate) mod pam_auth_update;
pub(crate) mod rehearsal;
mod rehearsal_files;
pub(crate) mod sign_ins;
mod undo;
pub(crate) mod watchdog;

use std::path::PathBuf;

pub(crate) use deadline::Deadline;
pub(crate) use file::read;
pub(crate) use undo::UndoError;

pub(crate) use super::edit::Way;
/// Files, and what they held before a change.
pub(crate) type Originals = Vec<(PathBuf, Vec<u8>)>;

/// A file that is to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileChange {
    /// Which.
    pub(crate) path: PathBuf,
    /// Its mode.
    pub(crate) mode: u32,
    /// What is in it; `None` where there is none.
    pub(crate) before: Option<Vec<u8>>,
    /// What it is to hold.
    pub(crate) after: Vec<u8>,
}
