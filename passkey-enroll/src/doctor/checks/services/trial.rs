//! Changes that were made on trial, and that nobody takes back.

use crate::doctor::finding::{Area, Finding};
use crate::doctor::machine::Machine;
use crate::pam::change::ledger::{Ledger, Standing};

/// Services that were switched on, not confirmed, and are watched over no more.
pub(in crate::doctor) fn unwatched(machine: &Machine) -> Vec<Finding> {
    let ledger = Ledger::below(machine.root());
    // Who may not look in sees none.
    let services = ledger.on_trial().unwrap_or_default().into_iter();
    let unwatched = services.filter(|service| {
        matches!(ledger.standing(service), Ok(Standing::OnTrial { watched: false }))
            && matches!(ledger.entry(service), Ok(Some(_)))
    });
    let findings = unwatched.map(|service| {
        let message =
            format!("{service} was switched on, on trial, and nobody has confirmed it or taken it back in time.");
        Finding::warning(Area::Services, "switch_not_confirmed", message).remedy(format!(
            "Keep it: sudo passkey-enroll pam confirm {service}; or take it back: sudo passkey-enroll pam undo"
        ))
    });
    findings.collect()
}
