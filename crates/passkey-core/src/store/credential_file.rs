//! The passkeys of one user, as the credential file holds them.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ctap::cose::PublicKey;

use super::document::{
    self, CREDENTIAL, EntryError, Fields, FormatError, Seen, SkippedEntry, write_line, write_text,
};
use crate::{
    attestation::{
        AttestationKind, AttestationProof, AttestationSummary, Certification, SerialNumber, TrustRoot,
    },
    credential::{
        Credential, CredentialId, ImportedOptions, NameError, UserHandle, UvCapability, algorithm_name,
        check_name, is_rp_id,
    },
    time,
    toml_text::quoted,
};

/// The most transports an entry can list; there are half a dozen.
const MAX_TRANSPORTS: usize = 16;
/// The longest identifier of a transport or an attestation statement format (WebAuthn Level 3, section 8.1).
const MAX_IDENTIFIER_LEN: usize = 32;

/// The first line of a credential file.
const COMMENT: &str = "Passkeys: public keys and metadata. Use passkey-enroll to change them.";

/// One user's passkeys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialFile {
    /// The user's name in the eyes of authenticators, the same for all passkeys.
    pub user_handle: UserHandle,
    /// The passkeys, in the order of enrolment. Disabled ones are among them.
    pub credentials: Vec<Credential>,
    /// Entries that were not understood. They are written back as they stood.
    pub skipped: Vec<SkippedEntry>,
}

impl CredentialFile {
    /// A file without passkeys.
    pub fn new(user_handle: UserHandle) -> Self {
        Self { user_handle, credentials: Vec::new(), skipped: Vec::new() }
    }

    /// Whether the user has no passkey: not a disabled one, and none that could not be read.
    pub fn is_unenrolled(&self) -> bool {
        self.credentials.is_empty() && self.skipped.is_empty()
    }

    /// The passkeys that can sign in.
    pub fn enabled(&self) -> impl Iterator<Item = &Credential> {
        self.credentials.iter().filter(|credential| credential.enabled)
    }

    /// The passkey of this name.
    pub fn named(&self, name: &str) -> Option<&Credential> {
        self.credentials.iter().find(|credential| credential.name == name)
    }

    /// Adds a passkey.
    ///
    /// # Errors
    /// When its name is not one, or its name or id is there already.
    pub fn add(&mut self, credential: Credential) -> Result<(), EditError> {
        self.check_new_name(&credential.name)?;
        if self.credentials.iter().any(|known| known.id == credential.id) {
            return Err(EditError::SameId);
        }
        self.credentials.push(credential);
        Ok(())
    }

    /// Gives a passkey another name.
    ///
    /// # Errors
    /// When there is no such passkey, or the new name is not one or taken.
    pub fn rename(&mut self, name: &str, new_name: &str) -> Result<(), EditError> {
        let index = self.index(name)?;
        if name != new_name {
            self.check_new_name(new_name)?;
        }
        if let Some(credential) = self.credentials.get_mut(index) {
            new_name.clone_into(&mut credential.name);
        }
        Ok(())
    }

    /// Enables or disables a passkey.
    ///
    /// # Errors
    /// When there is no such passkey.
    pub fn set_enabled(&mut self, name: &str, enabled: bool) -> Result<(), EditError> {
        let index = self.index(name)?;
        if let Some(credential) = self.credentials.get_mut(index) {
            credential.enabled = enabled;
        }
        Ok(())
    }

    /// Notes whether the key of this passkey answers a silent assertion for it (see [`Credential::answers_silently`]).
    /// Gives whether that is news; a passkey that is gone is none.
    pub fn note_answers_silently(&mut self, id: &CredentialId, answers: bool) -> bool {
        let Some(credential) = self.credentials.iter_mut().find(|credential| credential.id == *id) else {
            return false;
        };
        credential.answers_silently.replace(answers) != Some(answers)
    }

    /// Takes a passkey out, and with it whatever entry that was skipped has the same id: it must not come back.
    ///
    /// # Errors
    /// When there is no such passkey.
    pub fn remove(&mut self, name: &str) -> Result<Credential, EditError> {
        let index = self.index(name)?;
        let removed = self.credentials.remove(index);
        let id = removed.id.to_base64url();
        self.skipped.retain(|entry| entry.id.as_deref() != Some(id.as_str()));
        Ok(removed)
    }

    /// Throws away the entries that were skipped and have this name; gives their number.
    pub fn discard_skipped(&mut self, name: &str) -> usize {
        let before = self.skipped.len();
        self.skipped.retain(|entry| entry.name.as_deref() != Some(name));
        before.saturating_sub(self.skipped.len())
    }

    /// Whether `read` is what was read back of this: every passkey, and nothing lost. An entry that was skipped for
    /// having another's name may count again once that name is free.
    pub(super) fn reads_back_as(&self, read: &Self) -> bool {
        self.user_handle == read.user_handle
            && read.credentials.starts_with(&self.credentials)
            && self.entries() == read.entries()
    }

    fn entries(&self) -> usize {
        self.credentials.len().saturating_add(self.skipped.len())
    }

    fn index(&self, name: &str) -> Result<usize, EditError> {
        self.credentials.iter().position(|credential| credential.name == name).ok_or(EditError::NoSuchName)
    }

    fn check_new_name(&self, name: &str) -> Result<(), EditError> {
        check_name(name).map_err(EditError::Name)?;
        match self.named(name) {
            None => Ok(()),
            Some(_) => Err(EditError::SameName),
        }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// When the file as a whole is not understood; a single entry that is not is among [`CredentialFile::skipped`].
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let (mut ids, mut names) = (Seen::default(), Seen::default());
        let (user_handle, credentials, skipped) = document::read(
            text,
            CREDENTIAL,
            |top| top.parsed("user_handle", UserHandle::from_base64url),
            read_credential,
            |Credential { id, name, .. }| {
                if ids.contains(id.as_bytes()) {
                    return Err(EntryError::SameId);
                }
                if !names.insert(name.as_bytes()) {
                    return Err(EntryError::SameName);
                }
                ids.insert(id.as_bytes());
                Ok(())
            },
        )?;
        Ok(Self { user_handle, credentials, skipped })
    }

    /// The text of the file.
    pub fn encode(&self) -> String {
        let mut text = document::write_head(COMMENT, self.entries());
        write_text(&mut text, "user_handle", &self.user_handle.to_base64url());
        for credential in &self.credentials {
            write_credential(&mut text, credential);
        }
        document::write_skipped(&mut text, &self.skipped);
        text
    }
}

fn read_credential(fields: &mut Fields<'_>) -> Result<Credential, EntryError> {
    let public_key = fields.parsed("public_key", |text| {
        Base64UrlUnpadded::decode_vec(text).ok().and_then(|cose| PublicKey::parse(&cose).ok())
    })?;
    if fields.text("algorithm")? != algorithm_name(&public_key) {
        return Err(EntryError::AlgorithmMismatch);
    }
    Ok(Credential {
        id: fields.parsed("id", CredentialId::from_base64url)?,
        name: fields.parsed("name", |name| check_name(name).is_ok().then(|| name.to_owned()))?,
        rp_id: fields.parsed("rp_id", |rp_id| is_rp_id(rp_id).then(|| rp_id.to_owned()))?,
        public_key,
        aaguid: fields.parsed("aaguid", |text| text.parse().ok())?,
        discoverable: fields.switch("discoverable")?,
        user_verification: fields.parsed("user_verification", UvCapability::from_word)?,
        cred_protect: read_cred_protect(fields)?,
        transports: read_transports(fields)?,
        added: fields.parsed("added", time::parse)?,
        answers_silently: fields.optional(|fields| fields.switch("answers_silently"))?,
        enabled: fields.switch("enabled")?,
        attestation: fields.optional(|fields| fields.table("attestation", read_attestation))?,
        imported_options: fields.optional(read_imported_options)?,
        hmac_secret: fields.optional(|fields| fields.switch("hmac_secret"))?.unwrap_or(false),
    })
}

fn read_attestation(fields: &mut Fields<'_>) -> Result<AttestationSummary, EntryError> {
    let format = fields.parsed("format", identifier)?;
    // Files of older versions have the format alone.
    let Some(kind) = fields.optional(|fields| fields.parsed("kind", AttestationKind::from_word))? else {
        return Ok(AttestationSummary { format, proof: None });
    };
    let root = fields.optional(|fields| {
        let name = fields.text("root")?;
        fields.parsed("root_sha256", |fingerprint| TrustRoot::from_file(name, fingerprint))
    })?;
    let certification = fields.optional(|fields| fields.parsed("certification", Certification::from_word))?;
    let serial = fields.optional(|fields| fields.parsed("serial", SerialNumber::from_file))?;
    let checked = fields.parsed("checked", time::parse)?;
    Ok(AttestationSummary {
        format,
        proof: Some(AttestationProof { kind, root, certification, serial, checked }),
    })
}

fn read_cred_protect(fields: &mut Fields<'_>) -> Result<Option<u8>, EntryError> {
    match fields.optional(|fields| fields.number("cred_protect"))? {
        Some(level @ 1..=3) => Ok(Some(level)),
        None => Ok(None),
        Some(_) => Err(EntryError::BadValue("cred_protect")),
    }
}

fn read_imported_options(fields: &mut Fields<'_>) -> Result<ImportedOptions, EntryError> {
    let words = fields.texts("imported_options")?;
    ImportedOptions::from_words(words).ok_or(EntryError::BadValue("imported_options"))
}

fn read_transports(fields: &mut Fields<'_>) -> Result<Vec<String>, EntryError> {
    let transports = fields.texts("transports")?;
    let read: Option<Vec<String>> = transports.into_iter().take(MAX_TRANSPORTS + 1).map(identifier).collect();
    read.filter(|read| read.len() <= MAX_TRANSPORTS).ok_or(EntryError::BadValue("transports"))
}

/// An identifier from one of the registries of WebAuthn.
fn identifier(text: &str) -> Option<String> {
    let plain =
        (1..=MAX_IDENTIFIER_LEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    plain.then(|| text.to_owned())
}

/// Writes an entry. `enabled` is the last of the keys that must be there: an entry that was cut short is never taken for a shorter
/// one.
fn write_credential(text: &mut String, credential: &Credential) {
    let transports: Vec<String> = credential.transports.iter().map(|transport| quoted(transport)).collect();
    document::write_header(text, CREDENTIAL);
    write_text(text, "name", &credential.name);
    write_text(text, "id", &credential.id.to_base64url());
    write_text(text, "rp_id", &credential.rp_id);
    write_text(text, "public_key", &Base64UrlUnpadded::encode_string(&credential.public_key.encode()));
    write_text(text, "algorithm", algorithm_name(&credential.public_key));
    write_text(text, "aaguid", &credential.aaguid.to_string());
    write_line(text, "discoverable", word(credential.discoverable));
    write_text(text, "user_verification", credential.user_verification.as_str());
    if let Some(level) = credential.cred_protect {
        write_line(text, "cred_protect", &level.to_string());
    }
    write_line(text, "transports", &format!("[{}]", transports.join(", ")));
    write_text(text, "added", &time::format(credential.added));
    if let Some(attestation) = &credential.attestation {
        write_line(text, "attestation", &attestation_table(attestation));
    }
    if let Some(answers) = credential.answers_silently {
        write_line(text, "answers_silently", word(answers));
    }
    if credential.hmac_secret {
        write_line(text, "hmac_secret", word(true));
    }
    if let Some(options) = credential.imported_options {
        let words: Vec<String> = options.words().map(quoted).collect();
        write_line(text, "imported_options", &format!("[{}]", words.join(", ")));
    }
    write_line(text, "enabled", word(credential.enabled));
}

fn word(switch: bool) -> &'static str {
    if switch { "true" } else { "false" }
}

fn attestation_table(attestation: &AttestationSummary) -> String {
    let mut table = format!("{{ format = {}", quoted(&attestation.format));
    let mut add = |key: &str, value: &str| table.extend([", ", key, " = ", &quoted(value)]);
    if let Some(AttestationProof { kind, root, certification, serial, checked }) = &attestation.proof {
        add("kind", kind.as_str());
        if let Some(root) = root {
            add("root", root.name());
            add("root_sha256", &root.fingerprint());
        }
        if let Some(level) = certification {
            add("certification", level.as_str());
        }
        if let Some(serial) = serial {
            add("serial", &serial.to_string());
        }
        add("checked", &time::format(*checked));
    }
    table.push_str(" }");
    table
}

/// Why passkeys cannot be changed as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditError {
    /// The name is not one.
    Name(NameError),
    /// Another passkey has the name.
    SameName,
    /// The passkey is enrolled already.
    SameId,
    /// No passkey has the name.
    NoSuchName,
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "{error}"),
            Self::SameName => f.write_str("another passkey has this name"),
            Self::SameId => f.write_str("this passkey is enrolled already"),
            Self::NoSuchName => f.write_str("no passkey has this name"),
        }
    }
}

impl std::error::Error for EditError {}

#[cfg(test)]
#[path = "credential_file_tests.rs"]
mod tests;
