//! What stood in the PAM files before a service was switched on, and which change is on trial.
//!
//! For each service, below `/var/lib/passkey/pam`:
//! - `SERVICE.json`: the [`Entry`]. As long as it is there, the service counts as switched on by this command.
//! - `SERVICE.before`: the file as it was, for the rescue shell as well; not there where there was none.
//! - `pending/SERVICE`: the change is on trial. Whoever watches over it keeps the file locked; a change without a watcher is
//!   taken back by `pam undo`, at the next start of the machine at the latest.
//!
//! All of it is on the disk before the PAM file is touched, and goes only after that has been put back.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use passkey_core::config::Config;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::{Way, file, pam_auth_update};

/// Where it is kept, below the root.
const FOLDER: &str = "var/lib/passkey/pam";
/// Of the only form there is.
const VERSION: u32 = 1;
/// Of the journal's files: a PAM file may hold what only root should read.
const MODE: u32 = 0o600;
/// How long one change waits for another, who may be busy with pam-auth-update.
const LOCK_PATIENCE: Duration = Duration::from_secs(20);
/// How long to wait between two tries.
const LOCK_INTERVAL: Duration = Duration::from_millis(20);

/// The folder.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    folder: PathBuf,
}

/// A service that this command has switched on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    version: u32,
    /// The service.
    pub(crate) service: String,
    /// How it asks.
    pub(crate) way: Way,
    /// When it was switched on.
    pub(crate) switched: Timestamp,
    /// What was changed.
    pub(crate) change: Change,
}

/// What was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    /// A service's own file.
    File {
        /// Which.
        path: PathBuf,
        /// Whether there was one; where there was not, the vendor's had spoken.
        existed: bool,
        /// Its mode.
        mode: u32,
        /// What it was given.
        after: String,
    },
    /// A profile of pam-auth-update.
    Profile {
        /// Its name.
        name: String,
    },
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryState {
    /// For good.
    Kept,
    /// Until it is confirmed.
    OnTrial {
        /// Whether somebody will take it back in time.
        watched: bool,
    },
}

/// What taking a change back came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undone {
    /// All is as it was, to the byte.
    Restored,
    /// The file was changed by others meanwhile: only the lines that ask for passkeys were taken out.
    LinesTakenOut,
}

/// Why a change was not taken back.
#[derive(Debug)]
pub(crate) enum UndoError {
    /// A file cannot be read or written.
    Io(PathBuf, io::Error),
    /// The file was changed by others, and without its lines nobody would come in, or somebody counts on them.
    ChangedByOthers(PathBuf),
    /// pam-auth-update fails.
    Profile(pam_auth_update::Failed),
}

impl Journal {
    /// This machine's.
    pub(crate) fn of_machine() -> Self {
        Self::below(Path::new("/"))
    }

    /// That of a machine whose files are below `root`.
    pub(crate) fn below(root: &Path) -> Self {
        Self { folder: root.join(FOLDER) }
    }

    /// Keeps other changes off for as long as the file lives.
    pub(crate) fn lock(&self) -> io::Result<File> {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o755).create(&self.folder)?;
        builder.create(self.folder.join("pending"))?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(MODE)
            .open(self.folder.join(".lock"))?;
        let start = Instant::now();
        while let Err(errno) = flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            if errno != Errno::AGAIN && errno != Errno::INTR || start.elapsed() > LOCK_PATIENCE {
                return Err(errno.into());
            }
            thread::sleep(LOCK_INTERVAL);
        }
        Ok(lock)
    }

    /// The entry of a service. One that cannot be understood is an error: something was changed, and nobody knows what.
    pub(crate) fn entry(&self, service: &str) -> io::Result<Option<Entry>> {
        let Some(bytes) = file::read(&self.path(service, "json"))? else { return Ok(None) };
        let entry: Entry = serde_json::from_slice(&bytes)?;
        if entry.version == VERSION && entry.service == service {
            Ok(Some(entry))
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidData, "of another service or version"))
        }
    }

    /// The services that have an entry, in order.
    pub(crate) fn services(&self) -> io::Result<Vec<String>> {
        let names = names(&self.folder)?;
        Ok(names.iter().filter_map(|name| name.strip_suffix(".json")).map(str::to_owned).collect())
    }

    /// The services that something on trial is known of, in order.
    pub(crate) fn on_trial(&self) -> io::Result<Vec<String>> {
        names(&self.folder.join("pending"))
    }

    /// Where a service's entry stands.
    pub(crate) fn state(&self, service: &str) -> io::Result<EntryState> {
        match File::open(self.pending(service)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(EntryState::Kept),
            Err(error) => Err(error),
            Ok(pending) => {
                let watched = flock(&pending, FlockOperation::NonBlockingLockShared).is_err();
                Ok(EntryState::OnTrial { watched })
            }
        }
    }

    /// Writes down what is about to be changed. Where that fails, as on a full disk, nothing is on trial.
    pub(crate) fn begin(&self, entry: &Entry, before: Option<&[u8]>, on_trial: bool) -> io::Result<()> {
        // First of all, since it is what the start of the machine goes by.
        let marked = if on_trial { file::mark(&self.pending(&entry.service), MODE) } else { Ok(()) };
        let written = marked.and_then(|()| self.write_down(entry, before));
        if written.is_err() {
            // What cannot be taken away either, the start of the machine finds without an entry, and forgets.
            let _ = file::remove_durably(&self.pending(&entry.service));
        }
        written
    }

    fn write_down(&self, entry: &Entry, before: Option<&[u8]>) -> io::Result<()> {
        let service = &entry.service;
        match before {
            Some(bytes) => file::replace(&self.path(service, "before"), bytes, MODE)?,
            None => file::remove_durably(&self.path(service, "before"))?,
        }
        let mut json = serde_json::to_vec_pretty(entry)?;
        json.push(b'\n');
        file::replace(&self.path(service, "json"), &json, MODE)
    }

    /// The change stands from now on.
    pub(crate) fn confirm(&self, service: &str) -> io::Result<()> {
        file::remove_durably(&self.pending(service))
    }

    /// Takes a change back. It can be done again wherever it was cut off.
    pub(crate) fn undo(&self, entry: &Entry) -> Result<Undone, UndoError> {
        let undone = match &entry.change {
            Change::File { path, existed, mode, after } => {
                self.undo_file(entry, path, *existed, *mode, after)?
            }
            Change::Profile { name } => {
                pam_auth_update::disable(name).map_err(UndoError::Profile)?;
                Undone::Restored
            }
        };
        self.forget(&entry.service).map_err(|error| UndoError::Io(self.folder.clone(), error))?;
        Ok(undone)
    }

    fn undo_file(
        &self,
        entry: &Entry,
        path: &Path,
        existed: bool,
        mode: u32,
        after: &str,
    ) -> Result<Undone, UndoError> {
        let failed = |error| UndoError::Io(path.to_owned(), error);
        file::remove_unfinished(path).map_err(failed)?;
        let kept = self.path(&entry.service, "before");
        let before = file::read(&kept).map_err(|error| UndoError::Io(kept.clone(), error))?;
        let current = file::read(path).map_err(failed)?;
        match (&current, existed) {
            // Cut off before it was changed, or after it was put back.
            (None, false) => file::remove_durably(path).map_err(failed)?,
            (Some(current), false) if current == after.as_bytes() => {
                file::remove_durably(path).map_err(failed)?;
            }
            (Some(current), true) if Some(current) == before.as_ref() => {}
            (Some(current), true) if current == after.as_bytes() => {
                let before = before.ok_or_else(|| UndoError::Io(kept, io::ErrorKind::NotFound.into()))?;
                file::replace(path, &before, mode).map_err(failed)?;
            }
            (None, true) => return Err(UndoError::ChangedByOthers(path.to_owned())),
            (Some(_), _) => {
                let files = crate::pam::parse::ServiceFiles::of_machine();
                let without = crate::pam::edit::without_passkeys(&files, &Config::default(), &entry.service)
                    .map_err(|_| UndoError::ChangedByOthers(path.to_owned()))?;
                let mode = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o777;
                file::replace(path, &without, mode).map_err(failed)?;
                return Ok(Undone::LinesTakenOut);
            }
        }
        Ok(Undone::Restored)
    }

    /// Forgets an entry whose change has been taken back. What is left without its entry means nothing; that there is something
    /// left goes last.
    pub(crate) fn forget(&self, service: &str) -> io::Result<()> {
        file::remove_durably(&self.path(service, "json"))?;
        file::remove_durably(&self.path(service, "before"))?;
        file::remove_durably(&self.pending(service))
    }

    /// The file that says that a change is on trial.
    pub(super) fn pending(&self, service: &str) -> PathBuf {
        self.folder.join("pending").join(service)
    }

    fn path(&self, service: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{service}.{ending}"))
    }
}

/// What is in a folder of the journal, but for what is hidden.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().into_string().ok().filter(|name| !name.starts_with('.')));
    }
    names.sort();
    Ok(names)
}

impl Entry {
    /// Makes the change, which has been written down.
    pub(crate) fn make(&self) -> Result<(), UndoError> {
        match &self.change {
            Change::File { path, mode, after, .. } => file::replace(path, after.as_bytes(), *mode)
                .map_err(|error| UndoError::Io(path.clone(), error)),
            Change::Profile { name } => pam_auth_update::enable(name).map_err(UndoError::Profile),
        }
    }

    pub(crate) fn new(service: &str, way: Way, change: Change) -> Self {
        Self { version: VERSION, service: service.to_owned(), way, switched: Timestamp::now(), change }
    }
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
