//! Whether a new passkey may be stored, by what its key's attestation proves and the administrator wants.

use std::fmt;

use ctap::Aaguid;
use jiff::Timestamp;
use passkey_core::attestation::{
    AttestationKind, AttestationProof, AttestationSummary, Certification, SerialNumber, TrustRoot,
};
use passkey_core::ceremony::Attestation;
use passkey_core::config::{AttestationPolicy, AttestationRequirement};

use crate::Certificate;
use crate::metadata::{Compromise, Metadata, Model};
use crate::path::{self, PathError};
use crate::statement::{self, StatementError, Verified};

/// Who is trusted to vouch for a key.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The roots that the administrator names.
    pub roots: Vec<Certificate>,
    /// The metadata, with a root or more for each model.
    pub metadata: Option<Metadata>,
}

/// A passkey that may be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What is to be kept of the attestation.
    pub summary: AttestationSummary,
    /// What the administrator should hear although nothing forbids the passkey.
    pub caveats: Vec<Caveat>,
}

/// Something that speaks against a key and is not forbidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caveat {
    /// Its attestation is not valid, and none is required.
    Invalid(StatementError),
    /// The metadata warns of its model, and nobody requires a key that is trusted.
    Compromised {
        /// What is reported.
        status: Compromise,
        /// The model's name, or its AAGUID. Not checked: escape it before showing it.
        model: String,
    },
}

impl fmt::Display for Caveat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(error) => write!(f, "the attestation of the security key is not valid: {error}"),
            Self::Compromised { status, model } => {
                write!(f, "the metadata reports {status} of this model of security key, “{model}”")
            }
        }
    }
}

/// Holds the attestation of a new passkey against `policy`.
///
/// # Errors
/// What was wanted, and what the key offered instead.
pub fn judge(
    attestation: &Attestation,
    policy: &AttestationPolicy,
    trust: &Trust,
    now: Timestamp,
) -> Result<Judgement, Refusal> {
    let mut caveats = Vec::new();
    let verified = match statement::verify(&attestation.made, &attestation.client_data_hash) {
        Ok(verified) => verified,
        Err(error) if policy.require == AttestationRequirement::None => {
            caveats.push(Caveat::Invalid(error));
            Verified::Unknown
        }
        Err(error) => return Err(Refusal::Invalid(error)),
    };
    let format = &attestation.made.format;
    let chain = verified.chain();
    let aaguid = aaguid(&verified, attestation);
    if !policy.allowed_aaguids.is_empty() && !policy.allowed_aaguids.contains(&aaguid) {
        return Err(Refusal::ModelNotAllowed { aaguid });
    }
    require(policy.require, &verified, format)?;

    let models = models(trust, aaguid, chain);
    let root = match (root(trust, &models, chain, now), policy.require) {
        (Ok(root), _) => Some(root),
        (Err(reason), AttestationRequirement::Trusted) => {
            return Err(untrusted(reason, trust, &models, aaguid));
        }
        (Err(_), AttestationRequirement::None | AttestationRequirement::Any) => None,
    };
    if let Some(status) = models.iter().filter_map(|model| model.compromise()).max() {
        let model = name(&models, aaguid);
        match policy.require {
            AttestationRequirement::Trusted => return Err(Refusal::Compromised { status, model }),
            AttestationRequirement::None | AttestationRequirement::Any => {
                caveats.push(Caveat::Compromised { status, model });
            }
        }
    }
    // Of a model that nobody has proved, nothing is certified.
    let certification =
        root.as_ref().and_then(|_| models.iter().filter_map(|model| model.certification(now)).max());
    let wanted = policy.metadata.as_ref().and_then(|metadata| metadata.certification);
    if let Some(wanted) = wanted.filter(|wanted| certification < Some(*wanted)) {
        return Err(Refusal::NotCertified { wanted, certification, model: name(&models, aaguid) });
    }

    let proof = kind(&verified, attestation).map(|kind| AttestationProof {
        kind,
        root: root.as_ref().map(|root| TrustRoot::new(&root.subject(), root.sha256())),
        certification,
        serial: root.as_ref().and_then(|_| serial(chain)),
        checked: now,
    });
    Ok(Judgement { summary: AttestationSummary { format: format.clone(), proof }, caveats })
}

/// The key's model. Without a proof there is still its word, which is good enough where none is required.
fn aaguid(verified: &Verified, attestation: &Attestation) -> Aaguid {
    match verified {
        Verified::Certified { aaguid, .. } => *aaguid,
        Verified::None | Verified::SelfAttested | Verified::Unknown => {
            let said = attestation.made.authenticator_data.attested_credential.as_ref();
            said.map_or(Aaguid::ZERO, |credential| credential.aaguid)
        }
    }
}

/// Whether the statement is of a kind that will do.
fn require(requirement: AttestationRequirement, verified: &Verified, format: &str) -> Result<(), Refusal> {
    match (requirement, verified) {
        (AttestationRequirement::None, _)
        | (AttestationRequirement::Any, Verified::SelfAttested | Verified::Certified { .. })
        | (AttestationRequirement::Trusted, Verified::Certified { .. }) => Ok(()),
        (AttestationRequirement::Trusted, Verified::SelfAttested) => Err(Refusal::SelfAttested),
        (AttestationRequirement::Any | AttestationRequirement::Trusted, Verified::None) => {
            Err(Refusal::NoAttestation)
        }
        (AttestationRequirement::Any | AttestationRequirement::Trusted, Verified::Unknown) => {
            Err(Refusal::Unsupported { format: format.to_owned() })
        }
    }
}

/// What the metadata says of the key's model, which it names by its AAGUID, or by its attestation's key where it has none.
fn models<'t>(trust: &'t Trust, aaguid: Aaguid, chain: &[Certificate]) -> Vec<&'t Model> {
    let Some(metadata) = &trust.metadata else { return Vec::new() };
    if aaguid != Aaguid::ZERO {
        return metadata.of_aaguid(aaguid).collect();
    }
    chain.first().into_iter().flat_map(|certificate| metadata.of_key(certificate)).collect()
}

/// The root that `chain` leads to: one of the administrator's, or one of the model's own.
fn root(
    trust: &Trust,
    models: &[&Model],
    chain: &[Certificate],
    now: Timestamp,
) -> Result<Certificate, PathError> {
    let of_models = models.iter().map(|model| model.roots());
    let mut refusal = None;
    for roots in std::iter::once(trust.roots.clone()).chain(of_models) {
        match path::validate(chain, &roots, now) {
            Ok(root) => return Ok(root.clone()),
            // That a chain leads elsewhere says less than what is wrong with one that leads here.
            Err(error @ PathError::NoRoot { .. }) => refusal = Some(refusal.unwrap_or(error)),
            Err(error) => refusal = Some(error),
        }
    }
    Err(refusal.unwrap_or(PathError::NoRoot { issuer: String::new() }))
}

fn untrusted(reason: PathError, trust: &Trust, models: &[&Model], aaguid: Aaguid) -> Refusal {
    let by_metadata_alone = trust.roots.is_empty() && models.is_empty();
    match reason {
        PathError::NoRoot { .. } if by_metadata_alone => Refusal::UnknownModel { aaguid },
        reason => Refusal::Untrusted { reason },
    }
}

/// The model's name, or its AAGUID.
fn name(models: &[&Model], aaguid: Aaguid) -> String {
    models.iter().find_map(|model| model.description()).map_or_else(|| aaguid.to_string(), str::to_owned)
}

/// Who vouches for the key; `None` where that is not known.
fn kind(verified: &Verified, attestation: &Attestation) -> Option<AttestationKind> {
    match verified {
        Verified::None => Some(AttestationKind::None),
        Verified::SelfAttested => Some(AttestationKind::SelfAttested),
        Verified::Certified { .. } if attestation.enterprise_requested && attestation.made.enterprise => {
            Some(AttestationKind::Enterprise)
        }
        Verified::Certified { .. } => Some(AttestationKind::Basic),
        Verified::Unknown => None,
    }
}

/// The number of this very key, in the certificate of a maker who is trusted.
fn serial(chain: &[Certificate]) -> Option<SerialNumber> {
    chain.first()?.serial().and_then(|serial| SerialNumber::new(serial.to_vec()))
}

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
                    "{} is required, and the metadata says of no certification of “{model}”",
                    wanted.as_str()
                )
            }
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
