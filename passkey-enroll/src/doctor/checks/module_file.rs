//! The module: does libpam find it, and can it be loaded?

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::doctor::elf::{self, Kind, Unloadable};
use crate::doctor::finding::{Area, Finding};
use crate::doctor::machine::Machine;
use crate::pam::simulate::{MODULE, ServiceAccess};

/// A module of libpam's own: it lies where libpam looks for modules.
const LANDMARKS: [&str; 2] = ["pam_deny.so", "pam_unix.so"];
/// Folders in which there may be folders of modules, one for each kind of machine.
const PARENTS: [&str; 2] = ["/usr/lib", "/lib"];
/// Folders of modules.
const FOLDERS: [&str; 6] = [
    "/usr/lib64/security",
    "/lib64/security",
    "/usr/lib/security",
    "/lib/security",
    "/usr/local/lib/security",
    "/usr/local/lib64/security",
];
/// The longest module that is looked at.
const MAX_LEN: u64 = 64 * 1024 * 1024;

pub(in crate::doctor) fn check(machine: &Machine, gates: &[&ServiceAccess]) -> Vec<Finding> {
    let own = File::open("/proc/self/exe").ok().and_then(|program| read(program, 64)).unwrap_or_default();
    let Some(kind) = Kind::of(&own) else { return Vec::new() };
    let folders = folders(machine);
    // Of several kinds of machine, as on a Debian with foreign architectures, only one is this one.
    let reached: Vec<&PathBuf> = folders.iter().filter(|folder| is_libpams(folder, kind)).collect();
    let mut findings = Vec::new();
    let Some(folder) = reached.first() else {
        if !gates.is_empty() {
            let message =
                "libpam's own modules are nowhere to be found, so it is not clear where ours belongs.";
            findings.push(Finding::note(Area::Services, "module_folder_unknown", message));
        }
        return findings;
    };
    let is_by_name = gates.iter().flat_map(|gate| gate.calls()).any(|call| call.rule.module == MODULE);
    match reached.iter().map(|folder| folder.join(MODULE)).find(|path| path.exists()) {
        Some(path) => findings.push(judged(machine, &path, kind)),
        None => findings.push(missing(folder, &folders, is_by_name)),
    }
    let paths: BTreeSet<&str> = gates
        .iter()
        .flat_map(|gate| gate.calls())
        .filter(|call| call.rule.module_name() == MODULE && call.rule.module.starts_with('/'))
        .map(|call| call.rule.module.as_str())
        .collect();
    for path in paths {
        let path = machine.path(path);
        findings.push(if path.exists() {
            judged(machine, &path, kind)
        } else {
            Finding::error(
                Area::Services,
                "module_missing",
                "A service calls the module by a path where it is not.",
            )
            .at(&path)
            .remedy(format!("Install it there, or write {MODULE} without a folder in the service's file."))
        });
    }
    findings.dedup();
    findings
}

/// Every folder of modules, each once.
fn folders(machine: &Machine) -> Vec<PathBuf> {
    let by_machine = PARENTS.iter().flat_map(|parent| {
        let entries = machine.path(parent).read_dir().into_iter().flatten();
        entries.filter_map(|entry| Some(entry.ok()?.path().join("security")))
    });
    let all = by_machine.chain(FOLDERS.iter().map(|folder| machine.path(folder)));
    // /lib is often a link to /usr/lib.
    let real: BTreeSet<PathBuf> =
        all.filter_map(|folder| folder.canonicalize().ok()).filter(|folder| folder.is_dir()).collect();
    real.into_iter().collect()
}

fn is_libpams(folder: &Path, kind: Kind) -> bool {
    LANDMARKS.iter().any(|module| {
        let head = File::open(folder.join(module)).ok().and_then(|file| read(file, 64));
        head.and_then(|head| Kind::of(&head)) == Some(kind)
    })
}

fn missing(folder: &Path, folders: &[PathBuf], is_called: bool) -> Finding {
    let target = folder.join(MODULE);
    let elsewhere = folders.iter().map(|other| other.join(MODULE)).find(|path| path.exists());
    let remedy = match &elsewhere {
        Some(path) => format!("It lies in another folder: mv {} {}", path.display(), target.display()),
        None => format!("Install it: {}", target.display()),
    };
    let finding = if is_called {
        let message = "The module is not where libpam looks for it: every call of it fails, and where it is required, nobody comes in.";
        Finding::error(Area::Services, "module_missing", message)
    } else if elsewhere.is_some() {
        Finding::warning(Area::Services, "module_misplaced", "The module is not where libpam looks for it.")
    } else {
        Finding::note(Area::Services, "module_missing", "The module is not installed.")
    };
    finding.at(&target).remedy(remedy)
}

fn judged(machine: &Machine, path: &Path, kind: Kind) -> Finding {
    let area = Area::Services;
    let Some(bytes) = File::open(path).ok().and_then(|file| read(file, MAX_LEN)) else {
        let finding =
            Finding::error(area, "module_unreadable", "The module cannot be read: every call of it fails.");
        return finding.at(path).remedy(format!("chmod 644 {}", path.display()));
    };
    if let Err(reason) = elf::check(&bytes, kind) {
        let what = match reason {
            Unloadable::NotElf => "is no module but something else",
            Unloadable::NotShared => "is a program and no module",
            Unloadable::Foreign => "is for another kind of machine",
            Unloadable::CutShort => "is cut short",
            Unloadable::NotPam => "is a library and no PAM module",
        };
        let message = format!("The file {what}: libpam cannot load it, and every call of it fails.");
        let finding = Finding::error(area, "module_unloadable", message).at(path);
        return finding.remedy("Install the module anew, built for this machine.");
    }
    let is_trusted = fs::metadata(path)
        .is_ok_and(|metadata| machine.owner_is_accepted(metadata.uid()) && metadata.mode() & 0o022 == 0);
    if !is_trusted {
        let message = "Others than root can change the module, and with it do as root whatever they like.";
        let finding = Finding::error(area, "module_writable", message).at(path);
        return finding.remedy(format!(
            "chown root:root {0} && chmod 644 {0}; find out who changed it",
            path.display()
        ));
    }
    // SELinux and the mode decide about every process that signs somebody in, lockers included.
    let is_for_all = fs::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o004 != 0);
    if !is_for_all {
        let message =
            "Only root can read the module: screen lockers, which run as their users, cannot load it.";
        let finding = Finding::warning(area, "module_not_for_users", message).at(path);
        return finding.remedy(format!("chmod 644 {}", path.display()));
    }
    Finding::ok(area, "module", "libpam finds the module.").at(path)
}

fn read(file: File, max_len: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(max_len).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
#[path = "module_file_tests.rs"]
mod tests;
