//! Changes on trial that were not undone.

use crate::doctor::finding::{Area, Finding};
use crate::doctor::machine::Machine;
use crate::pam::change::entry::EntryState;
use crate::pam::change::journal::Journal;

/// Services that were switched on, not confirmed in time, and not undone.
pub(in crate::doctor) fn unwatched(machine: &Machine) -> Vec<Finding> {
    let journal = Journal::below(machine.root());
    // Who may not look in sees none.
    let services = journal.open().unwrap_or_default().into_iter();
    let entries = services.filter_map(|service| journal.entry(&service).ok()?);
    let findings = entries.filter_map(|entry| {
        let service = &entry.service;
        let message = match &entry.state {
            EntryState::UndoFailed { reason, .. } => {
                format!("{service} was switched on, on trial, and cannot be put back as it was: {reason}.")
            }
            EntryState::OnTrial { until, .. }
                if until.is_over() && !journal.is_watched(service).unwrap_or(true) =>
            {
                format!("{service} was switched on, on trial; it was neither confirmed nor put back in time.")
            }
            EntryState::OnTrial { .. } | EntryState::Kept { .. } | EntryState::Undone { .. } => return None,
        };
        Some(Finding::warning(Area::Services, "switch_not_confirmed", message).remedy(format!(
            "Put it back: sudo passkey-enroll pam undo; or keep it: sudo passkey-enroll pam confirm {service}"
        )))
    });
    findings.collect()
}
