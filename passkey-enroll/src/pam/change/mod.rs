//! Switching a service on and off: the one place that changes PAM files.
//!
//! - Who would be worse off than today is the `doctor`'s to foresee.
//! - [`rehearsal`]: a real sign-in by the new lines, before they are in place.
//! - [`journal`]: what stood there before, on the disk before anything is changed, and what is on trial.
//! - [`watchdog`]: the process that takes a change back which nobody has confirmed, whatever becomes of the terminal.
//! - [`pam_auth_update`]: the common files of Debian, which `pam-auth-update` writes.

mod file;
pub(crate) mod journal;
pub(crate) mod pam_auth_update;
pub(crate) mod rehearsal;
pub(crate) mod watchdog;

pub(crate) use file::{read, replace};

pub(crate) use super::edit::Way;
