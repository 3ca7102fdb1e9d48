//! This computer as an authenticator: a CTAP 2.1 authenticator on its TPM 2.0, for a PIN that the TPM enforces.

#![forbid(unsafe_code)]

pub mod tpm;
