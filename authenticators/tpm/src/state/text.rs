//! The file of an account: versioned TOML.

use std::fmt::Write as _;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

use super::account::{Account, Discoverable, FingerSeal, PinRecord, User};
use super::tries::{FingerTries, MAX_FINGER_TRIES, MAX_TRIES, Tries};
use crate::toml_text::{self, Wrong};
use crate::tpm::Blob;

const VERSION: u64 = 1;

/// The text of an account.
pub(super) fn write(account: &Account) -> Zeroizing<String> {
    // Room for all of it, so that nothing is left behind where the text has grown out of.
    let mut text = Zeroizing::new(String::with_capacity(
        account.credentials.len().saturating_mul(2048).saturating_add(8192),
    ));
    let _ = writeln!(text, "# The passkeys of one account in this computer's TPM. Written by passkey-tpm.");
    let _ = writeln!(text, "version = {VERSION}");
    let _ = writeln!(text, "credentials = {}", account.credentials.len());
    let _ = writeln!(text, "tries_left = {}", account.tries.left);
    let _ = writeln!(text, "tries_since = {}", account.tries.since);
    // Where fingers are never used, the file is as versions without them know it.
    if account.finger_tries != FingerTries::default() {
        let _ = writeln!(text, "finger_tries_left = {}", account.finger_tries.left);
    }
    if let Some(pin) = &account.pin {
        let _ = writeln!(text, "\n[pin]");
        for (key, bytes) in [
            ("storage_key", pin.storage_key.as_slice()),
            ("salt", &pin.salt),
            ("sealed_private", &pin.sealed.private),
            ("sealed_public", &pin.sealed.public),
            ("hmac_private", &pin.hmac_key.private),
            ("hmac_public", &pin.hmac_key.public),
            ("mac_key", pin.mac_key.as_slice()),
        ] {
            write_bytes(&mut text, key, bytes);
        }
    }
    for credential in &account.credentials {
        let _ = writeln!(text, "\n[[credential]]");
        write_text(&mut text, "rp_id", Some(&credential.rp_id));
        write_text(&mut text, "user_name", credential.user.name.as_ref());
        write_text(&mut text, "user_display_name", credential.user.display_name.as_ref());
        write_bytes(&mut text, "user_id", &credential.user.id);
        // What every entry has comes last, so that a text that is cut short is seen to be.
        write_bytes(&mut text, "id", &credential.id);
    }
    text
}

/// The text of what a finger unlocks.
pub(super) fn write_seal(seal: &FingerSeal) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(4096));
    let _ = writeln!(text, "version = {VERSION}");
    for (key, bytes) in [
        ("salt", seal.salt.as_slice()),
        ("auth", seal.auth.as_slice()),
        ("sealed_private", &seal.sealed.private),
        ("sealed_public", &seal.sealed.public),
    ] {
        write_bytes(&mut text, key, bytes);
    }
    text
}

/// Reads the text of what a finger unlocks.
pub(super) fn parse_seal(text: &str) -> Result<FingerSeal, String> {
    let table = toml_text::table(text).map_err(|(_, message)| message)?;
    let mut fields = Fields::of(table.get_ref());
    if fields.number("version")? != VERSION {
        return Err("written by another version of passkey-tpm".to_owned());
    }
    let seal = FingerSeal {
        salt: fields.array("salt")?,
        auth: Zeroizing::new(fields.array("auth")?),
        sealed: Blob { private: fields.bytes("sealed_private")?, public: fields.bytes("sealed_public")? },
    };
    fields.finish()?;
    Ok(seal)
}

fn write_bytes(text: &mut String, key: &str, bytes: &[u8]) {
    let encoded = Zeroizing::new(Base64UrlUnpadded::encode_string(bytes));
    let _ = writeln!(text, "{key} = \"{}\"", encoded.as_str());
}

fn write_text(text: &mut String, key: &str, value: Option<&String>) {
    let Some(value) = value else { return };
    let _ = write!(text, "{key} = \"");
    for c in value.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\0'..='\u{1f}' | '\u{7f}' => {
                let _ = write!(text, "\\u{:04X}", u32::from(c));
            }
            _ => text.push(c),
        }
    }
    let _ = writeln!(text, "\"");
}

/// Reads the text of an account. A key that is not known is an error, since it would be lost.
pub(super) fn parse(text: &str) -> Result<Account, Wrong> {
    let table = toml_text::table(text)?;
    let at = |offset: usize| move |message| (Some(toml_text::line(text, offset)), message);
    let mut top =
        Fields(table.get_ref().iter().map(|(key, value)| (&**key.get_ref(), value.get_ref())).collect());
    let whole = |message| (None, message);
    if top.number("version").map_err(whole)? != VERSION {
        return Err(whole("written by another version of passkey-tpm".to_owned()));
    }
    let count = top.number("credentials").map_err(whole)?;
    let left = top.number("tries_left").map_err(whole)?;
    let since = top.number("tries_since").map_err(whole)?;
    let left = u8::try_from(left).ok().filter(|left| *left <= MAX_TRIES);
    let left = left.ok_or_else(|| whole("`tries_left` is too many".to_owned()))?;
    let finger_tries = match top.take("finger_tries_left") {
        None => FingerTries::default(),
        Some(DeValue::Integer(left)) => {
            let left = left.as_str().parse().ok().filter(|left| *left <= MAX_FINGER_TRIES);
            FingerTries { left: left.ok_or_else(|| whole("`finger_tries_left` is too many".to_owned()))? }
        }
        Some(_) => return Err(whole("`finger_tries_left` is not a number".to_owned())),
    };
    let pin = match top.take("pin") {
        None => None,
        Some(DeValue::Table(table)) => {
            Some(pin(Fields::of(table)).map_err(|message| whole(format!("[pin]: {message}")))?)
        }
        Some(_) => return Err(whole("`pin` is not a table".to_owned())),
    };
    let mut credentials = Vec::new();
    match top.take("credential") {
        None => {}
        Some(DeValue::Array(array)) => {
            for entry in array {
                let DeValue::Table(table) = entry.get_ref() else {
                    return Err(whole("`credential` is not an array of tables".to_owned()));
                };
                credentials.push(credential(Fields::of(table)).map_err(at(entry.span().start))?);
            }
        }
        Some(_) => return Err(whole("`credential` is not an array of tables".to_owned())),
    }
    top.finish().map_err(whole)?;
    if u64::try_from(credentials.len()) != Ok(count) {
        return Err(whole(format!("there are {} credentials instead of {count}", credentials.len())));
    }
    Ok(Account { tries: Tries { left, since }, finger_tries, pin, credentials })
}

fn pin(mut fields: Fields<'_>) -> Result<PinRecord, String> {
    let record = PinRecord {
        storage_key: fields.bytes("storage_key")?,
        salt: fields.array("salt")?,
        sealed: Blob { private: fields.bytes("sealed_private")?, public: fields.bytes("sealed_public")? },
        hmac_key: Blob { private: fields.bytes("hmac_private")?, public: fields.bytes("hmac_public")? },
        mac_key: Zeroizing::new(fields.array("mac_key")?),
    };
    fields.finish()?;
    Ok(record)
}

fn credential(mut fields: Fields<'_>) -> Result<Discoverable, String> {
    let credential = Discoverable {
        id: fields.bytes("id")?,
        rp_id: fields.text("rp_id")?.ok_or("`rp_id` is missing")?,
        user: User {
            id: fields.bytes("user_id")?,
            name: fields.text("user_name")?,
            display_name: fields.text("user_display_name")?,
        },
    };
    fields.finish()?;
    Ok(credential)
}

/// The fields of a table that have not been taken yet.
struct Fields<'a>(Vec<(&'a str, &'a DeValue<'a>)>);

impl<'a> Fields<'a> {
    fn of(table: &'a DeTable<'a>) -> Self {
        Self(table.iter().map(|(key, value)| (&**key.get_ref(), value.get_ref())).collect())
    }

    fn take(&mut self, key: &str) -> Option<&'a DeValue<'a>> {
        let place = self.0.iter().position(|(name, _)| *name == key)?;
        Some(self.0.swap_remove(place).1)
    }

    fn number(&mut self, key: &str) -> Result<u64, String> {
        match self.take(key) {
            Some(DeValue::Integer(number)) if number.radix() == 10 => {
                number.as_str().parse().map_err(|_| format!("`{key}` is not a number"))
            }
            Some(_) => Err(format!("`{key}` is not a number")),
            None => Err(format!("`{key}` is missing")),
        }
    }

    fn text(&mut self, key: &str) -> Result<Option<String>, String> {
        match self.take(key) {
            Some(DeValue::String(text)) => Ok(Some(text.to_string())),
            Some(_) => Err(format!("`{key}` is not a text")),
            None => Ok(None),
        }
    }

    fn bytes(&mut self, key: &str) -> Result<Vec<u8>, String> {
        let text = self.text(key)?.map(Zeroizing::new).ok_or_else(|| format!("`{key}` is missing"))?;
        Base64UrlUnpadded::decode_vec(&text).map_err(|_| format!("`{key}` is not in base64url"))
    }

    fn array<const N: usize>(&mut self, key: &str) -> Result<[u8; N], String> {
        let bytes = Zeroizing::new(self.bytes(key)?);
        bytes.as_slice().try_into().map_err(|_| format!("`{key}` has another length"))
    }

    fn finish(self) -> Result<(), String> {
        match self.0.first() {
            None => Ok(()),
            Some((key, _)) => Err(format!("unknown key `{}`", key.escape_debug())),
        }
    }
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
