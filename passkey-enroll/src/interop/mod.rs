//! The passkeys of other programs: [`pam_u2f`], [`sssd`] and [`openssh`].
//!
//! The input is hostile until it is parsed, and may be the wrong file, so no error repeats any of its text. A damaged entry does not
//! affect the others.

pub(crate) mod error;
pub(crate) mod file;
pub mod openssh;
pub mod pam_u2f;
mod public_key;
pub mod sssd;
#[cfg(test)]
mod test_data;

pub(crate) use error::TransferError;

use std::fmt;

use ctap::cose::PublicKey;
use passkey_core::credential::{CredentialId, ImportedOptions, UserHandle, UvCapability};

/// The most entries that are read of one file.
pub(crate) const MAX_ENTRIES: usize = 100_000;

/// One entry of a foreign file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The line it begins in, counted from 1.
    pub line: usize,
    /// Whose it is, where the file says so.
    pub user: Option<String>,
    /// What it holds, or what is wrong with it.
    pub passkey: Result<ForeignPasskey, Damage>,
}

/// A passkey as far as another program knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignPasskey {
    /// Its id.
    pub id: Id,
    /// The key that signatures are checked against: one that signatures can be checked against.
    pub public_key: PublicKey,
    /// The RP ID it was made for.
    pub rp_id: RpId,
    /// Whether the security key finds it without being told its id.
    pub discoverable: bool,
    /// Whose it is in the eyes of the security key, where it was written down.
    pub user_handle: Option<UserHandle>,
    /// What the program asks of the person with it, where that stands with the passkey.
    pub options: Option<ImportedOptions>,
    /// Whether it answers only once its user is verified (credProtect level 3, CTAP 2.1 §12.1).
    pub hides: bool,
    /// What it was called, if that can be the name of a passkey.
    pub name: Option<String>,
}

impl ForeignPasskey {
    /// A passkey of which nothing else is known.
    fn new(id: Id, public_key: PublicKey, rp_id: RpId) -> Self {
        Self {
            id,
            public_key,
            rp_id,
            discoverable: false,
            user_handle: None,
            options: None,
            hides: false,
            name: None,
        }
    }

    /// How its owner had to prove that they are its owner; [`UvCapability::None`] where a touch was enough.
    pub fn verification(&self) -> UvCapability {
        match self.options {
            Some(ImportedOptions { verification: true, .. }) => UvCapability::Fingerprint,
            Some(ImportedOptions { pin: true, .. }) => UvCapability::Pin,
            Some(_) | None => UvCapability::None,
        }
    }

    /// Whether a touch was asked for.
    pub fn presence(&self) -> bool {
        self.options.is_none_or(|options| options.presence)
    }
}

/// Where a passkey's id is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Id {
    /// It was written down.
    Known(CredentialId),
    /// It was left to the security key, which finds the passkey by itself.
    OnKey,
    /// It stands in another file, the private one; only the public key is here.
    InPrivateFile,
}

/// Which RP ID a passkey was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RpId {
    /// The program's own; it does not stand with the passkey.
    Programs,
    /// The program's own for U2F, its application id.
    AppId,
    /// This one.
    Stated(String),
}

/// What is wrong with an entry. `Display` says it without any text of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Not UTF-8, or with a zero byte in it.
    NotText,
    /// Nothing like an entry of such a file.
    NotAnEntry,
    /// No name before the passkeys.
    NoUser,
    /// The id is missing, not base64, or longer than ids are.
    CredentialId,
    /// The public key is missing, not in its encoding, or not one of its algorithm.
    PublicKey,
    /// An algorithm that is not known.
    Algorithm,
    /// An attribute that is not known, perhaps since it was cut off.
    Attribute,
    /// More fields than an entry has.
    TooManyFields,
    /// The user id is not base64, or longer than user handles are.
    UserHandle,
    /// The application cannot be an RP ID.
    Application,
    /// The file ends before the key does.
    CutShort,
    /// The private key file is damaged.
    PrivateKey,
    /// The private key file is protected by a passphrase.
    Encrypted,
    /// A key that is not on a security key.
    OrdinaryKey,
    /// A signature that `ssh-keygen -Y sign` made.
    SshSignature,
    /// An SSH certificate for a key.
    SshCertificate,
    /// A public key in the format of RFC 4716.
    Rfc4716,
    /// A private key of `PuTTY`.
    PuttyKey,
    /// A public key in PEM, which belongs to no program in particular.
    PemPublicKey,
    /// An X.509 certificate, or a request for one.
    Certificate,
    /// A key, signature or message of `OpenPGP`.
    OpenPgp,
    /// A PEM block of another kind.
    OtherBlock,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotText => "this is not text",
            Self::NotAnEntry => "this is not an entry of such a file",
            Self::NoUser => "there is no user name at the beginning",
            Self::CredentialId => "the credential id is not base64 of 1 to 1023 bytes",
            Self::PublicKey => "the public key is not valid for its algorithm",
            Self::Algorithm => "the algorithm is unknown; known are es256, eddsa and rs256",
            Self::Attribute => {
                "an attribute is unknown or was cut off; known are presence, verification and pin"
            }
            Self::TooManyFields => "there are more fields than an entry has",
            Self::UserHandle => "the user id is not base64 of 1 to 64 bytes",
            Self::Application => "the application is not an RP ID",
            Self::CutShort => "the key ends before it is complete",
            Self::PrivateKey => "the private key file is damaged",
            Self::Encrypted => "the private key file is protected by a passphrase",
            Self::OrdinaryKey => "this key is not on a security key",
            Self::SshSignature => "this is a signature made by ssh-keygen, not a key",
            Self::SshCertificate => "this is an SSH certificate, which does not name the passkey",
            Self::Rfc4716 => {
                "this is a public key in the format of RFC 4716, which does not name the passkey"
            }
            Self::PuttyKey => "this is a key of PuTTY, which cannot be on a security key",
            Self::PemPublicKey => "this is a bare public key, which does not name a passkey",
            Self::Certificate => "this is an X.509 certificate, not a key",
            Self::OpenPgp => "this is OpenPGP data, not an SSH key",
            Self::OtherBlock => "this is a PEM block of another kind, not an SSH key",
        })
    }
}

impl Damage {
    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::NotText | Self::NotAnEntry => "Check --format and the file, or remove the line.",
            Self::NoUser => {
                "If pamu2fcfg -n made it, append it to the line before, which begins with the name."
            }
            Self::TooManyFields => "Separate the passkeys of one user with a colon.",
            Self::CredentialId
            | Self::PublicKey
            | Self::Algorithm
            | Self::UserHandle
            | Self::CutShort
            | Self::PrivateKey => "Restore it from a copy, or enrol the security key anew.",
            Self::Attribute => "Complete the attribute: it may ask for more than a touch.",
            Self::Application | Self::PuttyKey => "Enrol the security key anew.",
            Self::Encrypted => "Import a copy without one: cp KEY COPY; ssh-keygen -p -N '' -f COPY",
            Self::OrdinaryKey => {
                "Only ecdsa-sk and ed25519-sk keys can be imported; enrol the security key anew."
            }
            Self::SshSignature
            | Self::PemPublicKey
            | Self::Certificate
            | Self::OpenPgp
            | Self::OtherBlock => {
                "Import the private key file that ssh-keygen -t ed25519-sk or ecdsa-sk made, such as ~/.ssh/id_ed25519_sk."
            }
            Self::SshCertificate | Self::Rfc4716 => {
                "Import the private key file that belongs to it, such as ~/.ssh/id_ed25519_sk."
            }
        }
    }
}

/// The lines of a file with their numbers, without line ends of either kind and without space around them.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    (1..).zip(bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii))
}

/// A line as text.
fn text(line: &[u8]) -> Result<&str, Damage> {
    std::str::from_utf8(line).ok().filter(|text| !text.contains('\0')).ok_or(Damage::NotText)
}
