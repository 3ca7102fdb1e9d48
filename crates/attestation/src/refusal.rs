//! Why a security key may not hold a passkey, in a sentence for its owner.

use std::fmt;

use ctap::Aaguid;
use passkey_core::attestation::Certification;

use crate::metadata::Compromise;
use crate::path::PathError;
use crate::statement::StatementError;

/// Why a passkey may not be stored: what was wanted, and what the key offered. Names in it come from the key or the metadata,
/// not checked: escape them before showing them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Only some models are allowed, and it is none of those.
    ModelNotAllowed {
        /// The key's model; zero where it has none or did not prove any.
        aaguid: Aaguid,
    },
    /// An attestation is required, and there is none.
    NoAttestation,
    /// An attestation is required, and this one is in a format that is not understood.
    Unsupported {
        /// The format.
        format: String,
    },
    /// An attestation is required, and this one is not valid.
    Invalid(StatementError),
    /// A maker has to vouch for the key, and only the passkey itself does.
    SelfAttested,
    /// A maker has to vouch for the key who is trusted, and this one is not.
    Untrusted {
        /// Why not.
        reason: PathError,
    },
    /// The model has to be in the metadata, and is not.
    UnknownModel {
        /// The key's model; zero where it has none.
        aaguid: Aaguid,
    },
    /// The model must not be compromised, and is.
    Compromised {
        /// What is reported.
        status: Compromise,
        /// The model's name, or its AAGUID.
        model: String,
    },
    /// The model has to be certified, and is not, or not as far.
    NotCertified {
        /// The least that will do.
        wanted: Certification,
        /// What the metadata says.
        certification: Option<Certification>,
        /// The model's name, or its AAGUID.
        model: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ModelNotAllowed { aaguid } if *aaguid == Aaguid::ZERO => {
                f.write_str("only some models are allowed, and it does not prove to be of one of them")
            }
            Self::ModelNotAllowed { aaguid } => {
                write!(f, "only some models are allowed, and it is of another one, AAGUID {aaguid}")
            }
            Self::NoAttestation => f.write_str("an attestation is required, and it gave none"),
            Self::Unsupported { format } => {
                write!(
                    f,
                    "an attestation is required, and its own has the format “{format}”, which is not supported"
                )
            }
            Self::Invalid(error) => {
                write!(f, "an attestation is required, and its own is not valid: {error}")
            }
            Self::SelfAttested => {
                f.write_str("a maker who is trusted has to vouch for it, and it only vouches for itself")
            }
            Self::Untrusted { reason } => {
                write!(
                    f,
                    "a maker who is trusted has to vouch for it, and its attestation leads to none: {reason}"
                )
            }
            Self::UnknownModel { aaguid } if *aaguid == Aaguid::ZERO => {
                f.write_str("its model has to be in the metadata, and is not")
            }
            Self::UnknownModel { aaguid } => {
                write!(f, "its model has to be in the metadata, and AAGUID {aaguid} is not")
            }
            Self::Compromised { status, model } => {
                write!(f, "a key that is trusted is required, and the metadata reports {status} of “{model}”")
            }
            Self::NotCertified { wanted, certification: Some(is), model } => {
                write!(f, "{} is required, and “{model}” is only {}", wanted.as_str(), is.as_str())
            }
            Self::NotCertified { wanted, certification: None, model } => {
                write!(
                    f,
                    "{} is required, and the metadata knows of no certification of “{model}”",
                    wanted.as_str()
                )
            }
        }
    }
}

impl std::error::Error for Refusal {}
