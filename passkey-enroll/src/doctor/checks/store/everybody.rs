//! The files of all users.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use passkey_core::account::Account;
use passkey_core::config::{Config, Template};
use passkey_core::store::Store;
use rustix::fs::{FlockOperation, Mode, OFlags};

use super::{MOST, damage, place, remedy, unreadable};
use crate::doctor::finding::{Area, Finding, listed};
use crate::doctor::machine::Machine;
use crate::doctor::people::{Enrolment, FileUser, People, credential_file_users};

/// Writing a file never takes this long.
const STALE: Duration = Duration::from_secs(3600);
/// The most files of a folder that are looked at.
const MAX_FILES: usize = 10_000;

/// The files of all users.
pub(in crate::doctor) fn of_everybody(
    machine: &Machine,
    store: &Store,
    config: &Config,
    account: &Account,
    people: &People,
    index_is_needed: bool,
) -> Vec<Finding> {
    if !machine.is_root {
        let message = "The passkeys of other users, locks and leftovers were not looked at.";
        return vec![Finding::note(Area::Store, "not_root", message).remedy("Run this with sudo.")];
    }
    let mut findings = damage_of_others(machine, account, people);
    findings.extend(shared_handles(people));
    findings.extend(index(store, people, index_is_needed));
    for template in config.credential_files.iter().filter(|template| !template.is_per_user()) {
        let folder = template.directory();
        findings.extend(leftovers(folder));
        findings.extend(files_of_nobody(machine, template, people));
    }
    findings.extend(leftovers(&config.state_dir));
    findings
}

fn damage_of_others(machine: &Machine, account: &Account, people: &People) -> Vec<Finding> {
    let mut findings = Vec::new();
    for person in people.seen.iter().filter(|person| person.name != account.name) {
        match &person.enrolment {
            Enrolment::Unreadable(error) => findings.push(unreadable(machine, &person.name, error)),
            // Those of another name of the same user id are told of under that name.
            Enrolment::Usable(_) | Enrolment::Lacking(..) | Enrolment::Hidden => {
                let own = person.own().into_iter();
                findings.extend(own.flat_map(|kept| damage(&person.name, &kept.path, &kept.skipped)));
            }
        }
        if findings.len() >= MOST {
            let message = "There may be more of this kind: only the first few were looked at.";
            findings.push(Finding::note(Area::Store, "more_damage", message));
            break;
        }
    }
    findings
}

/// Two users with one handle: which of them a key means cannot be told.
fn shared_handles(people: &People) -> Vec<Finding> {
    let mut holders: BTreeMap<&[u8], Vec<&str>> = BTreeMap::new();
    for person in &people.seen {
        if let Some(kept) = person.own() {
            holders.entry(kept.handle.as_bytes()).or_default().push(&person.name);
        }
    }
    let shared = holders.values().filter(|names| names.len() > 1).take(MOST);
    shared
        .map(|names| {
            let message = format!(
                "{} have the same user handle: without a user name, the wrong one may sign in.",
                listed(names)
            );
            Finding::warning(Area::Store, "handle_shared", message)
                .remedy("A credential file was copied. Remove the copy and enrol its user again.")
        })
        .collect()
}

/// Whether a key can tell whose it is.
fn index(store: &Store, people: &People, is_needed: bool) -> Option<Finding> {
    let mut lost = Vec::new();
    for person in &people.seen {
        let Some(kept) = person.own() else { continue };
        match store.user_of_handle(&kept.handle) {
            Ok(Some(name)) if name == person.name => {}
            Ok(_) => lost.push(person.name.as_str()),
            Err(error) => {
                let message = format!("{error}. Signing in without a user name does not work.");
                let finding = place(Finding::warning(Area::Store, "index_broken", message), &error);
                return Some(finding.remedy(remedy(&error)));
            }
        }
    }
    if lost.is_empty() {
        return None;
    }
    let message = format!(
        "The index of user handles does not know {}: they cannot sign in without a user name.",
        listed(&lost)
    );
    let finding = if is_needed {
        Finding::warning(Area::Store, "index_incomplete", message)
    } else {
        Finding::note(Area::Store, "index_incomplete", message)
    };
    Some(finding.remedy("The next change of their passkeys repairs it, such as enrolling or renaming one."))
}

/// What killed writers have left behind, and locks that are held.
fn leftovers(folder: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in entries(folder).filter(|name| name.as_encoded_bytes().starts_with(b".")) {
        let path = folder.join(&name);
        let bytes = name.as_encoded_bytes();
        if bytes.ends_with(b".tmp") && is_stale(&path) {
            let message =
                "A process that was killed while writing has left this file behind. It does no harm.";
            let finding = Finding::note(Area::Store, "leftover", message).at(&path);
            findings.push(finding.remedy(format!("rm {}", path.display())));
        } else if bytes.ends_with(b".lock") && is_locked(&path) {
            let message =
                "Another process holds the lock: until it is done, nothing can be enrolled or recorded.";
            let finding = Finding::warning(Area::Store, "locked", message).at(&path);
            findings
                .push(finding.remedy(format!("If it lasts, find the process: fuser -v {}", path.display())));
        }
        if findings.len() >= MOST {
            break;
        }
    }
    findings
}

fn is_stale(path: &Path) -> bool {
    let modified = path.symlink_metadata().and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| SystemTime::now().duration_since(modified).is_ok_and(|age| age > STALE))
}

fn is_locked(path: &Path) -> bool {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(lock) = rustix::fs::open(path, flags, Mode::empty()) else { return false };
    // Released at once, when it is closed.
    matches!(
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive),
        Err(rustix::io::Errno::AGAIN)
    )
}

/// Files of users who are gone: should the name be given away again, its new owner inherits the passkeys.
fn files_of_nobody(machine: &Machine, template: &Template, people: &People) -> Option<Finding> {
    let is_gone = |user: &FileUser| match user {
        FileUser::Name(name) => !people.has(machine, name),
        FileUser::Uid(uid) => matches!(machine.probe.database().by_uid(*uid), Ok(None)),
    };
    let gone = credential_file_users(template).into_iter().filter(is_gone).map(|user| match user {
        FileUser::Name(name) => name,
        FileUser::Uid(uid) => uid.to_string(),
    });
    let names: Vec<String> = gone.collect();
    if names.is_empty() {
        return None;
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let message = format!(
        "There are passkeys of users who do not exist: {}. A new user of such a name would get the passkeys.",
        listed(&names)
    );
    Some(
        Finding::note(Area::Store, "files_of_nobody", message)
            .at(template.directory())
            .remedy("Remove the files of users who are gone."),
    )
}

fn entries(folder: &Path) -> impl Iterator<Item = OsString> {
    let entries = fs::read_dir(folder).into_iter().flatten().take(MAX_FILES);
    let mut names: Vec<OsString> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    names.sort();
    names.into_iter()
}
