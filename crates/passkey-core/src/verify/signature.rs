//! Signatures by the algorithms that credentials use.

use ctap::cose::PublicKey;
use p256::{ecdsa::signature::Verifier as _, elliptic_curve::point::AffineCoordinates as _};

use super::{RsaHash, VerifyError, verify_rsa};

/// Checks `signature` over `message` under `key`.
///
/// ECDSA signatures are strict DER (WebAuthn Level 3, section 6.5.5). Ed25519 signatures are checked so that only one
/// signature per message and key exists and weak keys sign nothing (RFC 8032 section 8.4 and "verify strict").
///
/// # Errors
/// What is wrong with key or signature.
pub fn verify_signature(key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
    match key {
        PublicKey::Es256 { x, y } => {
            let point = p256::AffinePoint::from_coordinates(x.into(), y.into()).into_option();
            let key = point
                .and_then(|point| p256::ecdsa::VerifyingKey::from_affine(point).ok())
                .ok_or(VerifyError::UnusablePublicKey)?;
            let signature =
                p256::ecdsa::Signature::from_der(signature).map_err(|_| VerifyError::MalformedSignature)?;
            key.verify(message, &signature).map_err(|_| VerifyError::BadSignature)
        }
        PublicKey::Es384 { x, y } => {
            let point = p384::AffinePoint::from_coordinates(x.into(), y.into()).into_option();
            let key = point
                .and_then(|point| p384::ecdsa::VerifyingKey::from_affine(point).ok())
                .ok_or(VerifyError::UnusablePublicKey)?;
            let signature =
                p384::ecdsa::Signature::from_der(signature).map_err(|_| VerifyError::MalformedSignature)?;
            key.verify(message, &signature).map_err(|_| VerifyError::BadSignature)
        }
        PublicKey::EdDsa { x } => {
            let key =
                ed25519_dalek::VerifyingKey::from_bytes(x).map_err(|_| VerifyError::UnusablePublicKey)?;
            if key.is_weak() {
                return Err(VerifyError::UnusablePublicKey);
            }
            let signature = ed25519_dalek::Signature::from_slice(signature)
                .map_err(|_| VerifyError::MalformedSignature)?;
            key.verify_strict(message, &signature).map_err(|_| VerifyError::BadSignature)
        }
        PublicKey::Rs256 { n, e } => verify_rsa(n, e, RsaHash::Sha256, message, signature),
    }
}

#[cfg(test)]
#[path = "signature_tests.rs"]
mod tests;
