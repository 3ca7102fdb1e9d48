//! The files of the store: who holds which passkeys, what became of them, and the codes for when a key is lost.

mod credential_file;
mod document;
mod error;
mod handles;
mod identity;
pub mod keyring;
mod record;
pub mod recovery;
mod replace;
mod state;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::Mode;

pub use credential_file::{CredentialFile, EditError};
pub use document::{EntryError, FormatError, SkippedEntry};
pub use error::{StoreError, UpdateError};
pub use record::{NoteUpdate, RecordError, Recorded};
pub use state::{CredentialState, ServiceSignIn, State};

use crate::{
    account::Account,
    config::{Config, Template, TemplateError, file_name},
    credential::UserHandle,
    safe_file::{Owner, SafeFileError, TrustedDir},
};
use handles::HandleIndex;
use identity::as_user;
use replace::{LockFile, Place};

/// The longest credential file, in bytes.
const MAX_CREDENTIAL_FILE_LEN: u64 = 1024 * 1024;
/// The longest state file, in bytes.
const MAX_STATE_FILE_LEN: u64 = 1024 * 1024;
/// How long a writer waits for another.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
/// Directories that are made for all users' files.
const SHARED_DIR_MODE: u32 = 0o755;
/// Directories that are made for one user's files, in the user's own.
const PRIVATE_DIR_MODE: u32 = 0o700;

/// The store as the configuration lays it out.
#[derive(Clone, Debug)]
pub struct Store {
    credential_files: Vec<Template>,
    state_dir: PathBuf,
    recovery_dir: PathBuf,
    keyring_dir: PathBuf,
    handles: Option<HandleIndex>,
}

/// A credential file and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub file: CredentialFile,
}

/// What became of a change of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum StateUpdate {
    /// It is on the disk.
    Written,
    /// This process is not root, as in a screen locker, and cannot write there. Nothing is wrong.
    HeldBack,
}

impl Store {
    /// The store that `config` describes.
    pub fn new(config: &Config) -> Self {
        Self {
            credential_files: config.credential_files.clone(),
            state_dir: config.state_dir.clone(),
            recovery_dir: config.recovery_dir.clone(),
            keyring_dir: config.keyring_dir.clone(),
            handles: HandleIndex::new(&config.credential_files),
        }
    }

    /// The user's credential file: the first of the configured ones that exists.
    ///
    /// `None` only when every one was looked for and truly does not exist. A file may hold no passkeys: see
    /// [`CredentialFile::is_unenrolled`].
    ///
    /// # Errors
    /// When a file cannot be read, trusted or understood.
    pub fn load(&self, account: &Account) -> Result<Option<Loaded>, StoreError> {
        if self.credential_files.is_empty() {
            return Err(StoreError::NoPlace);
        }
        for template in &self.credential_files {
            let place = credential_place(template, account)?;
            let read = in_place(template, account, || place.read());
            match read {
                Ok(text) => {
                    let file = parse_credentials(&place, &text)?;
                    return Ok(Some(Loaded { path: place.path, file }));
                }
                Err(StoreError::File(SafeFileError::NotFound { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Changes the user's credential file, where there is one, while no other writer can. When `change` fails nothing
    /// is written.
    ///
    /// # Errors
    /// [`StoreError::NotEnrolled`] without a file; whatever keeps the file from being read or written; or the
    /// change's own.
    pub fn update<T, E>(
        &self,
        account: &Account,
        change: impl FnOnce(&mut CredentialFile) -> Result<T, E>,
    ) -> Result<T, UpdateError<E>> {
        self.change(account, None, change)
    }

    /// Like [`Store::update`], but a file that does not exist is made, in the first of the configured places, for the
    /// user handle `new_handle`. A file that exists keeps its own handle.
    ///
    /// # Errors
    /// As [`Store::update`], but for `NotEnrolled`.
    pub fn update_or_create<T, E>(
        &self,
        account: &Account,
        new_handle: &UserHandle,
        change: impl FnOnce(&mut CredentialFile) -> Result<T, E>,
    ) -> Result<T, UpdateError<E>> {
        self.change(account, Some(new_handle), change)
    }

    fn change<T, E>(
        &self,
        account: &Account,
        new_handle: Option<&UserHandle>,
        change: impl FnOnce(&mut CredentialFile) -> Result<T, E>,
    ) -> Result<T, UpdateError<E>> {
        let (template, exists) = self.template_for_change(account)?;
        let place = credential_place(template, account)?;
        if !exists && new_handle.is_none() {
            return Err(StoreError::NotEnrolled { path: place.path }.into());
        }
        let index = self.handles.as_ref().filter(|_| !template.is_per_user());
        let changed = in_place(template, account, || {
            let locked = place.lock(LOCK_PATIENCE)?;
            let mut file = match (locked.read()?, new_handle) {
                (Some(text), _) => parse_credentials(&place, &text)?,
                (None, Some(handle)) => CredentialFile::new(handle.clone()),
                (None, None) => return Err(StoreError::NotEnrolled { path: place.path.clone() }),
            };
            let result = match change(&mut file) {
                Ok(result) => result,
                Err(error) => return Ok(Err(error)),
            };
            let text = file.encode();
            // What cannot be read back would be lost to the user; better to refuse while the old file stands.
            if CredentialFile::parse(&text).is_ok_and(|again| file.reads_back_as(&again)) {
                if let Some(index) = index {
                    index.record(&file.user_handle, account)?;
                }
                locked.replace(&text)?;
                Ok(Ok(result))
            } else {
                Err(StoreError::Unwritable { path: place.path.clone() })
            }
        })?;
        changed.map_err(UpdateError::Change)
    }

    /// The template whose file exists, else the first.
    fn template_for_change(&self, account: &Account) -> Result<(&Template, bool), StoreError> {
        for template in &self.credential_files {
            let place = credential_place(template, account)?;
            match in_place(template, account, || place.read()) {
                Ok(_) => return Ok((template, true)),
                Err(StoreError::File(SafeFileError::NotFound { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        let first = self.credential_files.first().ok_or(StoreError::NoPlace)?;
        Ok((first, false))
    }

    /// The name of the user whose handle an authenticator gave. Costs the same however many users there are.
    ///
    /// The answer is a hint: the caller loads the user's file and compares the handle there.
    ///
    /// # Errors
    /// When the index cannot be read or trusted.
    pub fn user_of_handle(&self, handle: &UserHandle) -> Result<Option<String>, StoreError> {
        self.handles.as_ref().map_or(Ok(None), |index| index.user(handle))
    }

    /// The state of the user's passkeys; empty where there is none yet.
    ///
    /// # Errors
    /// When the file cannot be read, trusted or understood.
    pub fn load_state(&self, account: &Account) -> Result<State, StoreError> {
        let place = self.state_place(account)?;
        match place.read() {
            Ok(text) => parse_state(&place, &text),
            Err(StoreError::File(SafeFileError::NotFound { .. })) => Ok(State::default()),
            Err(error) => Err(error),
        }
    }

    /// Changes the state of the user's passkeys while no other writer can. A sign-in is recorded by [`Store::record_sign_in`].
    ///
    /// # Errors
    /// Whatever keeps the file from being read or written, but for a lack of permission when this process is not root.
    pub fn update_state(
        &self,
        account: &Account,
        change: impl FnOnce(&mut State),
    ) -> Result<StateUpdate, StoreError> {
        let place = self.state_place(account)?;
        let written = place.lock(LOCK_PATIENCE).and_then(|locked| {
            let mut state = match locked.read()? {
                Some(text) => parse_state(&place, &text)?,
                None => State::default(),
            };
            change(&mut state);
            locked.replace(&state.encode())
        });
        match written {
            Ok(()) => Ok(StateUpdate::Written),
            Err(error) if error.is_held_back() => Ok(StateUpdate::HeldBack),
            Err(error) => Err(error),
        }
    }

    fn state_place(&self, account: &Account) -> Result<Place, StoreError> {
        Ok(Place {
            path: account_file(&self.state_dir, account)?,
            owner: Owner::RootOr(rustix::process::geteuid().as_raw()),
            group: Some(account.gid),
            dir_mode: SHARED_DIR_MODE,
            lock: LockFile::OfFile,
            max_len: MAX_STATE_FILE_LEN,
        })
    }
}

/// The account's file in a directory of all users' files.
fn account_file(dir: &Path, account: &Account) -> Result<PathBuf, StoreError> {
    let refused = |error| StoreError::Account { template: dir.display().to_string(), error };
    let name = file_name(&account.name).map_err(refused)?;
    if !account.has_ids() {
        return Err(refused(TemplateError::NoId));
    }
    Ok(dir.join(format!("{name}.toml")))
}

/// The account's file in a directory of all users' files, for root alone.
fn private_place(dir: &Path, account: &Account, max_len: u64) -> Result<Place, StoreError> {
    Ok(Place {
        path: account_file(dir, account)?,
        owner: Owner::RootOr(rustix::process::geteuid().as_raw()),
        group: None,
        dir_mode: PRIVATE_DIR_MODE,
        lock: LockFile::OfFile,
        max_len,
    })
}

/// Makes what is above a directory for root alone: it holds other things as well, which users read.
fn create_above(dir: &Path, owner: Owner) -> Result<(), StoreError> {
    if let Some(above) = dir.parent() {
        TrustedDir::create(above, owner, Mode::from_raw_mode(SHARED_DIR_MODE))?;
    }
    Ok(())
}

fn credential_place(template: &Template, account: &Account) -> Result<Place, StoreError> {
    let path = template
        .expand(account)
        .map_err(|error| StoreError::Account { template: template.as_str().to_owned(), error })?;
    let per_user = template.is_per_user();
    Ok(Place {
        path,
        owner: Owner::RootOr(account.uid),
        group: (!per_user).then_some(account.gid),
        dir_mode: if per_user { PRIVATE_DIR_MODE } else { SHARED_DIR_MODE },
        lock: LockFile::OfFile,
        max_len: MAX_CREDENTIAL_FILE_LEN,
    })
}

/// Runs `action` as the user in the user's own directories, where links could lead astray.
fn in_place<T>(
    template: &Template,
    account: &Account,
    action: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    if template.is_per_user() { as_user(account, action) } else { action() }
}

fn parse_credentials(place: &Place, text: &str) -> Result<CredentialFile, StoreError> {
    CredentialFile::parse(text).map_err(|error| StoreError::malformed(&place.path, error))
}

fn parse_state(place: &Place, text: &str) -> Result<State, StoreError> {
    State::parse(text).map_err(|error| StoreError::malformed(&place.path, error))
}
