//! COSE keys and algorithms of credentials (RFC 9052 §7, RFC 9053, WebAuthn Level 3 §5.8.5).

use std::fmt;

use p256::elliptic_curve::point::AffineCoordinates as _;

use crate::cbor::{Item, Key, Malformed, Reader, entry};

/// Labels of a COSE key (RFC 9052 §7.1, RFC 9053 §7).
pub(crate) mod label {
    pub(crate) const KTY: i64 = 1;
    pub(crate) const ALG: i64 = 3;
    pub(crate) const CRV: i64 = -1;
    pub(crate) const X: i64 = -2;
    pub(crate) const Y: i64 = -3;
    pub(crate) const N: i64 = -1;
    pub(crate) const E: i64 = -2;
}

/// Key types (RFC 9053 §7, RFC 8230 §4).
pub(crate) mod kty {
    pub(crate) const OKP: i64 = 1;
    pub(crate) const EC2: i64 = 2;
    pub(crate) const RSA: i64 = 3;
}

/// Curves (RFC 9053 §7.1).
pub(crate) mod crv {
    pub(crate) const P256: i64 = 1;
    pub(crate) const P384: i64 = 2;
    pub(crate) const ED25519: i64 = 6;
}

/// RSA moduli from 2048 to 8192 bits, in bytes.
const MODULUS_LEN: std::ops::RangeInclusive<usize> = 256..=1024;
const MAX_EXPONENT_LEN: usize = 8;

/// A signature algorithm of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA over P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// ECDSA over P-384 with SHA-384.
    Es384,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

impl Algorithm {
    /// All that are known here.
    pub const ALL: [Self; 4] = [Self::Es256, Self::EdDsa, Self::Es384, Self::Rs256];

    /// The COSE algorithm identifier.
    pub fn id(self) -> i64 {
        match self {
            Self::Es256 => -7,
            Self::EdDsa => -8,
            Self::Es384 => -35,
            Self::Rs256 => -257,
        }
    }

    /// The reverse of [`Algorithm::id`].
    pub fn from_id(id: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.id() == id)
    }
}

/// The name in the COSE registry: `ES256`, `EdDSA`, `ES384`, `RS256`.
impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Es384 => "ES384",
            Self::Rs256 => "RS256",
        })
    }
}

/// A credential's public key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PublicKey {
    /// A point on P-256.
    Es256 {
        /// Abscissa, big-endian.
        x: [u8; 32],
        /// Ordinate, big-endian.
        y: [u8; 32],
    },
    /// Coordinates of the length that P-384 has. Whether they are a point of the curve is seen when a signature is verified.
    Es384 {
        /// Abscissa, big-endian.
        x: [u8; 48],
        /// Ordinate, big-endian.
        y: [u8; 48],
    },
    /// An Ed25519 key in the encoding of RFC 8032. Whether it is one is seen when a signature is verified.
    EdDsa {
        /// The encoded point.
        x: [u8; 32],
    },
    /// An RSA key.
    Rs256 {
        /// Modulus, big-endian, 256 to 1024 bytes without leading zeros.
        n: Vec<u8>,
        /// Public exponent, big-endian, 1 to 8 bytes without leading zeros.
        e: Vec<u8>,
    },
}

impl PublicKey {
    /// Parses a whole COSE key. Members that a public key does not need are passed over.
    ///
    /// # Errors
    /// Another algorithm than those of [`Algorithm`], a key that is not of its algorithm, a point that is not on P-256, or
    /// bytes that are no COSE key at all.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let key = Members::read(bytes)?;
        let algorithm = Algorithm::from_id(key.alg.ok_or(Malformed::Missing)?).ok_or(Malformed::Invalid)?;
        match algorithm {
            Algorithm::Es256 => {
                key.must_be(kty::EC2, Some(crv::P256))?;
                let (x, y) = (coordinate(key.second)?, coordinate(key.third)?);
                p256_point(&x, &y)?;
                Ok(Self::Es256 { x, y })
            }
            Algorithm::Es384 => {
                key.must_be(kty::EC2, Some(crv::P384))?;
                Ok(Self::Es384 { x: coordinate(key.second)?, y: coordinate(key.third)? })
            }
            Algorithm::EdDsa => {
                key.must_be(kty::OKP, Some(crv::ED25519))?;
                Ok(Self::EdDsa { x: coordinate(key.second)? })
            }
            Algorithm::Rs256 => {
                key.must_be(kty::RSA, None)?;
                let n = match key.first {
                    Some(First::Bytes(n)) => n,
                    Some(First::Int(_)) => return Err(Malformed::Type),
                    None => return Err(Malformed::Missing),
                };
                let e = key.second.ok_or(Malformed::Missing)?;
                let trimmed = |number: &[u8]| number.first().is_some_and(|first| *first != 0);
                if !MODULUS_LEN.contains(&n.len()) || e.len() > MAX_EXPONENT_LEN || !trimmed(n) || !trimmed(e)
                {
                    return Err(Malformed::Invalid);
                }
                Ok(Self::Rs256 { n: n.to_vec(), e: e.to_vec() })
            }
        }
    }

    /// The key as a COSE key in the canonical form.
    pub fn encode(&self) -> Vec<u8> {
        self.to_item().into_bytes()
    }

    /// The key as a COSE key, for a map that it is a member of.
    pub fn to_item(&self) -> Item {
        let alg = self.algorithm().id();
        match self {
            Self::Es256 { x, y } => ec2(alg, crv::P256, x, y),
            Self::Es384 { x, y } => ec2(alg, crv::P384, x, y),
            Self::EdDsa { x } => Item::map([
                entry(label::KTY, Item::from(kty::OKP)),
                entry(label::ALG, Item::from(alg)),
                entry(label::CRV, Item::from(crv::ED25519)),
                entry(label::X, Item::from(x.as_slice())),
            ]),
            Self::Rs256 { n, e } => Item::map([
                entry(label::KTY, Item::from(kty::RSA)),
                entry(label::ALG, Item::from(alg)),
                entry(label::N, Item::from(n.as_slice())),
                entry(label::E, Item::from(e.as_slice())),
            ]),
        }
    }

    /// The algorithm that the key is for.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Es256 { .. } => Algorithm::Es256,
            Self::Es384 { .. } => Algorithm::Es384,
            Self::EdDsa { .. } => Algorithm::EdDsa,
            Self::Rs256 { .. } => Algorithm::Rs256,
        }
    }
}

/// A COSE key on a curve with two coordinates.
pub(crate) fn ec2(alg: i64, crv: i64, x: &[u8], y: &[u8]) -> Item {
    Item::map([
        entry(label::KTY, Item::from(kty::EC2)),
        entry(label::ALG, Item::from(alg)),
        entry(label::CRV, Item::from(crv)),
        entry(label::X, Item::from(x)),
        entry(label::Y, Item::from(y)),
    ])
}

/// The point of P-256 with these coordinates, which must be one.
pub(crate) fn p256_point(x: &[u8; 32], y: &[u8; 32]) -> Result<p256::PublicKey, Malformed> {
    let point = p256::AffinePoint::from_coordinates(x.into(), y.into()).into_option();
    point.and_then(|point| p256::PublicKey::from_affine(point).ok()).ok_or(Malformed::Invalid)
}

/// The label −1 is a curve, or the modulus of an RSA key.
#[derive(Clone, Copy)]
pub(crate) enum First<'b> {
    Int(i64),
    Bytes(&'b [u8]),
}

/// The members of a COSE key that matter here, not judged yet.
#[derive(Default)]
pub(crate) struct Members<'b> {
    pub(crate) kty: Option<i64>,
    pub(crate) alg: Option<i64>,
    pub(crate) first: Option<First<'b>>,
    pub(crate) second: Option<&'b [u8]>,
    pub(crate) third: Option<&'b [u8]>,
}

impl<'b> Members<'b> {
    pub(crate) fn read(bytes: &'b [u8]) -> Result<Self, Malformed> {
        let mut key = Self::default();
        Reader::whole(bytes, |reader| {
            reader.map(|label, value| {
                match label {
                    Key::Int(label::KTY) => key.kty = Some(value.int()?),
                    Key::Int(label::ALG) => key.alg = Some(value.int()?),
                    Key::Int(-1) if value.at_bytes() => key.first = Some(First::Bytes(value.bytes()?)),
                    Key::Int(-1) => key.first = Some(First::Int(value.int()?)),
                    Key::Int(-2) => key.second = Some(value.bytes()?),
                    Key::Int(-3) => key.third = Some(value.bytes()?),
                    _ => value.skip()?,
                }
                Ok(())
            })
        })?;
        Ok(key)
    }

    /// Requires the key type and, where the type has one, the curve.
    pub(crate) fn must_be(&self, kty: i64, crv: Option<i64>) -> Result<(), Malformed> {
        if self.kty.ok_or(Malformed::Missing)? != kty {
            return Err(Malformed::Invalid);
        }
        match (crv, self.first) {
            (None, _) => Ok(()),
            (Some(crv), Some(First::Int(is))) if is == crv => Ok(()),
            (Some(_), Some(First::Int(_))) => Err(Malformed::Invalid),
            (Some(_), Some(First::Bytes(_))) => Err(Malformed::Type),
            (Some(_), None) => Err(Malformed::Missing),
        }
    }
}

/// A coordinate of exactly `N` bytes.
pub(crate) fn coordinate<const N: usize>(bytes: Option<&[u8]>) -> Result<[u8; N], Malformed> {
    bytes.ok_or(Malformed::Missing)?.try_into().map_err(|_| Malformed::Invalid)
}

#[cfg(test)]
#[path = "cose_tests.rs"]
mod tests;
