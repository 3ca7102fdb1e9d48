//! What is known about one passkey: public facts only, never a secret.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ctap::{authenticator_data::Aaguid, cose::PublicKey};
use jiff::Timestamp;

use crate::attestation::AttestationSummary;
use crate::escape::is_dangerous;
use crate::random::{self, NoRandomness};

/// The longest credential id that is accepted, in bytes (WebAuthn Level 3, section 5.8.3).
pub const MAX_CREDENTIAL_ID_LEN: usize = 1023;
/// The longest user handle, in bytes (WebAuthn Level 3, section 4, "User Handle").
pub const MAX_USER_HANDLE_LEN: usize = 64;
/// The longest name of a passkey, in characters.
pub const MAX_NAME_CHARS: usize = 64;
/// The longest RP ID, in bytes: a host name's length with room for the prefixes of imported credentials.
pub const MAX_RP_ID_LEN: usize = 255;

/// One passkey of one user, as the credential file holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The authenticator's name for the credential.
    pub id: CredentialId,
    /// The person's name for the passkey; see [`check_name`] for its shape. Unique within one user's file.
    pub name: String,
    /// The RP ID it was made for. Kept with each credential so that renaming the machine breaks nothing.
    pub rp_id: String,
    /// The key that signatures are checked against.
    pub public_key: PublicKey,
    /// The authenticator's model; all zero where it does not say.
    pub aaguid: Aaguid,
    /// Whether the authenticator finds the credential without being told its id.
    pub discoverable: bool,
    /// How the authenticator could tell its owner from a finder when the passkey was made.
    pub user_verification: UvCapability,
    /// The credential protection level (1, 2 or 3) it was made with, where the authenticator said one
    /// (CTAP 2.1, section 12.1).
    pub cred_protect: Option<u8>,
    /// How the authenticator can be reached, as it said itself (`usb`, `nfc`, …).
    pub transports: Vec<String>,
    /// When it was enrolled.
    pub added: Timestamp,
    /// Whether its key answers a silent assertion (`up` = false; CTAP 2.1, section 6.2) for it: known from the self-check
    /// of enrolment or the first sign-in, `None` before that. Older files do not say, and imported passkeys start without.
    pub answers_silently: Option<bool>,
    /// A disabled passkey stays on file and never signs in.
    pub enabled: bool,
    /// What was recorded of the key's attestation at enrolment.
    pub attestation: Option<AttestationSummary>,
    /// Whether its key makes secrets of salts with it (`hmac-secret`; CTAP 2.1, section 12.5): a password can be wrapped under one.
    pub hmac_secret: bool,
    /// What the program that it was imported from asks of the person with this passkey. An export gives it back; a sign-in goes by
    /// the service's policy and does not look at it.
    pub imported_options: Option<ImportedOptions>,
}

impl Credential {
    /// Whether it answers only after user verification (credProtect level 3, CTAP 2.1, section 12.1).
    pub fn insists_on_user_verification(&self) -> bool {
        self.cred_protect == Some(3)
    }

    /// Whether a service of this machine holds it (its TPM, or a phone), and nothing that can be plugged in.
    pub fn is_on_a_service(&self) -> bool {
        let has =
            |names: &[&str]| self.transports.iter().any(|transport| names.contains(&transport.as_str()));
        has(&["internal", "hybrid"]) && !has(&["usb", "nfc", "ble"])
    }

    /// Whether a device that says that it is of the model `claimed` may hold it without showing so to a silent question: the one rule for
    /// signing in and for keys that are watched.
    pub fn may_be_hidden_on(&self, claimed: Aaguid) -> bool {
        match self.answers_silently {
            // Its key would have answered.
            Some(true) => false,
            Some(false) => self.aaguid == claimed,
            // Not on record yet, as with files of earlier versions: the model has to speak for it, and "no model" is none.
            None => self.aaguid == claimed && claimed != Aaguid::ZERO,
        }
    }
}

/// What another program asks of the person with one passkey: the attributes of pam_u2f, the flags and options of OpenSSH.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportedOptions {
    /// A touch.
    pub presence: bool,
    /// Verification by the authenticator's own sensor.
    pub verification: bool,
    /// A PIN.
    pub pin: bool,
}

impl ImportedOptions {
    /// The words in the credential file, which are those of pam_u2f, in its order.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        [("presence", self.presence), ("verification", self.verification), ("pin", self.pin)]
            .into_iter()
            .filter_map(|(word, is_set)| is_set.then_some(word))
    }

    /// The reverse of [`ImportedOptions::words`]; `None` where one is not known, since it may ask for more.
    pub fn from_words<'w>(words: impl IntoIterator<Item = &'w str>) -> Option<Self> {
        let mut options = Self::default();
        for word in words {
            match word {
                "presence" => options.presence = true,
                "verification" => options.verification = true,
                "pin" => options.pin = true,
                _ => return None,
            }
        }
        Some(options)
    }
}

/// How an authenticator verifies its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UvCapability {
    /// Presence only.
    None,
    /// A PIN typed on the machine.
    Pin,
    /// Built in: a fingerprint reader or the like.
    Fingerprint,
}

impl UvCapability {
    /// The word in the credential file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pin => "pin",
            Self::Fingerprint => "fingerprint",
        }
    }

    /// The reverse of [`UvCapability::as_str`].
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::None, Self::Pin, Self::Fingerprint].into_iter().find(|capability| capability.as_str() == word)
    }
}

/// The authenticator's name for a credential: 1 to [`MAX_CREDENTIAL_ID_LEN`] bytes.
///
/// `Display` gives a short form for people and logs; it is not unique by construction.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialId(Vec<u8>);

impl CredentialId {
    /// Takes the id's bytes; `None` when there are none or too many.
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (1..=MAX_CREDENTIAL_ID_LEN).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// The id's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The whole id in base64url without padding, as in the files.
    pub fn to_base64url(&self) -> String {
        Base64UrlUnpadded::encode_string(&self.0)
    }

    /// The reverse of [`CredentialId::to_base64url`].
    pub fn from_base64url(text: &str) -> Option<Self> {
        Base64UrlUnpadded::decode_vec(text).ok().and_then(Self::new)
    }
}

impl fmt::Display for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The tail, because several authenticators begin every id with the same version bytes.
        let whole = self.to_base64url();
        f.write_str(whole.get(whole.len().saturating_sub(SHORT_ID_CHARS)..).unwrap_or(&whole))
    }
}

/// Length of the short form of a credential id.
const SHORT_ID_CHARS: usize = 10;

impl fmt::Debug for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CredentialId({})", self.to_base64url())
    }
}

/// The user's name in the eyes of an authenticator: 1 to [`MAX_USER_HANDLE_LEN`] random bytes, the same for all
/// passkeys of one user, and never anything that tells who it is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UserHandle(Vec<u8>);

impl UserHandle {
    /// Takes the handle's bytes; `None` when there are none or too many.
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (1..=MAX_USER_HANDLE_LEN).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// A new handle of 32 random bytes.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn random() -> Result<Self, NoRandomness> {
        let mut bytes = vec![0; 32];
        random::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The handle's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The handle in base64url without padding, as in the files.
    pub fn to_base64url(&self) -> String {
        Base64UrlUnpadded::encode_string(&self.0)
    }

    /// The reverse of [`UserHandle::to_base64url`].
    pub fn from_base64url(text: &str) -> Option<Self> {
        Base64UrlUnpadded::decode_vec(text).ok().and_then(Self::new)
    }
}

impl fmt::Debug for UserHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserHandle({})", self.to_base64url())
    }
}

/// Whether `name` can name a passkey: 1 to [`MAX_NAME_CHARS`] characters, none of them a control character, no
/// space at either end. Names reach terminals and logs.
///
/// # Errors
/// What is wrong with it.
pub fn check_name(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(NameError::TooLong);
    }
    if name.chars().any(is_dangerous) {
        return Err(NameError::Unprintable);
    }
    if name.trim() != name {
        return Err(NameError::OuterSpace);
    }
    Ok(())
}

/// Why a name cannot name a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// No characters at all.
    Empty,
    /// More than [`MAX_NAME_CHARS`] characters.
    TooLong,
    /// A control character or one that changes the direction of text.
    Unprintable,
    /// Space at the beginning or the end.
    OuterSpace,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the name is empty"),
            Self::TooLong => write!(f, "the name is longer than {MAX_NAME_CHARS} characters"),
            Self::Unprintable => f.write_str("the name holds a control character"),
            Self::OuterSpace => f.write_str("the name begins or ends with a space"),
        }
    }
}

impl std::error::Error for NameError {}

/// Whether `rp_id` can stand as an RP ID in a file and in client data: 1 to [`MAX_RP_ID_LEN`] bytes of visible
/// ASCII. Wider than a host name, since imported credentials carry `pam://host` or `ssh:`.
pub fn is_rp_id(rp_id: &str) -> bool {
    (1..=MAX_RP_ID_LEN).contains(&rp_id.len())
        && rp_id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

/// The name of a public key's algorithm in files and on the command line.
pub fn algorithm_name(key: &PublicKey) -> &'static str {
    match key {
        PublicKey::Es256 { .. } => "es256",
        PublicKey::Es384 { .. } => "es384",
        PublicKey::EdDsa { .. } => "eddsa",
        PublicKey::Rs256 { .. } => "rs256",
    }
}

#[cfg(test)]
#[path = "credential_tests.rs"]
mod tests;
