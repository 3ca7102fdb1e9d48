//! What the journal says of one service.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::awaited::AwaitedAccount;
use super::deadline::Deadline;
use super::{Way, pam_auth_update};

/// Of the form that is written.
const VERSION: u32 = 2;
/// Of the form before it: no state, which went by another file; what a file was given stood in it.
const STATELESS: u32 = 1;

/// A service that this command has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Entry {
    version: u32,
    /// The service.
    pub(crate) service: String,
    /// How it asks; `None` if it was to stop asking.
    pub(crate) way: Option<Way>,
    /// When the change was in place.
    pub(crate) switched: Timestamp,
    /// The profile of pam-auth-update that was switched on, where it has changed the files.
    pub(crate) profile: Option<String>,
    /// The files that were changed.
    pub(crate) files: Vec<ChangedFile>,
    /// What has become of it.
    pub(crate) state: EntryState,
}

/// A file that was changed. Its bytes lie beside the entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChangedFile {
    /// Which.
    pub(crate) path: PathBuf,
    /// Whether there was one; where there was not, the vendor's had spoken.
    pub(crate) existed: bool,
    /// Its mode.
    pub(crate) mode: u32,
    /// What it was given, where the entry is of the form that says so itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<String>,
}

/// What has become of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub(crate) enum EntryState {
    /// It is in place, or is being put there, and goes unless it is confirmed.
    OnTrial {
        /// By then.
        until: Deadline,
        /// Confirmed by what.
        #[serde(default, skip_serializing_if = "KeptBy::is_confirmation")]
        kept_by: KeptBy,
    },
    /// It is in place for good.
    Kept {
        /// From then on.
        since: Timestamp,
    },
    /// All is as it was.
    Undone {
        /// Since then.
        at: Timestamp,
        /// Why.
        because: UndoneBecause,
        /// How well.
        how: Undone,
    },
    /// It was to be undone and could not be. It is tried again.
    UndoFailed {
        /// Why not, in words.
        reason: String,
        /// How often it was tried.
        tries: u32,
        /// Why it was to be undone.
        because: UndoneBecause,
        /// When it is tried again.
        again: Deadline,
    },
}

/// What keeps a change that is on trial. A confirmation does in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum KeptBy {
    /// Nothing else.
    #[default]
    Confirmation,
    /// The next session that is opened with a passkey.
    SignIn {
        /// Of this account.
        user: String,
        /// That account, and the others of its user id, as the user database had them.
        #[serde(default)]
        accounts: Vec<AwaitedAccount>,
    },
}

impl KeptBy {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's")]
    fn is_confirmation(&self) -> bool {
        matches!(self, Self::Confirmation)
    }
}

/// Why a change was undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum UndoneBecause {
    /// It was not confirmed in time.
    NotConfirmed,
    /// The person who was waiting for the confirmation has called it off.
    CalledOff,
    /// `pam disable`
    Disabled,
    /// It could not be put in place.
    NotMade,
}

/// What undoing a change came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Undone {
    /// All is as it was, to the byte.
    Restored,
    /// The file was changed by others meanwhile: only what was put in was taken out.
    LinesTakenOut,
    /// Another program keeps the file by now, and nothing of the change is left in it.
    LeftAlone,
}

impl EntryState {
    /// Whether something is still to come of it.
    pub(crate) fn is_open(&self) -> bool {
        match self {
            Self::OnTrial { .. } | Self::UndoFailed { .. } => true,
            Self::Kept { .. } | Self::Undone { .. } => false,
        }
    }

    /// Whether the change may be in place.
    pub(crate) fn is_in_effect(&self) -> bool {
        !matches!(self, Self::Undone { .. })
    }

    /// Whether it is time to undo the change.
    pub(crate) fn is_due(&self) -> bool {
        match self {
            Self::OnTrial { until, .. } => until.is_over(),
            Self::UndoFailed { again, .. } => again.is_over(),
            Self::Kept { .. } | Self::Undone { .. } => false,
        }
    }
}

impl Entry {
    pub(crate) fn new(
        service: &str,
        way: Option<Way>,
        profile: Option<String>,
        files: Vec<ChangedFile>,
        state: EntryState,
    ) -> Self {
        let service = service.to_owned();
        Self { version: VERSION, service, way, switched: Timestamp::now(), profile, files, state }
    }

    pub(super) fn with(self, state: EntryState) -> Self {
        Self { state, ..self }
    }

    /// Whether the service asks for passkeys by this change, or may. Lines that were taken out for good, or are to be, are no such change;
    /// as long as they are on trial, something may still become of them.
    pub(crate) fn is_switched_on(&self) -> bool {
        self.state.is_in_effect() && (self.way.is_some() || self.profile.is_some() || self.state.is_open())
    }

    /// Whether the change was one of this file. One of pam-auth-update's profiles is one of all common files.
    pub(crate) fn has_changed(&self, path: &Path) -> bool {
        let is_common = |path: &Path| pam_auth_update::WRITTEN.iter().any(|name| path.ends_with(name));
        self.profile.is_some() && is_common(path) || self.files.iter().any(|file| file.path == path)
    }

    /// Reads an entry of either form. `is_marked`: what the older one went by.
    pub(crate) fn parse(bytes: &[u8], is_marked: bool) -> io::Result<Self> {
        let form: Form = serde_json::from_slice(bytes)?;
        let state = |state: Option<EntryState>, since| match (state, form.version, is_marked) {
            (Some(state), VERSION, _) => Ok(state),
            (None, STATELESS, true) => {
                Ok(EntryState::OnTrial { until: Deadline::over(), kept_by: KeptBy::Confirmation })
            }
            (None, STATELESS, false) => Ok(EntryState::Kept { since }),
            (..) => Err(io::Error::new(io::ErrorKind::InvalidData, "of another version")),
        };
        let state = state(form.state, form.switched)?;
        let (profile, files) = match form.change {
            None => (form.profile, form.files),
            Some(Change::File(file)) => (None, vec![file]),
            Some(Change::Profile { name }) => (Some(name), Vec::new()),
        };
        Ok(Self {
            version: VERSION,
            service: form.service,
            way: form.way,
            switched: form.switched,
            profile,
            files,
            state,
        })
    }
}

/// Both forms.
#[derive(Deserialize)]
struct Form {
    version: u32,
    service: String,
    way: Option<Way>,
    switched: Timestamp,
    #[serde(default)]
    profile: Option<String>,
    #[serde(default)]
    files: Vec<ChangedFile>,
    #[serde(default)]
    state: Option<EntryState>,
    #[serde(default)]
    change: Option<Change>,
}

/// What the older form has in place of profile and files.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    File(ChangedFile),
    Profile { name: String },
}
