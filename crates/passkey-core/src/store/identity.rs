//! Doing something as the user, for files in directories that the user controls.
//!
//! Only the calling thread changes, by the system calls of the kernel: the host's other threads stay who they are.

use std::io;

use rustix::{
    io::Errno,
    process::{DumpableBehavior, Gid, Uid},
    thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid},
};

use super::StoreError;
use crate::account::Account;

/// Runs `action` with the rights of `account`, if this process is root and the account is not. Anyone else has only
/// their own rights to begin with.
///
/// # Errors
/// When the identity cannot be taken on, in which case `action` was not run, or not be left again, in which case its
/// result is withheld.
pub(super) fn as_user<T>(
    account: &Account,
    action: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    if !rustix::process::geteuid().is_root() || account.uid == 0 {
        return action();
    }
    if !account.has_ids() {
        return Err(StoreError::Identity(Errno::INVAL.into()));
    }
    let assumed = Assumed::new(account).map_err(StoreError::Identity)?;
    let result = action();
    assumed.leave().map_err(StoreError::Identity)?;
    result
}

/// The user's rights. The real and saved ids stay root's: that is the way back, and it keeps the user from
/// signalling or tracing the process.
struct Assumed {
    groups: Vec<Gid>,
    gid: Gid,
    uid: Uid,
    dumpable: Option<DumpableBehavior>,
    left: bool,
}

impl Assumed {
    fn new(account: &Account) -> io::Result<Self> {
        let before = Self {
            groups: rustix::process::getgroups()?,
            gid: rustix::process::getegid(),
            uid: rustix::process::geteuid(),
            dumpable: rustix::process::dumpable_behavior().ok(),
            left: false,
        };
        // From here on every way out goes through `leave`, by `drop` if need be.
        let gid = Gid::from_raw(account.gid);
        set_thread_groups(&[gid])?;
        set_thread_res_gid(None, gid, None)?;
        set_thread_res_uid(None, Uid::from_raw(account.uid), None)?;
        Ok(before)
    }

    fn leave(mut self) -> io::Result<()> {
        self.left = true;
        self.restore()
    }

    /// All steps are tried even when one fails: what can be restored is.
    fn restore(&self) -> io::Result<()> {
        let uid = set_thread_res_uid(None, self.uid, None);
        let gid = set_thread_res_gid(None, self.gid, None);
        let groups = set_thread_groups(&self.groups);
        uid.and(gid).and(groups)?;
        if rustix::process::geteuid() != self.uid || rustix::process::getegid() != self.gid {
            return Err(io::Error::other("the former identity did not come back"));
        }
        // Changing ids makes a process undumpable, which would otherwise outlive the sign-in.
        if self.dumpable == Some(DumpableBehavior::Dumpable) {
            rustix::process::set_dumpable_behavior(DumpableBehavior::Dumpable)?;
        }
        Ok(())
    }
}

impl Drop for Assumed {
    fn drop(&mut self) {
        if !self.left {
            // It cannot be reported; the way here was an error or a panic already.
            let _ = self.restore();
        }
    }
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
