//! Signatures by the keys in certificates, under the names that X.509 has for them (RFC 3279, RFC 4055, RFC 5758, RFC 8410).

use std::fmt;

use ctap::cose::PublicKey;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use passkey_core::verify::{RsaHash, verify_rsa, verify_signature};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{self, Reader as _, SliceReader};
use x509_cert::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// Object identifiers of keys.
mod key {
    use super::ObjectIdentifier;

    pub(super) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
    pub(super) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
    pub(super) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
    pub(super) const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
}

/// Object identifiers of signatures, and Ed25519's, which is that of its keys as well.
mod signed {
    use super::ObjectIdentifier;

    pub(super) const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
    pub(super) const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
    pub(super) const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
    pub(super) const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
    pub(super) const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
    pub(super) const ECDSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
    pub(super) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
}

/// The key in a certificate, if it is one of those that are known here: on P-256, P-384 or Ed25519, or RSA of 2048 to 8192 bits.
pub(crate) fn public_key(info: &SubjectPublicKeyInfo) -> Option<PublicKey> {
    let bits = info.subject_public_key.as_bytes()?;
    let parameters = info.algorithm.parameters.as_ref();
    let key = match info.algorithm.oid {
        key::EC => {
            let curve: ObjectIdentifier = parameters?.decode_as().ok()?;
            let (&uncompressed, point) = bits.split_first()?;
            if uncompressed != 0x04 {
                return None;
            }
            let (x, y) = point.split_at_checked(point.len() / 2)?;
            match curve {
                key::P256 => PublicKey::Es256 { x: x.try_into().ok()?, y: y.try_into().ok()? },
                key::P384 => PublicKey::Es384 { x: x.try_into().ok()?, y: y.try_into().ok()? },
                _ => return None,
            }
        }
        key::RSA => {
            let (n, e) = rsa_public_key(bits).ok()?;
            PublicKey::Rs256 { n, e }
        }
        signed::ED25519 if parameters.is_none() => PublicKey::EdDsa { x: bits.try_into().ok()? },
        _ => return None,
    };
    // The bounds for the keys of passkeys are good for these too.
    PublicKey::parse(&key.encode()).ok()
}

/// Modulus and exponent of an `RSAPublicKey` (RFC 8017, appendix A.1.1).
fn rsa_public_key(der: &[u8]) -> der::Result<(Vec<u8>, Vec<u8>)> {
    let mut reader = SliceReader::new(der)?;
    let key = reader.sequence(|numbers| -> der::Result<_> {
        let [modulus, exponent]: [UintRef<'_>; 2] = [numbers.decode()?, numbers.decode()?];
        Ok((modulus.as_bytes().to_vec(), exponent.as_bytes().to_vec()))
    })?;
    reader.finish()?;
    Ok(key)
}

/// A hash that is signed in place of a message.
#[derive(Clone, Copy)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }
}

/// Checks `signature` over `message` under `key`, by the algorithm that a certificate names.
pub(crate) fn verify(
    key: &PublicKey,
    algorithm: &AlgorithmIdentifier,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let hash = match (algorithm.oid, key) {
        (signed::RSA_SHA256, PublicKey::Rs256 { .. }) | (signed::ECDSA_SHA256, _) => Hash::Sha256,
        (signed::RSA_SHA384, PublicKey::Rs256 { .. }) | (signed::ECDSA_SHA384, _) => Hash::Sha384,
        (signed::RSA_SHA512, PublicKey::Rs256 { .. }) | (signed::ECDSA_SHA512, _) => Hash::Sha512,
        (signed::ED25519, PublicKey::EdDsa { .. }) => {
            return verify_signature(key, message, signature).map_err(|_| SignatureError::Wrong);
        }
        _ => return Err(SignatureError::UnknownAlgorithm),
    };
    let is_ecdsa =
        matches!(algorithm.oid, signed::ECDSA_SHA256 | signed::ECDSA_SHA384 | signed::ECDSA_SHA512);
    let verified = match key {
        PublicKey::Es256 { x, y } if is_ecdsa => es256(x, y, &hash.digest(message), signature),
        PublicKey::Es384 { x, y } if is_ecdsa => es384(x, y, &hash.digest(message), signature),
        PublicKey::Rs256 { n, e } if !is_ecdsa => {
            let hash = match hash {
                Hash::Sha256 => RsaHash::Sha256,
                Hash::Sha384 => RsaHash::Sha384,
                Hash::Sha512 => RsaHash::Sha512,
            };
            verify_rsa(n, e, hash, message, signature).ok()
        }
        PublicKey::Es256 { .. }
        | PublicKey::Es384 { .. }
        | PublicKey::EdDsa { .. }
        | PublicKey::Rs256 { .. } => return Err(SignatureError::UnknownAlgorithm),
    };
    verified.ok_or(SignatureError::Wrong)
}

fn es256(x: &[u8], y: &[u8], digest: &[u8], signature: &[u8]) -> Option<()> {
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&[&[0x04], x, y].concat()).ok()?;
    key.verify_prehash(digest, &p256::ecdsa::Signature::from_der(signature).ok()?).ok()
}

fn es384(x: &[u8], y: &[u8], digest: &[u8], signature: &[u8]) -> Option<()> {
    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(&[&[0x04], x, y].concat()).ok()?;
    key.verify_prehash(digest, &p384::ecdsa::Signature::from_der(signature).ok()?).ok()
}

/// Checks an ES256 signature in the form of JWS: the two numbers side by side (RFC 7518, section 3.4).
pub(crate) fn verify_jws_es256(
    x: &[u8],
    y: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let signature = p256::ecdsa::Signature::from_slice(signature).map_err(|_| SignatureError::Wrong)?;
    es256(x, y, &Sha256::digest(message), signature.to_der().as_bytes()).ok_or(SignatureError::Wrong)
}

/// What is wrong with a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureError {
    /// Its algorithm is not known here, or is none of the key's.
    UnknownAlgorithm,
    /// It does not verify.
    Wrong,
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownAlgorithm => "its algorithm is not supported",
            Self::Wrong => "it does not verify",
        })
    }
}

impl std::error::Error for SignatureError {}
