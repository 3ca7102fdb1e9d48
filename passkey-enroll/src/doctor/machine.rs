//! The machine that is examined: its files, and what other processes find out about it.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use ctaphid_socket::Folder;
use passkey_core::safe_file::Owner;

use super::probe::{Probe, System};
use crate::util::bounded_read::read_text;

/// The longest file that is read for a word or two, in bytes.
const MAX_LEN: u64 = 1024 * 1024;

/// This machine, or a folder that a test has filled with the files of one.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    root: PathBuf,
    /// Who may own what only root may own.
    pub(super) owner: Owner,
    /// Whether the examiner is root.
    pub(super) is_root: bool,
    /// What other processes find out.
    pub(super) probe: Rc<dyn Probe>,
}

impl Machine {
    /// This machine.
    pub(crate) fn this() -> Self {
        let is_root = rustix::process::geteuid().is_root();
        let probe = Rc::new(System::default());
        Self { root: PathBuf::from("/"), owner: Owner::Root, is_root, probe }
    }

    /// A folder with the files of a machine.
    #[cfg(test)]
    pub(crate) fn below(root: &Path) -> Self {
        let owner = Owner::RootOr(rustix::process::geteuid().as_raw());
        let probe = Rc::new(super::fixture::Files::below(root));
        Self { root: root.to_owned(), owner, is_root: true, probe }
    }

    /// Whether a user may own what only root may own.
    pub(super) fn owner_is_accepted(&self, uid: u32) -> bool {
        uid == 0 || matches!(self.owner, Owner::RootOr(user) if user == uid)
    }

    /// The folder that its files are below.
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

    /// Where its services listen.
    pub(super) fn services(&self) -> Folder {
        match self.owner {
            Owner::Root => Folder::of(self.path(ctaphid_socket::FOLDER), 0),
            Owner::RootOr(user) => Folder::of(self.path(ctaphid_socket::FOLDER), user),
        }
    }

    /// The text of its file at the absolute `path`. `None` where there is none that can be read.
    pub(super) fn text(&self, path: impl AsRef<Path>) -> Option<String> {
        read_text(&self.path(path), MAX_LEN).ok()
    }

    /// The first of the absolute `folders` that holds `name`: its file hides those of the same name in later folders.
    pub(super) fn first(&self, folders: &[&str], name: &str) -> Option<PathBuf> {
        folders.iter().map(|folder| self.path(folder).join(name)).find(|path| path.symlink_metadata().is_ok())
    }
}
