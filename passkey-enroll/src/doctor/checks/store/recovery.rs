//! Recovery codes: can they be read and used up, and are they closed to others?

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use passkey_core::config::{Config, Recovery};
use passkey_core::messages::FEW_CODES;
use passkey_core::store::Store;
use passkey_core::store::recovery::Codes;
use passkey_core::time;

use super::{folder_fault, place, remedy};
use crate::doctor::finding::{Area, Finding};
use crate::doctor::{RecoveryCodes, Subject};
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
    let remedy_of_none = RecoveryCodes::by(gates, config).remedy();
    let accepted_by = accepted_by(gates);
    let fault = folder_fault(machine, folder, "recovery_dir");
    if let Some((message, path, remedy)) = fault.filter(|_| accepted_by.is_some() || folder.exists()) {
        let message = format!("{message}. A recovery code cannot be marked as used, so none is accepted.");
        return vec![
            Finding::warning(Area::Store, "recovery_not_writable", message).at(&path).remedy(remedy),
        ];
    }
    findings.extend(open_to_others(folder));
    match store.load_codes(account) {
        Ok(codes) => findings.extend(of_user(subject, codes.as_ref(), accepted_by, remedy_of_none)),
        Err(error) if error.is_not_permitted() && !machine.is_root => {}
        Err(error) => {
            let message = format!("{error}. Recovery codes of {} are not accepted.", account.name);
            let finding = place(Finding::warning(Area::Store, "recovery_broken", message), &error);
            findings.push(finding.remedy(remedy(&error)));
        }
    }
    findings
}

/// The first service that accepts recovery codes, by the configuration or by the module's line in the service's file.
pub(in crate::doctor) fn accepted_by<'g>(gates: &[&'g ServiceAccess]) -> Option<&'g str> {
    let accepts = |gate: &&&'g ServiceAccess| {
        let mut asked = gate.passkeys.iter().filter_map(|call| call.asked.as_ref().ok());
        asked.any(|asked| asked.policy.recovery == Recovery::Allow)
    };
    gates.iter().find(accepts).map(|gate| gate.service.as_str())
}

/// Anyone who reads the hashes can try codes against them without being counted.
fn open_to_others(folder: &Path) -> Option<Finding> {
    let mode = fs::metadata(folder).ok()?.permissions().mode();
    (mode & 0o077 != 0).then(|| {
        let message =
            format!("{} is open to users other than root: recovery codes are kept there.", folder.display());
        Finding::warning(Area::Store, "recovery_open", message)
            .at(folder)
            .remedy(format!("chmod 700 {}", folder.display()))
    })
}

/// `remedy_of_none`: what to do where no service accepts codes.
fn of_user(
    subject: &Subject,
    codes: Option<&Codes>,
    accepted_by: Option<&str>,
    remedy_of_none: Option<&'static str>,
) -> Option<Finding> {
    let Subject { account, user_option, .. } = subject;
    let name = &account.name;
    let new = format!("Make new ones: sudo passkey-enroll recovery new{user_option}");
    let note = |code, message| Finding::note(Area::Store, code, message);
    let left = codes.map_or(0, Codes::left);
    let Some(service) = accepted_by else {
        return remedy_of_none.filter(|_| left > 0).map(|remedy| {
            note("recovery_not_taken", format!("{name} has recovery codes, but no service accepts them."))
                .remedy(remedy)
        });
    };
    if let Some(until) = codes.and_then(|codes| codes.locked_until(time::now())) {
        let message =
            format!("Recovery codes of {name} are not accepted before {until}: too many were wrong.");
        return Some(Finding::warning(Area::Store, "recovery_locked", message).remedy(new));
    }
    match (codes, left) {
        (None, _) => Some(
            note("recovery_none", format!("{service} accepts recovery codes, but {name} has none."))
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
