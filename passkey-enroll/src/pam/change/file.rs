//! Writing a file so that a reader, also after a power failure, sees the old content or the new.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Behind the hidden name of a file that is being written.
pub(super) const UNFINISHED: &str = ".passkey-new";

/// Puts `bytes` in the file's place, on the disk before this returns. The file is its writer's own.
pub(super) fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let temporary = beside(path)?;
    // Whatever a writer that was killed has left.
    remove(&temporary)?;
    let written = write_new(&temporary, bytes, mode).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // Best effort: the next writer removes it as well.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    sync_folder_of(path)
}

/// Makes an empty file, on the disk before this returns.
pub(super) fn mark(path: &Path, mode: u32) -> io::Result<()> {
    OpenOptions::new().create(true).truncate(true).write(true).mode(mode).open(path)?.sync_all()?;
    sync_folder_of(path)
}

/// Takes the file away, and what a killed writer has left beside it, for good before this returns.
pub(super) fn remove_durably(path: &Path) -> io::Result<()> {
    remove_unfinished(path)?;
    if remove(path)? { sync_folder_of(path) } else { Ok(()) }
}

/// Takes away what a writer that was killed has left beside the file.
pub(super) fn remove_unfinished(path: &Path) -> io::Result<()> {
    remove(&beside(path)?).map(|_| ())
}

/// The file's bytes; `None` where there is none.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether there was something to remove.
fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    // Whatever the caller's mask takes away.
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

/// A hidden name beside the file's, which is no service to libpam.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(UNFINISHED);
    Ok(path.with_file_name(hidden))
}
