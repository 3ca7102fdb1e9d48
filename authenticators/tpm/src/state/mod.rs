//! The state of accounts, one file each.

mod account;
mod error;
mod store;
mod text;
mod tries;

pub use account::{Account, Discoverable, PinRecord, User};
pub use error::StateError;
pub use store::Store;
pub use tries::{MAX_TRIES, Tries};
