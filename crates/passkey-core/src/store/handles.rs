//! From a user handle to the user's name, at the same cost for ten users and a million: one small file each, named
//! by the handle's hash, in a directory that only root reads.

use std::{
    ffi::OsString,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use super::{
    Account, LOCK_PATIENCE, PRIVATE_DIR_MODE, StoreError,
    document::FormatError,
    replace::{LockFile, Place},
};
use crate::{
    config::{Template, file_name},
    credential::UserHandle,
    safe_file::{Owner, SafeFileError},
};

/// The directory, among the users' files: no user name begins with a dot.
const DIRECTORY: &str = ".handles";
/// The longest content: a user name and a line end.
const MAX_LEN: u64 = 256;

/// The index of one store.
#[derive(Clone, Debug)]
pub(super) struct HandleIndex {
    dir: PathBuf,
}

impl HandleIndex {
    /// The index beside the first credential files that are kept centrally; users' own directories have none.
    pub(super) fn new(templates: &[Template]) -> Option<Self> {
        let central = templates.iter().find(|template| !template.is_per_user())?;
        Some(Self { dir: central.directory().join(DIRECTORY) })
    }

    /// The name recorded for `handle`.
    pub(super) fn user(&self, handle: &UserHandle) -> Result<Option<String>, StoreError> {
        let place = self.place(handle);
        match place.read() {
            Ok(text) => name_in(&place.path, &text).map(Some),
            Err(StoreError::File(SafeFileError::NotFound { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Records that `handle` is the account's. A handle that is recorded already is left alone.
    pub(super) fn record(&self, handle: &UserHandle, account: &Account) -> Result<(), StoreError> {
        if self.user(handle).ok().flatten().is_some_and(|name| name == account.name) {
            return Ok(());
        }
        self.place(handle).lock(LOCK_PATIENCE)?.replace(&format!("{}\n", account.name))
    }

    fn place(&self, handle: &UserHandle) -> Place {
        Place {
            path: self.dir.join(entry_name(handle)),
            owner: Owner::RootOr(rustix::process::geteuid().as_raw()),
            group: None,
            dir_mode: PRIVATE_DIR_MODE,
            lock: LockFile::OfDirectory,
            max_len: MAX_LEN,
        }
    }
}

/// The hash, so that an authenticator's bytes never become a file name.
fn entry_name(handle: &UserHandle) -> OsString {
    let mut name = String::with_capacity(64);
    for byte in Sha256::digest(handle.as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    OsString::from(name)
}

fn name_in(path: &Path, text: &str) -> Result<String, StoreError> {
    let name = text.strip_suffix('\n').and_then(|name| file_name(name).ok());
    name.map(str::to_owned)
        .ok_or_else(|| StoreError::malformed(path, FormatError::new("not a user name: remove this file")))
}
