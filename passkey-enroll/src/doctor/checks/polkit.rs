//! polkit's helper: from polkit 127 on, systemd starts it in a sandbox without access to devices.

use passkey_core::config::Config;

use crate::doctor::finding::{Area, Finding};
use crate::doctor::machine::Machine;
use crate::doctor::probe::units::{Unit, UnitAnswer};
use crate::pam::simulate::ServiceAccess;

/// The service that polkit signs people in to.
const SERVICE: &str = "polkit-1";
/// What systemd starts for it, once for each sign-in.
const UNIT: &str = "polkit-agent-helper@.service";
/// One of them.
const INSTANCE: &str = "polkit-agent-helper@doctor.service";

impl Unit {
    /// Whether the program that it starts sees security keys.
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

    /// Whether the program that it starts sees people's own folders.
    fn shows_homes(&self) -> bool {
        !matches!(self.protect_home.as_str(), "yes" | "tmpfs")
    }
}

pub(in crate::doctor) fn check(machine: &Machine, gates: &[&ServiceAccess], config: &Config) -> Vec<Finding> {
    let Some(gate) = gates.iter().find(|gate| gate.service == SERVICE) else { return Vec::new() };
    let unit = match machine.probe.unit(INSTANCE) {
        UnitAnswer::Loaded(unit) => unit,
        // Its helper is a setuid program then, and in no sandbox.
        UnitAnswer::None => return Vec::new(),
        UnitAnswer::NotKnown => {
            let message = "It is not known whether polkit's helper sees security keys: systemd does not say.";
            let finding = Finding::note(Area::System, "polkit_unknown", message);
            return vec![finding.remedy(format!("Look at: systemctl cat {UNIT}"))];
        }
    };
    let path = &unit.path;
    let mut findings = Vec::new();
    if unit.shows_keys() {
        let message = "polkit's helper sees security keys.";
        findings.push(Finding::ok(Area::System, "polkit_sandbox", message).at(path));
    } else {
        let message = "polkit's helper runs in a sandbox without access to security keys: confirming with a passkey never works.";
        findings.push(Finding::error(Area::System, "polkit_sandbox", message).at(path).remedy(format!(
            "Write [Service], PrivateDevices=no and DeviceAllow=char-hidraw rw, one line each, to \
             /etc/systemd/system/{UNIT}.d/pam_passkey.conf, then: systemctl daemon-reload"
        )));
    }
    let is_per_user =
        |config: &Config| config.credential_files.iter().any(passkey_core::config::Template::is_per_user);
    let asked = gate.passkeys.iter().filter_map(|call| call.asked.as_ref().ok());
    let mut configs = asked.map(|asked| asked.own_config.as_deref().unwrap_or(config));
    if configs.any(is_per_user) && !unit.shows_homes() {
        let message = "polkit's helper does not see home folders, where passkeys are kept.";
        findings.push(Finding::warning(Area::System, "polkit_homes", message).at(path).remedy(format!(
            "Write [Service] and ProtectHome=read-only, one line each, to /etc/systemd/system/{UNIT}.d/pam_passkey.conf, \
             then: systemctl daemon-reload"
        )));
    }
    findings
}

#[cfg(test)]
#[path = "polkit_tests.rs"]
mod tests;
