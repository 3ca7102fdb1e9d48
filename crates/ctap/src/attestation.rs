//! Attestation statements (WebAuthn Level 3 §8), in the formats that security keys make: what a key says of the credential it
//! made. Nothing in them is verified here.

use crate::cbor::{Key, Malformed, Reader};

/// The longest chain of certificates in a statement. A message has room for no more than a handful.
const MAX_CERTIFICATES: usize = 8;

/// An attestation statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// `none` (§8.7).
    None,
    /// `packed` (§8.2).
    Packed(Packed),
    /// `fido-u2f` (§8.6).
    FidoU2f(FidoU2f),
    /// Any other format, not read.
    Other,
}

/// A statement of the format `packed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The COSE identifier of the signature's algorithm.
    pub alg: i64,
    /// The signature over authenticator data and client data hash.
    pub sig: Vec<u8>,
    /// The attestation certificate and those above it, each DER; empty for self attestation.
    pub x5c: Vec<Vec<u8>>,
}

/// A statement of the format `fido-u2f`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FidoU2f {
    /// The signature over the data of a U2F registration.
    pub sig: Vec<u8>,
    /// The attestation certificate, DER.
    pub certificate: Vec<u8>,
}

impl Statement {
    /// Parses the CBOR map of a statement of this format. Members that the format does not have are passed over.
    ///
    /// # Errors
    /// What is wrong with it: members that are missing or of another type, more or fewer certificates than the format has, a
    /// statement of `none` that says something.
    pub fn parse(format: &str, statement: &[u8]) -> Result<Self, Malformed> {
        match format {
            "none" => {
                Reader::whole(statement, |reader| reader.map(|_, _| Err(Malformed::Invalid)))?;
                Ok(Self::None)
            }
            "packed" => {
                let Members { alg, sig, x5c } = Members::read(statement)?;
                let x5c = match x5c {
                    None => Vec::new(),
                    Some(certificates) if certificates.is_empty() => return Err(Malformed::Missing),
                    Some(certificates) => certificates,
                };
                let (alg, sig) = (alg.ok_or(Malformed::Missing)?, sig.ok_or(Malformed::Missing)?);
                Ok(Self::Packed(Packed { alg, sig, x5c }))
            }
            "fido-u2f" => {
                let Members { sig, x5c, .. } = Members::read(statement)?;
                let mut certificates = x5c.ok_or(Malformed::Missing)?.into_iter();
                let certificate = certificates.next().ok_or(Malformed::Missing)?;
                if certificates.next().is_some() {
                    return Err(Malformed::Invalid);
                }
                Ok(Self::FidoU2f(FidoU2f { sig: sig.ok_or(Malformed::Missing)?, certificate }))
            }
            _ => Ok(Self::Other),
        }
    }
}

/// What the two formats with a signature have in common.
#[derive(Default)]
struct Members {
    alg: Option<i64>,
    sig: Option<Vec<u8>>,
    x5c: Option<Vec<Vec<u8>>>,
}

impl Members {
    fn read(statement: &[u8]) -> Result<Self, Malformed> {
        let mut members = Self::default();
        Reader::whole(statement, |reader| {
            reader.map(|key, value| {
                match key {
                    Key::Text("alg") => members.alg = Some(value.int()?),
                    Key::Text("sig") => members.sig = Some(value.bytes()?.to_vec()),
                    Key::Text("x5c") => {
                        let mut certificates = Vec::new();
                        value.array(MAX_CERTIFICATES, |certificate| {
                            certificates.push(certificate.bytes()?.to_vec());
                            Ok(())
                        })?;
                        members.x5c = Some(certificates);
                    }
                    _ => value.skip()?,
                }
                Ok(())
            })
        })?;
        Ok(members)
    }
}

#[cfg(test)]
#[path = "attestation_tests.rs"]
mod tests;
