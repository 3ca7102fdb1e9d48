//! What is known of how a passkey's key was attested: the words of files and configuration. Verifying attestation is not the
//! module's business and has a crate of its own.

use std::fmt;

use jiff::Timestamp;

use crate::escape::is_dangerous;

/// The longest name of a root that is kept, in characters.
const MAX_ROOT_NAME_CHARS: usize = 64;
/// The longest serial number of a key, in bytes.
const MAX_SERIAL_LEN: usize = 64;

/// What is kept of an attestation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationSummary {
    /// The attestation statement format identifier (`packed`, `fido-u2f`, `none`, …), at most 32 bytes of ASCII.
    pub format: String,
    /// What was verified at enrolment; `None` where nothing was.
    pub proof: Option<AttestationProof>,
}

/// What an attestation has proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationProof {
    /// Who vouched for the key.
    pub kind: AttestationKind,
    /// The root that the maker's certificate leads to; `None` where it leads to none that was trusted.
    pub root: Option<TrustRoot>,
    /// The certification of the key's model, as the metadata of that day had it.
    pub certification: Option<Certification>,
    /// The number of this very key, from an enterprise attestation.
    pub serial: Option<SerialNumber>,
    /// When it was verified.
    pub checked: Timestamp,
}

/// Who vouches for a key (WebAuthn Level 3, section 6.5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttestationKind {
    /// No one.
    None,
    /// The new passkey itself: that says nothing of the key.
    SelfAttested,
    /// Its maker, for the model.
    Basic,
    /// Its maker, for this very key.
    Enterprise,
}

impl AttestationKind {
    /// The word in the credential file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SelfAttested => "self",
            Self::Basic => "basic",
            Self::Enterprise => "enterprise",
        }
    }

    /// The reverse of [`AttestationKind::as_str`].
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::None, Self::SelfAttested, Self::Basic, Self::Enterprise]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

/// The root certificate that an attestation leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustRoot {
    name: String,
    sha256: [u8; 32],
}

impl TrustRoot {
    /// The root of this name, whatever the certificate says it is, and with this fingerprint, the SHA-256 of its DER.
    pub fn new(name: &str, sha256: [u8; 32]) -> Self {
        let printable = name.trim().chars().take(MAX_ROOT_NAME_CHARS);
        let name: String = printable.map(|c| if is_dangerous(c) { '?' } else { c }).collect();
        let name = if name.is_empty() { "?".to_owned() } else { name };
        Self { name, sha256 }
    }

    /// Its name, fit to be shown.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The SHA-256 of the certificate in hexadecimal, as `openssl x509 -fingerprint -sha256` has it without the colons.
    pub fn fingerprint(&self) -> String {
        hexadecimal(&self.sha256)
    }

    /// What the files hold of it; `None` where that is no root's.
    pub(crate) fn from_file(name: &str, fingerprint: &str) -> Option<Self> {
        let root = Self::new(name, from_hexadecimal(fingerprint)?.try_into().ok()?);
        (root.name == name).then_some(root)
    }
}

/// The number by which a maker tells one key from the others of its model (WebAuthn Level 3, section 8.2.2).
#[derive(Clone, PartialEq, Eq)]
pub struct SerialNumber(Vec<u8>);

impl SerialNumber {
    /// Takes the number's bytes; `None` when there are none or too many.
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (1..=MAX_SERIAL_LEN).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// The reverse of `Display`.
    pub(crate) fn from_file(text: &str) -> Option<Self> {
        from_hexadecimal(text).and_then(Self::new)
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hexadecimal(&self.0))
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerialNumber({self})")
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect()
}

fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
    let byte = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok();
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

/// How far a model was certified by the FIDO Alliance, from the least upwards (FIDO Metadata Service 3, section 3.1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certification {
    /// It works as specified.
    Functional,
    /// Level 1
    L1,
    /// Level 1+
    L1Plus,
    /// Level 2
    L2,
    /// Level 2+
    L2Plus,
    /// Level 3
    L3,
    /// Level 3+
    L3Plus,
}

impl Certification {
    /// All of them, from the least upwards.
    pub const ALL: [Self; 7] =
        [Self::Functional, Self::L1, Self::L1Plus, Self::L2, Self::L2Plus, Self::L3, Self::L3Plus];

    /// The word of the metadata, the configuration and the credential file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Functional => "FIDO_CERTIFIED",
            Self::L1 => "FIDO_CERTIFIED_L1",
            Self::L1Plus => "FIDO_CERTIFIED_L1plus",
            Self::L2 => "FIDO_CERTIFIED_L2",
            Self::L2Plus => "FIDO_CERTIFIED_L2plus",
            Self::L3 => "FIDO_CERTIFIED_L3",
            Self::L3Plus => "FIDO_CERTIFIED_L3plus",
        }
    }

    /// The reverse of [`Certification::as_str`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|certification| certification.as_str() == word)
    }
}

#[cfg(test)]
#[path = "attestation_tests.rs"]
mod tests;
