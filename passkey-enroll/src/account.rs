//! The account whose passkeys the command works on.

use std::ffi::CString;
use std::fmt;
use std::io;

use ctap::Secret;
use nix::unistd::{Gid, Uid, User};
use passkey_core::account::{Account, PasswdEntry, UserDatabase};

use passkey_core::escape::Escaped;

/// Who runs the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The real user id.
    pub(crate) uid: u32,
    /// Whether the process has root's rights.
    pub(crate) is_root: bool,
    /// `SUDO_UID`, as sudo sets it for what it starts.
    pub(crate) sudo_uid: Option<String>,
}

impl Caller {
    /// The process's own.
    pub(crate) fn of_process() -> Self {
        Self {
            uid: rustix::process::getuid().as_raw(),
            is_root: rustix::process::geteuid().is_root(),
            sudo_uid: std::env::var("SUDO_UID").ok(),
        }
    }

    /// The user whom the caller means by default: root who came through sudo means the user who called it.
    fn own_uid(&self) -> u32 {
        // Anyone can set the variable; root does not gain anything by it.
        let through_sudo = self.sudo_uid.as_deref().filter(|_| self.is_root).and_then(|uid| uid.parse().ok());
        through_sudo.unwrap_or(self.uid)
    }
}

/// The account that the command is about: the one named by `--user`, else the caller's own.
///
/// # Errors
/// When there is no such account, or it is not the caller's to manage.
pub(crate) fn resolve(caller: &Caller, user: Option<&str>) -> Result<Account, AccountError> {
    let Some(name) = user else {
        let uid = caller.own_uid();
        return SystemUsers.by_uid(uid)?.ok_or(AccountError::UnknownUid(uid));
    };
    let account = SystemUsers.by_name(name);
    if !caller.is_root && !matches!(&account, Ok(Some(account)) if account.uid == caller.uid) {
        return Err(AccountError::NotRoot);
    }
    account?.ok_or_else(|| AccountError::UnknownName(name.to_owned()))
}

/// The groups that the user database has the account in, the primary one among them. None where it cannot be asked.
pub(crate) fn groups(account: &Account) -> Vec<u32> {
    let name = CString::new(account.name.as_str()).unwrap_or_default();
    let groups = nix::unistd::getgrouplist(&name, Gid::from_raw(account.gid)).unwrap_or_default();
    groups.into_iter().map(Gid::as_raw).collect()
}

/// The user database, as libc reads it.
#[derive(Debug)]
pub(crate) struct SystemUsers;

impl UserDatabase for SystemUsers {
    fn by_name(&self, name: &str) -> io::Result<Option<Account>> {
        // No database has a name with a NUL in it.
        if name.contains('\0') { Ok(None) } else { account_of(User::from_name(name)) }
    }

    fn by_uid(&self, uid: u32) -> io::Result<Option<Account>> {
        account_of(User::from_uid(Uid::from_raw(uid)))
    }

    fn password_field(&self, account: &Account) -> io::Result<Option<Secret>> {
        let field = nss::password_field(&account.name)?;
        Ok(field.map(|field| Secret::new(field.to_vec())))
    }
}

fn account_of(found: nix::Result<Option<User>>) -> io::Result<Option<Account>> {
    let Some(User { name, uid, gid, dir, .. }) = found? else { return Ok(None) };
    // What was no UTF-8 in it has been replaced, so that two names could look alike.
    if name.contains(char::REPLACEMENT_CHARACTER) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let entry = PasswdEntry { name, uid: uid.as_raw(), gid: gid.as_raw(), home: dir };
    Ok(Some(Account::from_entry(entry)))
}

/// Why there is no account to work on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AccountError {
    /// Another user's passkeys, and the caller is not root.
    NotRoot,
    /// The passkeys of all users, and the caller is not root.
    NotRootForAll,
    /// No account has this name.
    UnknownName(String),
    /// The caller's user id has no account.
    UnknownUid(u32),
    /// The user database cannot be asked, for the reason given.
    Database(String),
}

impl fmt::Display for AccountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRoot => f.write_str("Only root can manage the passkeys of another user."),
            Self::NotRootForAll => f.write_str("Only root can see the passkeys of all users."),
            Self::UnknownName(name) => write!(f, "There is no user {}.", Escaped::text(name)),
            Self::UnknownUid(uid) => write!(f, "User id {uid} has no account on this machine."),
            Self::Database(reason) => write!(f, "The user database cannot be read: {reason}."),
        }
    }
}

impl std::error::Error for AccountError {}

impl From<io::Error> for AccountError {
    fn from(error: io::Error) -> Self {
        Self::Database(error.to_string())
    }
}

impl AccountError {
    /// What to do about it.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::NotRoot => "Run the command with sudo, or leave --user out.",
            Self::NotRootForAll => "Run the command with sudo; for your own passkeys: passkey-enroll list",
            Self::UnknownName(_) => "Users are named as in the user database: getent passwd",
            Self::UnknownUid(_) => "Name a user with --user.",
            Self::Database(_) => "Look at what /etc/nsswitch.conf names, and whether it can be reached.",
        }
    }
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
