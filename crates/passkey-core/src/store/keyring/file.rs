//! A user's wrapped passwords, as the file holds them.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ctap::hmac_secret::Salt;

use super::wrapped::{MAX_PASSWORD_LEN, PasswordMark, TAG_LEN, WrappedPassword};
use crate::credential::CredentialId;
use crate::store::document::{
    self, EntryError, Fields, FormatError, Seen, SkippedEntry, write_line, write_text,
};
use crate::time;

/// The name of the tables.
const WRAPPED: &str = "wrapped";
/// The first line of a file.
const COMMENT: &str =
    "The login password, wrapped under secrets of security keys. Use `passkey-enroll keyring` to change it.";

/// A user's login password, wrapped for each of the passkeys that are to open the keyring.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keyring {
    entries: Vec<WrappedPassword>,
    /// Entries that were not understood. They are written back as they stood.
    skipped: Vec<SkippedEntry>,
}

impl Keyring {
    /// What is wrapped for this passkey.
    pub fn get(&self, id: &CredentialId) -> Option<&WrappedPassword> {
        self.entries.iter().find(|entry| entry.id == *id)
    }

    /// All of it.
    pub fn entries(&self) -> &[WrappedPassword] {
        &self.entries
    }

    /// Entries that were not understood.
    pub fn skipped(&self) -> &[SkippedEntry] {
        &self.skipped
    }

    /// Whether nothing is wrapped, not even something that was not understood.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.skipped.is_empty()
    }

    /// Puts a wrapping in, in place of the one that its passkey had.
    pub fn put(&mut self, wrapped: WrappedPassword) {
        self.remove(&wrapped.id.clone());
        self.entries.push(wrapped);
    }

    /// As [`put`](Self::put), for the same password: what is known to be stale stays so.
    pub fn put_again(&mut self, wrapped: WrappedPassword) {
        let stale = self.get(&wrapped.id).is_some_and(|before| before.stale);
        self.put(WrappedPassword { stale: wrapped.stale || stale, ..wrapped });
    }

    /// Takes a passkey's wrapping out, understood or not; whether there was one.
    pub fn remove(&mut self, id: &CredentialId) -> bool {
        let before = (self.entries.len(), self.skipped.len());
        let text = id.to_base64url();
        self.entries.retain(|entry| entry.id != *id);
        self.skipped.retain(|entry| entry.id.as_deref() != Some(text.as_str()));
        before != (self.entries.len(), self.skipped.len())
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Notes that the password is another one now; whether that is news.
    pub fn mark_stale(&mut self) -> bool {
        let mut news = false;
        for entry in &mut self.entries {
            news |= !std::mem::replace(&mut entry.stale, true);
        }
        news
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// When the file as a whole is not understood; a single entry that is not is passed over.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let mut seen = Seen::default();
        let accept = |entry: &WrappedPassword| {
            if seen.insert(entry.id.as_bytes()) { Ok(()) } else { Err(EntryError::SameId) }
        };
        let ((), entries, skipped) = document::read(text, WRAPPED, |_| Ok(()), read_entry, accept)?;
        Ok(Self { entries, skipped })
    }

    /// The text of the file.
    pub fn encode(&self) -> String {
        let count = self.entries.len().saturating_add(self.skipped.len());
        let mut text = document::write_head(COMMENT, count);
        for entry in &self.entries {
            document::write_header(&mut text, WRAPPED);
            write_text(&mut text, "id", &entry.id.to_base64url());
            write_text(&mut text, "made", &time::format(entry.made));
            write_text(&mut text, "salt", &base64(&entry.salt.0));
            write_text(&mut text, "nonce", &base64(&entry.nonce));
            if let Some(PasswordMark(mark)) = entry.mark {
                write_text(&mut text, "mark", &base64(&mark));
            }
            write_line(&mut text, "stale", if entry.stale { "true" } else { "false" });
            // The last: an entry that was cut short is never taken for a whole one.
            write_text(&mut text, "ciphertext", &base64(&entry.ciphertext));
        }
        document::write_skipped(&mut text, &self.skipped);
        text
    }
}

fn read_entry(fields: &mut Fields<'_>) -> Result<WrappedPassword, EntryError> {
    Ok(WrappedPassword {
        id: fields.parsed("id", CredentialId::from_base64url)?,
        made: fields.parsed("made", time::parse)?,
        salt: Salt(fields.parsed("salt", bytes)?),
        nonce: fields.parsed("nonce", bytes)?,
        mark: fields.optional(|fields| fields.parsed("mark", bytes))?.map(PasswordMark),
        stale: fields.switch("stale")?,
        ciphertext: fields.parsed("ciphertext", ciphertext)?,
    })
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    Base64UrlUnpadded::decode_vec(text).ok()?.try_into().ok()
}

fn ciphertext(text: &str) -> Option<Vec<u8>> {
    let bytes = Base64UrlUnpadded::decode_vec(text).ok()?;
    // The longest password is padded to less than twice its length.
    (TAG_LEN..=TAG_LEN + 2 * MAX_PASSWORD_LEN).contains(&bytes.len()).then_some(bytes)
}

fn base64(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
