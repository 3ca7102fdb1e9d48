//! Results as a person reads them.

use super::json::{
    Added, Attestation, Counts, Exported, FirstSteps, Holder, Imported, Key, KeyError, Keys, Passkeys,
    Remark, Removal, Renamed, Shown, Switched,
};
use crate::report::Human;
use crate::report::paint::Paint;
use crate::report::table::{Facts, Table};
use crate::report::time::{local, local_or_never};
use passkey_core::ceremony::Authenticator;
use passkey_core::escape::Escaped;

impl Human for Passkeys {
    fn human(&self, paint: Paint) -> String {
        if self.credentials.is_empty() {
            return String::new();
        }
        // Whom a passkey is for matters only where there are several.
        let several = self.credentials.windows(2).any(|pair| matches!(pair, [a, b] if a.rp_id != b.rp_id));
        let mut headings = vec!["NAME", "MODEL", "ADDED", "LAST USED", "VERIFIED BY", "ON KEY"];
        headings.extend(several.then_some("FOR"));
        // Where they are as well.
        let elsewhere = self.credentials.iter().any(|one| one.authenticator != Holder::SecurityKey);
        headings.extend(elsewhere.then_some("WHERE"));
        let mut table = Table::new(&headings);
        for credential in &self.credentials {
            let disabled = if credential.enabled { "" } else { " (disabled)" };
            let mut cells = vec![
                format!("{}{disabled}", credential.name),
                credential.model.clone().unwrap_or_else(|| "not known".to_owned()),
                local(credential.added),
                if self.state_known { local_or_never(credential.last_used) } else { "not known".to_owned() },
                protection(credential.user_verification).to_owned(),
                yes(credential.discoverable).to_owned(),
            ];
            cells.extend(several.then(|| credential.rp_id.clone()));
            cells.extend(elsewhere.then(|| place(credential.authenticator).to_owned()));
            if credential.enabled { table.row(&cells) } else { table.faint_row(&cells) }
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
        facts.add("Where", place(credential.authenticator));
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
        facts.add("Verified by", protection(credential.user_verification));
        let discoverable = match credential.authenticator {
            Holder::SecurityKey => "On the key (discoverable)",
            Holder::ThisComputer | Holder::Service => "Discoverable",
        };
        facts.add(discoverable, yes(credential.discoverable));
        if let Some(level) = credential.cred_protect {
            facts.add("Credential protection", format!("level {level}"));
        }
        facts.add("Algorithm", credential.algorithm);
        facts.add("Model", model(credential.model.as_deref(), &credential.aaguid));
        if !credential.transports.is_empty() {
            facts.add("Transports", credential.transports.join(", "));
        }
        if let Some(attestation) = &credential.attestation {
            facts.add("Attestation", attestation_text(attestation));
            if let Some(root) = &attestation.root {
                facts.add("Attested under", root);
            }
            if let Some(certification) = attestation.certification {
                facts.add("Certified", certification);
            }
            if let Some(serial) = &attestation.serial {
                facts.add("Serial number", serial);
            }
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
        if self.keyring == Some(true) {
            text.push_str("It opens the keyring when it signs in without the password.\n");
        }
        if let Some(FirstSteps { user_option, authenticator }) = &self.first_steps {
            text.push_str(&first_steps(&Escaped::text(user_option).to_string(), *authenticator));
        }
        text
    }
}

/// What a person should do after their first enrolment.
fn first_steps(user_option: &str, authenticator: Authenticator) -> String {
    let second = match authenticator {
        Authenticator::SecurityKey | Authenticator::Guiding => {
            "Enrol a second security key and keep it in a safe place, for the day you lose this one:"
        }
        Authenticator::ThisComputer => {
            "Enrol a security key too, for the day this computer's mainboard is replaced or its TPM cleared:"
        }
    };
    format!(
        "
What to do next:
  1. Try it, without any risk:
       passkey-enroll verify{user_option}
  2. {second}
       sudo passkey-enroll add{user_option}
  3. Have sudo ask for it after the password. It is tried first, and taken back by itself if it does not work:
       sudo passkey-enroll pam enable sudo{user_option}
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

impl Human for Renamed {
    fn human(&self, paint: Paint) -> String {
        format!(
            "{} The passkey “{}” of {} is called “{}” now.\n",
            paint.success("✓"),
            Escaped::text(&self.old_name),
            Escaped::text(&self.user),
            Escaped::text(&self.credential.name)
        )
    }
}

impl Human for Switched {
    fn human(&self, paint: Paint) -> String {
        let state = match (self.credential.enabled, self.changed) {
            (true, true) => "is enabled",
            (true, false) => "was enabled already",
            (false, true) => "is disabled",
            (false, false) => "was disabled already",
        };
        format!(
            "{} Passkey “{}” of {} {state}.\n",
            paint.success("✓"),
            Escaped::text(&self.credential.name),
            Escaped::text(&self.user)
        )
    }
}

impl Human for Imported {
    fn human(&self, paint: Paint) -> String {
        let Counts { imported, skipped, damaged } = self.counts;
        let mut lines: Vec<String> = Vec::new();
        lines.extend(self.credentials.iter().map(|passkey| {
            let name = Escaped::text(&passkey.credential.name);
            format!(
                "{} Passkey “{name}” is imported for {}.",
                paint.success("✓"),
                Escaped::text(&passkey.user)
            )
        }));
        lines.extend(self.skipped.iter().map(|known| {
            let (name, user) = (Escaped::text(&known.name), Escaped::text(&known.user));
            format!("  Line {} is the passkey “{name}” of {user}, which stays as it is.", known.line)
        }));
        lines.push(format!("{imported} imported, {skipped} known already, {damaged} not imported."));
        lines.join("\n") + "\n"
    }
}

impl Remark {
    /// The sentence about the passkeys of these names.
    pub(crate) fn sentence(self, names: &str) -> String {
        match self {
            Self::VerificationIsTheServices => format!(
                "A PIN or fingerprint was asked for with {names}. Here the service decides that, not the passkey: set \
                 verification = \"required\" for the services that should ask for it."
            ),
            Self::AlwaysTouched => {
                format!("No touch was asked for with {names}. Here a touch is always asked for.")
            }
            Self::ForeignUserHandle => format!(
                "{names}: the security key has it under another user handle. It signs in as any other, but not where \
                 nobody says who signs in."
            ),
            Self::HidesOnUnknownModel => format!(
                "{names}: the security key shows it only once its PIN was given, and which model that is could not be found \
                 out. If signing in does not find it, remove it and import it again with the key plugged in."
            ),
        }
    }
}

impl Human for Exported {
    fn human(&self, _paint: Paint) -> String {
        // For a file: nothing but the lines, and all of them.
        let lines: Vec<String> =
            self.lines.iter().map(|line| Escaped::name(line, usize::MAX).to_string()).collect();
        lines.join("\n") + "\n"
    }
}

impl Human for Keys {
    fn human(&self, paint: Paint) -> String {
        let keys: Vec<String> = self.keys.iter().map(|key| key_text(key, paint)).collect();
        keys.join("\n")
    }
}

fn key_text(key: &Key, paint: Paint) -> String {
    let is_here = key.authenticator == Holder::ThisComputer;
    let name = match key.plugged.name.as_str() {
        _ if is_here => "This computer",
        "" => "Security key",
        name => name,
    };
    let mut text = format!("{}\n", paint.heading(&Escaped::text(name).to_string()));
    let mut facts = Facts::default();
    match (key.plugged.vendor_id, key.plugged.product_id) {
        (Some(vendor_id), Some(product_id)) => {
            facts.add("Device", &key.plugged.path);
            facts.add("USB", format!("{vendor_id:04x}:{product_id:04x}"));
        }
        (None, _) | (_, None) => facts.add("Socket", &key.plugged.path),
    }
    if let Some(error) = key.error {
        facts.add("Problem", if is_here { problem_here(error) } else { problem(error) });
        text.push_str(&facts.text("  ", paint));
        return text;
    }
    if let Some(aaguid) = key.aaguid.as_ref().filter(|_| !is_here) {
        facts.add("Model", model(key.model.as_deref().filter(|model| *model != key.plugged.name), aaguid));
    }
    if let Some(version) = key.firmware_version {
        facts.add("Firmware", version.to_string());
    }
    facts
        .add("Speaks", if key.versions.is_empty() { "U2F only".to_owned() } else { key.versions.join(", ") });
    facts.add("PIN", pin_text(key));
    if !is_here {
        facts.add("Fingerprint", fingerprint_text(key));
    }
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

/// Who vouches for a key, and how it says so.
fn attestation_text(attestation: &Attestation) -> String {
    let who = match (attestation.kind, attestation.trusted) {
        (None, _) => "not verified",
        (Some("none"), _) => "nobody vouches for the key",
        (Some("self"), _) => "the key vouches for itself only",
        (Some(_), false) => "by a maker who was not trusted",
        (Some("enterprise"), true) => "by a trusted maker, for this very key",
        (Some(_), true) => "by a trusted maker, for the model",
    };
    format!("{who} ({})", attestation.format)
}

fn pin_text(key: &Key) -> String {
    let Some(set) = key.pin.set else { return "not supported".to_owned() };
    if !set {
        return "not set".to_owned();
    }
    let change = if key.pin.must_change { ", must be changed" } else { "" };
    match key.pin.retries {
        Some(0) if key.authenticator == Holder::ThisComputer => {
            "locked for an hour or longer, after too many wrong ones".to_owned()
        }
        Some(0) => "blocked: only a reset of the key helps".to_owned(),
        _ if key.pin.locked => "locked until the key is unplugged and plugged in again".to_owned(),
        None => format!("set{change}"),
        Some(1) => format!("set{change}, 1 try left"),
        Some(left) => format!("set{change}, {left} tries left"),
    }
}

fn fingerprint_text(key: &Key) -> String {
    let here = key.authenticator == Holder::ThisComputer;
    match (key.options.get("uv"), key.uv.retries) {
        (None, _) if here => "off".to_owned(),
        (Some(false), _) if here => "on, and not before there are prints and the PIN was right".to_owned(),
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
        KeyError::Busy => "is in use by another program",
        KeyError::Stuck => "answers that it cannot: unplug it and plug it in again",
        KeyError::NoProtocol => "speaks neither FIDO2 nor U2F",
        KeyError::NoDescriptors => "cannot be opened: this command may open no more files",
        KeyError::Silent => "does not answer: unplug it and plug it in again",
        KeyError::Refused => "refuses to talk: unplug it and plug it in again",
        KeyError::Garbled => "what it answers makes no sense: unplug it and plug it in again",
        KeyError::Unplugged => "was unplugged",
        KeyError::NoRandomness => "this machine has no randomness to give",
    }
}

/// The same of this computer.
fn problem_here(error: KeyError) -> &'static str {
    match error {
        KeyError::NoDescriptors | KeyError::NoRandomness => problem(error),
        KeyError::CannotOpen | KeyError::Unplugged => {
            "cannot be connected to: see why with systemctl status passkey-tpm.socket"
        }
        KeyError::Busy => "is too busy",
        KeyError::Silent | KeyError::Stuck => {
            "does not answer: see why with systemctl status passkey-tpm.service"
        }
        KeyError::Refused => "its TPM cannot be used: see why with systemctl status passkey-tpm.service",
        KeyError::NoProtocol | KeyError::Garbled => {
            "what it answers makes no sense: see why with systemctl status passkey-tpm.service"
        }
    }
}

/// What a passkey is on.
fn place(authenticator: Holder) -> &'static str {
    match authenticator {
        Holder::SecurityKey => "security key",
        Holder::ThisComputer => "this computer",
        Holder::Service => "a service of this machine",
    }
}

fn protection(user_verification: &str) -> &'static str {
    match user_verification {
        "pin" => "PIN",
        "fingerprint" => "fingerprint",
        _ => "touch only",
    }
}

pub(super) fn yes(fact: bool) -> &'static str {
    if fact { "yes" } else { "no" }
}
