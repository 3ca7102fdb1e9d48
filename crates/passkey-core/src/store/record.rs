//! What a sign-in leaves behind: its counter, compared and recorded in one step, and what its key has shown of itself.

use std::fmt;

use jiff::Timestamp;

use super::{
    Account, LOCK_PATIENCE, ServiceSignIn, State, StateUpdate, Store, StoreError, UpdateError,
    document::FormatError, parse_state, replace::Place,
};
use crate::{
    config::CounterPolicy,
    credential::CredentialId,
    verify::{CounterWarning, counter_warning},
};

/// A sign-in that is allowed as far as its counter is concerned.
#[derive(Debug)]
#[must_use]
pub struct Recorded {
    /// A counter that did not rise, where policy only warns of it.
    pub counter_warning: Option<CounterWarning>,
    /// What became of the record. It is an error only under [`CounterPolicy::Warn`], where that is to be logged and denies
    /// nothing.
    pub update: Result<StateUpdate, StoreError>,
}

/// Why a sign-in is denied for its counter. Under [`CounterPolicy::Warn`] there is no such reason.
#[derive(Debug)]
pub enum RecordError {
    /// The counter did not rise.
    CounterNotGreater(CounterWarning),
    /// The counter cannot be compared, or not be recorded: the next sign-in could not be compared with this one.
    Store(StoreError),
}

impl From<StoreError> for RecordError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CounterNotGreater(CounterWarning { stored, received }) => {
                write!(f, "the signature counter did not rise (stored {stored}, received {received})")
            }
            Self::Store(error) => write!(f, "the signature counter cannot be compared and recorded: {error}"),
        }
    }
}

impl std::error::Error for RecordError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::CounterNotGreater(_) => None,
            Self::Store(error) => Some(error),
        }
    }
}

/// What became of a note about a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum NoteUpdate {
    /// It is on the disk.
    Written,
    /// It stood there already, or the passkey is gone.
    Unchanged,
    /// This process cannot write there, as in a screen locker that runs as its user, or where `/etc` is read-only. Nothing is wrong.
    HeldBack,
}

/// What a sign-in leaves behind.
impl Store {
    /// Compares the counter of a sign-in with the highest one seen (WebAuthn Level 3, sections 6.1.1 and 7.2) and records it, as
    /// one step that no other sign-in can come between: of two with the same counter, one is refused under
    /// [`CounterPolicy::Deny`]. `service`: which service it was a sign-in to, if to any.
    ///
    /// A process that is not root and cannot write the state, such as a screen locker that runs as its user, compares and
    /// records nothing ([`StateUpdate::HeldBack`]) under either policy. It unlocks no more than a session that its own user could
    /// unlock in other ways, refusing would lock every such user out under `Deny`, and a copy of the key still gives itself away at
    /// the next sign-in to a program that runs as root.
    ///
    /// # Errors
    /// Under [`CounterPolicy::Deny`] only: the counter did not rise, or the state could not be read or written. Nothing was
    /// recorded then.
    pub fn record_sign_in(
        &self,
        account: &Account,
        id: &CredentialId,
        sign_count: u32,
        policy: CounterPolicy,
        now: Timestamp,
        service: Option<&ServiceSignIn>,
    ) -> Result<Recorded, RecordError> {
        let mut warning = None;
        let mut compare = |place: &Place, state: &State| {
            warning = counter_warning(state.sign_count(id), sign_count);
            match (warning, policy) {
                (Some(warning), CounterPolicy::Deny) => Err(RecordError::CounterNotGreater(warning)),
                (None, CounterPolicy::Deny) if state.may_have_lost(id) => Err(lost(place).into()),
                (_, CounterPolicy::Deny | CounterPolicy::Warn) => Ok(()),
            }
        };
        let written = self.state_place(account).map_err(RecordError::from).and_then(|place| {
            let locked = place.lock(LOCK_PATIENCE)?;
            let mut state = locked.read()?.map_or(Ok(State::default()), |text| parse_state(&place, &text))?;
            compare(&place, &state)?;
            state.record_success(id, sign_count, now);
            if let Some(service) = service {
                state.record_service(service.clone());
            }
            locked.replace(&state.encode())?;
            Ok(StateUpdate::Written)
        });
        let update = match written {
            Err(RecordError::Store(error)) if error.is_held_back() => {
                self.state_place(account).map_err(RecordError::from).and_then(|place| {
                    compare(&place, &self.load_state(account)?)?;
                    Ok(StateUpdate::HeldBack)
                })
            }
            settled => settled,
        };
        let update = match (update, policy) {
            (Ok(update), _) => Ok(update),
            (Err(RecordError::Store(error)), CounterPolicy::Warn) => Err(error),
            (Err(error), _) => return Err(error),
        };
        Ok(Recorded { counter_warning: warning, update })
    }

    /// Notes in the user's credential file whether the key of a passkey answers a silent assertion for it. A failure denies no
    /// sign-in: it is to be logged.
    ///
    /// # Errors
    /// What keeps the file from being read or written, but for a lack of permission.
    pub fn note_answers_silently(
        &self,
        account: &Account,
        id: &CredentialId,
        answers: bool,
    ) -> Result<NoteUpdate, StoreError> {
        // Without the lock first: mostly there is nothing to write, and others may be waiting.
        let is_news =
            self.load(account)?.is_some_and(|mut loaded| loaded.file.note_answers_silently(id, answers));
        if !is_news {
            return Ok(NoteUpdate::Unchanged);
        }
        let noted = self.update(account, |file| {
            if file.note_answers_silently(id, answers) { Ok(()) } else { Err(NothingToNote) }
        });
        match noted {
            Ok(()) => Ok(NoteUpdate::Written),
            Err(UpdateError::Change(NothingToNote) | UpdateError::Store(StoreError::NotEnrolled { .. })) => {
                Ok(NoteUpdate::Unchanged)
            }
            Err(UpdateError::Store(error)) if error.is_not_permitted() => Ok(NoteUpdate::HeldBack),
            Err(UpdateError::Store(error)) => Err(error),
        }
    }
}

/// Another process was quicker.
struct NothingToNote;

fn lost(place: &Place) -> StoreError {
    StoreError::malformed(
        &place.path,
        FormatError::new(
            "the entry of this passkey may be among damaged ones: remove those, or restore the file",
        ),
    )
}
