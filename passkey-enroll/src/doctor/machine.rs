//! The machine's files.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use passkey_core::safe_file::Owner;

/// Files that are read for a word or two are no longer than this.
const MAX_LEN: u64 = 1024 * 1024;

/// The machine that is examined: this one, or a folder that a test has filled with the files of one.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    root: PathBuf,
    /// Who may own what only root may own.
    pub(super) owner: Owner,
    /// Whether the examiner is root.
    pub(super) is_root: bool,
}

impl Machine {
    /// This machine.
    pub(crate) fn this() -> Self {
        let is_root = rustix::process::geteuid().is_root();
        Self { root: PathBuf::from("/"), owner: Owner::Root, is_root }
    }

    /// A folder with the files of a machine.
    #[cfg(test)]
    pub(crate) fn below(root: &Path) -> Self {
        let owner = Owner::RootOr(rustix::process::geteuid().as_raw());
        Self { root: root.to_owned(), owner, is_root: true }
    }

    /// Whether a user may own what only root may own.
    pub(super) fn owner_is_accepted(&self, uid: u32) -> bool {
        uid == 0 || matches!(self.owner, Owner::RootOr(user) if user == uid)
    }

    /// Where its files are.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Where its file at the absolute `path` is.
    pub(super) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Whether there is something at the absolute `path`.
    pub(super) fn has(&self, path: impl AsRef<Path>) -> bool {
        self.path(path).exists()
    }

    /// The text of its file at the absolute `path`, up to a bound. `None` where there is none that can be read.
    pub(super) fn text(&self, path: impl AsRef<Path>) -> Option<String> {
        text(&self.path(path)).ok()
    }

    /// The first of the absolute `folders` that holds `name`: one of an earlier folder hides that of a later one.
    pub(super) fn first(&self, folders: &[&str], name: &str) -> Option<PathBuf> {
        folders.iter().map(|folder| self.path(folder).join(name)).find(|path| path.symlink_metadata().is_ok())
    }
}

/// A file's text, up to a bound. What is no file is not opened.
pub(super) fn text(path: &Path) -> io::Result<String> {
    if !path.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_LEN).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The last `max_len` bytes of a file, as text.
pub(super) fn tail(path: &Path, max_len: u64) -> io::Result<String> {
    if !path.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut file = File::open(path)?;
    let len = file.metadata()?.len();
    file.seek(SeekFrom::Start(len.saturating_sub(max_len)))?;
    let mut bytes = Vec::new();
    file.take(max_len).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
