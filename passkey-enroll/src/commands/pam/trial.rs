//! A change that goes again unless it is confirmed.

use std::thread;
use std::time::{Duration, Instant};

use super::error::PamError;
use super::plan::Plan;
use crate::commands::error::Error;
use crate::pam::change::entry::{Entry, EntryState, UndoneBecause};
use crate::pam::change::journal::Journal;
use crate::pam::change::{self, Deadline, Way, watchdog};
use crate::report;
use crate::terminal::signals::Interrupt;
use crate::terminal::status_line::LivingPrompt;

/// How often it is looked what has become of the change.
const INTERVAL: Duration = Duration::from_millis(200);
/// How long a change that cannot be undone is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Something is on trial already.
pub(super) fn refuse_open(journal: &Journal, service: &str) -> Result<(), PamError> {
    match journal.entry(service).map_err(PamError::Journal)? {
        Some(entry) if entry.state.is_open() => Err(PamError::OnTrial(service.to_owned())),
        Some(_) | None => Ok(()),
    }
}

/// Puts a change in place: on trial for `time`, or for good.
pub(super) fn switch(
    journal: &Journal,
    service: &str,
    way: Option<Way>,
    plan: &Plan,
    time: Option<Duration>,
) -> Result<Entry, PamError> {
    let locked = journal.lock().map_err(PamError::Journal)?;
    refuse_open(journal, service)?;
    if plan.replaces
        && let Some(entry) = journal.entry(service).map_err(PamError::Journal)?
    {
        locked
            .undo(&entry, UndoneBecause::Disabled)
            .map_err(|error| PamError::NotUndone(service.to_owned(), error))?;
    }
    for planned in &plan.files {
        let path = &planned.path;
        let current = change::read(path).map_err(|error| PamError::Io(path.clone(), error))?;
        if current != planned.before {
            return Err(PamError::ChangedMeanwhile(path.clone()));
        }
    }
    // Until it is in place it is on trial in any case: what the power cuts off is undone.
    let state = EntryState::OnTrial { until: Deadline::within(time.unwrap_or_default()) };
    let files = plan.files.iter().map(change::FileChange::record).collect();
    let mut entry = Entry::new(service, way, plan.profile.clone(), files, state);
    locked.begin(&entry, &plan.files).map_err(PamError::Journal)?;
    let mut make = || {
        if time.is_some() {
            watchdog::watch(journal, service).map_err(PamError::Journal)?;
        }
        locked.make(&entry, &plan.files).map_err(|error| PamError::NotUndone(service.to_owned(), error))?;
        locked.in_place(&mut entry, time).map_err(PamError::Journal)
    };
    match make() {
        Ok(()) => Ok(entry),
        Err(error) => {
            // Nothing was changed, or not all of it. Should that fail, it is tried again.
            let _ = locked.undo(&entry, UndoneBecause::NotMade);
            Err(error)
        }
    }
}

/// Waits until the change is confirmed, and says what has become of it otherwise. Ctrl-C undoes it at once; the end of the session only
/// ends the waiting, since a new sign-in may well begin with it.
pub(super) fn wait(journal: &Journal, entry: &Entry, interrupt: &Interrupt) -> Result<(), Error> {
    let service = &entry.service;
    report::note(&format!(
        "Open another terminal, or log out; sign in anew, and run there: sudo passkey-enroll pam confirm {service}"
    ));
    let mut prompt = LivingPrompt::new();
    prompt.show("Waiting for the confirmation. Ctrl-C takes it back at once.");
    let ended = ended(journal, entry, interrupt);
    prompt.clear();
    Ok(ended?)
}

fn ended(journal: &Journal, entry: &Entry, interrupt: &Interrupt) -> Result<(), PamError> {
    let service = entry.service.as_str();
    let mut failing: Option<Instant> = None;
    loop {
        thread::sleep(INTERVAL);
        let now = journal.entry(service).map_err(PamError::Journal)?;
        // Of another change since: what has become of this one was not seen.
        let Some(now) = now.filter(|now| now.switched == entry.switched) else {
            return Err(PamError::Superseded(service.to_owned()));
        };
        let is_watched = journal.is_watched(service).map_err(PamError::Journal)?;
        let is_called_off = interrupt.is_raised();
        match now.state {
            EntryState::Kept { .. } => return Ok(()),
            EntryState::Undone { because: UndoneBecause::NotConfirmed, .. } => {
                return Err(PamError::NotConfirmed(service.to_owned()));
            }
            EntryState::Undone { .. } => return Err(PamError::TakenBack(service.to_owned())),
            EntryState::OnTrial { .. } | EntryState::UndoFailed { .. } if interrupt.is_hang_up() => {
                return Err(PamError::LeftOnTrial(service.to_owned()));
            }
            EntryState::UndoFailed { reason, .. }
                if is_called_off || failing.is_some_and(|since| since.elapsed() > PATIENCE) =>
            {
                return Err(PamError::UndoFailed(service.to_owned(), reason));
            }
            EntryState::UndoFailed { .. } => failing = failing.or(Some(Instant::now())),
            EntryState::OnTrial { .. } => {}
        }
        if is_called_off || !is_watched {
            // Who else is at it has the lock; what comes of it is seen next time.
            if let Ok(locked) = journal.lock() {
                let because =
                    if is_called_off { UndoneBecause::CalledOff } else { UndoneBecause::NotConfirmed };
                locked.settle(service, because, is_called_off).map_err(PamError::Journal)?;
            }
        }
    }
}
