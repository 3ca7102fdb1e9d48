//! The users of this machine, found by what a key says of them.

use std::{cell::RefCell, fmt};

use super::{Complaint, FindError, Session};
use crate::{
    ceremony::{EnrolledUser, UserHandleLookup},
    credential::UserHandle,
};

/// All users, behind the store's index of user handles: finding one costs the same however many there are.
pub(super) struct EnrolledUsers<'s> {
    session: &'s Session<'s>,
    findings: RefCell<Findings>,
}

#[derive(Default)]
struct Findings {
    /// Why a user could not be found although the index knows them.
    error: Option<FindError>,
    complaints: Vec<Complaint>,
}

impl<'s> EnrolledUsers<'s> {
    pub(super) fn new(session: &'s Session<'s>) -> Self {
        Self { session, findings: RefCell::default() }
    }

    /// The first thing that kept a user from being found, and what was odd otherwise.
    pub(super) fn into_findings(self) -> (Option<FindError>, Vec<Complaint>) {
        let Findings { error, complaints } = self.findings.into_inner();
        (error, complaints)
    }

    fn find(&self, handle: &UserHandle) -> Result<Option<EnrolledUser>, FindError> {
        let Session { store, users, .. } = self.session;
        let Some(name) = store.user_of_handle(handle)? else { return Ok(None) };
        // Removed from the machine, and the passkeys left behind.
        let Some(account) = users.by_name(&name).map_err(FindError::Users)? else { return Ok(None) };
        let Some(loaded) = store.load(&account)? else { return Ok(None) };
        // The index is a hint; the user's own file decides.
        if loaded.file.user_handle != *handle {
            return Ok(None);
        }
        let (state, complaint) = self.session.state(&account)?;
        self.findings.borrow_mut().complaints.extend(complaint);
        Ok(Some(EnrolledUser { account, file: loaded.file, state }))
    }
}

/// Without what it holds: the lookup alone would keep the `Debug` of every type below it in the module.
impl fmt::Debug for EnrolledUsers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrolledUsers(..)")
    }
}

impl UserHandleLookup for EnrolledUsers<'_> {
    fn holder(&self, handle: &UserHandle) -> Option<EnrolledUser> {
        self.find(handle).unwrap_or_else(|error| {
            self.findings.borrow_mut().error.get_or_insert(error);
            None
        })
    }
}
