//! Files of certificates: DER, or PEM (RFC 7468) with as many as there are.

use std::fmt;

use base64ct::{Base64, Encoding as _};

use crate::{Certificate, CertificateError};

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";
const CERTIFICATE: &str = "CERTIFICATE";
const END: &str = "-----END CERTIFICATE-----";

impl Certificate {
    /// All certificates in a file, at least one: a single one in DER, or any number in PEM with text between them.
    ///
    /// # Errors
    /// When something in the file is none.
    pub fn parse_all(file: &[u8]) -> Result<Vec<Self>, CertificatesError> {
        // No text begins with the tag of a sequence, but for one that begins with a zero.
        if let Ok(certificate) = Self::parse(file) {
            return Ok(vec![certificate]);
        }
        let text = std::str::from_utf8(file).map_err(|_| CertificatesError::NotText)?;
        let mut certificates = Vec::new();
        let mut lines = text.lines().map(str::trim).zip(1_usize..);
        while let Some((line, number)) = lines.next() {
            let Some(label) = line.strip_prefix(BEGIN) else { continue };
            if label.strip_suffix(DASHES) != Some(CERTIFICATE) {
                return Err(CertificatesError::NoCertificate { line: number });
            }
            let mut base64 = String::new();
            loop {
                match lines.next() {
                    Some((END, _)) => break,
                    Some((part, _)) => base64.push_str(part),
                    None => return Err(CertificatesError::Unfinished { line: number }),
                }
            }
            let der =
                Base64::decode_vec(&base64).map_err(|_| CertificatesError::NotBase64 { line: number })?;
            let certificate =
                Self::parse(&der).map_err(|error| CertificatesError::Certificate { line: number, error })?;
            certificates.push(certificate);
        }
        if certificates.is_empty() { Err(CertificatesError::Empty) } else { Ok(certificates) }
    }
}

/// Why a file is no file of certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificatesError {
    /// It is neither text nor one certificate in DER.
    NotText,
    /// There is none in it.
    Empty,
    /// Something else begins here.
    NoCertificate {
        /// The line, counted from 1.
        line: usize,
    },
    /// What begins here does not end.
    Unfinished {
        /// The line, counted from 1.
        line: usize,
    },
    /// What begins here is not Base64.
    NotBase64 {
        /// The line, counted from 1.
        line: usize,
    },
    /// What begins here is no certificate.
    Certificate {
        /// The line, counted from 1.
        line: usize,
        /// Why not.
        error: CertificateError,
    },
}

impl fmt::Display for CertificatesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotText => f.write_str("neither a certificate in DER nor text with certificates in PEM"),
            Self::Empty => f.write_str("there is no certificate in it"),
            Self::NoCertificate { line } => write!(f, "line {line}: not a certificate but something else"),
            Self::Unfinished { line } => {
                write!(f, "line {line}: the certificate that begins here has no end")
            }
            Self::NotBase64 { line } => {
                write!(f, "line {line}: the certificate that begins here is not Base64")
            }
            Self::Certificate { line, error } => {
                write!(f, "line {line}: the certificate that begins here cannot be read: {error}")
            }
        }
    }
}

impl std::error::Error for CertificatesError {}

#[cfg(test)]
#[path = "pem_tests.rs"]
mod tests;
