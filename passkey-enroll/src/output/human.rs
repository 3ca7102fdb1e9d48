//! Results as a person reads them.

use super::json::{Added, FirstSteps, Key, KeyError, Keys, Passkeys, Rehearsed, Removal, Rules, Shown};
use super::paint::Paint;
use super::table::{Facts, Table};
use super::time::{local, local_or_never};
use passkey_core::escape::Escaped;

/// A result that can be read by a person.
pub(crate) trait Human {
    /// The text, with its line ends. What is of foreign origin in it is escaped.
    fn human(&self, paint: Paint) -> String;
}

impl Human for Passkeys {
    fn human(&self, paint: Paint) -> String {
        if self.credentials.is_empty() {
            return String::new();
        }
        let mut table = Table::new(&["NAME", "ADDED", "LAST USED", "PROTECTED BY", "FOR"]);
        for credential in &self.credentials {
            let disabled = if credential.enabled { "" } else { " (disabled)" };
            table.row(&[
                format!("{}{disabled}", credential.name),
                local(credential.added),
                if self.state_known { local_or_never(credential.last_used) } else { "not known".to_owned() },
                protection(credential.user_verification).to_owned(),
                credential.rp_id.clone(),
            ]);
        }
        table.text(paint)
    }
}

impl Human for Shown {
    fn human(&self, paint: Paint) -> String {
        let mut facts = Facts::default();
        let credential = &self.credential;
        facts.add("Name", &credential.name);
        facts.add("User", &self.user);
        facts.add("For (RP ID)", &credential.rp_id);
        facts.add("Enabled", yes(credential.enabled));
        facts.add("Added", local(credential.added));
        facts.add("Last used", local_or_never(credential.last_used));
        if credential.failures > 0 {
            facts.add("Failures since", credential.failures.to_string());
        }
        facts.add(
            "Signature counter",
            credential.sign_count.map_or("not known".to_owned(), |n| n.to_string()),
        );
        facts.add("Protected by", protection(credential.user_verification));
        facts.add("Discoverable", yes(credential.discoverable));
        if let Some(level) = credential.cred_protect {
            facts.add("Credential protection", format!("level {level}"));
        }
        facts.add("Algorithm", credential.algorithm);
        facts.add("Model", model(credential.model.as_deref(), &credential.aaguid));
        if !credential.transports.is_empty() {
            facts.add("Transports", credential.transports.join(", "));
        }
        if let Some(attestation) = &credential.attestation {
            facts.add("Attestation", &attestation.format);
        }
        facts.add("Credential id", &credential.id);
        facts.add("Public key (COSE)", &credential.public_key);
        facts.text("", paint)
    }
}

impl Human for Added {
    fn human(&self, paint: Paint) -> String {
        let name = Escaped::text(&self.credential.name).to_string();
        let mut text = format!(
            "{} Passkey “{name}” is enrolled for {}.\n",
            paint.success("✓"),
            Escaped::text(&self.user)
        );
        if let Some(FirstSteps { user_option }) = &self.first_steps {
            text.push_str(&first_steps(&Escaped::text(user_option).to_string()));
        }
        text
    }
}

/// What a person should do after their first enrolment.
fn first_steps(user_option: &str) -> String {
    format!(
        "
What to do next:
  1. Try it, without any risk:
       passkey-enroll verify{user_option}
  2. Enrol a second security key and keep it in a safe place, for the day you lose this one:
       sudo passkey-enroll add{user_option}
  3. Ask for it in sudo, after the password: in /etc/pam.d/sudo, put this line below the one that checks the
     password (on Debian and Ubuntu: below `@include common-auth`), and keep a root shell open until it has worked:
       auth required pam_passkey.so
"
    )
}

impl Human for Removal {
    fn human(&self, paint: Paint) -> String {
        let left = match self.remaining {
            0 => "has no passkey left".to_owned(),
            1 => "has 1 passkey left".to_owned(),
            n => format!("has {n} passkeys left"),
        };
        format!(
            "{} Passkey “{}” is removed. {} {left}.\n",
            paint.success("✓"),
            Escaped::text(&self.removed.name),
            Escaped::text(&self.user)
        )
    }
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
        if let Some(key) = &self.key {
            facts.add("Security key", &key.name);
        }
        facts.add("Touched", "yes");
        facts.add("PIN or fingerprint checked", yes(self.user_verified));
        facts.add("Signature", "valid");
        facts.add(
            "Signature counter",
            if self.sign_count == 0 { "this key has none".to_owned() } else { self.sign_count.to_string() },
        );
        facts.add("Rules", rules(&self.rules));
        if let Some(line) = &self.line {
            facts.add("Called in", format!("{}:{}", line.path, line.line));
        }
        text.push_str(&facts.text("  ", paint));
        text
    }
}

/// Those of the rules that a person feels.
fn rules(rules: &Rules) -> String {
    format!("{}, verification {}, {} s for the touch", rules.mode, rules.verification, rules.timeout)
}

impl Human for Keys {
    fn human(&self, paint: Paint) -> String {
        let keys: Vec<String> = self.keys.iter().map(|key| key_text(key, paint)).collect();
        keys.join("\n")
    }
}

fn key_text(key: &Key, paint: Paint) -> String {
    let name = if key.plugged.name.is_empty() { "Security key" } else { &key.plugged.name };
    let mut text = format!("{}\n", paint.heading(&Escaped::text(name).to_string()));
    let mut facts = Facts::default();
    facts.add("Device", &key.plugged.path);
    facts.add("USB", format!("{:04x}:{:04x}", key.plugged.vendor_id, key.plugged.product_id));
    if let Some(error) = key.error {
        facts.add("Problem", problem(error));
        text.push_str(&facts.text("  ", paint));
        return text;
    }
    if let Some(aaguid) = &key.aaguid {
        facts.add("Model", model(key.model.as_deref(), aaguid));
    }
    if let Some(version) = key.firmware_version {
        facts.add("Firmware", version.to_string());
    }
    facts
        .add("Speaks", if key.versions.is_empty() { "U2F only".to_owned() } else { key.versions.join(", ") });
    facts.add("PIN", pin_text(key));
    facts.add("Fingerprint", fingerprint_text(key));
    if let Some(left) = key.remaining_discoverable {
        facts.add("Room for discoverable passkeys", left.to_string());
    }
    facts.add(
        "Your passkeys on it",
        match &key.enrolled {
            None => "not known: the credential file cannot be read".to_owned(),
            Some(names) if names.is_empty() => "none".to_owned(),
            Some(names) => names.join(", "),
        },
    );
    text.push_str(&facts.text("  ", paint));
    text
}

fn model(name: Option<&str>, aaguid: &str) -> String {
    match name {
        Some(name) => name.to_owned(),
        // What keys say that do not tell their model (WebAuthn Level 3, section 6.5.1).
        None if aaguid.chars().all(|c| matches!(c, '0' | '-')) => "not told".to_owned(),
        None => format!("AAGUID {aaguid}"),
    }
}

fn pin_text(key: &Key) -> String {
    let Some(set) = key.pin.set else { return "not supported".to_owned() };
    if !set {
        return "not set".to_owned();
    }
    let change = if key.pin.must_change { ", must be changed" } else { "" };
    match key.pin.retries {
        None => format!("set{change}"),
        Some(0) => "blocked: only a reset of the key helps".to_owned(),
        Some(1) => format!("set{change}, 1 try left"),
        Some(left) => format!("set{change}, {left} tries left"),
    }
}

fn fingerprint_text(key: &Key) -> String {
    match (key.options.get("uv"), key.uv.retries) {
        (None, _) => "not supported".to_owned(),
        (Some(false), _) => "not set up".to_owned(),
        (Some(true), None) => "set up".to_owned(),
        (Some(true), Some(0)) => "set up, locked until the PIN is used".to_owned(),
        (Some(true), Some(1)) => "set up, 1 try left".to_owned(),
        (Some(true), Some(left)) => format!("set up, {left} tries left"),
    }
}

fn problem(error: KeyError) -> &'static str {
    match error {
        KeyError::CannotOpen => "cannot be opened: run the command with sudo, or at the machine itself",
        KeyError::Silent => "does not answer: unplug it and plug it in again",
        KeyError::Refused => "refuses to talk: unplug it and plug it in again",
        KeyError::Garbled => "what it answers makes no sense: unplug it and plug it in again",
        KeyError::Unplugged => "was unplugged",
        KeyError::NoRandomness => "this machine has no randomness to give",
    }
}

fn protection(user_verification: &str) -> &'static str {
    match user_verification {
        "pin" => "PIN",
        "fingerprint" => "fingerprint",
        _ => "touch only",
    }
}

fn yes(fact: bool) -> &'static str {
    if fact { "yes" } else { "no" }
}
