//! One certificate (RFC 5280, section 4), as far as attestation looks at it.

use std::fmt;

use ctap::Aaguid;
use ctap::cose::PublicKey;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use x509_cert::der::asn1::{ObjectIdentifier, OctetStringRef};
use x509_cert::der::{self, DateTime, Decode, Header, Reader as _, SliceReader};
use x509_cert::ext::pkix::name::{DirectoryString, GeneralName};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, SubjectAltName};
use x509_cert::name::Name;
use x509_cert::{TbsCertificate, Version};

use crate::signature::{self, SignatureError};

/// The longest certificate, in bytes: a key's message has room for 7 kB, and those in files are no longer.
const MAX_LEN: usize = 32 * 1024;
/// The longest name that is given of a certificate, in characters: it goes into messages.
const MAX_NAME_CHARS: usize = 64;

/// `id-fido-gen-ce-aaguid` (WebAuthn Level 3, section 8.2.1).
const FIDO_AAGUID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.45724.1.1.4");
/// `id-fido-gen-ce-sernum` (WebAuthn Level 3, section 8.2.2).
const FIDO_SERIAL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.45724.1.1.2");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
/// The extensions that may be critical, since what they say is looked at where it matters.
const UNDERSTOOD: [ObjectIdentifier; 3] = [BASIC_CONSTRAINTS, KEY_USAGE, SUBJECT_ALT_NAME];

/// Attribute types of names (X.520).
pub(crate) mod attribute {
    use super::ObjectIdentifier;

    pub(crate) const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
    pub(crate) const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
    pub(crate) const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
    pub(crate) const ORGANIZATIONAL_UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");
}

/// A certificate, taken apart. Nothing of it has been verified.
#[derive(Clone, Debug)]
pub struct Certificate {
    der: Vec<u8>,
    /// The signed bytes, as received: serialised again, they might differ.
    signed: Vec<u8>,
    parsed: x509_cert::Certificate,
    basic_constraints: Option<BasicConstraints>,
    key_usage: Option<KeyUsage>,
    aaguid: Option<(bool, Aaguid)>,
    serial: Option<Vec<u8>>,
}

impl Certificate {
    /// Parses a whole certificate in DER.
    ///
    /// # Errors
    /// When it is too long or none, or has an extension twice, or one of those that are looked at is malformed.
    pub fn parse(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_LEN {
            return Err(CertificateError::TooLong);
        }
        let parsed = x509_cert::Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?;
        let signed = signed_part(der).map_err(|_| CertificateError::Malformed)?.to_vec();
        let tbs = parsed.tbs_certificate();
        if tbs.signature() != parsed.signature_algorithm() {
            return Err(CertificateError::TwoAlgorithms);
        }
        let extensions = tbs.extensions().map(Vec::as_slice).unwrap_or_default();
        let repeated = extensions.iter().enumerate().any(|(index, extension)| {
            extensions.iter().take(index).any(|before| before.extn_id == extension.extn_id)
        });
        if repeated {
            return Err(CertificateError::RepeatedExtension);
        }
        let basic_constraints = extension(tbs, BASIC_CONSTRAINTS)?.map(|(_, constraints)| constraints);
        let key_usage = extension(tbs, KEY_USAGE)?.map(|(_, usage)| usage);
        let aaguid = match extension::<&OctetStringRef>(tbs, FIDO_AAGUID)? {
            Some((critical, value)) => {
                let aaguid = value.as_bytes().try_into().map_err(|_| CertificateError::Malformed)?;
                Some((critical, Aaguid(aaguid)))
            }
            None => None,
        };
        let serial =
            extension::<&OctetStringRef>(tbs, FIDO_SERIAL)?.map(|(_, value)| value.as_bytes().to_vec());
        Ok(Self { der: der.to_vec(), signed, basic_constraints, key_usage, aaguid, serial, parsed })
    }

    /// The whole certificate.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The SHA-256 of the whole certificate.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }

    /// Whose it is: the common name, or all of the name where there is none, cut where it is long. Not checked: escape it before
    /// showing it.
    pub fn subject(&self) -> String {
        readable(self.tbs().subject())
    }

    /// Who issued it, like [`Certificate::subject`].
    pub fn issuer(&self) -> String {
        readable(self.tbs().issuer())
    }

    /// The AAGUID of the only model that the certificate is for, and whether it is marked as critical.
    pub(crate) fn aaguid(&self) -> Option<(bool, Aaguid)> {
        self.aaguid
    }

    /// The number that tells the key from others of its model.
    pub(crate) fn serial(&self) -> Option<&[u8]> {
        self.serial.as_deref()
    }

    /// The subject's key, if it is of a kind that is known here.
    pub(crate) fn public_key(&self) -> Option<PublicKey> {
        signature::public_key(self.tbs().subject_public_key_info())
    }

    /// The SHA-1 of the subject's key, by which the metadata names keys without a model (RFC 5280, section 4.2.1.2, method 1).
    pub(crate) fn key_identifier(&self) -> [u8; 20] {
        Sha1::digest(self.tbs().subject_public_key_info().subject_public_key.raw_bytes()).into()
    }

    /// Whether it is of version 3, the only one with extensions.
    pub(crate) fn is_version_3(&self) -> bool {
        self.tbs().version() == Version::V3
    }

    /// Whether it says that it is an authority, or that it is none. `None` where it says neither.
    pub(crate) fn is_authority(&self) -> Option<bool> {
        self.basic_constraints.as_ref().map(|constraints| constraints.ca)
    }

    /// How many authorities may stand between this one and the last certificate of a chain.
    pub(crate) fn path_length(&self) -> Option<usize> {
        self.basic_constraints.as_ref()?.path_len_constraint.map(usize::from)
    }

    /// Whether its key may sign certificates.
    pub(crate) fn may_sign_certificates(&self) -> bool {
        self.key_usage.is_none_or(|usage| usage.key_cert_sign())
    }

    /// Whether its key may sign anything else.
    pub(crate) fn may_sign_data(&self) -> bool {
        self.key_usage.is_none_or(|usage| usage.digital_signature())
    }

    /// An extension that must not be passed over and is not understood here.
    pub(crate) fn unknown_critical_extension(&self) -> Option<ObjectIdentifier> {
        let mut extensions = self.tbs().extensions().into_iter().flatten();
        extensions
            .find(|extension| extension.critical && !UNDERSTOOD.contains(&extension.extn_id))
            .map(|extension| extension.extn_id)
    }

    /// The first and the last moment of its validity.
    pub(crate) fn validity(&self) -> (DateTime, DateTime) {
        let validity = self.tbs().validity();
        (validity.not_before.to_date_time(), validity.not_after.to_date_time())
    }

    /// Whether it names `issuer` as its issuer.
    pub(crate) fn names_issuer(&self, issuer: &Self) -> bool {
        self.tbs().issuer() == issuer.tbs().subject()
    }

    /// Whether it names itself as its issuer.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.names_issuer(self)
    }

    /// Checks its signature under the key of `issuer`.
    pub(crate) fn verify_signature(&self, issuer: &Self) -> Result<(), SignatureError> {
        let key = issuer.public_key().ok_or(SignatureError::UnknownAlgorithm)?;
        let signature = self.parsed.signature().as_bytes().ok_or(SignatureError::Wrong)?;
        signature::verify(&key, self.parsed.signature_algorithm(), &self.signed, signature)
    }

    /// The values of an attribute of its subject, where they are text.
    pub(crate) fn subject_attributes(&self, kind: ObjectIdentifier) -> impl Iterator<Item = String> {
        attributes(self.tbs().subject(), kind)
    }

    /// Whether it is for the host of this name: by its alternative names, or where it has none by its common name (RFC 6125).
    pub(crate) fn is_for_host(&self, name: &str) -> bool {
        match extension::<SubjectAltName>(self.tbs(), SUBJECT_ALT_NAME) {
            Ok(Some((_, SubjectAltName(names)))) => names.iter().any(|alternative| match alternative {
                GeneralName::DnsName(host) => host.as_str().eq_ignore_ascii_case(name),
                _ => false,
            }),
            Ok(None) => {
                self.subject_attributes(attribute::COMMON_NAME).any(|host| host.eq_ignore_ascii_case(name))
            }
            Err(_) => false,
        }
    }

    fn tbs(&self) -> &TbsCertificate {
        self.parsed.tbs_certificate()
    }
}

/// The same bytes are the same certificate.
impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

/// The `TBSCertificate` within a certificate.
fn signed_part(der: &[u8]) -> der::Result<&[u8]> {
    let mut reader = SliceReader::new(der)?;
    Header::decode(&mut reader)?;
    reader.tlv_bytes()
}

/// The extension of this kind, and whether it is critical.
fn extension<'a, T: Decode<'a>>(
    tbs: &'a TbsCertificate,
    kind: ObjectIdentifier,
) -> Result<Option<(bool, T)>, CertificateError> {
    let mut extensions = tbs.extensions().into_iter().flatten();
    let Some(extension) = extensions.find(|extension| extension.extn_id == kind) else { return Ok(None) };
    let value = T::from_der(extension.extn_value.as_bytes()).map_err(|_| CertificateError::Malformed)?;
    Ok(Some((extension.critical, value)))
}

fn attributes(name: &Name, kind: ObjectIdentifier) -> impl Iterator<Item = String> {
    name.iter()
        .filter(move |attribute| attribute.oid == kind)
        .filter_map(|attribute| DirectoryString::try_from(&attribute.value).ok())
        .map(|text| text.value().into_owned())
}

fn readable(name: &Name) -> String {
    let text = attributes(name, attribute::COMMON_NAME).next().unwrap_or_else(|| name.to_string());
    text.chars().take(MAX_NAME_CHARS).collect()
}

/// Why bytes are no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateError {
    /// They are too many.
    TooLong,
    /// They are not the DER of one.
    Malformed,
    /// It names one signature algorithm inside and another one outside.
    TwoAlgorithms,
    /// It has an extension twice.
    RepeatedExtension,
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "it is too long",
            Self::Malformed => "it is not a certificate in DER",
            Self::TwoAlgorithms => "it names two signature algorithms",
            Self::RepeatedExtension => "it has an extension twice",
        })
    }
}

impl std::error::Error for CertificateError {}
