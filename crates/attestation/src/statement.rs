//! Attestation statements (WebAuthn Level 3, section 8): whether they say what they are meant to.

use std::fmt;

use ctap::Aaguid;
use ctap::attestation::{FidoU2f, Packed, Statement};
use ctap::authenticator_data::AttestedCredential;
use ctap::cbor::Malformed;
use ctap::cose::PublicKey;
use ctap::make_credential;
use passkey_core::verify::verify_signature;

use crate::certificate::attribute;
use crate::{Certificate, CertificateError};

/// The organizational unit of every attestation certificate (section 8.2.1).
const UNIT: &str = "Authenticator Attestation";

/// A statement that verifies, and what it proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// Nothing, since it claims nothing.
    None,
    /// Nothing of the key: the new credential vouches for itself.
    SelfAttested,
    /// That the holder of the key in the first of these certificates made the credential. Whether that one can be trusted is
    /// another question.
    Certified {
        /// The attestation certificate and those above it.
        chain: Vec<Certificate>,
        /// The model, as it was signed; zero for U2F, which knows none.
        aaguid: Aaguid,
    },
    /// Not known: the format is none of those of security keys.
    Unknown,
}

impl Verified {
    /// The attestation certificate and those above it; empty where there is none.
    pub fn chain(&self) -> &[Certificate] {
        match self {
            Self::Certified { chain, .. } => chain,
            Self::None | Self::SelfAttested | Self::Unknown => &[],
        }
    }
}

/// Verifies the attestation statement of a new credential.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn verify(
    made: &make_credential::Response,
    client_data_hash: &[u8; 32],
) -> Result<Verified, StatementError> {
    let data = &made.authenticator_data;
    let credential = data.attested_credential.as_ref().ok_or(StatementError::NoCredential)?;
    match Statement::parse(&made.format, &made.attestation_statement).map_err(StatementError::Malformed)? {
        Statement::None => Ok(Verified::None),
        Statement::Other => Ok(Verified::Unknown),
        Statement::Packed(statement) => {
            let signed = [data.raw.as_slice(), client_data_hash].concat();
            packed(&statement, &signed, credential)
        }
        Statement::FidoU2f(statement) => fido_u2f(&statement, &data.rp_id_hash, client_data_hash, credential),
    }
}

/// Section 8.2.
fn packed(
    statement: &Packed,
    signed: &[u8],
    credential: &AttestedCredential,
) -> Result<Verified, StatementError> {
    let chain = certificates(&statement.x5c)?;
    let key = match chain.first() {
        Some(certificate) => certificate.public_key().ok_or(StatementError::UnknownKey)?,
        None => credential_key(credential)?,
    };
    if key.algorithm().id() != statement.alg {
        return Err(StatementError::WrongAlgorithm);
    }
    verify_signature(&key, signed, &statement.sig).map_err(|_| StatementError::BadSignature)?;
    let aaguid = credential.aaguid;
    match chain.first() {
        Some(certificate) => {
            check_packed_certificate(certificate, aaguid)?;
            Ok(Verified::Certified { chain, aaguid })
        }
        None => Ok(Verified::SelfAttested),
    }
}

/// Section 8.6. What is signed says nothing of the AAGUID, so whatever stands there is not the model's.
fn fido_u2f(
    statement: &FidoU2f,
    rp_id_hash: &[u8; 32],
    client_data_hash: &[u8; 32],
    credential: &AttestedCredential,
) -> Result<Verified, StatementError> {
    let chain = certificates(std::slice::from_ref(&statement.certificate))?;
    let key = chain.first().and_then(Certificate::public_key).ok_or(StatementError::UnknownKey)?;
    let PublicKey::Es256 { .. } = key else { return Err(StatementError::UnknownKey) };
    let PublicKey::Es256 { x, y } = credential_key(credential)? else {
        return Err(StatementError::WrongAlgorithm);
    };
    let signed =
        [&[0x00], rp_id_hash.as_slice(), client_data_hash, &credential.credential_id, &[0x04], &x, &y]
            .concat();
    verify_signature(&key, &signed, &statement.sig).map_err(|_| StatementError::BadSignature)?;
    Ok(Verified::Certified { chain, aaguid: Aaguid::ZERO })
}

fn certificates(x5c: &[Vec<u8>]) -> Result<Vec<Certificate>, StatementError> {
    x5c.iter().map(|der| Certificate::parse(der).map_err(StatementError::Certificate)).collect()
}

fn credential_key(credential: &AttestedCredential) -> Result<PublicKey, StatementError> {
    PublicKey::parse(&credential.public_key_cose).map_err(|_| StatementError::UnknownKey)
}

/// Section 8.2.1.
fn check_packed_certificate(certificate: &Certificate, said: Aaguid) -> Result<(), StatementError> {
    let must = |holds: bool, requirement| {
        if holds { Ok(()) } else { Err(StatementError::Requirement(requirement)) }
    };
    let mut countries = certificate.subject_attributes(attribute::COUNTRY);
    let is_country = |text: &String| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let filled = |kind| certificate.subject_attributes(kind).any(|text| !text.is_empty());
    must(certificate.is_version_3(), Requirement::Version)?;
    must(countries.next().is_some_and(|text| is_country(&text)), Requirement::Country)?;
    must(filled(attribute::ORGANIZATION), Requirement::Organization)?;
    must(
        certificate.subject_attributes(attribute::ORGANIZATIONAL_UNIT).any(|unit| unit == UNIT),
        Requirement::OrganizationalUnit,
    )?;
    must(filled(attribute::COMMON_NAME), Requirement::CommonName)?;
    must(certificate.is_authority() == Some(false), Requirement::NoAuthority)?;
    match certificate.aaguid() {
        None => Ok(()),
        Some((critical, certified)) => {
            must(!critical, Requirement::AaguidNotCritical)?;
            if certified == said { Ok(()) } else { Err(StatementError::OtherModel { certified, said }) }
        }
    }
}

/// What a certificate for `packed` has to be like (section 8.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// Of version 3.
    Version,
    /// Subject-C
    Country,
    /// Subject-O
    Organization,
    /// Subject-OU
    OrganizationalUnit,
    /// Subject-CN
    CommonName,
    /// Basic constraints, and in them that it is no authority.
    NoAuthority,
    /// The AAGUID may be passed over by those who do not know it.
    AaguidNotCritical,
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => "it must be of version 3",
            Self::Country => "its subject must have a country of two letters",
            Self::Organization => "its subject must have an organization",
            Self::OrganizationalUnit => {
                return write!(f, "its subject must have the organizational unit “{UNIT}”");
            }
            Self::CommonName => "its subject must have a common name",
            Self::NoAuthority => "it must say that it is not an authority",
            Self::AaguidNotCritical => "its AAGUID must not be critical",
        })
    }
}

/// Why a statement is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementError {
    /// There is no credential that it could be about.
    NoCredential,
    /// It is not as its format has it.
    Malformed(Malformed),
    /// One of its certificates is none.
    Certificate(CertificateError),
    /// Its certificate is not as the specification wants it.
    Requirement(Requirement),
    /// The key that should have signed is of a kind that is not known here.
    UnknownKey,
    /// The algorithm that it names, or the credential's, is not the right one.
    WrongAlgorithm,
    /// Its signature does not verify.
    BadSignature,
    /// Its certificate is for another model.
    OtherModel {
        /// The model in the certificate.
        certified: Aaguid,
        /// The model that the key says it is of.
        said: Aaguid,
    },
}

impl fmt::Display for StatementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCredential => f.write_str("it comes without a credential"),
            Self::Malformed(error) => write!(f, "it is malformed: {error}"),
            Self::Certificate(error) => write!(f, "its certificate cannot be read: {error}"),
            Self::Requirement(requirement) => {
                write!(f, "its certificate is not as it should be: {requirement}")
            }
            Self::UnknownKey => f.write_str("it is signed by a kind of key that is not supported"),
            Self::WrongAlgorithm => f.write_str("its algorithm is not that of its key"),
            Self::BadSignature => f.write_str("its signature does not verify"),
            Self::OtherModel { certified, said } => {
                write!(
                    f,
                    "its certificate is for the model {certified}, and the key says that it is of {said}"
                )
            }
        }
    }
}

impl std::error::Error for StatementError {}

#[cfg(test)]
#[path = "statement_tests.rs"]
mod tests;
