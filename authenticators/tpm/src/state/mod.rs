//! The state of accounts, one file each.

mod account;
mod error;
mod store;
mod text;
mod tries;

pub use account::{Account, Discoverable, FingerSeal, PinRecord, User};
pub use error::StateError;
pub use store::{FingerSeals, Store};
pub use tries::{FingerTries, MAX_FINGER_TRIES, MAX_TRIES, Tries};
