//! Metadata about virtual keys, in the form of the FIDO Metadata Service 3.

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use opensk::api::crypto::ec_signing::{EcSecretKey as _, EcSignature as _};
use serde_json::json;

use crate::attestation::{attestation_root, metadata_signer};

/// What is said of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its AAGUID.
    pub aaguid: [u8; 16],
    /// Its name.
    pub description: String,
    /// What became of it, in the order of time: `FIDO_CERTIFIED_L1`, `REVOKED` and the like.
    pub statuses: Vec<String>,
}

/// A signed BLOB that knows these models, and that their attestation leads to [`attestation_root`]. It is to be replaced by
/// `next_update`, a date such as `2049-12-31`. Its own signature leads to [`metadata_root`](crate::metadata_root).
pub fn metadata(models: &[Model], next_update: &str) -> String {
    let (key, certificate) = metadata_signer();
    let base64 = |json: &serde_json::Value| Base64UrlUnpadded::encode_string(json.to_string().as_bytes());
    let header = json!({ "alg": "ES256", "typ": "JWT", "x5c": [Base64::encode_string(&certificate)] });
    let entries: Vec<serde_json::Value> = models.iter().map(entry).collect();
    let payload = json!({ "legalHeader": "", "no": 1, "nextUpdate": next_update, "entries": entries });
    let signed = format!("{}.{}", base64(&header), base64(&payload));
    let signature = side_by_side(&key.sign(signed.as_bytes()).to_der());
    format!("{signed}.{}", Base64UrlUnpadded::encode_string(&signature))
}

/// An ECDSA signature as JWS has it (RFC 7518, section 3.4): two numbers of 32 bytes, of which DER leaves zeros out or puts one more in
/// front.
fn side_by_side(der: &[u8]) -> [u8; 64] {
    let mut numbers = [0; 64];
    let mut rest = &der[2..];
    for place in numbers.chunks_mut(32) {
        let (number, after) = rest[2..].split_at(usize::from(rest[1]));
        let significant = &number[number.len().saturating_sub(32)..];
        place[32 - significant.len()..].copy_from_slice(significant);
        rest = after;
    }
    numbers
}

fn entry(model: &Model) -> serde_json::Value {
    let reports: Vec<serde_json::Value> = model
        .statuses
        .iter()
        .map(|status| json!({ "status": status, "effectiveDate": "2020-01-01" }))
        .collect();
    json!({
        "aaguid": uuid(model.aaguid),
        "metadataStatement": {
            "description": model.description,
            "protocolFamily": "fido2",
            "attestationRootCertificates": [Base64::encode_string(&attestation_root())],
        },
        "statusReports": reports,
        "timeOfLastStatusChange": "2020-01-01",
    })
}

fn uuid(bytes: [u8; 16]) -> String {
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}
