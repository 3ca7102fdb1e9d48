//! The BLOB of the FIDO Metadata Service (version 3): which models there are, which roots their attestation leads to, and what
//! became known of them. It is a file that the administrator has downloaded; nothing is fetched.
//!
//! - `jws` verifies the signature, `payload` reads what was signed, `status` weighs it.

mod jws;
mod payload;
mod status;

use std::fmt;

use ctap::Aaguid;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use passkey_core::attestation::Certification;

use crate::path::PathError;
use crate::{Certificate, CertificateError, SignatureError};

pub use status::Compromise;
use status::Report;

/// A BLOB longer than this is none: in 2026 it has 10 MB.
pub const MAX_LEN: usize = 64 * 1024 * 1024;

/// What the FIDO Alliance says of models. Its signature has been verified.
#[derive(Clone, Debug)]
pub struct Metadata {
    next_update: Date,
    models: Vec<Model>,
}

/// What is said of one model.
#[derive(Clone, Debug)]
pub struct Model {
    aaguid: Option<Aaguid>,
    /// Where the model has no AAGUID: the SHA-1 of the keys that attest it.
    key_identifiers: Vec<[u8; 20]>,
    description: Option<String>,
    /// DER
    roots: Vec<Vec<u8>>,
    reports: Vec<Report>,
}

impl Metadata {
    /// Reads a BLOB that has to be signed by a certificate for `signer` under one of `roots`. White space around it is passed over.
    ///
    /// Entries that are not understood are left out, so that a key of that model is not trusted.
    ///
    /// # Errors
    /// What is wrong with the signature or the content.
    pub fn parse(
        blob: &[u8],
        roots: &[Certificate],
        signer: &str,
        now: Timestamp,
    ) -> Result<Self, MetadataError> {
        if blob.len() > MAX_LEN {
            return Err(MetadataError::TooLong);
        }
        Self::parse_payload(&jws::verify(blob, roots, signer, now)?)
    }

    /// Reads what was signed. Public for the fuzzer alone: it is not verified.
    ///
    /// # Errors
    /// When it is no metadata.
    #[doc(hidden)]
    pub fn parse_payload(payload: &[u8]) -> Result<Self, MetadataError> {
        payload::parse(payload)
    }

    /// The day by which there is a newer one.
    pub fn next_update(&self) -> Date {
        self.next_update
    }

    /// Whether there ought to be a newer one.
    pub fn is_outdated(&self, now: Timestamp) -> bool {
        today(now) > self.next_update
    }

    /// The name of a model for people. Not checked: escape it before showing it.
    pub fn description(&self, aaguid: Aaguid) -> Option<&str> {
        self.of_aaguid(aaguid).find_map(Model::description)
    }

    /// What is said of a model. Two entries for one model both count.
    pub(crate) fn of_aaguid(&self, aaguid: Aaguid) -> impl Iterator<Item = &Model> {
        // Zero is what keys without a model say.
        self.models.iter().filter(move |model| aaguid != Aaguid::ZERO && model.aaguid == Some(aaguid))
    }

    /// What is said of the models without AAGUID whose attestation is signed by this certificate's key.
    pub(crate) fn of_key(&self, certificate: &Certificate) -> impl Iterator<Item = &Model> {
        let identifier = certificate.key_identifier();
        self.models.iter().filter(move |model| model.key_identifiers.contains(&identifier))
    }
}

impl Model {
    /// Its name for people. Not checked: escape it before showing it.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The certificates that its attestation leads to, those that can be read.
    pub(crate) fn roots(&self) -> Vec<Certificate> {
        self.roots.iter().filter_map(|der| Certificate::parse(der).ok()).collect()
    }

    /// The worst that is reported of it.
    pub(crate) fn compromise(&self) -> Option<Compromise> {
        status::compromise(&self.reports)
    }

    /// How far it is certified at this time.
    pub(crate) fn certification(&self, now: Timestamp) -> Option<Certification> {
        status::certification(&self.reports, today(now))
    }
}

/// The metadata counts in days.
fn today(now: Timestamp) -> Date {
    Offset::UTC.to_datetime(now).date()
}

/// Why a file is no metadata that could be relied on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataError {
    /// It has more than [`MAX_LEN`] bytes.
    TooLong,
    /// It is not three parts of base64url with points between them.
    NotCompact,
    /// What says how it is signed is not understood.
    Header(String),
    /// It is signed by another algorithm than ES256 and RS256.
    Algorithm(String),
    /// It names extensions that would have to be understood.
    CriticalHeader,
    /// It comes without the certificate that it is signed by.
    NoCertificate,
    /// One of its certificates is none.
    Certificate(CertificateError),
    /// The certificate that it is signed by leads to no root.
    Path(PathError),
    /// The certificate that it is signed by is not the signer's.
    Signer {
        /// Who should have signed.
        expected: String,
        /// Whose certificate it is. Not checked: escape it before showing it.
        subject: String,
    },
    /// The certificate that it is signed by is for other things.
    NotForSigning,
    /// Its signature is wrong.
    Signature(SignatureError),
    /// What was signed is not understood.
    Payload(String),
}

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "it is longer than {MAX_LEN} bytes"),
            Self::NotCompact => f.write_str("it is not a signed BLOB of the FIDO Metadata Service"),
            Self::Header(error) => write!(f, "its header is not understood: {error}"),
            Self::Algorithm(algorithm) => {
                write!(
                    f,
                    "it is signed by the algorithm “{algorithm}”, and only ES256 and RS256 are supported"
                )
            }
            Self::CriticalHeader => f.write_str("its header has extensions that are not understood"),
            Self::NoCertificate => f.write_str("it comes without the certificate that it is signed by"),
            Self::Certificate(error) => write!(f, "a certificate in it cannot be read: {error}"),
            Self::Path(error) => write!(f, "its signature leads to no root: {error}"),
            Self::Signer { expected, subject } => {
                write!(f, "it is signed by “{subject}”, and has to be by “{expected}”")
            }
            Self::NotForSigning => f.write_str("the certificate that it is signed by is not for signing"),
            Self::Signature(error) => write!(f, "its signature is wrong: {error}"),
            Self::Payload(error) => write!(f, "its content is not understood: {error}"),
        }
    }
}

impl std::error::Error for MetadataError {}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
