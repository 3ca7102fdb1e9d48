//! The authfile of pam_u2f: a line for each user, `user:KH,PK,TYPE,ATTRIBUTES:KH,PK,…`.
//!
//! Before version 1.1 a passkey had two fields: the key handle in web-safe base64 and the public key in hexadecimal. Of several
//! lines for one user pam_u2f takes the last; here all count.

use ctap::cose::PublicKey;
use passkey_core::credential::{Credential, CredentialId, ImportedOptions};

use super::{Damage, Entry, ForeignPasskey, Id, MAX_ENTRIES, RpId, openssh, public_key, text};
use crate::util::encoding;

/// What stands for the id of a discoverable passkey.
const ON_KEY: &str = "*";

/// The entries of a file: one for each passkey. With `sshformat` the file is an OpenSSH private key.
pub fn parse(bytes: &[u8]) -> Vec<Entry> {
    if is_openssh(bytes) {
        return openssh::parse(bytes);
    }
    super::lines(bytes)
        .filter(|(_, line)| !line.is_empty() && !line.starts_with(b"#"))
        .flat_map(|(number, line)| parse_line(number, line))
        .take(MAX_ENTRIES)
        .collect()
}

/// Whether the file is one that pam_u2f reads with `sshformat`.
pub(crate) fn is_openssh(bytes: &[u8]) -> bool {
    openssh::is_private_key(bytes)
}

fn parse_line(number: usize, line: &[u8]) -> Vec<Entry> {
    let damaged = |damage| vec![Entry { line: number, user: None, passkey: Err(damage) }];
    let text = match text(line) {
        Ok(text) => text,
        Err(damage) => return damaged(damage),
    };
    match text.split_once(':') {
        None => damaged(Damage::NotAnEntry),
        Some(("", _)) => damaged(Damage::NoUser),
        Some((user, rows)) => {
            // As pam_u2f has it, two colons are as good as one.
            let rows = rows.split(':').filter(|row| !row.is_empty());
            let entry = |row| Entry { line: number, user: Some(user.to_owned()), passkey: parse_row(row) };
            rows.map(entry).collect()
        }
    }
}

fn parse_row(row: &str) -> Result<ForeignPasskey, Damage> {
    let fields: Vec<&str> = row.split(',').map(str::trim).collect();
    match fields.as_slice() {
        [id, key] => parse_old(id, key),
        [id, key, algorithm] => parse_new(id, key, algorithm, ""),
        [id, key, algorithm, attributes] => parse_new(id, key, algorithm, attributes),
        [] | [_] => Err(Damage::PublicKey),
        _ => Err(Damage::TooManyFields),
    }
}

fn parse_old(id: &str, key: &str) -> Result<ForeignPasskey, Damage> {
    let point = encoding::hex(key).ok_or(Damage::PublicKey)?;
    let key = public_key::from_point(&point)?;
    // Of these pam_u2f asks for a touch.
    let options = Some(ImportedOptions { presence: true, ..ImportedOptions::default() });
    Ok(ForeignPasskey { options, ..ForeignPasskey::new(credential_id(id)?, key, RpId::AppId) })
}

fn parse_new(id: &str, key: &str, algorithm: &str, attributes: &str) -> Result<ForeignPasskey, Damage> {
    let bytes = encoding::base64(key).ok_or(Damage::PublicKey)?;
    let key = match algorithm.to_ascii_lowercase().as_str() {
        "es256" => public_key::from_coordinates(&bytes)?,
        "eddsa" => public_key::from_ed25519(&bytes)?,
        "rs256" => public_key::from_rsa(&bytes)?,
        _ => return Err(Damage::Algorithm),
    };
    let options = Some(parse_attributes(attributes)?);
    let id = credential_id(id)?;
    let discoverable = id == Id::OnKey;
    Ok(ForeignPasskey { discoverable, options, ..ForeignPasskey::new(id, key, RpId::Programs) })
}

fn credential_id(text: &str) -> Result<Id, Damage> {
    if text == ON_KEY {
        return Ok(Id::OnKey);
    }
    let id = encoding::base64(text).and_then(CredentialId::new).ok_or(Damage::CredentialId)?;
    Ok(Id::Known(id))
}

/// The attributes of a row. One that is not understood might ask for more, so it is not passed over.
fn parse_attributes(text: &str) -> Result<ImportedOptions, Damage> {
    let mut words = text.split('+');
    if words.next().is_some_and(|before| !before.is_empty()) {
        return Err(Damage::Attribute);
    }
    ImportedOptions::from_words(words).ok_or(Damage::Attribute)
}

/// A passkey as a row of an authfile, with which pam_u2f asks for `options`; `None` for an algorithm that pam_u2f does not know.
pub fn row(credential: &Credential, options: ImportedOptions) -> Option<String> {
    let (algorithm, key) = match &credential.public_key {
        PublicKey::Es256 { x, y } => ("es256", [x.as_slice(), y].concat()),
        PublicKey::EdDsa { x } => ("eddsa", x.to_vec()),
        PublicKey::Rs256 { n, e } if n.len() == 256 && e.len() <= 3 => {
            let zeros = vec![0; 3_usize.saturating_sub(e.len())];
            ("rs256", [n.as_slice(), &zeros, e].concat())
        }
        PublicKey::Rs256 { .. } | PublicKey::Es384 { .. } => return None,
    };
    let id = encoding::to_base64(credential.id.as_bytes());
    let mut row = format!("{id},{},{algorithm},", encoding::to_base64(&key));
    for word in options.words() {
        row.extend(["+", word]);
    }
    Some(row)
}

#[cfg(test)]
#[path = "pam_u2f_tests.rs"]
mod tests;
