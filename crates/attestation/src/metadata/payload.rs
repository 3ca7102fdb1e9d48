//! What is signed: JSON (FIDO Metadata Service 3, sections 3.1.1 to 3.1.6). Of some 50 members that a model has, these matter.
//!
//! Makers fill their entries in by themselves and with mistakes, so an identifier or a certificate that is none costs only
//! itself: what is left out makes no key trusted. The shape of the whole is the Alliance's, and has to be right.

use base64ct::{Base64, Encoding as _};
use jiff::civil::Date;
use serde::Deserialize;

use super::status::{Effective, Report};
use super::{Metadata, MetadataError, Model};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    next_update: String,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    aaguid: Option<String>,
    attestation_certificate_key_identifiers: Option<Vec<String>>,
    metadata_statement: Option<MetadataStatement>,
    status_reports: Vec<StatusReport>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetadataStatement {
    description: Option<String>,
    attestation_root_certificates: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusReport {
    status: String,
    effective_date: Option<String>,
}

/// Reads what was signed.
pub(super) fn parse(json: &[u8]) -> Result<Metadata, MetadataError> {
    let payload: Payload =
        serde_json::from_slice(json).map_err(|error| MetadataError::Payload(error.to_string()))?;
    let next_update = date(&payload.next_update)
        .ok_or_else(|| MetadataError::Payload("`nextUpdate` is not a date".to_owned()))?;
    let models = payload.entries.into_iter().filter_map(model).collect();
    Ok(Metadata { next_update, models })
}

/// The model of an entry; `None` where it names neither an AAGUID nor a key, as those of UAF do.
fn model(entry: Entry) -> Option<Model> {
    let aaguid = entry.aaguid.and_then(|text| text.parse().ok());
    let identifiers = entry.attestation_certificate_key_identifiers.unwrap_or_default();
    let key_identifiers: Vec<[u8; 20]> =
        identifiers.iter().filter_map(|digits| key_identifier(digits)).collect();
    if aaguid.is_none() && key_identifiers.is_empty() {
        return None;
    }
    let statement = entry.metadata_statement.unwrap_or_default();
    let roots = statement.attestation_root_certificates.unwrap_or_default();
    let roots = roots.iter().filter_map(|text| certificate(text)).collect();
    let reports = entry.status_reports.into_iter().map(report).collect();
    Some(Model { aaguid, key_identifiers, description: statement.description, roots, reports })
}

fn key_identifier(digits: &str) -> Option<[u8; 20]> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()
    };
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    bytes.filter(|_| rest.is_empty())?.try_into().ok()
}

/// Base64 in which some makers leave line breaks.
fn certificate(text: &str) -> Option<Vec<u8>> {
    let base64: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    Base64::decode_vec(&base64).ok()
}

fn report(report: StatusReport) -> Report {
    let effective = match report.effective_date {
        None => Effective::Ever,
        Some(text) => date(&text).map_or(Effective::Unreadable, Effective::From),
    };
    Report { status: report.status, effective }
}

fn date(text: &str) -> Option<Date> {
    text.parse().ok()
}
