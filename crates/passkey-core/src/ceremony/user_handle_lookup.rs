//! Where the user handle of a discoverable passkey leads to its user.

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
    /// Whose handle it is; `None` where it is nobody's, or cannot be told: why is the directory's to remember.
    fn holder(&self, handle: &UserHandle) -> Option<EnrolledUser>;
}
