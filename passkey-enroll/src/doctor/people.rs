//! The people of this machine, and which of them have passkeys.

use std::collections::BTreeSet;
use std::path::PathBuf;

use passkey_core::account::{Account, UserDatabase};
use passkey_core::config::{Config, Template};
use passkey_core::credential::UserHandle;
use passkey_core::session::{FindError, find_passkeys};
use passkey_core::store::{Loaded, SkippedEntry, Store, StoreError};

use crate::doctor::finding::{Area, Finding, listed};
use crate::doctor::machine::Machine;
use crate::doctor::probe::users::{IdRange, PasswordState, User};
use crate::doctor::user_sources;
use crate::pam::simulate::{MissingPasskey, ServiceAccess};

/// The most people who are looked at.
const MOST: usize = 1000;
/// The most credential files whose users are looked up.
const MAX_FILES: usize = 10_000;
/// User ids of people where `/etc/login.defs` does not say otherwise.
const PEOPLE: IdRange = IdRange { first: 1000, last: 60_000 };
/// What stands for the user in a place for credential files.
const PLACEHOLDERS: [&str; 2] = ["{user}", "{uid}"];

/// The accounts of people.
#[derive(Debug)]
pub(crate) struct Roster {
    /// At most [`MOST`].
    pub(crate) accounts: Vec<Account>,
    /// How many more there are.
    pub(crate) more: usize,
    /// Sources of the user database that may know people whom they do not list.
    pub(crate) unlisted: Vec<String>,
    /// Why the list of accounts is not complete.
    pub(crate) incomplete: Option<String>,
    /// Every name that the user database lists, people's or not.
    names: Vec<String>,
}

impl Roster {
    /// Everyone who signs in, as far as that can be seen: those whom the user database lists, and those who have a credential
    /// file and are not listed.
    pub(crate) fn of(machine: &Machine, config: &Config) -> Self {
        let range = id_range(&machine.text("/etc/login.defs").unwrap_or_default());
        let listing = machine.probe.users(range);
        let people = listing.users.iter().filter(|user| is_person(user, range)).map(User::account);
        let mut accounts: Vec<Account> = Vec::new();
        // A name that several sources know is the first one's.
        let mut known = BTreeSet::new();
        accounts.extend(people.filter(|account| known.insert(account.name.clone())));
        let is_new = |user: &FileUser| !matches!(user, FileUser::Name(name) if known.contains(name));
        let enrolled = enrolled(machine.probe.database(), config, is_new);
        accounts.extend(enrolled.into_iter().filter(|account| known.insert(account.name.clone())));
        let more = accounts.len().saturating_sub(MOST);
        accounts.truncate(MOST);
        Self {
            accounts,
            more,
            unlisted: user_sources::unlisted(machine),
            incomplete: listing.incomplete,
            names: listing.users.into_iter().map(|user| user.name).collect(),
        }
    }

    /// Who may be missing, as a sentence's beginning. `None` where the list is complete.
    pub(crate) fn unseen(&self) -> Option<String> {
        match (&self.incomplete, self.unlisted.as_slice()) {
            (Some(reason), _) => Some(format!("The user database cannot be listed ({reason})")),
            (None, []) => None,
            (None, sources) => {
                let names: Vec<&str> = sources.iter().map(String::as_str).collect();
                let verb = if names.len() == 1 { "does" } else { "do" };
                Some(format!("{} (in /etc/nsswitch.conf) {verb} not list every user", listed(&names)))
            }
        }
    }
}

/// Whether a person signs in to an account that is listed.
fn is_person(user: &User, range: IdRange) -> bool {
    if !user.has_login_shell() {
        return false;
    }
    let may_have_password = user.password != Some(PasswordState::Locked);
    match user.uid {
        // Not where nothing is known of it.
        0 => user.password == Some(PasswordState::Usable),
        uid if range.contains(uid) => true,
        // Those of homed, of directories, and others with an assigned number.
        uid if uid > range.last => may_have_password,
        _ => user.password == Some(PasswordState::Usable),
    }
}

/// The accounts that have a credential file where the configuration looks, listed or not; of those that are worth a look-up.
fn enrolled(
    users: &dyn UserDatabase,
    config: &Config,
    is_wanted: impl Fn(&FileUser) -> bool,
) -> Vec<Account> {
    let templates = config.credential_files.iter().filter(|template| !template.is_per_user());
    let found = templates.flat_map(credential_file_users).filter(is_wanted).filter_map(|user| match user {
        // A file under another name than the database's own is never read.
        FileUser::Name(name) => users.by_name(&name).ok()?.filter(|account| account.name == name),
        FileUser::Uid(uid) => users.by_uid(uid).ok()?,
    });
    let store = Store::new(config);
    // A file that cannot be read is not one that holds nothing.
    let is_enrolled = |account: &Account| {
        store.load(account).map_or(true, |loaded| loaded.is_some_and(|loaded| !loaded.file.is_unenrolled()))
    };
    found.filter(is_enrolled).collect()
}

/// Whose a credential file is, by its path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FileUser {
    Name(String),
    Uid(u32),
}

/// The users whose credential files there are, going by the names of the files, or of the folders where each has one.
pub(super) fn credential_file_users(template: &Template) -> Vec<FileUser> {
    let folder = template.directory();
    let below = folder.to_str().and_then(|folder| template.as_str().strip_prefix(folder)?.strip_prefix('/'));
    let Some(below) = below else { return Vec::new() };
    let (first, rest) = below.split_once('/').unwrap_or((below, ""));
    let parts = PLACEHOLDERS.iter().find_map(|word| Some((*word, first.split_once(word)?)));
    let Some((word, (before, after))) = parts.filter(|_| !rest.contains('{')) else { return Vec::new() };
    let entries = folder.read_dir().into_iter().flatten().take(MAX_FILES).filter_map(Result::ok);
    let has_file = |entry: &std::fs::DirEntry| rest.is_empty() || entry.path().join(rest).exists();
    let names = entries.filter(has_file).filter_map(|entry| entry.file_name().into_string().ok());
    let users = names.filter(|name| !name.starts_with('.')).filter_map(|name| {
        let user = name.strip_prefix(before)?.strip_suffix(after)?;
        if word == "{uid}" {
            user.parse().ok().map(FileUser::Uid)
        } else {
            Some(FileUser::Name(user.to_owned()))
        }
    });
    let mut users: Vec<FileUser> = users.collect();
    users.sort();
    users
}

/// The people of this machine.
#[derive(Debug)]
pub(super) struct People {
    /// Those who were looked at.
    pub(super) seen: Vec<Person>,
    /// How many more there are.
    pub(super) unseen: usize,
    roster: Roster,
    /// Every name that is known to be in the user database.
    names: BTreeSet<String>,
}

/// A person who signs in.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) enrolment: Enrolment,
}

/// What a person has.
#[derive(Debug)]
pub(super) enum Enrolment {
    /// A passkey that can sign in.
    Usable(Kept),
    /// None that could.
    Lacking(MissingPasskey, Option<Kept>),
    /// A file that cannot be read.
    Unreadable(StoreError),
    /// It cannot be seen: only root can, or the user database does not answer.
    Hidden,
}

/// A credential file.
#[derive(Debug)]
pub(super) struct Kept {
    /// Whose file it is: theirs, or that of another name of the same user id.
    pub(super) owner: String,
    pub(super) path: PathBuf,
    pub(super) handle: UserHandle,
    pub(super) skipped: Vec<SkippedEntry>,
}

impl People {
    pub(super) fn of(machine: &Machine, config: &Config, store: &Store) -> Self {
        let roster = Roster::of(machine, config);
        let people = roster.accounts.iter().map(|account| Person {
            enrolment: Enrolment::of(machine, store, account),
            name: account.name.clone(),
        });
        let seen: Vec<Person> = people.collect();
        let names = roster.names.iter().chain(seen.iter().map(|person| &person.name)).cloned().collect();
        Self { seen, unseen: roster.more, names, roster }
    }

    /// Whether there is a user of this name, listed or not.
    pub(super) fn has(&self, machine: &Machine, name: &str) -> bool {
        self.names.contains(name) || !matches!(machine.probe.database().by_name(name), Ok(None))
    }

    /// What cannot be said of services that are closed to people without a passkey.
    pub(super) fn unseen_findings(&self, gates: &[&ServiceAccess]) -> Vec<Finding> {
        let Some(unseen) = self.roster.unseen() else { return Vec::new() };
        let closed: Vec<&str> = gates
            .iter()
            .filter(|gate| gate.is_closed_to(MissingPasskey::Unenrolled))
            .map(|gate| gate.service.as_str())
            .collect();
        let findings = closed.iter().map(|service| {
            let message =
                format!("{unseen}: people without a passkey, to whom {service} is closed, may not be known here.");
            Finding::note(Area::Services, "people_unseen", message)
                .remedy("Ask the directory who signs in to this machine, and enrol them: sudo passkey-enroll add --user NAME")
        });
        findings.collect()
    }
}

impl Enrolment {
    fn of(machine: &Machine, store: &Store, account: &Account) -> Self {
        match find_passkeys(store, machine.probe.database(), account) {
            Ok(Some((owner, loaded))) => {
                let is_usable = loaded.file.enabled().next().is_some();
                let kept = Kept::new(&owner, loaded);
                if is_usable {
                    Self::Usable(kept)
                } else {
                    Self::Lacking(MissingPasskey::NoneUsable, Some(kept))
                }
            }
            // A file that holds nothing still holds the user's handle.
            Ok(None) => match store.load(account) {
                Ok(loaded) => {
                    Self::Lacking(MissingPasskey::Unenrolled, loaded.map(|loaded| Kept::new(account, loaded)))
                }
                Err(error) => Self::of_error(machine, error),
            },
            Err(FindError::Store(error)) => Self::of_error(machine, error),
            Err(FindError::Users(_)) => Self::Hidden,
        }
    }

    fn of_error(machine: &Machine, error: StoreError) -> Self {
        if error.is_not_permitted() && !machine.is_root { Self::Hidden } else { Self::Unreadable(error) }
    }
}

impl Kept {
    fn new(owner: &Account, Loaded { path, file }: Loaded) -> Self {
        Self { owner: owner.name.clone(), path, handle: file.user_handle, skipped: file.skipped }
    }
}

impl Person {
    /// What is kept of their own passkeys, where it could be read.
    pub(super) fn own(&self) -> Option<&Kept> {
        let kept = match &self.enrolment {
            Enrolment::Usable(kept) | Enrolment::Lacking(_, Some(kept)) => kept,
            Enrolment::Lacking(_, None) | Enrolment::Unreadable(_) | Enrolment::Hidden => return None,
        };
        (kept.owner == self.name).then_some(kept)
    }
}

/// `UID_MIN` and `UID_MAX` (login.defs(5)).
fn id_range(defs: &str) -> IdRange {
    let value = |key: &str| {
        defs.lines().find_map(|line| {
            let mut words = line.split_ascii_whitespace();
            (words.next() == Some(key)).then(|| words.next()?.parse().ok())?
        })
    };
    IdRange { first: value("UID_MIN").unwrap_or(PEOPLE.first), last: value("UID_MAX").unwrap_or(PEOPLE.last) }
}

/// Whether a password could sign the user in (shadow(5)).
pub(super) fn has_password(shadow: &str, name: &str) -> bool {
    let line = shadow.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|rest| rest.split(':').next()).is_some_and(|hash| !hash.starts_with(['!', '*']))
}

#[cfg(test)]
#[path = "people_tests.rs"]
mod tests;
