//! Results of `key …`: their shapes in JSON, and how a person reads them.

use passkey_core::credential::CredentialId;
use passkey_core::escape::Escaped;
use serde::Serialize;

use super::json::{Holder, Plugged};
use crate::key;
use crate::report::Human;
use crate::report::paint::Paint;
use crate::report::table::Table;
use crate::util::encoding::to_base64url;

/// `key pin set`, `key pin change`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PinGiven {
    pub(crate) key: Plugged,
    pub(crate) pin: PinPresence,
    /// Whether there was one before.
    #[serde(skip)]
    pub(crate) changed: bool,
}

/// `key pin verify`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PinVerified {
    pub(crate) key: Plugged,
    pub(crate) verified: bool,
    /// Wrong PINs that the key would have taken before this one.
    pub(crate) retries_before: Option<u8>,
}

/// `key config`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct KeyConfigured {
    pub(crate) key: Plugged,
    /// As the key says them now.
    pub(crate) settings: Settings,
    /// Whether anything was different before.
    pub(crate) changed: bool,
}

/// The settings of a key.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Settings {
    pub(crate) always_uv: bool,
    /// In characters.
    pub(crate) min_pin_length: usize,
    pub(crate) pin_must_change: bool,
}

/// Whether a key has a PIN.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct PinPresence {
    pub(crate) set: bool,
}

/// A fingerprint.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Fingerprint {
    /// base64url
    pub(crate) id: String,
    /// Null where it has none.
    pub(crate) name: Option<String>,
}

impl From<&key::Fingerprint> for Fingerprint {
    fn from(fingerprint: &key::Fingerprint) -> Self {
        Self { id: to_base64url(&fingerprint.id), name: named(&fingerprint.name) }
    }
}

/// `key fingerprint list`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Fingerprints {
    pub(crate) key: Plugged,
    pub(crate) fingerprints: Vec<Fingerprint>,
}

/// `key fingerprint add`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FingerprintAdded {
    pub(crate) key: Plugged,
    pub(crate) fingerprint: Fingerprint,
    /// Good samples that were taken.
    pub(crate) samples: u32,
}

/// `key fingerprint rename`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FingerprintRenamed {
    pub(crate) key: Plugged,
    pub(crate) fingerprint: Fingerprint,
    /// Null where it had none.
    pub(crate) old_name: Option<String>,
}

/// `key fingerprint remove`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FingerprintRemoved {
    pub(crate) key: Plugged,
    pub(crate) removed: Fingerprint,
    /// How many are left.
    pub(crate) remaining: usize,
}

/// A discoverable passkey on a key.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct KeyPasskey {
    /// base64url
    pub(crate) id: String,
    pub(crate) rp_id: String,
    /// base64url
    pub(crate) user_handle: String,
    pub(crate) user_name: Option<String>,
    pub(crate) user_display_name: Option<String>,
    /// 1, 2, 3, or null where the key did not say.
    pub(crate) cred_protect: Option<u8>,
    /// What the user's passkey on this machine is called that it is; null where it is none.
    pub(crate) enrolled: Option<String>,
    /// The end of the id, which tells it from others on the key.
    #[serde(skip)]
    short_id: String,
}

impl KeyPasskey {
    /// As the key sent it, and its name on this machine.
    pub(crate) fn new(passkey: &key::KeyPasskey, enrolled: Option<String>) -> Self {
        let id = to_base64url(&passkey.id);
        Self {
            short_id: CredentialId::new(passkey.id.clone()).map_or_else(|| id.clone(), |id| id.to_string()),
            id,
            rp_id: passkey.rp_id.clone(),
            user_handle: to_base64url(&passkey.user_handle),
            user_name: named(&passkey.user_name),
            user_display_name: named(&passkey.user_display_name),
            cred_protect: passkey.cred_protect,
            enrolled,
        }
    }

    /// Whom it is for, on one line.
    pub(crate) fn whose(&self) -> String {
        let user = self.user_name.as_deref().or(self.user_display_name.as_deref());
        user.map_or_else(|| self.rp_id.clone(), |user| format!("{user} at {}", self.rp_id))
    }
}

/// `key passkeys list`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct KeyPasskeys {
    pub(crate) key: Plugged,
    pub(crate) passkeys: Vec<KeyPasskey>,
    /// Room for further ones; null where the key does not tell.
    pub(crate) remaining_discoverable: Option<u64>,
}

/// `key passkeys remove`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PasskeyRemoved {
    pub(crate) key: Plugged,
    pub(crate) removed: KeyPasskey,
    /// How many discoverable ones are left.
    pub(crate) remaining: usize,
}

/// `key reset`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct KeyReset {
    pub(crate) key: Plugged,
    /// The names of the user's passkeys that were on it; null where the store cannot be read.
    pub(crate) lost: Option<Vec<String>>,
    /// Those of them that were removed from this machine as well.
    pub(crate) forgotten: Vec<String>,
}

/// Keys without a name for something send an empty one.
fn named(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| name.to_owned())
}

/// What the key is called in a sentence.
fn called(key: &Plugged) -> String {
    match (key.holder, key.name.as_str()) {
        (Holder::ThisComputer, _) => "this computer".to_owned(),
        (Holder::SecurityKey | Holder::Service, "") => "the security key".to_owned(),
        (Holder::SecurityKey | Holder::Service, name) => Escaped::text(name).to_string(),
    }
}

fn done(paint: Paint, sentence: &str) -> String {
    format!("{} {sentence}\n", paint.success("✓"))
}

impl Human for PinGiven {
    fn human(&self, paint: Paint) -> String {
        let verb = if self.changed { "changed" } else { "set" };
        done(paint, &format!("The PIN of {} is {verb}.", called(&self.key)))
    }
}

impl Human for PinVerified {
    fn human(&self, paint: Paint) -> String {
        done(paint, &format!("The PIN of {} is right.", called(&self.key)))
    }
}

impl Human for KeyConfigured {
    fn human(&self, paint: Paint) -> String {
        let Settings { always_uv, min_pin_length, pin_must_change } = self.settings;
        let verb = if self.changed { "are changed" } else { "are as asked already" };
        let always = if always_uv { "at every use" } else { "where a program asks for it" };
        let mut text = done(paint, &format!("The settings of {} {verb}.", called(&self.key)));
        text.extend(["  User verification: ", always, "\n"]);
        text.extend(["  Shortest PIN: ", &min_pin_length.to_string(), " characters\n"]);
        if pin_must_change {
            text.push_str(
                "  The PIN must be changed before the key can be used: passkey-enroll key pin change\n",
            );
        }
        text
    }
}

impl Fingerprint {
    fn shown(&self) -> String {
        match &self.name {
            Some(name) => format!("“{}”", Escaped::text(name)),
            None => format!("without a name ({})", self.id),
        }
    }
}

impl Human for Fingerprints {
    fn human(&self, paint: Paint) -> String {
        if self.fingerprints.is_empty() {
            return String::new();
        }
        let mut table = Table::new(&["NAME", "ID"]);
        for fingerprint in &self.fingerprints {
            table.row(&[fingerprint.name.clone().unwrap_or_default(), fingerprint.id.clone()]);
        }
        table.text(paint)
    }
}

impl Human for FingerprintAdded {
    fn human(&self, paint: Paint) -> String {
        done(paint, &format!("{} knows the fingerprint {}.", called(&self.key), self.fingerprint.shown()))
    }
}

impl Human for FingerprintRenamed {
    fn human(&self, paint: Paint) -> String {
        done(paint, &format!("The fingerprint is called {} now.", self.fingerprint.shown()))
    }
}

impl Human for FingerprintRemoved {
    fn human(&self, paint: Paint) -> String {
        let left = match self.remaining {
            0 => "no fingerprint left".to_owned(),
            1 => "1 fingerprint left".to_owned(),
            n => format!("{n} fingerprints left"),
        };
        let fingerprint = self.removed.shown();
        done(paint, &format!("The fingerprint {fingerprint} is removed; {left} on {}.", called(&self.key)))
    }
}

impl Human for KeyPasskeys {
    fn human(&self, paint: Paint) -> String {
        if self.passkeys.is_empty() {
            return String::new();
        }
        let mut table = Table::new(&["FOR", "USER", "YOURS ON THIS MACHINE", "ID"]);
        for passkey in &self.passkeys {
            let user = passkey.user_name.as_ref().or(passkey.user_display_name.as_ref());
            table.row(&[
                passkey.rp_id.clone(),
                user.cloned().unwrap_or_default(),
                passkey.enrolled.clone().unwrap_or_default(),
                passkey.short_id.clone(),
            ]);
        }
        let mut text = table.text(paint);
        if let Some(remaining) = self.remaining_discoverable {
            text.extend(["Room for ", &remaining.to_string(), " more.\n"]);
        }
        text
    }
}

impl Human for PasskeyRemoved {
    fn human(&self, paint: Paint) -> String {
        let whose = self.removed.whose();
        done(paint, &format!("The passkey of {} is gone from {}.", Escaped::text(&whose), called(&self.key)))
    }
}

impl Human for KeyReset {
    fn human(&self, paint: Paint) -> String {
        let mut text = done(
            paint,
            &match self.key.holder {
                // Of one account; others keep theirs.
                Holder::ThisComputer => {
                    "Your PIN and your passkeys on this computer are forgotten.".to_owned()
                }
                Holder::SecurityKey | Holder::Service => format!("{} is as new.", called(&self.key)),
            },
        );
        if !self.forgotten.is_empty() {
            let names: Vec<String> =
                self.forgotten.iter().map(|name| format!("“{}”", Escaped::text(name))).collect();
            text.extend(["Removed from this machine as well: ", &names.join(", "), ".\n"]);
        }
        text
    }
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
