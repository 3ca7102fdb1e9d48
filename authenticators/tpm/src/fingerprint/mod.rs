//! The fingerprint reader of this computer, by way of fprintd: the machine's word that a finger is the account's, not the TPM's.
//!
//! - [`Settings`]: whether an administrator has switched it on.
//! - [`Fprintd`]: asking fprintd, with a deadline, and ended at once when the answer is no longer wanted.

mod bus;
mod fprintd;
mod settings;

pub use bus::BusError;
pub use fprintd::{Fprintd, FprintdError, Limits, Verdict};
pub use settings::{Settings, SettingsError};
