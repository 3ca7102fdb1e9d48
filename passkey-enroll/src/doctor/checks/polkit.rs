//! polkit's helper: from polkit 127 on systemd starts it in a sandbox that shows it no device.

use std::collections::BTreeMap;
use std::path::PathBuf;

use passkey_core::config::Config;

use crate::doctor::finding::{Area, Finding};
use crate::doctor::machine::{Machine, text};
use crate::pam::simulate::ServiceAccess;

/// The service that polkit signs people in to.
const SERVICE: &str = "polkit-1";
/// What systemd starts for it.
const UNIT: &str = "polkit-agent-helper@.service";
/// Where units are; those of an earlier folder hide those of a later one (systemd.unit(5)).
const FOLDERS: [&str; 6] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator",
];
/// Folders of files that change the unit.
const DROP_INS: [&str; 2] = ["service.d", "polkit-agent-helper@.service.d"];

/// What the sandbox comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sandbox {
    private_devices: bool,
    device_policy: String,
    devices: Vec<String>,
    protect_home: String,
}

impl Sandbox {
    /// Whether the helper sees security keys.
    fn shows_keys(&self) -> bool {
        let is_named = self.devices.iter().any(|device| {
            let (name, rights) = device.split_once(' ').unwrap_or((device, "rwm"));
            (name == "char-hidraw" || name.starts_with("/dev/hidraw"))
                && rights.contains('r')
                && rights.contains('w')
        });
        let is_restricted =
            matches!(self.device_policy.as_str(), "closed" | "strict") || !self.devices.is_empty();
        !self.private_devices && (is_named || !is_restricted)
    }

    /// Whether the helper sees people's own folders.
    fn shows_homes(&self) -> bool {
        !(is_yes(&self.protect_home) || self.protect_home == "tmpfs")
    }

    /// Reads a unit or a part of one (systemd.syntax(7)).
    fn read(&mut self, text: &str) {
        let mut section = "";
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                section = name;
            }
            let Some((key, value)) = line.split_once('=').filter(|_| section == "Service") else { continue };
            let value = value.trim();
            match key.trim() {
                "PrivateDevices" => self.private_devices = is_yes(value),
                "DevicePolicy" => value.clone_into(&mut self.device_policy),
                // Nothing takes back what was allowed before.
                "DeviceAllow" if value.is_empty() => self.devices.clear(),
                "DeviceAllow" => {
                    self.devices.push(value.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
                }
                "ProtectHome" => value.clone_into(&mut self.protect_home),
                _ => {}
            }
        }
    }
}

fn is_yes(value: &str) -> bool {
    ["yes", "true", "on", "1", "y", "t"].iter().any(|yes| yes.eq_ignore_ascii_case(value))
}

pub(in crate::doctor) fn check(machine: &Machine, gates: &[&ServiceAccess], config: &Config) -> Vec<Finding> {
    let Some(gate) = gates.iter().find(|gate| gate.service == SERVICE) else { return Vec::new() };
    let Some((path, sandbox)) = sandbox(machine) else { return Vec::new() };
    let mut findings = Vec::new();
    if sandbox.shows_keys() {
        let message = "polkit's helper sees security keys.";
        findings.push(Finding::ok(Area::System, "polkit_sandbox", message).at(&path));
    } else {
        let message = "polkit's helper runs in a sandbox that shows it no security key: confirming with a passkey never works.";
        findings.push(Finding::error(Area::System, "polkit_sandbox", message).at(&path).remedy(format!(
            "Write [Service], PrivateDevices=no and DeviceAllow=char-hidraw rw, a line each, to \
             /etc/systemd/system/{UNIT}.d/pam_passkey.conf, then: systemctl daemon-reload"
        )));
    }
    let is_per_user =
        |config: &Config| config.credential_files.iter().any(passkey_core::config::Template::is_per_user);
    let asked = gate.passkeys.iter().filter_map(|call| call.asked.as_ref().ok());
    let mut configs = asked.map(|asked| asked.own_config.as_deref().unwrap_or(config));
    if configs.any(is_per_user) && !sandbox.shows_homes() {
        let message = "polkit's helper does not see home folders, where passkeys are kept.";
        findings.push(Finding::warning(Area::System, "polkit_homes", message).at(&path).remedy(format!(
            "Write [Service] and ProtectHome=read-only, a line each, to /etc/systemd/system/{UNIT}.d/pam_passkey.conf, \
             then: systemctl daemon-reload"
        )));
    }
    findings
}

/// The unit's own file, and what it and the files that change it come to. `None` where there is no such unit.
fn sandbox(machine: &Machine) -> Option<(PathBuf, Sandbox)> {
    let path = machine.first(&FOLDERS, UNIT)?;
    let mut sandbox = Sandbox::default();
    sandbox.read(&text(&path).unwrap_or_default());
    for folder in DROP_INS {
        // By name, and of the same name only the first.
        let mut parts: BTreeMap<_, PathBuf> = BTreeMap::new();
        for place in FOLDERS {
            let entries = machine.path(place).join(folder).read_dir().into_iter().flatten();
            for entry in entries.filter_map(Result::ok) {
                if entry.file_name().as_encoded_bytes().ends_with(b".conf") {
                    parts.entry(entry.file_name()).or_insert_with(|| entry.path());
                }
            }
        }
        for part in parts.values() {
            sandbox.read(&text(part).unwrap_or_default());
        }
    }
    Some((path, sandbox))
}

#[cfg(test)]
#[path = "polkit_tests.rs"]
mod tests;
