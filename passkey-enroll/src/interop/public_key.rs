//! Public keys in the forms of other programs.

use ctap::cose::PublicKey;
use passkey_core::verify::is_usable;
use spki::der::asn1::{BitStringRef, UintRef};
use spki::der::{AnyRef, Decode as _, Encode as _, Reader as _, SliceReader, Tag};
use spki::{AlgorithmIdentifierRef, ObjectIdentifier, SubjectPublicKeyInfoRef};

use super::Damage;

/// An elliptic curve (RFC 5480 section 2.1.1), and the curves.
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// RSA (RFC 3279 section 2.3.1).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// Ed25519 (RFC 8410 section 3).
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// What an uncompressed point begins with (SEC 1 section 2.3.3).
const UNCOMPRESSED: u8 = 0x04;
/// What libfido2 takes for the modulus of an RSA key, and its exponent behind it.
const MODULUS_LEN: usize = 256;

/// `key`, if it is one and signatures can be verified under it.
pub(super) fn checked(key: &PublicKey) -> Result<PublicKey, Damage> {
    PublicKey::parse(&key.encode()).ok().filter(is_usable).ok_or(Damage::PublicKey)
}

/// ES256 as the two coordinates of a point.
pub(super) fn from_coordinates(bytes: &[u8]) -> Result<PublicKey, Damage> {
    match bytes.split_first_chunk::<32>() {
        Some((x, y)) => {
            let y = y.try_into().map_err(|_| Damage::PublicKey)?;
            checked(&PublicKey::Es256 { x: *x, y })
        }
        None => Err(Damage::PublicKey),
    }
}

/// ES256 as an uncompressed point.
pub(super) fn from_point(bytes: &[u8]) -> Result<PublicKey, Damage> {
    match bytes.split_first() {
        Some((&UNCOMPRESSED, coordinates)) => from_coordinates(coordinates),
        _ => Err(Damage::PublicKey),
    }
}

/// EdDSA in the encoding of RFC 8032.
pub(super) fn from_ed25519(bytes: &[u8]) -> Result<PublicKey, Damage> {
    checked(&PublicKey::EdDsa { x: bytes.try_into().map_err(|_| Damage::PublicKey)? })
}

/// RS256 as libfido2 keeps it: the modulus and the exponent one behind the other.
pub(super) fn from_rsa(bytes: &[u8]) -> Result<PublicKey, Damage> {
    let (n, e) = bytes.split_at_checked(MODULUS_LEN).ok_or(Damage::PublicKey)?;
    let e: Vec<u8> = e.iter().copied().skip_while(|byte| *byte == 0).collect();
    checked(&PublicKey::Rs256 { n: n.to_vec(), e })
}

/// A DER SubjectPublicKeyInfo (RFC 5280 section 4.1).
pub(super) fn from_spki(der: &[u8]) -> Result<PublicKey, Damage> {
    let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| Damage::PublicKey)?;
    let key = info.subject_public_key.as_bytes().ok_or(Damage::PublicKey)?;
    match (info.algorithm.oid, info.algorithm.parameters) {
        (EC, Some(curve)) => match curve.decode_as::<ObjectIdentifier>() {
            Ok(P256) => from_point(key),
            Ok(_) | Err(_) => Err(Damage::Algorithm),
        },
        (RSA, None) => from_rsa_der(key),
        (RSA, Some(parameters)) if parameters.is_null() => from_rsa_der(key),
        (ED25519, None) => from_ed25519(key),
        _ => Err(Damage::Algorithm),
    }
}

/// A DER RSAPublicKey (RFC 8017 appendix A.1.1).
fn from_rsa_der(der: &[u8]) -> Result<PublicKey, Damage> {
    let read = || {
        let mut reader = SliceReader::new(der)?;
        let numbers = reader.sequence(|reader| {
            Ok::<_, spki::der::Error>((UintRef::decode(reader)?, UintRef::decode(reader)?))
        })?;
        reader.finish()?;
        Ok::<_, spki::der::Error>(numbers)
    };
    let (n, e) = read().map_err(|_| Damage::PublicKey)?;
    checked(&PublicKey::Rs256 { n: n.as_bytes().to_vec(), e: e.as_bytes().to_vec() })
}

/// The key as a DER SubjectPublicKeyInfo; `None` for an algorithm that SSSD does not know.
pub(super) fn to_spki(key: &PublicKey) -> Option<Vec<u8>> {
    match key {
        PublicKey::Es256 { x, y } => {
            let point = [&[UNCOMPRESSED], x.as_slice(), y].concat();
            encode_spki(EC, Some(AnyRef::from(&P256)), &point)
        }
        PublicKey::EdDsa { x } => encode_spki(ED25519, None, x),
        PublicKey::Rs256 { n, e } => {
            let numbers = [UintRef::new(n).ok()?.to_der().ok()?, UintRef::new(e).ok()?.to_der().ok()?];
            let sequence = AnyRef::new(Tag::Sequence, &numbers.concat()).ok()?.to_der().ok()?;
            encode_spki(RSA, Some(AnyRef::NULL), &sequence)
        }
        PublicKey::Es384 { .. } => None,
    }
}

fn encode_spki(oid: ObjectIdentifier, parameters: Option<AnyRef<'_>>, key: &[u8]) -> Option<Vec<u8>> {
    let algorithm = AlgorithmIdentifierRef { oid, parameters };
    let subject_public_key = BitStringRef::from_bytes(key).ok()?;
    SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().ok()
}

#[cfg(test)]
#[path = "public_key_tests.rs"]
mod tests;
