//! The keyring: why passkeys do not unlock it, and whether a password is the account's.

mod error;
pub(crate) mod password;

pub(crate) use error::KeyringError;
