//! The files of services: lines of ours without effect, and who can change them.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::{MOST, calls_for, dedup};
use crate::doctor::Service;
use crate::doctor::finding::{Area, Finding};
use crate::doctor::machine::Machine;
use crate::pam::parse::{Facility, ServiceFiles};
use crate::pam::simulate::{self, MODULE, ServiceAccess};

/// Facilities that the module has nothing to say to.
const OTHER_FACILITIES: [(Facility, &str); 2] =
    [(Facility::Account, "account"), (Facility::Session, "session")];

/// Calls of the module for what it has nothing to say to, and where it would not hear what it has to.
pub(in crate::doctor) fn other_facilities(files: &ServiceFiles, services: &[Service]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for Service { name, .. } in services {
        for (facility, word) in OTHER_FACILITIES {
            for call in calls_for(files, name, facility, MODULE) {
                let message = format!("The module has no {word} part: the line fails.");
                findings.push(
                    Finding::warning(Area::Services, "wrong_facility", message)
                        .in_line(&call.place)
                        .remedy("Take the line out; the module belongs behind auth, and behind password below the line that changes it."),
                );
            }
        }
        findings.extend(changes(files, name));
    }
    let mut findings = dedup(findings);
    findings.truncate(MOST);
    findings
}

/// Calls of the module for changed passwords that do harm, or no good.
fn changes(files: &ServiceFiles, service: &str) -> Vec<Finding> {
    let Ok(stack) = files.stack(service, Facility::Password) else { return Vec::new() };
    let misplaced = simulate::misplaced(&stack).into_iter();
    let findings = misplaced.map(|fault| {
        let message = format!("The module does not belong here, where passwords are changed: {fault}.");
        Finding::warning(Area::Services, "password_line_misplaced", message)
            .in_line(fault.place())
            .remedy("Have it read password optional pam_passkey.so, below the line that changes the password and below pam_deny.so; or take it out.")
    });
    findings.collect()
}

/// Files of services that ask, which others than root can change.
pub(in crate::doctor) fn writable(machine: &Machine, gates: &[&ServiceAccess]) -> Vec<Finding> {
    let paths: BTreeSet<&Path> =
        gates.iter().flat_map(|gate| gate.calls()).map(|call| call.place.path.as_path()).collect();
    let is_writable = |path: &&Path| {
        fs::metadata(path)
            .is_ok_and(|metadata| !machine.owner_is_accepted(metadata.uid()) || metadata.mode() & 0o022 != 0)
    };
    let findings = paths.into_iter().filter(is_writable).map(|path| {
        let message = "Others than root can change this file, and with it who comes in.";
        Finding::error(Area::Services, "service_file_writable", message)
            .at(path)
            .remedy(format!("chown root:root {0} && chmod 644 {0}", path.display()))
    });
    findings.collect()
}
