//! The signature around the metadata: JWS in its compact form (RFC 7515), signed by the first certificate of `x5c`.

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use ctap::cose::PublicKey;
use jiff::Timestamp;
use passkey_core::verify::verify_signature;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::MetadataError;
use crate::path::PathError;
use crate::{Certificate, SignatureError, path, signature};

/// The members of the protected header that matter. None of them may stand there twice.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    x5c: Vec<String>,
    crit: Option<IgnoredAny>,
}

/// Verifies a signed file, and gives what was signed.
pub(super) fn verify(
    blob: &[u8],
    roots: &[Certificate],
    signer: &str,
    now: Timestamp,
) -> Result<Vec<u8>, MetadataError> {
    let text = std::str::from_utf8(blob.trim_ascii()).map_err(|_| MetadataError::NotCompact)?;
    let (message, signature) = text.rsplit_once('.').ok_or(MetadataError::NotCompact)?;
    let (header, payload) = message.split_once('.').ok_or(MetadataError::NotCompact)?;
    let [header, payload, signature] = [decode(header)?, decode(payload)?, decode(signature)?];

    let header: Header =
        serde_json::from_slice(&header).map_err(|error| MetadataError::Header(error.to_string()))?;
    if header.crit.is_some() {
        return Err(MetadataError::CriticalHeader);
    }
    let chain = certificates(&header.x5c)?;
    let certificate = chain.first().ok_or(MetadataError::NoCertificate)?;
    path::validate(&chain, roots, now).map_err(MetadataError::Path)?;
    // Under a public root, anyone can have a certificate.
    if !certificate.is_for_host(signer) {
        return Err(MetadataError::Signer { expected: signer.to_owned(), subject: certificate.subject() });
    }
    if !certificate.may_sign_data() {
        return Err(MetadataError::NotForSigning);
    }
    let key = certificate.public_key();
    let verified = match (header.alg.as_str(), &key) {
        ("ES256", Some(PublicKey::Es256 { x, y })) => {
            signature::verify_jws_es256(x, y, message.as_bytes(), &signature)
        }
        ("RS256", Some(key @ PublicKey::Rs256 { .. })) => {
            verify_signature(key, message.as_bytes(), &signature).map_err(|_| SignatureError::Wrong)
        }
        ("ES256" | "RS256", _) => Err(SignatureError::UnknownAlgorithm),
        _ => return Err(MetadataError::Algorithm(header.alg)),
    };
    verified.map_err(MetadataError::Signature)?;
    Ok(payload)
}

fn decode(part: &str) -> Result<Vec<u8>, MetadataError> {
    Base64UrlUnpadded::decode_vec(part).map_err(|_| MetadataError::NotCompact)
}

/// The certificates of `x5c`: DER in plain Base64, the signer's first (RFC 7515, section 4.1.6).
fn certificates(x5c: &[String]) -> Result<Vec<Certificate>, MetadataError> {
    // They are not verified yet, so only as many are read as could count.
    if x5c.len() > path::MAX_LEN {
        return Err(MetadataError::Path(PathError::TooLong));
    }
    x5c.iter()
        .map(|text| {
            let der = Base64::decode_vec(text)
                .map_err(|_| MetadataError::Certificate(crate::CertificateError::Malformed))?;
            Certificate::parse(&der).map_err(MetadataError::Certificate)
        })
        .collect()
}
