//! Does udev give the person at the machine access to security keys?

use std::path::Path;

use crate::doctor::finding::{Area, Finding};
use crate::doctor::machine::Machine;

/// Where rules are; one of an earlier folder hides that of the same name in a later one (udev(7)).
const FOLDERS: [&str; 5] = [
    "/etc/udev/rules.d",
    "/run/udev/rules.d",
    "/usr/local/lib/udev/rules.d",
    "/usr/lib/udev/rules.d",
    "/lib/udev/rules.d",
];
/// Signs of udev.
const UDEV: [&str; 5] = [
    "/run/udev/control",
    "/usr/lib/systemd/systemd-udevd",
    "/lib/systemd/systemd-udevd",
    "/usr/bin/udevadm",
    "/sbin/udevd",
];
/// Rules that recognise security keys: those of systemd 244 or later, and older ones by vendor.
const FIDO: [&str; 4] = ["60-fido-id.rules", "70-u2f.rules", "60-libfido2-udev.rules", "70-titan-key.rules"];
/// Rules that give the person at the machine access to what is recognised.
const UACCESS: [&str; 1] = ["70-uaccess.rules"];

/// The state of a rules file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rules {
    There,
    /// Disabled by an empty file or a link to `/dev/null`.
    Masked,
    Missing,
}

/// `has_keys`: whether a key is plugged in that the rules are for.
pub(in crate::doctor) fn check(machine: &Machine, has_keys: bool) -> Vec<Finding> {
    if !UDEV.iter().any(|path| machine.has(path)) {
        // Nothing reads rules here.
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (names, what) in [
        (FIDO.as_slice(), "recognise security keys"),
        (UACCESS.as_slice(), "give the person at the machine access to them"),
    ] {
        let Some(first) = names.first() else { continue };
        let state = names.iter().map(|name| rules(machine, name)).find(|state| *state == Rules::There);
        match state.unwrap_or_else(|| rules(machine, first)) {
            Rules::There => {}
            Rules::Masked => findings.push(
                Finding::warning(
                    Area::Keys,
                    "udev_rules_masked",
                    format!("The udev rules that {what}, {first}, are disabled: screen lockers cannot use keys."),
                )
                .at(&machine.first(&FOLDERS, first).unwrap_or_default())
                .remedy("Remove this file, then: udevadm control --reload && udevadm trigger --subsystem-match=hidraw"),
            ),
            Rules::Missing => findings.push(
                Finding::warning(
                    Area::Keys,
                    "udev_rules_missing",
                    format!("There are no udev rules that {what}, {first}: screen lockers cannot use keys."),
                )
                .remedy("Install the udev of systemd 244 or later; on older systems the package libu2f-udev or libfido2-udev."),
            ),
        }
    }
    if findings.is_empty() && has_keys {
        findings.push(Finding::ok(
            Area::Keys,
            "udev_rules",
            "udev recognises security keys and gives the person at the machine access to them.",
        ));
    }
    findings
}

fn rules(machine: &Machine, name: &str) -> Rules {
    let Some(path) = machine.first(&FOLDERS, name) else { return Rules::Missing };
    let is_masked = path.read_link().is_ok_and(|target| target == Path::new("/dev/null"))
        || path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0);
    if is_masked { Rules::Masked } else { Rules::There }
}

#[cfg(test)]
#[path = "udev_tests.rs"]
mod tests;
