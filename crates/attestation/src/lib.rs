//! Attestation: what a security key says of its origin when it makes a passkey, verified and held against what the
//! administrator wants. For the command line only; nothing of it is needed to sign in.
//!
//! - [`judge()`]: whether a new passkey may be stored, and what is to be kept of its attestation.
//! - [`verify_statement`]: the statement itself, in the formats `packed`, `fido-u2f` and `none` (WebAuthn Level 3, section 8).
//! - [`Certificate`], [`path`]: certificates, and whether a chain of them leads to a root that is trusted (RFC 5280).
//! - [`metadata`]: the FIDO Alliance's list of models, their roots and what became of them (Metadata Service 3).
//!
//! Bytes and the time come in, results go out: it opens no file, asks no clock and no network.
//!
//! Certificates are read by `x509-cert`, on the cryptography that verifies passkeys; that is four more crates. The path validation
//! and the metadata reader are our own few hundred lines, because the crates for this job, `fido-mds` and
//! `webauthn-attestation-ca`, bring 150 others with a registry of models and an RSA of their own where one key has to be judged,
//! and stand under the MPL.

#![forbid(unsafe_code)]

mod certificate;
mod judge;
pub mod metadata;
pub mod path;
mod pem;
mod refusal;
mod signature;
mod statement;

pub use certificate::{Certificate, CertificateError};
pub use judge::{Caveat, Judgement, Trust, judge};
pub use metadata::Metadata;
pub use pem::CertificatesError;
pub use refusal::Refusal;
pub use signature::SignatureError;
pub use statement::{Requirement, StatementError, Verified, verify as verify_statement};

#[cfg(test)]
mod vectors;
