//! This computer as an authenticator: a CTAP 2.1 authenticator on its TPM 2.0, for a PIN that the TPM enforces.
//!
//! - [`tpm`]: TPM commands. [`mod@derive`]: authorization values from the PIN and the account secret.
//! - [`state`]: one file per account. [`credential_id`]: keys that only the client stores.
//! - [`fingerprint`]: fprintd, and whether it is asked. [`fingers`]: what a finger unlocks.
//! - [`ctap2`]: requests and commands. [`authenticator`]: all of it together, for
//!   [`authenticator_service::serve`].

#![forbid(unsafe_code)]

pub mod authenticator;
pub mod credential_id;
pub mod ctap2;
pub mod derive;
pub mod fingerprint;
pub mod fingers;
pub mod session;
pub mod state;
mod toml_text;
pub mod tpm;

pub use authenticator::TpmAuthenticator;
