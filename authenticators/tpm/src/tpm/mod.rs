//! The TPM: sealed secrets, signing keys, HMAC keys, and the dictionary-attack lockout.
//!
//! Every command that carries or yields a secret runs in an HMAC session that is salted with the storage key and encrypts its
//! parameters both ways, so that listening on the bus, or forging on it, gains nothing.

mod blob;
mod context;
mod error;
mod hmac_key;
mod lockout;
mod sealed;
mod signing_key;

pub use blob::Blob;
pub use context::{AuthValue, Tpm};
pub use error::TpmError;
pub use lockout::Lockout;
pub use signing_key::{COORDINATE_LEN, SigningKey};
