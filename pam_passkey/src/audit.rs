//! The one line that every sign-in leaves in the system log.
//!
//! `key=value` pairs for programs that read logs, values of foreign origin quoted. It holds no secret: no PIN, no
//! password, no whole credential id.

use std::fmt::Write as _;
use std::time::Duration;

use pam::constants::PamResultCode;
use passkey_core::account::Account;
use passkey_core::ceremony::PluggedKey;
use passkey_core::credential::Credential;
use passkey_core::escape::Escaped;
use passkey_core::verify::Verified;

use crate::outcome::Row;

/// The longest name in a line, in characters.
const MAX_NAME_CHARS: usize = 100;
/// The longest reason: it may hold a path and a list of what is known.
const MAX_REASON_CHARS: usize = 500;

/// What became known in the course of a sign-in.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// `PAM_SERVICE`.
    pub(crate) service: String,
    /// Who signs in, once known: the account's name in the user database.
    pub(crate) user: Option<String>,
    /// The name that the application gave, where it is another one for the same account.
    pub(crate) typed: Option<String>,
    /// `PAM_RUSER`, `PAM_TTY` and `PAM_RHOST`, where set.
    pub(crate) ruser: Option<String>,
    /// See `ruser`.
    pub(crate) tty: Option<String>,
    /// See `ruser`.
    pub(crate) rhost: Option<String>,
    /// The key that decided it.
    pub(crate) key: Option<PluggedKey>,
    /// The passkey that this key has proved to hold.
    pub(crate) passkey: Option<Credential>,
    /// What the passkey's signature says.
    pub(crate) proof: Option<Proof>,
}

/// What a verified signature says.
#[derive(Debug)]
pub(crate) struct Proof {
    pub(crate) user_verified: bool,
    pub(crate) sign_count: u32,
}

impl Record {
    /// Names the account, and what was `typed` for it.
    pub(crate) fn name(&mut self, account: &Account, typed: Option<&str>) {
        self.user = Some(account.name.clone());
        self.typed = typed.filter(|typed| *typed != account.name).map(str::to_owned);
    }

    /// The passkey has signed.
    pub(crate) fn prove(&mut self, verified: &Verified) {
        self.passkey = Some(verified.credential().clone());
        self.proof =
            Some(Proof { user_verified: verified.user_verified(), sign_count: verified.sign_count() });
    }

    /// The line.
    pub(crate) fn line(&self, row: &Row, duration: Duration) -> String {
        let mut line = String::new();
        let result = if row.code == PamResultCode::PAM_SUCCESS { "success" } else { "failure" };
        pair(&mut line, "result", result);
        pair(&mut line, "code", &format!("{:?}", row.code));
        quoted(&mut line, "service", Some(&self.service));
        quoted(&mut line, "user", self.user.as_deref());
        quoted(&mut line, "typed", self.typed.as_deref());
        if let Some(Credential { name, id, .. }) = &self.passkey {
            quoted(&mut line, "passkey", Some(name));
            pair(&mut line, "id", &id.to_string());
        }
        if let Some(Proof { user_verified, sign_count }) = &self.proof {
            pair(&mut line, "user_verified", if *user_verified { "yes" } else { "no" });
            pair(&mut line, "sign_count", &sign_count.to_string());
        }
        if let Some(key) = &self.key {
            quoted(&mut line, "key", Some(&key.name));
            pair(&mut line, "model", &format!("{:04x}:{:04x}", key.vendor_id, key.product_id));
        }
        quoted(&mut line, "ruser", self.ruser.as_deref());
        quoted(&mut line, "tty", self.tty.as_deref());
        quoted(&mut line, "rhost", self.rhost.as_deref());
        pair(&mut line, "duration_ms", &duration.as_millis().to_string());
        // Last, since it is the longest and for people.
        quoted_up_to(&mut line, "reason", &row.reason, MAX_REASON_CHARS);
        line
    }
}

fn pair(line: &mut String, key: &str, value: &str) {
    let gap = if line.is_empty() { "" } else { " " };
    // Writing to a string cannot fail.
    let _ = write!(line, "{gap}{key}={value}");
}

fn quoted(line: &mut String, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        quoted_up_to(line, key, value, MAX_NAME_CHARS);
    }
}

fn quoted_up_to(line: &mut String, key: &str, value: &str, max_chars: usize) {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    pair(line, key, &format!("\"{}\"", Escaped::name(&value, max_chars)));
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
