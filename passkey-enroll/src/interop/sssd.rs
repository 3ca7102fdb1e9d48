//! The passkeys of SSSD and FreeIPA: `passkey:CREDENTIAL-ID,PUBLIC-KEY[,USER-ID]`, all three in base64, the public key as a DER
//! SubjectPublicKeyInfo.
//!
//! They are values of an attribute that others use as well (`altSecurityIdentities`): what does not begin with `passkey:` is theirs. They
//! stand one in a line, as `ldapsearch` prints them, folded lines included, or several in one with `, ` between them, as `ipa user-show`
//! does, which goes on in the next line where the terminal is too narrow.

use passkey_core::credential::{Credential, CredentialId, UserHandle};

use super::{Damage, Entry, ForeignPasskey, Id, MAX_ENTRIES, RpId, public_key, text};
use crate::util::encoding;

const PREFIX: &str = "passkey:";

/// The entries of a file: one for each passkey.
pub fn parse(bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut lines = (1..).zip(bytes.split(|byte| *byte == b'\n')).peekable();
    while let Some((number, first)) = lines.next().filter(|_| entries.len() < MAX_ENTRIES) {
        let mut line = first.trim_ascii_end().to_vec();
        // LDIF folds long lines: the next one begins with one space (RFC 2849).
        while let Some((_, next)) = lines.next_if(|(_, next)| is_folded(next)) {
            line.extend(next.trim_ascii());
        }
        let Some(values) = value(line.trim_ascii()) else { continue };
        let goes_on = lines.peek().is_some_and(|(_, next)| next.trim_ascii().starts_with(PREFIX.as_bytes()));
        let passkeys = match text(values) {
            Ok(values) if goes_on => split(values.strip_suffix(',').unwrap_or(values)),
            Ok(values) => split(values),
            Err(damage) => vec![Err(damage)],
        };
        let room = MAX_ENTRIES.saturating_sub(entries.len());
        let entry = |passkey| Entry { line: number, user: None, passkey };
        entries.extend(passkeys.into_iter().take(room).map(entry));
    }
    entries
}

/// The values of one line: a comma and space before the next prefix is not part of a value.
fn split(values: &str) -> Vec<Result<ForeignPasskey, Damage>> {
    let mut parts = Vec::new();
    let mut rest = values;
    while let Some((value, next)) = rest.split_once(PREFIX).filter(|(value, _)| {
        let value = value.trim_end();
        value.len() < rest.len() && value.ends_with(',')
    }) {
        parts.push(parse_value(value.trim_end().trim_end_matches(',')));
        rest = next;
    }
    parts.push(parse_value(rest));
    parts
}

fn is_folded(line: &[u8]) -> bool {
    matches!(line, [b' ', second, ..] if !second.is_ascii_whitespace())
}

/// What stands behind the prefix, be it at the beginning or behind the name of an attribute.
fn value(line: &[u8]) -> Option<&[u8]> {
    let behind_name = || {
        let colon = line.iter().position(|byte| *byte == b':')?;
        line.get(colon..)?.strip_prefix(b": ")?.trim_ascii_start().strip_prefix(PREFIX.as_bytes())
    };
    line.strip_prefix(PREFIX.as_bytes()).or_else(behind_name)
}

fn parse_value(value: &str) -> Result<ForeignPasskey, Damage> {
    let fields: Vec<&str> = value.split(',').map(str::trim).collect();
    let (id, key, user) = match fields.as_slice() {
        [id, key] => (id, key, None),
        [id, key, user] => (id, key, Some(user)),
        [] | [_] => return Err(Damage::PublicKey),
        _ => return Err(Damage::TooManyFields),
    };
    let id = encoding::base64(id).and_then(CredentialId::new).ok_or(Damage::CredentialId)?;
    let der = encoding::base64(key).ok_or(Damage::PublicKey)?;
    let key = public_key::from_spki(&der)?;
    let user_handle = match user {
        None => None,
        Some(user) => Some(encoding::base64(user).and_then(UserHandle::new).ok_or(Damage::UserHandle)?),
    };
    Ok(ForeignPasskey {
        // Only discoverable ones come with a user id.
        discoverable: user_handle.is_some(),
        user_handle,
        ..ForeignPasskey::new(Id::Known(id), key, RpId::Programs)
    })
}

/// A passkey as a value; `None` for an algorithm that SSSD does not know. `user_handle`: the one that the key gives for it, of a
/// discoverable one.
pub fn value_of(credential: &Credential, user_handle: Option<&UserHandle>) -> Option<String> {
    let key = public_key::to_spki(&credential.public_key)?;
    let id = encoding::to_base64(credential.id.as_bytes());
    let mut value = format!("{PREFIX}{id},{}", encoding::to_base64(&key));
    if let Some(user_handle) = user_handle {
        value.extend([",", &encoding::to_base64(user_handle.as_bytes())]);
    }
    Some(value)
}

#[cfg(test)]
#[path = "sssd_tests.rs"]
mod tests;
