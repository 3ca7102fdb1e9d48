//! The files of the passkeys: can they be trusted, read and written?

mod everybody;
mod recovery;

use std::path::{Path, PathBuf};

use passkey_core::account::Account;
use passkey_core::config::Config;
use passkey_core::safe_file::{Owner, SafeFileError, TrustedDir};
use passkey_core::session::{FindError, find_passkeys};
use passkey_core::store::{Loaded, SkippedEntry, Store, StoreError};
use rustix::fs::StatVfsMountFlags;

use crate::doctor::finding::{Area, Finding};
use crate::doctor::machine::Machine;
use crate::doctor::probe::access::{Access, Identity};

pub(in crate::doctor) use everybody::of_everybody;
pub(in crate::doctor) use recovery::{accepted_by, check as check_recovery};

/// The most faults of one kind that are reported one by one.
const MOST: usize = 8;

/// A credential file, and whose it is.
pub(in crate::doctor) type Owned = (Account, Loaded);

/// The credential file that signs the user in and whose it is, and what is found in it and in its state.
pub(in crate::doctor) fn of_account(
    machine: &Machine,
    store: &Store,
    config: &Config,
    account: &Account,
) -> (Result<Option<Owned>, StoreError>, Vec<Finding>) {
    let mut findings = Vec::new();
    let loaded = load(machine, store, account).inspect_err(|error| {
        findings.push(unreadable(machine, &account.name, error));
    });
    if let Ok(Some((owner, loaded))) = &loaded {
        findings.extend(damage(&owner.name, &loaded.path, &loaded.file.skipped));
        if loaded.file.credentials.is_empty() && !loaded.file.skipped.is_empty() {
            let message = format!("No passkey of {} can be read: they cannot sign in.", account.name);
            findings.push(
                Finding::error(Area::Store, "all_damaged", message)
                    .at(&loaded.path)
                    .remedy("Restore the file from a copy, or remove the damaged entries and enrol again."),
            );
        }
        findings.extend(not_for_its_user(machine, config, account, &loaded.path));
        if findings.is_empty() {
            let message = format!("The passkeys of {} can be read and trusted.", account.name);
            findings.push(Finding::ok(Area::Store, "credential_file", message).at(&loaded.path));
        }
    }
    let owner = loaded.as_ref().ok().and_then(|loaded| Some(&loaded.as_ref()?.0));
    findings.extend(state(machine, store, config, owner.unwrap_or(account)));
    (loaded, findings)
}

/// By the module's rule: their own, or that of another name of the same user id.
fn load(machine: &Machine, store: &Store, account: &Account) -> Result<Option<Owned>, StoreError> {
    match find_passkeys(store, machine.probe.database(), account) {
        Ok(Some(found)) => Ok(Some(found)),
        // A file that holds nothing is a file all the same.
        Ok(None) | Err(FindError::Users(_)) => {
            Ok(store.load(account)?.map(|loaded| (account.clone(), loaded)))
        }
        Err(FindError::Store(error)) => Err(error),
    }
}

/// In the module's own words.
fn unreadable(machine: &Machine, user: &str, error: &StoreError) -> Finding {
    if error.is_not_permitted() && !machine.is_root {
        let finding =
            Finding::note(Area::Store, "store_hidden", format!("Only root can see everything: {error}."));
        return place(finding, error).remedy("Run this with sudo.");
    }
    let message =
        format!("{error}. {user} cannot sign in with a passkey, and is not treated as a user who has none.");
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
        | StoreError::NoMemory { path }
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
        StoreError::Malformed { .. } => "Restore the file from a copy, or correct the line.".to_owned(),
        StoreError::Account { .. } | StoreError::NoPlace => {
            "Change credential_files in passkey.toml so that every user has a place in it.".to_owned()
        }
        StoreError::NotEnrolled { .. }
        | StoreError::Locked { .. }
        | StoreError::Write { .. }
        | StoreError::Full { .. }
        | StoreError::NoMemory { .. }
        | StoreError::Unwritable { .. }
        | StoreError::Identity(_)
        | StoreError::Random(_) => "Run this again; if it persists, look into the system's log.".to_owned(),
    }
}

/// The command that corrects it. `mode`: that of a file of this kind.
pub(in crate::doctor) fn file_remedy(refusal: &SafeFileError, mode: Option<&str>) -> String {
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
        SafeFileError::TooLarge { .. } | SafeFileError::TooManyFiles { .. } => {
            format!("Remove from {path} what does not belong there.")
        }
        SafeFileError::NotPlain { .. } => "Give an absolute path without `.` and `..`.".to_owned(),
        SafeFileError::Io { .. } => "Look into the system's log; the disk may be failing.".to_owned(),
    }
}

/// Entries that are ignored.
fn damage(user: &str, path: &Path, skipped: &[SkippedEntry]) -> Vec<Finding> {
    let named = skipped.iter().take(MOST).map(|entry| {
        let name = entry.name.as_ref().map(|name| format!(" “{name}”")).unwrap_or_default();
        let message = format!("The passkey{name} of {user} is ignored: {}.", entry.reason);
        Finding::warning(Area::Store, "entry_damaged", message)
            .at_line(path, Some(entry.line))
            .remedy("Restore the entry from a copy, or remove it and enrol the key again.")
    });
    let mut findings: Vec<Finding> = named.collect();
    if let Some(more) = skipped.len().checked_sub(MOST).filter(|more| *more > 0) {
        let message = format!("{more} more passkeys of {user} are ignored.");
        findings.push(Finding::warning(Area::Store, "entry_damaged", message).at(path));
    }
    findings
}

/// Screen lockers run as the user, and read the user's file.
fn not_for_its_user(machine: &Machine, config: &Config, account: &Account, path: &Path) -> Option<Finding> {
    let is_per_user = |path: &Path| {
        let own = config.credential_files.iter().filter(|template| template.is_per_user());
        own.filter_map(|template| template.expand(account).ok()).any(|own| own == path)
    };
    let may_read = || machine.probe.may_access(&Identity::of(account), path, Access::Read);
    if is_per_user(path) || may_read() != Some(false) {
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
                "{} entries among the counters of {} are ignored.",
                state.skipped().len(),
                account.name
            );
            findings.push(
                Finding::note(Area::Store, "state_damaged", message)
                    .at(&config.state_dir)
                    .remedy("Remove them: the next sign-in writes them again."),
            );
        }
        Err(error) if error.is_not_permitted() && !machine.is_root => {}
        Err(error) => {
            let message = format!(
                "{error}. Counters of {} are not compared; with counter=deny, they cannot sign in.",
                account.name
            );
            findings.push(place(Finding::warning(Area::Store, "state_broken", message), &error).remedy(
                match &error {
                    StoreError::File(refusal) => file_remedy(refusal, None),
                    _ => "Remove this file: the next sign-in writes it again.".to_owned(),
                },
            ));
            return findings;
        }
    }
    findings.extend(state_folder(machine, &config.state_dir));
    findings
}

/// Whether counters and last use can be written.
fn state_folder(machine: &Machine, folder: &Path) -> Option<Finding> {
    let (message, path, remedy) = folder_fault(machine, folder, "state_dir")?;
    let message = format!("{message}. Counters and the time of last use are not recorded.");
    Some(Finding::warning(Area::Store, "state_not_writable", message).at(&path).remedy(remedy))
}

/// What keeps files from being written in a folder that is made when it is needed: the sentence without its full stop, the place, and
/// what to do. `setting`: what names it in the configuration.
fn folder_fault(machine: &Machine, folder: &Path, setting: &str) -> Option<(String, PathBuf, String)> {
    match TrustedDir::open(folder, machine.owner) {
        Ok(_) | Err(SafeFileError::NotFound { .. }) => {}
        Err(SafeFileError::Denied { .. }) if !machine.is_root => {}
        Err(error) => return Some((error.to_string(), error.path().to_owned(), file_remedy(&error, None))),
    }
    let nearest = folder.ancestors().find(|folder| folder.exists()).unwrap_or(folder);
    let flags = rustix::fs::statvfs(nearest).ok()?.f_flag;
    flags.contains(StatVfsMountFlags::RDONLY).then(|| {
        let message = format!("{}: the file system is read-only", folder.display());
        let remedy =
            format!("Mount something writable at {}, or set {setting} in passkey.toml.", folder.display());
        (message, folder.to_owned(), remedy)
    })
}

#[cfg(test)]
mod tests;
