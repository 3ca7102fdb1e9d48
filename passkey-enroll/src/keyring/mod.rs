//! The keyring: what keeps it from being opened by passkeys, and whether a password is the account's.

mod error;
pub(crate) mod password;

pub(crate) use error::KeyringError;
