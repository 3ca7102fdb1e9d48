//! Whether a chain of certificates leads to a root that is trusted: RFC 5280, section 6, for chains of a handful without names
//! or policies to restrict them.

use std::fmt;

use jiff::Timestamp;
use x509_cert::der::asn1::ObjectIdentifier;

use crate::{Certificate, SignatureError};

/// The longest chain, without its root.
pub const MAX_LEN: usize = 6;

/// Follows `chain`, whose first certificate is the one to be trusted and each of whose others issued the one before it, up to one
/// of `roots`, and gives that. A certificate of the chain that is itself among the roots ends it, so that a single certificate
/// can be trusted.
///
/// # Errors
/// What is wrong on the way, or that it leads nowhere.
pub fn validate<'r>(
    chain: &[Certificate],
    roots: &'r [Certificate],
    now: Timestamp,
) -> Result<&'r Certificate, PathError> {
    if chain.len() > MAX_LEN {
        return Err(PathError::TooLong);
    }
    let mut below: Option<&Certificate> = None;
    // Authorities between the first certificate and the one that is looked at, which `pathLenConstraint` counts.
    let mut authorities: usize = 0;
    let mut refusal = None;
    for certificate in chain {
        check_itself(certificate, now)?;
        if let Some(below) = below {
            check_issued(below, certificate, authorities)?;
            if !certificate.is_self_issued() {
                authorities = authorities.saturating_add(1);
            }
        }
        if let Some(root) = roots.iter().find(|root| *root == certificate) {
            return Ok(root);
        }
        for root in roots.iter().filter(|root| certificate.names_issuer(root)) {
            match check_itself(root, now).and_then(|()| check_issued(certificate, root, authorities)) {
                Ok(()) => return Ok(root),
                Err(error) => refusal = Some(error),
            }
        }
        below = Some(certificate);
    }
    let issuer = below.map(Certificate::issuer).unwrap_or_default();
    Err(refusal.unwrap_or(PathError::NoRoot { issuer }))
}

/// What has to be true of each certificate by itself.
fn check_itself(certificate: &Certificate, now: Timestamp) -> Result<(), PathError> {
    let subject = || certificate.subject();
    let (first, last) = certificate.validity();
    let now = u64::try_from(now.as_second()).unwrap_or_default();
    if now < first.unix_duration().as_secs() {
        return Err(PathError::NotYetValid { subject: subject(), from: first.to_string() });
    }
    if now > last.unix_duration().as_secs() {
        return Err(PathError::Expired { subject: subject(), since: last.to_string() });
    }
    match certificate.unknown_critical_extension() {
        Some(extension) => Err(PathError::CriticalExtension { subject: subject(), extension }),
        None => Ok(()),
    }
}

/// Whether `issuer` issued `certificate`, and was allowed to with so many authorities between it and the first certificate.
fn check_issued(
    certificate: &Certificate,
    issuer: &Certificate,
    authorities: usize,
) -> Result<(), PathError> {
    let subject = || issuer.subject();
    if !certificate.names_issuer(issuer) {
        return Err(PathError::WrongIssuer { subject: certificate.subject(), issuer: subject() });
    }
    if !issuer.is_version_3() || issuer.is_authority() != Some(true) || !issuer.may_sign_certificates() {
        return Err(PathError::NoAuthority { subject: subject() });
    }
    if issuer.path_length().is_some_and(|allowed| authorities > allowed) {
        return Err(PathError::TooDeep { subject: subject() });
    }
    certificate
        .verify_signature(issuer)
        .map_err(|error| PathError::Signature { subject: certificate.subject(), error })
}

/// Why a chain leads to no root. Names are those in the certificates, not checked: escape them before showing them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathError {
    /// It has more than [`MAX_LEN`] certificates.
    TooLong,
    /// A certificate is not valid yet.
    NotYetValid {
        /// Whose it is.
        subject: String,
        /// From when it is, RFC 3339.
        from: String,
    },
    /// A certificate is not valid any more.
    Expired {
        /// Whose it is.
        subject: String,
        /// Since when, RFC 3339.
        since: String,
    },
    /// A certificate has an extension that must not be passed over and is not understood.
    CriticalExtension {
        /// Whose it is.
        subject: String,
        /// The extension.
        extension: ObjectIdentifier,
    },
    /// A certificate was issued by another one than the next.
    WrongIssuer {
        /// Whose it is.
        subject: String,
        /// Whose the next one is.
        issuer: String,
    },
    /// A certificate that issued another one is not that of an authority.
    NoAuthority {
        /// Whose it is.
        subject: String,
    },
    /// An authority may not have so many others below it.
    TooDeep {
        /// Whose certificate it is.
        subject: String,
    },
    /// A certificate's signature is wrong.
    Signature {
        /// Whose it is.
        subject: String,
        /// What is wrong with it.
        error: SignatureError,
    },
    /// It ends at an issuer who is not trusted.
    NoRoot {
        /// The issuer.
        issuer: String,
    },
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "the chain has more than {MAX_LEN} certificates"),
            Self::NotYetValid { subject, from } => {
                write!(f, "the certificate of “{subject}” is valid only from {from}")
            }
            Self::Expired { subject, since } => {
                write!(f, "the certificate of “{subject}” has expired on {since}")
            }
            Self::CriticalExtension { subject, extension } => {
                write!(
                    f,
                    "the certificate of “{subject}” has the critical extension {extension}, which is not understood"
                )
            }
            Self::WrongIssuer { subject, issuer } => {
                write!(f, "the certificate of “{subject}” is not from “{issuer}”, which follows it")
            }
            Self::NoAuthority { subject } => write!(f, "“{subject}” may not issue certificates"),
            Self::TooDeep { subject } => write!(f, "“{subject}” may not have so many authorities below it"),
            Self::Signature { subject, error } => {
                write!(f, "the signature of the certificate of “{subject}” is wrong: {error}")
            }
            Self::NoRoot { issuer } => write!(f, "“{issuer}” is not trusted"),
        }
    }
}

impl std::error::Error for PathError {}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
