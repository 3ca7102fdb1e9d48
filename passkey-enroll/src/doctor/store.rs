//! The files of the passkeys: can they be trusted, read and written?

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use passkey_core::config::{Account, Config};
use passkey_core::safe_file::{Owner, SafeFileError, TrustedDir};
use passkey_core::store::{Loaded, SkippedEntry, Store, StoreError};
use rustix::fs::{FlockOperation, Mode, OFlags, StatVfsMountFlags};

use super::access::{self, Subject, Want};
use super::finding::{Area, Finding, listed};
use super::machine::Machine;
use super::people::{Enrolment, People};

/// The most faults of one kind that are told one by one.
const MOST: usize = 8;
/// Nobody takes so long to write a file.
const STALE: Duration = Duration::from_secs(3600);
/// The most files of a folder that are looked at.
const MAX_FILES: usize = 10_000;

/// The user's credential file, and what is to be said of it and of their state.
pub(super) fn of_account(
    machine: &Machine,
    store: &Store,
    config: &Config,
    account: &Account,
) -> (Option<Loaded>, Vec<Finding>) {
    let mut findings = Vec::new();
    let loaded = match store.load(account) {
        Ok(loaded) => loaded,
        Err(error) => {
            findings.push(unreadable(machine, &account.name, &error));
            None
        }
    };
    if let Some(loaded) = &loaded {
        findings.extend(damage(&account.name, &loaded.path, &loaded.file.skipped));
        if loaded.file.credentials.is_empty() && !loaded.file.skipped.is_empty() {
            let message = format!("No passkey of {} can be read: they cannot sign in.", account.name);
            findings.push(
                Finding::error(Area::Store, "all_damaged", message)
                    .at(&loaded.path)
                    .remedy("Restore the file from a copy, or remove the damaged entries and enrol again."),
            );
        }
        findings.extend(not_for_its_user(config, account, &loaded.path));
        if findings.is_empty() {
            let message = format!("The passkeys of {} can be read and trusted.", account.name);
            findings.push(Finding::ok(Area::Store, "credential_file", message).at(&loaded.path));
        }
    }
    findings.extend(state(machine, store, config, account));
    (loaded, findings)
}

/// The module's own word for it.
fn unreadable(machine: &Machine, user: &str, error: &StoreError) -> Finding {
    if error.is_not_permitted() && !machine.is_root {
        let finding =
            Finding::note(Area::Store, "store_hidden", format!("Only root can see all there is: {error}."));
        return place(finding, error).remedy("Run this with sudo.");
    }
    let message =
        format!("{error}. {user} cannot sign in with a passkey, and is not taken for somebody who has none.");
    place(Finding::error(Area::Store, "store_broken", message), error).remedy(remedy(error))
}

fn place(finding: Finding, error: &StoreError) -> Finding {
    match error {
        StoreError::File(refusal) => finding.at(refusal.path()),
        StoreError::Malformed { path, error } => finding.at_line(path, error.line),
        StoreError::NotEnrolled { path }
        | StoreError::Locked { path }
        | StoreError::Write { path, .. }
        | StoreError::Full { path, .. }
        | StoreError::Unwritable { path } => finding.at(path),
        StoreError::Account { .. }
        | StoreError::NoPlace
        | StoreError::Identity(_)
        | StoreError::Random(_) => finding,
    }
}

fn remedy(error: &StoreError) -> String {
    match error {
        StoreError::File(refusal) => file_remedy(refusal, None),
        StoreError::Malformed { .. } => "Restore the file from a copy, or put the line right.".to_owned(),
        StoreError::Account { .. } | StoreError::NoPlace => {
            "Change credential_files in passkey.toml so that every user has a place in it.".to_owned()
        }
        StoreError::NotEnrolled { .. }
        | StoreError::Locked { .. }
        | StoreError::Write { .. }
        | StoreError::Full { .. }
        | StoreError::Unwritable { .. }
        | StoreError::Identity(_)
        | StoreError::Random(_) => "Run this again; if it stays, look into the system's log.".to_owned(),
    }
}

/// The command that puts it right. `mode`: what a file of this kind has.
pub(super) fn file_remedy(refusal: &SafeFileError, mode: Option<&str>) -> String {
    let path = refusal.path().display();
    match refusal {
        SafeFileError::NotFound { .. } => format!("Create {path}."),
        SafeFileError::Denied { .. } => {
            format!("chmod {} {path}; look for denials of SELinux or AppArmor too", mode.unwrap_or("go+rX"))
        }
        SafeFileError::Symlink { .. } => format!(
            "Put the file or folder itself in the place of the link: cp -aL {path} {path}.new && mv -T {path}.new {path}"
        ),
        SafeFileError::NotDirectory { .. } => format!("Move {path} out of the way: a folder belongs there."),
        SafeFileError::NotRegular { .. } => format!("Move {path} out of the way: a file belongs there."),
        SafeFileError::ForeignOwner { accepted: Owner::Root, .. } => format!("chown root {path}"),
        SafeFileError::ForeignOwner { accepted: Owner::RootOr(user), .. } => {
            format!("chown root {path} (or, if it is a user's own: chown {user} {path})")
        }
        SafeFileError::WritableByOthers { .. } => format!("chmod go-w {path}"),
        SafeFileError::HardLinked { .. } => format!("cp -a {path} {path}.new && mv {path}.new {path}"),
        SafeFileError::TooLarge { .. } => format!("Remove from {path} what does not belong there."),
        SafeFileError::NotPlain { .. } => "Give an absolute path without `.` and `..`.".to_owned(),
        SafeFileError::Io { .. } => "Look into the system's log; the disk may be failing.".to_owned(),
    }
}

/// Entries that are passed over.
fn damage(user: &str, path: &Path, skipped: &[SkippedEntry]) -> Vec<Finding> {
    let named = skipped.iter().take(MOST).map(|entry| {
        let name = entry.name.as_ref().map(|name| format!(" “{name}”")).unwrap_or_default();
        let message = format!("The passkey{name} of {user} is passed over: {}.", entry.reason);
        Finding::warning(Area::Store, "entry_damaged", message)
            .at_line(path, Some(entry.line))
            .remedy("Restore the entry from a copy, or remove it and enrol the key again.")
    });
    let mut findings: Vec<Finding> = named.collect();
    if let Some(more) = skipped.len().checked_sub(MOST).filter(|more| *more > 0) {
        let message = format!("{more} more passkeys of {user} are passed over.");
        findings.push(Finding::warning(Area::Store, "entry_damaged", message).at(path));
    }
    findings
}

/// Screen lockers run as the user, and read the user's file.
fn not_for_its_user(config: &Config, account: &Account, path: &Path) -> Option<Finding> {
    let is_per_user = |path: &Path| {
        let own = config.credential_files.iter().filter(|template| template.is_per_user());
        own.filter_map(|template| template.expand(account).ok()).any(|own| own == path)
    };
    if is_per_user(path) || access::reaches(&Subject::of(account), path, Want::Read) != Some(false) {
        return None;
    }
    let (user, file) = (&account.name, path.display());
    let message =
        format!("{user} cannot read their own passkeys: screen lockers, which run as {user}, refuse them.");
    Some(Finding::warning(Area::Store, "credential_file_not_for_user", message).at(path).remedy(format!(
        "chown root:$(id -g {user}) {file} && chmod 640 {file}; chmod a+x on the folders above it"
    )))
}

/// Counters and last use.
fn state(machine: &Machine, store: &Store, config: &Config, account: &Account) -> Vec<Finding> {
    let mut findings = Vec::new();
    match store.load_state(account) {
        Ok(state) if state.skipped().is_empty() => {}
        Ok(state) => {
            let message = format!(
                "{} entries of the counters of {} are passed over.",
                state.skipped().len(),
                account.name
            );
            findings.push(
                Finding::note(Area::Store, "state_damaged", message)
                    .at(&config.state_dir)
                    .remedy("Remove them: they come back with the next sign-in."),
            );
        }
        Err(error) if error.is_not_permitted() && !machine.is_root => {}
        Err(error) => {
            let message = format!(
                "{error}. Counters of {} are not compared; where counter=deny, they cannot sign in.",
                account.name
            );
            findings.push(place(Finding::warning(Area::Store, "state_broken", message), &error).remedy(
                match &error {
                    StoreError::File(refusal) => file_remedy(refusal, None),
                    _ => "Remove this file: it is written anew with the next sign-in.".to_owned(),
                },
            ));
            return findings;
        }
    }
    findings.extend(state_folder(machine, &config.state_dir));
    findings
}

/// Whether what is to be remembered can be written.
fn state_folder(machine: &Machine, folder: &Path) -> Option<Finding> {
    let trusted = TrustedDir::open(folder, machine.owner);
    let fault = match &trusted {
        Ok(_) | Err(SafeFileError::NotFound { .. }) => None,
        Err(SafeFileError::Denied { .. }) if !machine.is_root => None,
        Err(error) => Some((error.to_string(), error.path().to_owned(), file_remedy(error, None))),
    };
    // It is made when it is needed, by then in the nearest folder that there is.
    let nearest = folder.ancestors().find(|folder| folder.exists()).unwrap_or(folder);
    let fault = fault.or_else(|| {
        let flags = rustix::fs::statvfs(nearest).ok()?.f_flag;
        flags.contains(StatVfsMountFlags::RDONLY).then(|| {
            let message = format!("{}: the file system is read-only", folder.display());
            let remedy = format!(
                "Mount something writable at {}, or set state_dir in passkey.toml.",
                folder.display()
            );
            (message, folder.to_owned(), remedy)
        })
    });
    let (message, path, remedy) = fault?;
    let message = format!("{message}. Counters and the time of the last use are not kept.");
    Some(Finding::warning(Area::Store, "state_not_writable", message).at(&path).remedy(remedy))
}

/// The files of all users.
pub(super) fn of_everybody(
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
        findings.extend(files_of_nobody(folder, template.as_str(), people));
    }
    findings.extend(leftovers(&config.state_dir));
    findings
}

fn damage_of_others(machine: &Machine, account: &Account, people: &People) -> Vec<Finding> {
    let mut findings = Vec::new();
    for person in people.people.iter().filter(|person| person.name != account.name) {
        match &person.enrolment {
            Enrolment::Unreadable(error) => findings.push(unreadable(machine, &person.name, error)),
            Enrolment::Usable(kept) | Enrolment::Lacking(_, Some(kept)) => {
                findings.extend(damage(&person.name, &kept.path, &kept.skipped));
            }
            Enrolment::Lacking(_, None) | Enrolment::Hidden => {}
        }
        if findings.len() >= MOST {
            let message = "There may be more of this kind: only the first were looked at.";
            findings.push(Finding::note(Area::Store, "more_damage", message));
            break;
        }
    }
    findings
}

/// Two users with one handle: nobody could tell which of them a key means.
fn shared_handles(people: &People) -> Vec<Finding> {
    let mut holders: BTreeMap<&[u8], Vec<&str>> = BTreeMap::new();
    for person in &people.people {
        if let Some(kept) = person.enrolment.kept() {
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
                .remedy("A credential file was copied. Remove the copy and enrol its user anew.")
        })
        .collect()
}

/// Whether a key can tell whose it is.
fn index(store: &Store, people: &People, is_needed: bool) -> Option<Finding> {
    let mut lost = Vec::new();
    for person in &people.people {
        let Some(kept) = person.enrolment.kept() else { continue };
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
    Some(
        finding
            .remedy("It is mended by the next change of their passkeys, such as enrolling or renaming one."),
    )
}

/// What writers that were killed have left, and who holds a lock.
fn leftovers(folder: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in entries(folder).filter(|name| name.as_encoded_bytes().starts_with(b".")) {
        let path = folder.join(&name);
        let bytes = name.as_encoded_bytes();
        if bytes.ends_with(b".tmp") && is_stale(&path) {
            let message = "A writer that was killed has left this file behind. It does no harm.";
            let finding = Finding::note(Area::Store, "leftover", message).at(&path);
            findings.push(finding.remedy(format!("rm {}", path.display())));
        } else if bytes.ends_with(b".lock") && is_locked(&path) {
            let message =
                "Another process holds the lock: nothing can be enrolled or written down meanwhile.";
            let finding = Finding::warning(Area::Store, "locked", message).at(&path);
            findings
                .push(finding.remedy(format!("If it stays so, see who it is: fuser -v {}", path.display())));
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
    // Given up again at once, when it is closed.
    matches!(
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive),
        Err(rustix::io::Errno::AGAIN)
    )
}

/// Files of users who are gone: should the name be given away again, its new owner inherits the passkeys.
fn files_of_nobody(folder: &Path, template: &str, people: &People) -> Option<Finding> {
    let pattern = template.strip_prefix(folder.to_str()?)?.strip_prefix('/')?;
    let (before, after) = pattern.split_once("{user}").filter(|(_, after)| !after.contains(['{', '/']))?;
    let names: Vec<String> = entries(folder)
        .filter_map(|name| name.into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .filter_map(|name| name.strip_prefix(before)?.strip_suffix(after).map(str::to_owned))
        .filter(|name| !people.has(name))
        .collect();
    if names.is_empty() {
        return None;
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let message = format!(
        "There are passkeys of users who are not there: {}. Whoever gets such a name gets the passkeys.",
        listed(&names)
    );
    Some(
        Finding::note(Area::Store, "files_of_nobody", message)
            .at(folder)
            .remedy("Remove the files of users who are gone."),
    )
}

fn entries(folder: &Path) -> impl Iterator<Item = OsString> {
    let entries = fs::read_dir(folder).into_iter().flatten().take(MAX_FILES);
    let mut names: Vec<OsString> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    names.sort();
    names.into_iter()
}
