//! What `verify` found: its shape in JSON, and how a person reads it.

use passkey_core::config::Policy;
use passkey_core::escape::Escaped;
use serde::Serialize;

use super::human::yes;
use super::json::{CounterWarning, Holder, Named, Plugged};
use crate::report::Human;
use crate::report::paint::Paint;
use crate::report::table::Facts;

/// `verify`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rehearsed {
    pub(crate) user: String,
    /// Null where no service was named.
    pub(crate) service: Option<String>,
    pub(crate) verified: bool,
    pub(crate) credential: Named,
    pub(crate) user_verified: bool,
    /// As the key sent it.
    pub(crate) sign_count: u32,
    pub(crate) counter_warning: Option<CounterWarning>,
    pub(crate) key: Option<Plugged>,
    /// Whether counter and last use could be written down.
    pub(crate) recorded: bool,
    /// The rules that were rehearsed.
    pub(crate) rules: Rules,
    /// The line of a PAM service file that has its say in them; null where there is none.
    pub(crate) line: Option<ServiceLine>,
}

/// The rules of a service, by the names that they have in the configuration. Times are in seconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rules {
    pub(crate) mode: &'static str,
    pub(crate) usernameless: bool,
    pub(crate) verification: &'static str,
    pub(crate) timeout: u64,
    pub(crate) wait_for_key: u64,
    pub(crate) unenrolled: &'static str,
    pub(crate) remote: &'static str,
    pub(crate) counter: &'static str,
    pub(crate) recovery: &'static str,
    pub(crate) pin_attempts: u8,
}

impl Rules {
    /// Those that a person feels.
    fn summary(&self, is_touched: bool) -> String {
        let what_for = if is_touched { "for the touch" } else { "in all" };
        format!("{}, verification {}, {} s {what_for}", self.mode, self.verification, self.timeout)
    }
}

impl From<&Policy> for Rules {
    fn from(policy: &Policy) -> Self {
        Self {
            mode: policy.mode.as_str(),
            usernameless: policy.usernameless,
            verification: policy.verification.as_str(),
            timeout: policy.timeout.as_secs(),
            wait_for_key: policy.wait_for_key.as_secs(),
            unenrolled: policy.unenrolled.as_str(),
            remote: policy.remote.as_str(),
            counter: policy.counter.as_str(),
            recovery: policy.recovery.as_str(),
            pin_attempts: policy.pin_attempts,
        }
    }
}

/// A line of a PAM service file that calls the module.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ServiceLine {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) arguments: Vec<String>,
}

impl Human for Rehearsed {
    fn human(&self, paint: Paint) -> String {
        let under = match &self.service {
            Some(service) => format!(" to {}", Escaped::text(service)),
            None => String::new(),
        };
        let mut text = format!(
            "{} {} could sign in{under} with the passkey “{}”.\n",
            paint.success("✓"),
            Escaped::text(&self.user),
            Escaped::text(&self.credential.name)
        );
        let mut facts = Facts::default();
        let is_here = self.key.as_ref().is_some_and(|key| key.holder == Holder::ThisComputer);
        if is_here {
            facts.add("Where", "this computer");
            facts.add("PIN checked", yes(self.user_verified));
        } else {
            if let Some(key) = &self.key {
                facts.add("Security key", &key.name);
            }
            facts.add("Touched", "yes");
            facts.add("PIN or fingerprint checked", yes(self.user_verified));
        }
        facts.add("Signature", "valid");
        facts.add(
            "Signature counter",
            match (self.sign_count, is_here) {
                (0, false) => "this key has none".to_owned(),
                (0, true) => "none".to_owned(),
                (count, _) => count.to_string(),
            },
        );
        facts.add("Rules", self.rules.summary(!is_here));
        if let Some(line) = &self.line {
            facts.add("Called in", format!("{}:{}", line.path, line.line));
        }
        text.push_str(&facts.text("  ", paint));
        text
    }
}
