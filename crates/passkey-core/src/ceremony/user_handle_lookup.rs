//! Looks up the user of a discoverable passkey by the user handle.

use crate::config::Account;
use crate::credential::UserHandle;
use crate::store::{CredentialFile, State};
use std::fmt::Debug;

/// A user with all that is on file for them.
#[derive(Debug)]
pub struct EnrolledUser {
    /// Who it is.
    pub account: Account,
    /// Their passkeys.
    pub file: CredentialFile,
    /// What is remembered of those.
    pub state: State,
}

/// Finds users by their handles.
pub trait UserHandleLookup: Debug {
    /// The owner of the handle; `None` if there is none, or it cannot be told: the directory remembers why.
    fn holder(&self, handle: &UserHandle) -> Option<EnrolledUser>;
}
