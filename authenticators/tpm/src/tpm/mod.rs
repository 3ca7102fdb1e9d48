//! The TPM: what is sealed in it, what signs in it, and how often a wrong PIN may be tried.
//!
//! Every command that carries or yields a secret runs in an HMAC session that is salted with the storage key and encrypts its
//! parameters both ways, so that nothing is to be learnt or forged on the bus.

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
