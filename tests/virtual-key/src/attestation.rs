//! Attestation certificates of virtual keys, under a root of their own (WebAuthn §8.2.1), and those of who signs their metadata.

use opensk::api::crypto::ec_signing::{EcPublicKey, EcSecretKey, EcSignature, Ecdsa};
use opensk::api::crypto::software_crypto::SoftwareEcdsa;

use crate::key::sha256;

pub(crate) type SecretKey = <SoftwareEcdsa as Ecdsa>::SecretKey;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OID: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const PRINTABLE_STRING: u8 = 0x13;
const UTC_TIME: u8 = 0x17;

const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const PRIME256V1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
/// id-fido-gen-ce-aaguid, 1.3.6.1.4.1.45724.1.1.4
const FIDO_AAGUID: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0xe5, 0x1c, 0x01, 0x01, 0x04];
/// id-fido-gen-ce-sernum, 1.3.6.1.4.1.45724.1.1.2
const FIDO_SERIAL: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0xe5, 0x1c, 0x01, 0x01, 0x02];

/// Attribute types of names, 2.5.4.x.
const COMMON_NAME: u8 = 3;
const COUNTRY: u8 = 6;
const ORGANIZATION: u8 = 10;
const ORGANIZATIONAL_UNIT: u8 = 11;

const ROOT: &str = "Virtual key attestation root";
const MODEL: &str = "Virtual key attestation";
const METADATA_ROOT: &str = "Virtual metadata root";
/// The name that software expects of who signs the metadata of real keys.
const METADATA_SIGNER: &str = "mds.fidoalliance.org";

/// The root certificate (DER, X.509) under which the attestation certificates of all virtual keys stand.
pub fn attestation_root() -> Vec<u8> {
    Authority::of_keys().certificate()
}

/// The root certificate (DER, X.509) that the signature of [`metadata`](crate::metadata()) leads to.
pub fn metadata_root() -> Vec<u8> {
    Authority::of_metadata().certificate()
}

/// The private key (32 bytes) and certificate (DER) of a model.
pub(crate) fn of_model(aaguid: [u8; 16]) -> (Vec<u8>, Vec<u8>) {
    let key = secret_key(&[b"attestation", &aaguid]);
    let certificate = Authority::of_keys().issue(2, MODEL, &key, &model_extension(aaguid));
    (key.export(), certificate)
}

/// The private key (32 bytes) and certificate (DER) of one key of a model.
pub(crate) fn of_key(aaguid: [u8; 16], serial: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let key = secret_key(&[b"enterprise attestation", &aaguid, serial]);
    let serial = extension(FIDO_SERIAL, false, &der(OCTET_STRING, &[serial]));
    let certificate = Authority::of_keys().issue(3, MODEL, &key, &[model_extension(aaguid), serial].concat());
    (key.export(), certificate)
}

/// The private key and the certificate (DER) of who signs metadata.
pub(crate) fn metadata_signer() -> (SecretKey, Vec<u8>) {
    let key = secret_key(&[b"metadata"]);
    let certificate = Authority::of_metadata().issue(2, METADATA_SIGNER, &key, &[]);
    (key, certificate)
}

fn model_extension(aaguid: [u8; 16]) -> Vec<u8> {
    extension(FIDO_AAGUID, false, &der(OCTET_STRING, &[&aaguid]))
}

fn secret_key(label: &[&[u8]]) -> SecretKey {
    SecretKey::import(&sha256(label)).expect("a hash is below the order of the curve, but for one in 2^32")
}

/// Who issues certificates.
struct Authority {
    name: &'static str,
    key: SecretKey,
}

impl Authority {
    fn of_keys() -> Self {
        Self { name: ROOT, key: secret_key(&[b"attestation root"]) }
    }

    fn of_metadata() -> Self {
        Self { name: METADATA_ROOT, key: secret_key(&[b"metadata root"]) }
    }

    /// Its own certificate.
    fn certificate(&self) -> Vec<u8> {
        let is_authority = der(SEQUENCE, &[&[0x01, 0x01, 0xff]]);
        self.sign(1, self.name, &self.key, &extension(BASIC_CONSTRAINTS, true, &is_authority))
    }

    /// A certificate for somebody who is no authority, with more extensions.
    fn issue(&self, serial: u8, subject: &str, key: &SecretKey, extensions: &[u8]) -> Vec<u8> {
        let is_none = extension(BASIC_CONSTRAINTS, true, &der(SEQUENCE, &[]));
        self.sign(serial, subject, key, &[&is_none, extensions].concat())
    }

    fn sign(&self, serial: u8, subject: &str, key: &SecretKey, extensions: &[u8]) -> Vec<u8> {
        let algorithm = der(SEQUENCE, &[&der(OID, &[ECDSA_WITH_SHA256])]);
        let (mut x, mut y) = ([0; 32], [0; 32]);
        key.public_key().to_coordinates(&mut x, &mut y);
        let key_algorithm = der(SEQUENCE, &[&der(OID, &[EC_PUBLIC_KEY]), &der(OID, &[PRIME256V1])]);
        let public_key = der(SEQUENCE, &[&key_algorithm, &der(BIT_STRING, &[&[0, 4], &x, &y])]);
        let body = der(
            SEQUENCE,
            &[
                &der(0xa0, &[&der(INTEGER, &[&[2]])]),
                &der(INTEGER, &[&[serial]]),
                &algorithm,
                &name(self.name),
                &der(SEQUENCE, &[&der(UTC_TIME, &[b"200101000000Z"]), &der(UTC_TIME, &[b"491231235959Z"])]),
                &name(subject),
                &public_key,
                &der(0xa3, &[&der(SEQUENCE, &[extensions])]),
            ],
        );
        let signature = self.key.sign(&body).to_der();
        der(SEQUENCE, &[&body, &algorithm, &der(BIT_STRING, &[&[0], &signature])])
    }
}

fn name(common: &str) -> Vec<u8> {
    let part = |kind: u8, tag: u8, text: &str| {
        der(SET, &[&der(SEQUENCE, &[&der(OID, &[&[0x55, 0x04, kind]]), &der(tag, &[text.as_bytes()])])])
    };
    der(
        SEQUENCE,
        &[
            &part(COUNTRY, PRINTABLE_STRING, "ZZ"),
            &part(ORGANIZATION, UTF8_STRING, "Virtual keys"),
            &part(ORGANIZATIONAL_UNIT, UTF8_STRING, "Authenticator Attestation"),
            &part(COMMON_NAME, UTF8_STRING, common),
        ],
    )
}

fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { &[0x01, 0x01, 0xff][..] } else { &[] };
    der(SEQUENCE, &[&der(OID, &[oid]), critical, &der(OCTET_STRING, &[value])])
}

/// Tag, length and the pieces of the value.
fn der(tag: u8, pieces: &[&[u8]]) -> Vec<u8> {
    let value = pieces.concat();
    let len = u16::try_from(value.len()).expect("certificates are small").to_be_bytes();
    let head = match value.len() {
        ..0x80 => vec![tag, len[1]],
        0x80..0x100 => vec![tag, 0x81, len[1]],
        _ => vec![tag, 0x82, len[0], len[1]],
    };
    [head, value].concat()
}
