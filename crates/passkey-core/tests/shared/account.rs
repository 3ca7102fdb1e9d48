//! An account that has the ids of whoever runs the tests.

use passkey_core::account::{Account, PasswdEntry};

/// The account of this name.
pub(crate) fn account(name: &str) -> Account {
    Account::from_entry(PasswdEntry {
        name: name.to_owned(),
        uid: rustix::process::geteuid().as_raw(),
        gid: rustix::process::getegid().as_raw(),
        home: format!("/home/{name}").into(),
    })
}
