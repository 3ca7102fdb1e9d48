//! What this command has changed in the PAM files, what stood there before, and what has become of each change.
//!
//! For each service, below `/var/lib/passkey/pam`:
//! - `SERVICE.json`: the [`Entry`] with its [`EntryState`]. Nothing is inferred from a file that is not there.
//! - `SERVICE.before`: the file as it was, for the rescue shell as well; not there where there was none. `SERVICE.after`: what it was
//!   given. Of the other files of the change, `SERVICE:NAME.before` and `SERVICE:NAME.after`.
//! - `pending/SERVICE`: a mark that there is something to do or to watch over. systemd wakes up by it, and the watcher keeps it locked.
//!
//! All of it is on the disk before a PAM file is touched. The mark is there before an entry is open, and goes once it is not.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, retry_on_intr};

use super::deadline::Deadline;
use super::entry::{ChangedFile, Entry, EntryState, KeptBy, Undone, UndoneBecause};
use super::undo::{self, Bytes, UndoError};
use super::{FileChange, Originals, file, pam_auth_update};

/// Where it is kept, below the root.
const FOLDER: &str = "var/lib/passkey/pam";
/// Of the bytes of PAM files, which may hold what only root should read.
const PRIVATE: u32 = 0o600;
/// Of entries.
const PUBLIC: u32 = 0o644;
/// How long one change waits for another, which may be busy with pam-auth-update.
const LOCK_PATIENCE: Duration = Duration::from_secs(20);
/// How long to wait between two tries.
const LOCK_INTERVAL: Duration = Duration::from_millis(20);
/// So many times pam-auth-update may fail before the common files are put back without it.
const PATIENT_TRIES: u32 = 5;
/// The longest time between two tries to undo a change.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// The folder.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    folder: PathBuf,
}

/// The right to change the journal, and the PAM files.
#[derive(Debug)]
pub(crate) struct Locked<'j> {
    journal: &'j Journal,
    _lock: File,
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

    /// Keeps other changes off for as long as the result lives.
    pub(crate) fn lock(&self) -> io::Result<Locked<'_>> {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o755).create(&self.folder)?;
        builder.create(self.folder.join("pending"))?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(PRIVATE)
            .open(self.folder.join(".lock"))?;
        let start = Instant::now();
        while let Err(errno) = flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            if errno != Errno::AGAIN && errno != Errno::INTR || start.elapsed() > LOCK_PATIENCE {
                return Err(errno.into());
            }
            thread::sleep(LOCK_INTERVAL);
        }
        Ok(Locked { journal: self, _lock: lock })
    }

    /// The entry of a service. One that cannot be understood is an error: something was changed, and it is not known what.
    pub(crate) fn entry(&self, service: &str) -> io::Result<Option<Entry>> {
        // First: it goes after the state that an entry of the older form has by it.
        let is_marked = self.mark(service).try_exists()?;
        let Some(bytes) = file::read(&self.path(service, "json"))? else { return Ok(None) };
        let entry = Entry::parse(&bytes, is_marked)?;
        if entry.service == service {
            Ok(Some(entry))
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidData, "of another service"))
        }
    }

    /// The services that have an entry, in order.
    pub(crate) fn services(&self) -> io::Result<Vec<String>> {
        let names = names(&self.folder)?;
        Ok(names.iter().filter_map(|name| name.strip_suffix(".json")).map(str::to_owned).collect())
    }

    /// The services that this command has had changed and that are not as they were, in order. An entry that is not understood is one.
    pub(crate) fn in_effect(&self) -> io::Result<Vec<String>> {
        let mut services = self.services()?;
        services.retain(|service| match self.entry(service) {
            Ok(entry) => entry.is_some_and(|entry| entry.is_switched_on()),
            Err(_) => true,
        });
        Ok(services)
    }

    /// The services of which something is still to come, in order.
    pub(crate) fn open(&self) -> io::Result<Vec<String>> {
        let mut services = names(&self.folder.join("pending"))?;
        services.extend(
            self.services()?
                .into_iter()
                .filter(|service| matches!(self.entry(service), Ok(Some(entry)) if entry.state.is_open())),
        );
        services.sort();
        services.dedup();
        Ok(services)
    }

    /// The entry by which a file was changed, where it is in effect.
    pub(crate) fn entry_of_file(&self, path: &Path) -> Option<Entry> {
        let services = self.services().unwrap_or_default().into_iter();
        let entries = services.filter_map(|service| self.entry(&service).ok()?);
        entries.into_iter().find(|entry| entry.is_switched_on() && entry.has_changed(path))
    }

    /// What a service's files held before a change that is kept and unmodified since; `None` where there is no such
    /// change, or there was no file before.
    pub(crate) fn originals(&self, service: &str) -> io::Result<Option<Originals>> {
        let Some(entry) = self.entry(service)?.filter(|entry| matches!(entry.state, EntryState::Kept { .. }))
        else {
            return Ok(None);
        };
        if entry.profile.is_some() {
            return Ok(None);
        }
        let mut originals = Vec::new();
        for changed in &entry.files {
            let after = match &changed.after {
                Some(text) => Some(text.clone().into_bytes()),
                None => file::read(&self.bytes_path(&entry, &changed.path, "after"))?,
            };
            let before = file::read(&self.bytes_path(&entry, &changed.path, "before"))?;
            let (Some(before), true) =
                (before.filter(|_| changed.existed), file::read(&changed.path)? == after)
            else {
                return Ok(None);
            };
            originals.push((changed.path.clone(), before));
        }
        Ok(Some(originals))
    }

    /// Whether a process watches over the change.
    pub(crate) fn is_watched(&self, service: &str) -> io::Result<bool> {
        match File::open(self.mark(service)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
            Ok(mark) => Ok(flock(&mark, FlockOperation::NonBlockingLockShared).is_err()),
        }
    }

    /// Watches over the change for as long as the result lives. A process that checks whether it is watched holds the lock for a moment, and so
    /// may an earlier watcher: each is waited for. Once it is had, the mark may be gone.
    pub(super) fn watch(&self, service: &str) -> io::Result<File> {
        let mark = File::open(self.mark(service))?;
        retry_on_intr(|| flock(&mark, FlockOperation::LockExclusive))?;
        Ok(mark)
    }

    /// The mark that there is something to watch over.
    pub(super) fn mark(&self, service: &str) -> PathBuf {
        self.folder.join("pending").join(service)
    }

    fn path(&self, service: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{service}.{ending}"))
    }

    /// Where the bytes of a file lie that an entry has changed.
    fn bytes_path(&self, entry: &Entry, path: &Path, ending: &str) -> PathBuf {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if *name == *entry.service {
            self.path(&entry.service, ending)
        } else {
            self.path(&format!("{}:{name}", entry.service), ending)
        }
    }
}

impl Locked<'_> {
    pub(super) fn journal(&self) -> &Journal {
        self.journal
    }

    /// Writes down what is about to be changed. Where that fails, as on a full disk, nothing is on trial.
    pub(crate) fn begin(&self, entry: &Entry, files: &[FileChange]) -> io::Result<()> {
        let journal = self.journal;
        // First of all, since it is what the start of the machine goes by.
        let marked =
            if entry.state.is_open() { file::mark(&journal.mark(&entry.service), PRIVATE) } else { Ok(()) };
        let written = marked.and_then(|()| {
            for change in files {
                let before = journal.bytes_path(entry, &change.path, "before");
                match &change.before {
                    Some(bytes) => file::replace(&before, bytes, PRIVATE)?,
                    None => file::remove_durably(&before)?,
                }
                file::replace(&journal.bytes_path(entry, &change.path, "after"), &change.after, PRIVATE)?;
            }
            self.write(entry)
        });
        if written.is_err() {
            // What cannot be taken away either, `pam undo` finds without an open entry, and removes.
            let _ = file::remove_durably(&journal.mark(&entry.service));
        }
        written
    }

    /// Makes the change that has been written down.
    pub(crate) fn make(&self, entry: &Entry, files: &[FileChange]) -> Result<(), UndoError> {
        let failed = |path: &Path, error| UndoError::Io(path.to_owned(), error);
        let Some(profile) = &entry.profile else {
            return files.iter().try_for_each(|change| {
                file::replace(&change.path, &change.after, change.mode)
                    .map_err(|error| failed(&change.path, error))
            });
        };
        pam_auth_update::enable(profile).map_err(UndoError::Profile)?;
        // What it has truly written, should that be something else than on the copies.
        for change in files {
            let written = file::read(&change.path).map_err(|error| failed(&change.path, error))?;
            if let Some(written) = written.filter(|written| *written != change.after) {
                let path = self.journal.bytes_path(entry, &change.path, "after");
                file::replace(&path, &written, PRIVATE).map_err(|error| failed(&path, error))?;
            }
        }
        Ok(())
    }

    /// The change is in place: its time begins now.
    pub(crate) fn in_place(&self, entry: &mut Entry, time: Option<Duration>) -> io::Result<()> {
        entry.switched = Timestamp::now();
        let kept_by = match &entry.state {
            EntryState::OnTrial { kept_by, .. } => kept_by.clone(),
            EntryState::Kept { .. } | EntryState::Undone { .. } | EntryState::UndoFailed { .. } => {
                KeptBy::Confirmation
            }
        };
        entry.state = match time {
            Some(time) => EntryState::OnTrial { until: Deadline::within(time), kept_by },
            None => EntryState::Kept { since: entry.switched },
        };
        self.write(entry)?;
        if time.is_none() { file::remove_durably(&self.journal.mark(&entry.service)) } else { Ok(()) }
    }

    /// The change stays.
    pub(crate) fn confirm(&self, mut entry: Entry) -> io::Result<()> {
        entry.state = EntryState::Kept { since: Timestamp::now() };
        self.write(&entry)?;
        file::remove_durably(&self.journal.mark(&entry.service))
    }

    /// Undoes a change, and writes down that it is undone, or that it is to be and could not be. It can be done again wherever it was
    /// cut off.
    pub(crate) fn undo(&self, entry: &Entry, because: UndoneBecause) -> Result<Undone, UndoError> {
        let tries = match &entry.state {
            EntryState::UndoFailed { tries, .. } => *tries,
            EntryState::OnTrial { .. } | EntryState::Kept { .. } | EntryState::Undone { .. } => 0,
        };
        let undone = self.put_back(entry, tries);
        let state = match &undone {
            Ok(how) => EntryState::Undone { at: Timestamp::now(), because, how: *how },
            // A person has asked for it, and hears of it.
            Err(_) if !entry.state.is_open() => return undone,
            Err(reason) => EntryState::UndoFailed {
                reason: reason.to_string(),
                tries: tries.saturating_add(1),
                because,
                again: Deadline::within(pause(tries)),
            },
        };
        let failed = |error| UndoError::Io(self.journal.folder.clone(), error);
        let is_over = !state.is_open();
        self.write(&entry.clone().with(state)).map_err(failed)?;
        if is_over {
            self.tidy(&entry.service).map_err(failed)?;
        }
        undone
    }

    /// Undoes the change of a service if it is time, or in any case where `at_once`. What the entry says afterwards.
    pub(crate) fn settle(
        &self,
        service: &str,
        because: UndoneBecause,
        at_once: bool,
    ) -> io::Result<Option<Entry>> {
        let journal = self.journal;
        let Some(entry) = journal.entry(service)? else {
            // The machine went down before all was written down, let alone changed.
            self.tidy(service)?;
            return Ok(None);
        };
        if !entry.state.is_in_effect() {
            // Likewise, and the entry is one of an earlier change; or cut off before the rest was tidied up.
            self.tidy(service)?;
        } else if !entry.state.is_open() {
            file::remove_durably(&journal.mark(service))?;
        } else if at_once || entry.state.is_due() {
            let because =
                if let EntryState::UndoFailed { because, .. } = entry.state { because } else { because };
            // Why it failed stands in the entry.
            let _ = self.undo(&entry, because);
            return journal.entry(service);
        }
        Ok(Some(entry))
    }

    fn put_back(&self, entry: &Entry, tries: u32) -> Result<Undone, UndoError> {
        let mut files = Vec::new();
        for changed in &entry.files {
            let kept = |ending| -> Result<Option<Vec<u8>>, UndoError> {
                let path = self.journal.bytes_path(entry, &changed.path, ending);
                file::read(&path).map_err(|error| UndoError::Io(path, error))
            };
            let before = kept("before")?;
            let after = match &changed.after {
                Some(text) => Some(text.clone().into_bytes()),
                None => kept("after")?,
            };
            if changed.existed && before.is_none() || after.is_none() {
                let path = self.journal.bytes_path(entry, &changed.path, "before");
                return Err(UndoError::Io(path, io::ErrorKind::NotFound.into()));
            }
            let before = before.filter(|_| changed.existed);
            files.push((changed.clone(), Bytes { before, after: after.unwrap_or_default() }));
        }
        if let Some(profile) = &entry.profile {
            return undo::switch_off(profile, &files, tries >= PATIENT_TRIES);
        }
        let mut worst = Undone::Restored;
        for (changed, bytes) in &files {
            let undone = undo::put_back(changed, bytes)?;
            if undone != Undone::Restored {
                worst = undone;
            }
        }
        Ok(worst)
    }

    /// Takes away what nothing comes of any more: bytes, and what writers have left that were cut off. That there is something left
    /// goes last.
    fn tidy(&self, service: &str) -> io::Result<()> {
        let folder = &self.journal.folder;
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            if name.to_str().is_some_and(|name| is_left_over(name, service)) {
                file::remove_durably(&folder.join(name))?;
            }
        }
        file::remove_durably(&self.journal.mark(service))
    }

    fn write(&self, entry: &Entry) -> io::Result<()> {
        let mut json = serde_json::to_vec_pretty(entry)?;
        json.push(b'\n');
        file::replace(&self.journal.path(&entry.service, "json"), &json, PUBLIC)
    }
}

/// Whether a file is a service's and no entry.
fn is_left_over(name: &str, service: &str) -> bool {
    let (name, is_unfinished) =
        match name.strip_prefix('.').and_then(|name| name.strip_suffix(file::UNFINISHED)) {
            Some(name) => (name, true),
            None => (name, false),
        };
    let is_bytes = |ending: &str| [".before", ".after"].contains(&ending);
    match name.strip_prefix(service) {
        // Of another file of the same change; no service has a colon in its name.
        Some(ending) if ending.starts_with(':') => {
            ending.rfind('.').and_then(|dot| ending.get(dot..)).is_some_and(is_bytes)
        }
        Some(".json") => is_unfinished,
        Some(ending) => is_bytes(ending),
        None => false,
    }
}

/// How long to wait after so many failures.
fn pause(tries: u32) -> Duration {
    let seconds = 1_u64.checked_shl(tries).unwrap_or(u64::MAX);
    Duration::from_secs(seconds).min(LONGEST_PAUSE)
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

impl FileChange {
    /// What an entry says of it.
    pub(crate) fn record(&self) -> ChangedFile {
        let (path, existed) = (self.path.clone(), self.before.is_some());
        ChangedFile { path, existed, mode: self.mode, after: None }
    }
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
