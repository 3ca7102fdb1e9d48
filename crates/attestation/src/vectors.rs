//! The vectors of `tests/vectors/attestations.json`.

use std::path::Path;

use base64ct::{Base64, Encoding as _};
use ctap::AuthenticatorData;
use ctap::make_credential;
use jiff::Timestamp;
use passkey_core::ceremony::Attestation;
use serde::Deserialize;

use crate::Certificate;

pub(crate) struct Vectors {
    pub(crate) now: Timestamp,
    pub(crate) signer: String,
    root: String,
    pub(crate) statements: Vec<Attested>,
    pub(crate) paths: Vec<Way>,
    pub(crate) blobs: Vec<Signed>,
}

#[derive(Deserialize)]
struct File {
    now: String,
    signer: String,
    root: String,
    statements: Vec<Attested>,
    paths: Vec<Way>,
    blobs: Vec<Signed>,
}

#[derive(Deserialize)]
pub(crate) struct Attested {
    pub(crate) name: String,
    pub(crate) result: String,
    format: String,
    statement: String,
    authenticator_data: String,
    client_data_hash: String,
    pub(crate) aaguid: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Way {
    pub(crate) name: String,
    pub(crate) result: serde_json::Value,
    chain: Vec<String>,
    roots: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct Signed {
    pub(crate) name: String,
    pub(crate) result: String,
    pub(crate) blob: String,
    roots: Vec<String>,
}

impl Vectors {
    pub(crate) fn load() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/attestations.json");
        let File { now, signer, root, statements, paths, blobs } =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        Self { now: now.parse().unwrap(), signer, root, statements, paths, blobs }
    }

    /// The root of most certificates.
    pub(crate) fn root(&self) -> Certificate {
        certificate(&self.root)
    }

    /// What the key made in the statement of this name.
    pub(crate) fn attestation(&self, name: &str) -> Attestation {
        self.statements.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("{name}")).attestation()
    }

    /// The metadata of this name.
    pub(crate) fn blob(&self, name: &str) -> &Signed {
        self.blobs.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("{name}"))
    }
}

impl Attested {
    pub(crate) fn attestation(&self) -> Attestation {
        Attestation {
            made: make_credential::Response {
                format: self.format.clone(),
                authenticator_data: AuthenticatorData::parse(&bytes(&self.authenticator_data)).unwrap(),
                attestation_statement: bytes(&self.statement),
                enterprise: false,
            },
            client_data_hash: bytes(&self.client_data_hash).try_into().unwrap(),
            enterprise_requested: false,
        }
    }
}

impl Way {
    pub(crate) fn chain(&self) -> Vec<Certificate> {
        certificates(&self.chain)
    }

    pub(crate) fn roots(&self) -> Vec<Certificate> {
        certificates(&self.roots)
    }
}

impl Signed {
    pub(crate) fn roots(&self) -> Vec<Certificate> {
        certificates(&self.roots)
    }
}

fn certificates(texts: &[String]) -> Vec<Certificate> {
    texts.iter().map(|text| certificate(text)).collect()
}

fn certificate(text: &str) -> Certificate {
    Certificate::parse(&bytes(text)).unwrap()
}

fn bytes(text: &str) -> Vec<u8> {
    Base64::decode_vec(text).unwrap()
}
