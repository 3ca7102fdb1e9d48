//! Keys of credentials: ECDSA on P-256, made in the TPM, never outside of it.

use p256::ecdsa::Signature as EcdsaSignature;
use tss_esapi::constants::tss::{TPM2_RH_NULL, TPM2_ST_HASHCHECK};
use tss_esapi::interface_types::algorithm::{HashingAlgorithm, PublicAlgorithm};
use tss_esapi::interface_types::ecc::EccCurve;
use tss_esapi::structures::{
    Digest, EccParameter, EccPoint, EccScheme, HashScheme, HashcheckTicket, KeyDerivationFunctionScheme,
    Private, Public, PublicBuilder, PublicEccParameters, Signature, SignatureScheme,
    SymmetricDefinitionObject,
};
use tss_esapi::{Error, WrapperErrorKind};

use super::context::{AuthValue, Tpm, made_here};
use super::error::TpmError;

/// The length of a coordinate, in bytes.
pub const COORDINATE_LEN: usize = 32;
/// Some TPMs leave zeros at the front of a coordinate out. Such a key is made again, which happens once in 128 tries.
const DRAWS: usize = 8;

/// A key outside of the TPM, encrypted by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// `TPM2B_PRIVATE` without its length.
    pub private: Vec<u8>,
    /// Abscissa of the public point.
    pub x: [u8; COORDINATE_LEN],
    /// Ordinate of the public point.
    pub y: [u8; COORDINATE_LEN],
}

impl SigningKey {
    fn new(private: &Private, public: &Public) -> Option<Self> {
        let Public::Ecc { unique, .. } = public else { return None };
        Some(Self {
            private: private.value().to_vec(),
            x: unique.x().value().try_into().ok()?,
            y: unique.y().value().try_into().ok()?,
        })
    }

    fn parts(&self) -> Result<(Private, Public), TpmError> {
        Ok((Private::try_from(self.private.as_slice())?, public(&self.x, &self.y)?))
    }
}

/// What all keys of credentials have in common. The authorization value is random, so `noDA` is set.
fn public(x: &[u8], y: &[u8]) -> Result<Public, TpmError> {
    let attributes = made_here().with_sign_encrypt(true).build()?;
    Ok(PublicBuilder::new()
        .with_public_algorithm(PublicAlgorithm::Ecc)
        .with_name_hashing_algorithm(HashingAlgorithm::Sha256)
        .with_object_attributes(attributes)
        .with_ecc_parameters(PublicEccParameters::new(
            SymmetricDefinitionObject::Null,
            EccScheme::EcDsa(HashScheme::new(HashingAlgorithm::Sha256)),
            EccCurve::NistP256,
            KeyDerivationFunctionScheme::Null,
        ))
        .with_ecc_unique_identifier(EccPoint::new(EccParameter::try_from(x)?, EccParameter::try_from(y)?))
        .build()?)
}

fn wrong() -> TpmError {
    Error::WrapperError(WrapperErrorKind::WrongValueFromTpm).into()
}

impl Tpm {
    /// Makes a key.
    ///
    /// # Errors
    /// When the TPM cannot be used.
    pub fn create_signing_key(&mut self, auth: &AuthValue) -> Result<SigningKey, TpmError> {
        let template = public(&[], &[])?;
        let auth = auth.to_auth()?;
        self.in_session(|open| {
            for _ in 0..DRAWS {
                let (template, auth) = (template.clone(), Some(auth.clone()));
                let created = open.context.create(open.primary, template, auth, None, None, None)?;
                if let Some(key) = SigningKey::new(&created.out_private, &created.out_public) {
                    return Ok(key);
                }
            }
            Err(wrong())
        })
    }

    /// Signs a SHA-256 hash: a DER sequence of two integers.
    ///
    /// # Errors
    /// When the key is not this TPM's, the authorization value not the key's, or the TPM cannot be used.
    pub fn sign(&mut self, key: &SigningKey, auth: &AuthValue, hash: &[u8; 32]) -> Result<Vec<u8>, TpmError> {
        let parts = key.parts()?;
        let digest = Digest::try_from(hash.as_slice())?;
        let scheme = SignatureScheme::EcDsa { hash_scheme: HashScheme::new(HashingAlgorithm::Sha256) };
        // The hash was not made in the TPM, which matters to restricted keys only.
        let ticket = HashcheckTicket::try_from(tss_esapi::tss2_esys::TPMT_TK_HASHCHECK {
            tag: TPM2_ST_HASHCHECK,
            hierarchy: TPM2_RH_NULL,
            digest: tss_esapi::tss2_esys::TPM2B_DIGEST::default(),
        })?;
        self.in_session(|open| {
            open.with_loaded(parts, auth, |context, object| {
                match context.sign(object, digest, scheme, ticket)? {
                    Signature::EcDsa(signature) => der(&signature),
                    _ => Err(wrong()),
                }
            })
        })
    }
}

fn der(signature: &tss_esapi::structures::EccSignature) -> Result<Vec<u8>, TpmError> {
    let scalar = |parameter: &EccParameter| {
        let value = parameter.value();
        let mut scalar = [0; COORDINATE_LEN];
        let place = COORDINATE_LEN.checked_sub(value.len()).and_then(|start| scalar.get_mut(start..));
        place.map(|place| place.copy_from_slice(value))?;
        Some(scalar)
    };
    let (r, s) = (scalar(signature.signature_r()), scalar(signature.signature_s()));
    let signature = EcdsaSignature::from_scalars(r.ok_or_else(wrong)?, s.ok_or_else(wrong)?);
    Ok(signature.map_err(|_| wrong())?.to_der().as_bytes().to_vec())
}
