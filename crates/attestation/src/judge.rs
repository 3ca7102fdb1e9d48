//! Whether a new passkey may be stored, by what its key's attestation proves and the administrator wants.

use std::fmt;

use ctap::Aaguid;
use jiff::Timestamp;
use passkey_core::attestation::{
    AttestationKind, AttestationProof, AttestationSummary, SerialNumber, TrustRoot,
};
use passkey_core::ceremony::Attestation;
use passkey_core::config::{AttestationPolicy, AttestationRequirement};

use crate::metadata::{Compromise, Metadata, Model};
use crate::path::{self, PathError};
use crate::statement::{self, StatementError, Verified};
use crate::{Certificate, Refusal};

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
    /// The metadata warns of its model, and a trusted key is not required.
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
    let anchor = match (anchor(trust, &models, chain, now), policy.require) {
        (Ok(anchor), _) => Some(anchor),
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
    // A certificate without an AAGUID lets its maker's keys claim any model: a certification does not count for one whose
    // own roots do not vouch for this key, even if others do.
    let proved = anchor.iter().flat_map(|anchor| &anchor.models);
    let certification = proved.filter_map(|model| model.certification(now)).max();
    let wanted = policy.metadata.as_ref().and_then(|metadata| metadata.certification);
    if let Some(wanted) = wanted.filter(|wanted| certification < Some(*wanted)) {
        return Err(Refusal::NotCertified { wanted, certification, model: name(&models, aaguid) });
    }

    let root = anchor.map(|anchor| anchor.root);
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

/// Where a chain leads.
struct Anchor<'t> {
    /// The root: one of the administrator's, or one of a model's own.
    root: Certificate,
    /// The models that have a root of theirs at its end.
    models: Vec<&'t Model>,
}

/// Follows `chain` to the roots of the administrator and of `models`.
fn anchor<'t>(
    trust: &Trust,
    models: &[&'t Model],
    chain: &[Certificate],
    now: Timestamp,
) -> Result<Anchor<'t>, PathError> {
    let (mut found, mut refusal) = (None, None);
    let mut follow = |roots: &[Certificate]| match path::validate(chain, roots, now) {
        Ok(root) => {
            found.get_or_insert_with(|| root.clone());
            true
        }
        Err(error) => {
            // That a chain leads elsewhere says less than what is wrong with one that leads here.
            if refusal.is_none() || !matches!(error, PathError::NoRoot { .. }) {
                refusal = Some(error);
            }
            false
        }
    };
    follow(&trust.roots);
    let models = models.iter().copied().filter(|model| follow(&model.roots())).collect();
    match (found, refusal) {
        (Some(root), _) => Ok(Anchor { root, models }),
        (None, Some(reason)) => Err(reason),
        (None, None) => Err(PathError::NoRoot { issuer: String::new() }),
    }
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

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
