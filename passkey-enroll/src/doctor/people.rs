//! The people of this machine, and which of them have passkeys.

use std::path::PathBuf;

use passkey_core::account::{Account, PasswdEntry};
use passkey_core::credential::UserHandle;
use passkey_core::store::{Loaded, SkippedEntry, Store, StoreError};

use crate::doctor::machine::Machine;
use crate::pam::simulate::MissingPasskey;

/// The most people who are looked at.
const MOST: usize = 1000;
/// User ids of people where `/etc/login.defs` does not say otherwise.
const PEOPLE: (u32, u32) = (1000, 60_000);
/// Shells of accounts that nobody signs in to.
const NO_SHELLS: [&str; 4] = ["nologin", "false", "sync", "true"];

/// The people of this machine.
#[derive(Debug)]
pub(super) struct People {
    /// Those who were looked at.
    pub(super) seen: Vec<Person>,
    /// How many more there are.
    pub(super) unseen: usize,
    /// Every name in the user database's file.
    names: Vec<String>,
}

/// Somebody who signs in.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) enrolment: Enrolment,
}

/// What somebody has.
#[derive(Debug)]
pub(super) enum Enrolment {
    /// A passkey that can sign in.
    Usable(Kept),
    /// None that could.
    Lacking(MissingPasskey, Option<Kept>),
    /// Something that cannot be read.
    Unreadable(StoreError),
    /// Only root can see it.
    Hidden,
}

/// What is kept of somebody's passkeys.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) path: PathBuf,
    pub(super) handle: UserHandle,
    pub(super) skipped: Vec<SkippedEntry>,
}

impl People {
    pub(super) fn of(machine: &Machine, store: &Store) -> Self {
        let passwd = machine.text("/etc/passwd").unwrap_or_default();
        let range = id_range(&machine.text("/etc/login.defs").unwrap_or_default());
        let root_signs_in = machine.text("/etc/shadow").is_some_and(|shadow| has_password(&shadow, "root"));
        let accounts: Vec<Account> = passwd
            .lines()
            .filter_map(parse)
            .filter(|(account, shell)| {
                let is_person =
                    (range.0..=range.1).contains(&account.uid) || (account.uid == 0 && root_signs_in);
                is_person && !NO_SHELLS.contains(&shell.rsplit('/').next().unwrap_or_default())
            })
            .map(|(account, _)| account)
            .collect();
        let unseen = accounts.len().saturating_sub(MOST);
        let people = accounts.into_iter().take(MOST).map(|account| Person {
            enrolment: Enrolment::of(machine, store, &account),
            name: account.name.clone(),
        });
        Self {
            seen: people.collect(),
            unseen,
            names: passwd.lines().filter_map(parse).map(|(account, _)| account.name.clone()).collect(),
        }
    }

    /// Whether there is a user of this name, here or in a directory of the network.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
            || !matches!(nix::unistd::User::from_name(name), Ok(None))
    }
}

impl Enrolment {
    fn of(machine: &Machine, store: &Store, account: &Account) -> Self {
        match store.load(account) {
            Ok(None) => Self::Lacking(MissingPasskey::Unenrolled, None),
            Ok(Some(Loaded { path, file })) => {
                let is_unenrolled = file.is_unenrolled();
                let is_usable = file.enabled().next().is_some();
                let kept = Kept { path, handle: file.user_handle, skipped: file.skipped };
                match (is_usable, is_unenrolled) {
                    (true, _) => Self::Usable(kept),
                    (false, true) => Self::Lacking(MissingPasskey::Unenrolled, Some(kept)),
                    (false, false) => Self::Lacking(MissingPasskey::NoneUsable, Some(kept)),
                }
            }
            Err(error) if error.is_not_permitted() && !machine.is_root => Self::Hidden,
            Err(error) => Self::Unreadable(error),
        }
    }

    /// What is kept, where it could be read.
    pub(super) fn kept(&self) -> Option<&Kept> {
        match self {
            Self::Usable(kept) | Self::Lacking(_, Some(kept)) => Some(kept),
            Self::Lacking(_, None) | Self::Unreadable(_) | Self::Hidden => None,
        }
    }
}

/// A line of passwd(5), and the shell.
fn parse(line: &str) -> Option<(Account, &str)> {
    let account = Account::from_entry(PasswdEntry::parse(line)?);
    Some((account, line.split(':').nth(6).unwrap_or_default()))
}

/// `UID_MIN` and `UID_MAX` (login.defs(5)).
fn id_range(defs: &str) -> (u32, u32) {
    let value = |key: &str| {
        defs.lines().find_map(|line| {
            let mut words = line.split_ascii_whitespace();
            (words.next() == Some(key)).then(|| words.next()?.parse().ok())?
        })
    };
    (value("UID_MIN").unwrap_or(PEOPLE.0), value("UID_MAX").unwrap_or(PEOPLE.1))
}

/// Whether a password could sign the user in (shadow(5)).
pub(super) fn has_password(shadow: &str, name: &str) -> bool {
    let line = shadow.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|rest| rest.split(':').next()).is_some_and(|hash| !hash.starts_with(['!', '*']))
}

#[cfg(test)]
#[path = "people_tests.rs"]
mod tests;
