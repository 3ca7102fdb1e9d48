//! The enrolled passkeys and the record of their use, read again when they change.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use passkey_core::credential::{Credential, CredentialId};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use super::presence::Gone;
use super::probe::OnFile;
use super::sign_ins::SignIns;
use crate::logind::Session;
use crate::report::warning;

/// A passkey that may sign in.
#[derive(Debug)]
struct OnRecord {
    id: CredentialId,
    name: String,
    /// It is on this computer, or reached by another service of it: nothing that is pulled out takes it away.
    stays: bool,
}

/// What is on file of the user.
#[derive(Debug)]
pub(crate) struct Records {
    config: Option<PathBuf>,
    passkeys: Vec<OnRecord>,
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
        let passkeys: Vec<OnRecord> = on_file.passkeys.iter().map(OnRecord::of).collect();
        // Those that stay as well: a session is theirs, and no other passkey's.
        let ids: Vec<CredentialId> = passkeys.iter().map(|passkey| passkey.id.clone()).collect();
        match on_file.store.load_state(&on_file.owner) {
            Ok(state) => {
                self.signed_in.extend(self.sign_ins.observe(&state, &ids));
                self.trouble = None;
            }
            Err(error) => self.complain(error.to_string()),
        }
        let before = std::mem::replace(&mut self.passkeys, passkeys);
        !before.iter().map(|passkey| &passkey.id).eq(&ids)
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

    /// The passkeys of sign-ins that have come on record since this was last asked, of those that can be pulled out.
    pub(super) fn take_signed_in(&mut self) -> Vec<CredentialId> {
        let mut signed_in = std::mem::take(&mut self.signed_in);
        signed_in.retain(|id| !self.stays(id));
        signed_in
    }

    /// Those that have signed in within `time` before `now`, of those that can be pulled out.
    pub(super) fn recent(&self, now: Timestamp, time: SignedDuration) -> Vec<CredentialId> {
        self.sign_ins.recent(now, time).filter(|id| !self.stays(id)).cloned().collect()
    }

    /// Whether nothing that is pulled out takes the passkey away.
    pub(crate) fn stays(&self, id: &CredentialId) -> bool {
        self.passkeys.iter().any(|passkey| passkey.stays && passkey.id == *id)
    }

    /// Which passkey has signed in where.
    pub(crate) fn sign_ins(&self) -> &SignIns {
        &self.sign_ins
    }

    /// Whether the session is one to lock when this is gone.
    pub(super) fn is_unattended(
        &self,
        session: &Session,
        gone: &Gone,
        is_present: impl Fn(&CredentialId) -> bool,
    ) -> bool {
        let signed_in = self.sign_ins.of_session(&session.service, session.start);
        // Where it cannot be told which one it was, each of them keeps the session open.
        let is_kept = signed_in.iter().any(|id| is_present(id) || self.stays(id));
        match gone {
            Gone::Passkey(id) => signed_in.contains(id) && !is_kept,
            Gone::All => !is_kept,
        }
    }

    /// The passkeys that may sign in and can be pulled out, and their names.
    pub(crate) fn passkeys(&self) -> impl Iterator<Item = (&CredentialId, &str)> {
        let watched = self.passkeys.iter().filter(|passkey| !passkey.stays);
        watched.map(|passkey| (&passkey.id, passkey.name.as_str()))
    }

    /// The name of a passkey; of one that is no longer on file, its id.
    pub(crate) fn name(&self, id: &CredentialId) -> String {
        let known = self.passkeys.iter().find(|passkey| passkey.id == *id);
        known.map_or_else(|| id.to_string(), |passkey| passkey.name.clone())
    }
}

impl OnRecord {
    fn of(passkey: &Credential) -> Self {
        Self { id: passkey.id.clone(), name: passkey.name.clone(), stays: passkey.is_on_a_service() }
    }
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
