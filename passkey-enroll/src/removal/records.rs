//! The passkeys on file and the record of their use, read again when they change.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use passkey_core::credential::CredentialId;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use super::probe::OnFile;
use super::sign_ins::SignIns;
use crate::report::warning;

/// What is on file of the user.
#[derive(Debug)]
pub(crate) struct Records {
    config: Option<PathBuf>,
    passkeys: Vec<(CredentialId, String)>,
    sign_ins: SignIns,
    /// Of sign-ins that have come since this was last taken.
    signed_in: Vec<CredentialId>,
    /// Tells of changes in the folders. Without it, the files are read when a key comes or goes.
    changes: Option<OwnedFd>,
    /// What was the matter when they were last read.
    trouble: Option<String>,
}

impl Records {
    /// Nothing has been read yet.
    pub(crate) fn new(config: Option<&Path>) -> Self {
        Self {
            config: config.map(Path::to_owned),
            passkeys: Vec::new(),
            sign_ins: SignIns::default(),
            signed_in: Vec::new(),
            changes: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok(),
            trouble: None,
        }
    }

    /// Reads the files; whether there are other passkeys than before. What cannot be read is warned of, and stays as it was known.
    pub(crate) fn read(&mut self) -> bool {
        let on_file = match OnFile::read(self.config.as_deref()) {
            Ok(on_file) => on_file,
            Err(reason) => {
                self.complain(reason);
                return false;
            }
        };
        self.watch(&on_file);
        let passkeys: Vec<_> =
            on_file.passkeys.iter().map(|passkey| (passkey.id.clone(), passkey.name.clone())).collect();
        let ids: Vec<CredentialId> = passkeys.iter().map(|(id, _)| id.clone()).collect();
        match on_file.store.load_state(&on_file.owner) {
            Ok(state) => {
                self.signed_in.extend(self.sign_ins.observe(&state, &ids));
                self.trouble = None;
            }
            Err(error) => self.complain(error.to_string()),
        }
        let before = std::mem::replace(&mut self.passkeys, passkeys);
        !before.iter().map(|(id, _)| id).eq(&ids)
    }

    /// Once for each reason.
    fn complain(&mut self, reason: String) {
        if self.trouble.as_ref() != Some(&reason) {
            warning(&reason);
            self.trouble = Some(reason);
        }
    }

    /// The folder of a file that is replaced whenever it changes. To watch one again changes nothing.
    fn watch(&self, on_file: &OnFile) {
        let Some(changes) = &self.changes else { return };
        let what = WatchFlags::MOVED_TO | WatchFlags::DELETE | WatchFlags::ONLYDIR;
        let folders = [on_file.path.as_deref().and_then(Path::parent), Some(&*on_file.config.state_dir)];
        for folder in folders.into_iter().flatten() {
            // One that is not there yet is found another time.
            let _ = inotify::add_watch(changes, folder, what);
        }
    }

    /// Readable when something has changed.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.changes.as_ref().map(|changes| changes.as_fd())
    }

    /// Whether something has changed since this was last asked.
    pub(super) fn has_changed(&self) -> bool {
        let Some(changes) = &self.changes else { return false };
        let mut buf = [MaybeUninit::uninit(); 4096];
        let mut has_changed = false;
        // What does not fit keeps the descriptor readable.
        while rustix::io::read(changes, &mut buf).is_ok_and(|(events, _)| !events.is_empty()) {
            has_changed = true;
        }
        has_changed
    }

    /// The passkeys of sign-ins that have come on record since this was last asked.
    pub(super) fn take_signed_in(&mut self) -> Vec<CredentialId> {
        std::mem::take(&mut self.signed_in)
    }

    /// Which passkey has signed in where.
    pub(crate) fn sign_ins(&self) -> &SignIns {
        &self.sign_ins
    }

    /// The passkeys that may sign in, and their names.
    pub(crate) fn passkeys(&self) -> impl Iterator<Item = (&CredentialId, &str)> {
        self.passkeys.iter().map(|(id, name)| (id, name.as_str()))
    }

    /// The name of a passkey; of one that is no longer on file, its id.
    pub(crate) fn name(&self, id: &CredentialId) -> String {
        let known = self.passkeys.iter().find(|(known, _)| known == id);
        known.map_or_else(|| id.to_string(), |(_, name)| name.clone())
    }
}
