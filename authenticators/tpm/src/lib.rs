//! This computer as an authenticator: a CTAP 2.1 authenticator on its TPM 2.0, for a PIN that the TPM enforces.
//!
//! - [`tpm`]: what the TPM does. [`derive`]: what is derived from a PIN, and from the secret that the PIN unlocks.
//! - [`state`]: a file for each account. [`credential_id`]: what is kept nowhere but with the client.
//! - [`ctap2`]: requests, and what becomes of them. [`authenticator`]: all of it together, for
//!   [`authenticator_service::serve`].

#![forbid(unsafe_code)]

pub mod authenticator;
pub mod credential_id;
pub mod ctap2;
pub mod derive;
pub mod session;
pub mod state;
pub mod tpm;

pub use authenticator::TpmAuthenticator;
