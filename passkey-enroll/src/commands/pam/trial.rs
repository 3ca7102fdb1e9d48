//! A change that goes again unless it is confirmed.

use std::thread;
use std::time::{Duration, Instant};

use passkey_core::account::Account;
use passkey_core::host::Role;

use super::desktop;
use super::error::PamError;
use super::plan::Plan;
use crate::account::SystemUsers;
use crate::commands::error::Error;
use crate::pam::change::awaited::{self, AwaitedAccount};
use crate::pam::change::entry::{Entry, EntryState, KeptBy, UndoneBecause};
use crate::pam::change::journal::Journal;
use crate::pam::change::{self, Deadline, Way, watchdog};
use crate::pam::parse::ServiceFiles;
use crate::report;
use crate::terminal::signals::Interrupt;
use crate::terminal::status_line::LivingPrompt;

/// How often it is looked what has become of the change.
const INTERVAL: Duration = Duration::from_millis(200);
/// How long a change that cannot be undone is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a change is on trial, and what keeps it.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) time: Duration,
    pub(super) kept_by: KeptBy,
}

impl Terms {
    /// Those of a service that is switched on by `account`. `after`: the files as they will be.
    pub(super) fn of(service: &str, account: &Account, after: &ServiceFiles, time: Duration) -> Self {
        let kept_by = match desktop::role(service) {
            Role::Greeter if awaited::can_be_seen(after, service) => KeptBy::SignIn {
                user: account.name.clone(),
                accounts: AwaitedAccount::all(account, &SystemUsers),
            },
            // Without logind sessions are unknown, and most lockers run as their user and cannot record anything.
            Role::Greeter | Role::Locker | Role::Other => KeptBy::Confirmation,
        };
        Self { time, kept_by }
    }
}

/// Something is on trial already.
pub(super) fn refuse_open(journal: &Journal, service: &str) -> Result<(), PamError> {
    match journal.entry(service).map_err(PamError::Journal)? {
        Some(entry) if entry.state.is_open() => Err(PamError::OnTrial(service.to_owned())),
        Some(_) | None => Ok(()),
    }
}

/// Puts a change in place: on trial, or for good.
pub(super) fn switch(
    journal: &Journal,
    service: &str,
    way: Option<Way>,
    plan: &Plan,
    terms: Option<&Terms>,
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
    let time = terms.map(|terms| terms.time);
    let kept_by = terms.map_or(KeptBy::Confirmation, |terms| terms.kept_by.clone());
    let state = EntryState::OnTrial { until: Deadline::within(time.unwrap_or_default()), kept_by };
    let files = plan.files.iter().map(change::FileChange::record).collect();
    let mut entry = Entry::new(service, way, plan.profile.clone(), files, state);
    locked.begin(&entry, &plan.files).map_err(PamError::Journal)?;
    let mut make = || {
        if time.is_some() {
            watchdog::watch(journal, service).map_err(PamError::Unwatched)?;
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

/// Waits until the change is kept, and says what has become of it otherwise. Ctrl-C undoes it at once; the end of the session only ends the
/// waiting, since a new sign-in may well begin with it.
pub(super) fn wait(journal: &Journal, entry: &Entry, interrupt: &Interrupt) -> Result<(), Error> {
    let service = &entry.service;
    let (next, waiting) = match (awaited(entry), desktop::role(service)) {
        (Some(user), Role::Greeter) => (
            format!(
                "Log out, and sign in as {user} with the passkey: the session that opens keeps the change."
            ),
            "Waiting for the sign-in. Ctrl-C takes the change back at once; logging out does not.",
        ),
        (_, Role::Locker) => (
            format!(
                "Lock the screen, unlock it with the passkey, and run then: sudo passkey-enroll pam confirm {service}"
            ),
            "Waiting for the confirmation. Ctrl-C takes it back at once.",
        ),
        (_, Role::Other) | (None, Role::Greeter) => (
            format!(
                "Open another terminal, or log out; sign in anew, and run there: sudo passkey-enroll pam confirm {service}"
            ),
            "Waiting for the confirmation. Ctrl-C takes it back at once.",
        ),
    };
    report::note(&next);
    let mut prompt = LivingPrompt::new();
    prompt.show(waiting);
    let ended = ended(journal, entry, interrupt);
    prompt.clear();
    Ok(ended?)
}

/// Whose sign-in with a passkey keeps the change.
fn awaited(entry: &Entry) -> Option<&str> {
    match &entry.state {
        EntryState::OnTrial { kept_by: KeptBy::SignIn { user, .. }, .. } => Some(user),
        EntryState::OnTrial { kept_by: KeptBy::Confirmation, .. }
        | EntryState::Kept { .. }
        | EntryState::Undone { .. }
        | EntryState::UndoFailed { .. } => None,
    }
}

/// What is said of the trial once the change is in place.
pub(super) fn begun(service: &str, terms: &Terms, otherwise: &str) -> String {
    let time = desktop::in_words(terms.time);
    match terms.kept_by {
        KeptBy::Confirmation => format!(
            "{service} asks for passkeys now, on trial: in {} seconds {otherwise}, unless you keep it from a new sign-in.",
            terms.time.as_secs()
        ),
        KeptBy::SignIn { .. } => {
            format!("{service} asks for passkeys now, on trial: in {time} {otherwise}, unless it is kept.")
        }
    }
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
                return Err(match awaited(entry) {
                    Some(_) => PamError::NoSignIn(service.to_owned()),
                    None => PamError::NotConfirmed(service.to_owned()),
                });
            }
            EntryState::Undone { .. } => return Err(PamError::TakenBack(service.to_owned())),
            EntryState::OnTrial { .. } | EntryState::UndoFailed { .. } if interrupt.is_hang_up() => {
                return Err(PamError::LeftOnTrial(service.to_owned(), awaited(entry).map(str::to_owned)));
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
                if !is_called_off && locked.keep_if_signed_in(service).map_err(PamError::Journal)? {
                    continue;
                }
                let because =
                    if is_called_off { UndoneBecause::CalledOff } else { UndoneBecause::NotConfirmed };
                locked.settle(service, because, is_called_off).map_err(PamError::Journal)?;
            }
        }
    }
}
