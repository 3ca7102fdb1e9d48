//! Changes that were made on trial, and that nobody takes back.

use crate::doctor::finding::{Area, Finding};
use crate::doctor::machine::Machine;
use crate::pam::change::journal::{EntryState, Journal};

/// Services that were switched on, not confirmed, and are watched over no more.
pub(in crate::doctor) fn unwatched(machine: &Machine) -> Vec<Finding> {
    let journal = Journal::below(machine.root());
    // Who may not look in sees none.
    let services = journal.on_trial().unwrap_or_default().into_iter();
    let unwatched = services.filter(|service| {
        matches!(journal.state(service), Ok(EntryState::OnTrial { watched: false }))
            && matches!(journal.entry(service), Ok(Some(_)))
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
