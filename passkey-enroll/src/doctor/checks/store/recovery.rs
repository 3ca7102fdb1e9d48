//! Recovery codes: can they be read, used up, and by nobody else?

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use passkey_core::config::{Config, Recovery};
use passkey_core::messages::FEW_CODES;
use passkey_core::store::Store;
use passkey_core::store::recovery::Codes;
use passkey_core::time;

use super::{folder_fault, place, remedy};
use crate::doctor::Subject;
use crate::doctor::finding::{Area, Finding};
use crate::pam::simulate::ServiceAccess;

/// The recovery codes of the user, and the folder of everybody's.
pub(in crate::doctor) fn check(
    subject: &Subject,
    store: &Store,
    config: &Config,
    gates: &[&ServiceAccess],
) -> Vec<Finding> {
    let Subject { machine, account, .. } = subject;
    let folder = &config.recovery_dir;
    let mut findings = Vec::new();
    let taken_by = taken_by(gates);
    let fault = folder_fault(machine, folder, "recovery_dir");
    if let Some((message, path, remedy)) = fault.filter(|_| taken_by.is_some() || folder.exists()) {
        let message = format!("{message}. No recovery code can be used up, so none is taken.");
        return vec![
            Finding::warning(Area::Store, "recovery_not_writable", message).at(&path).remedy(remedy),
        ];
    }
    findings.extend(open_to_others(folder));
    match store.load_codes(account) {
        Ok(codes) => findings.extend(of_user(subject, codes.as_ref(), taken_by)),
        Err(error) if error.is_not_permitted() && !machine.is_root => {}
        Err(error) => {
            let message = format!("{error}. No recovery code of {} is taken.", account.name);
            let finding = place(Finding::warning(Area::Store, "recovery_broken", message), &error);
            findings.push(finding.remedy(remedy(&error)));
        }
    }
    findings
}

/// The first service that takes recovery codes.
fn taken_by<'g>(gates: &[&'g ServiceAccess]) -> Option<&'g str> {
    let takes = |gate: &&&'g ServiceAccess| {
        let mut asked = gate.passkeys.iter().filter_map(|call| call.asked.as_ref().ok());
        asked.any(|asked| asked.policy.recovery == Recovery::Allow)
    };
    gates.iter().find(takes).map(|gate| gate.service.as_str())
}

/// Whoever reads the hashes can try codes against them, and nobody counts.
fn open_to_others(folder: &Path) -> Option<Finding> {
    let mode = fs::metadata(folder).ok()?.permissions().mode();
    (mode & 0o077 != 0).then(|| {
        let message =
            format!("{} is open to others than root: recovery codes are kept there.", folder.display());
        Finding::warning(Area::Store, "recovery_open", message)
            .at(folder)
            .remedy(format!("chmod 700 {}", folder.display()))
    })
}

fn of_user(subject: &Subject, codes: Option<&Codes>, taken_by: Option<&str>) -> Option<Finding> {
    let Subject { account, user_option, .. } = subject;
    let name = &account.name;
    let new = format!("Make new ones: sudo passkey-enroll recovery new{user_option}");
    let note = |code, message| Finding::note(Area::Store, code, message);
    let left = codes.map_or(0, Codes::left);
    let Some(service) = taken_by else {
        return (left > 0).then(|| {
            note("recovery_not_taken", format!("{name} has recovery codes, and no service takes them."))
                .remedy("Set `recovery = \"allow\"` in passkey.toml for the services that should.")
        });
    };
    if let Some(until) = codes.and_then(|codes| codes.locked_until(time::now())) {
        let message = format!("No recovery code of {name} is looked at before {until}: too many were wrong.");
        return Some(Finding::warning(Area::Store, "recovery_locked", message).remedy(new));
    }
    match (codes, left) {
        (None, _) => Some(
            note("recovery_none", format!("{service} takes recovery codes, and {name} has none."))
                .remedy(new),
        ),
        (Some(_), left) if left <= FEW_CODES => {
            Some(note("recovery_few", format!("{name} has {left} recovery codes left.")).remedy(new))
        }
        (Some(_), _) => None,
    }
}

#[cfg(test)]
#[path = "recovery_tests.rs"]
mod tests;
