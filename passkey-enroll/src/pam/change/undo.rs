//! Putting files back, whatever others have done to them meanwhile.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use passkey_core::config::Config;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::entry::{ChangedFile, Undone};
use super::{file, pam_auth_update};
use crate::pam::edit;
use crate::pam::parse::ServiceFiles;
use crate::pam::simulate::MODULE;

/// Why a change was not undone. Its `Display` goes behind a colon.
#[derive(Debug)]
pub(crate) enum UndoError {
    /// A file cannot be read or written.
    Io(PathBuf, io::Error),
    /// The file was changed by others, and what was put in cannot be taken out of it by itself.
    ChangedByOthers(PathBuf),
    /// The file has become a link, and what was put in stands where it leads.
    Link(PathBuf),
    /// pam-auth-update fails.
    Profile(pam_auth_update::Failed),
}

impl fmt::Display for UndoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::ChangedByOthers(path) => write!(
                f,
                "{} was changed by others since, and what was put in cannot be taken out by itself",
                path.display()
            ),
            Self::Link(path) => {
                write!(f, "{} is a link now: another program keeps this file", path.display())
            }
            Self::Profile(reason) => write!(f, "the common files were not changed: {reason}"),
        }
    }
}

/// The bytes of a file before a change and after it.
#[derive(Debug)]
pub(super) struct Bytes {
    pub(super) before: Option<Vec<u8>>,
    pub(super) after: Vec<u8>,
}

/// Puts a service's own file back. It can be done again wherever it was cut off.
pub(super) fn put_back(changed: &ChangedFile, bytes: &Bytes) -> Result<Undone, UndoError> {
    let path = changed.path.as_path();
    let service = path.file_name().unwrap_or_default().to_string_lossy();
    let failed = |error| UndoError::Io(path.to_owned(), error);
    if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()) {
        return left_alone(path, bytes);
    }
    file::remove_unfinished(path).map_err(failed)?;
    let Some(current) = file::read(path).map_err(failed)? else {
        // Cut off before it was changed, or after it was put back; or others have deleted it, and nothing of the change is left.
        file::remove_durably(path).map_err(failed)?;
        return Ok(if changed.existed { Undone::LeftAlone } else { Undone::Restored });
    };
    match &bytes.before {
        Some(before) if current == *before => Ok(Undone::Restored),
        Some(before) if current == bytes.after => {
            file::replace(path, before, changed.mode).map_err(failed)?;
            Ok(Undone::Restored)
        }
        None if current == bytes.after => {
            file::remove_durably(path).map_err(failed)?;
            Ok(Undone::Restored)
        }
        Some(_) | None => {
            let without = without_change(&service, &current, bytes)
                .ok_or_else(|| UndoError::ChangedByOthers(path.to_owned()))?;
            let mode = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o777;
            file::replace(path, &without, mode).map_err(failed)?;
            Ok(Undone::LinesTakenOut)
        }
    }
}

/// What has become a link belongs to the program that made it: authselect, or whatever lays out a configuration.
fn left_alone(path: &Path, bytes: &Bytes) -> Result<Undone, UndoError> {
    let current =
        file::read(path).map_err(|error| UndoError::Io(path.to_owned(), error))?.unwrap_or_default();
    if without_hunks(bytes.before.as_deref().unwrap_or_default(), &bytes.after, &current).is_some() {
        Err(UndoError::Link(path.to_owned()))
    } else {
        Ok(Undone::LeftAlone)
    }
}

/// The file that others have changed without what was put in. `None` where that cannot be told from theirs, or where the service
/// would not be one that lets people in.
fn without_change(service: &str, current: &[u8], bytes: &Bytes) -> Option<Vec<u8>> {
    let files = ServiceFiles::of_machine();
    // Undoing works where no configuration can be read.
    let config = Config::default();
    // Where there was no file, the vendor's was copied: its lines are no change.
    let by_hunks = bytes.before.as_ref().and_then(|before| without_hunks(before, &bytes.after, current));
    by_hunks
        .filter(|without| edit::judge_without(&files, &config, service, without).is_ok())
        .or_else(|| edit::without_passkeys(&files, &config, service).ok())
}

/// `current` without what the change from `before` to `after` has put in, and with what it has taken away. `None` where one of its
/// blocks does not stand in `current`, or stands there more than once.
fn without_hunks(before: &[u8], after: &[u8], current: &[u8]) -> Option<Vec<u8>> {
    let [before, after, mut current] = [before, after, current].map(lines);
    let mut found = false;
    for operation in capture_diff_slices(Algorithm::Myers, &before, &after) {
        let (old, new) = match operation {
            DiffOp::Equal { .. } => continue,
            DiffOp::Insert { new_index, new_len, .. } => (0..0, new_index..new_index.checked_add(new_len)?),
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                (old_index..old_index.checked_add(old_len)?, new_index..new_index.checked_add(new_len)?)
            }
            // What was only taken away leaves no place to put it back to.
            DiffOp::Delete { .. } => return None,
        };
        let (old, new) = (before.get(old)?, after.get(new)?);
        let place = only_place(&current, new)?;
        current.splice(place..place.checked_add(new.len())?, old.iter().copied());
        found = true;
    }
    found.then(|| current.concat())
}

fn only_place(lines: &[&[u8]], block: &[&[u8]]) -> Option<usize> {
    let mut places = lines.windows(block.len()).enumerate().filter(|(_, window)| *window == block);
    let (place, _) = places.next()?;
    places.next().is_none().then_some(place)
}

/// Each with its end; the last one is given one.
fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

/// Switches a profile off, and sees to it that the common files are as they were. `is_late`: pam-auth-update has been tried long enough,
/// and people have to come in.
pub(super) fn switch_off(
    profile: &str,
    files: &[(ChangedFile, Bytes)],
    is_late: bool,
) -> Result<Undone, UndoError> {
    let are_back = files
        .iter()
        .all(|(changed, bytes)| file::read(&changed.path).is_ok_and(|current| current == bytes.before));
    // It leaves files alone that are not as it has left them; these are as it would write them.
    let force = are_back && !files.is_empty() && pam_auth_update::is_enabled(profile);
    let switched_off = pam_auth_update::disable(profile, force).map_err(UndoError::Profile);
    if switched_off.is_err() && !is_late {
        return switched_off.map(|()| Undone::Restored);
    }
    let mut undone = Undone::Restored;
    for (changed, bytes) in files {
        let failed = |error| UndoError::Io(changed.path.clone(), error);
        let current = file::read(&changed.path).map_err(failed)?;
        if current == bytes.before {
            continue;
        }
        match (&bytes.before, current) {
            (Some(before), Some(current)) if current == bytes.after => {
                file::replace(&changed.path, before, changed.mode).map_err(failed)?;
            }
            (_, Some(current)) if String::from_utf8_lossy(&current).contains(MODULE) => {
                switched_off?;
                return Err(UndoError::ChangedByOthers(changed.path.clone()));
            }
            // Another profile was switched on or off meanwhile.
            (_, _) => undone = Undone::LinesTakenOut,
        }
    }
    switched_off.map(|()| undone)
}

#[cfg(test)]
#[path = "undo_tests.rs"]
mod tests;
