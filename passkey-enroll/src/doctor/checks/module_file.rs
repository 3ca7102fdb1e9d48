//! The module: does libpam find it, and can libpam load it?

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::doctor::finding::{Area, Finding};
use crate::doctor::machine::Machine;
use crate::doctor::probe::module::Loading;
use crate::pam::simulate::{MODULE, ServiceAccess};

/// Folders in which there may be folders of modules, one for each kind of machine.
const PARENTS: [&str; 2] = ["/usr/lib", "/lib"];
/// Folders in which a module may lie that libpam does not find.
const FOLDERS: [&str; 6] = [
    "/usr/lib64/security",
    "/lib64/security",
    "/usr/lib/security",
    "/lib/security",
    "/usr/local/lib/security",
    "/usr/local/lib64/security",
];

pub(in crate::doctor) fn check(machine: &Machine, gates: &[&ServiceAccess]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(folder) = machine.probe.module_folder() else {
        if !gates.is_empty() {
            let message =
                "libpam does not load any of its own modules, so it is not known where it would find ours.";
            findings.push(Finding::note(Area::Services, "module_folder_unknown", message));
        }
        return findings;
    };
    let is_by_name = gates.iter().flat_map(|gate| gate.calls()).any(|call| call.rule.module == MODULE);
    let path = folder.join(MODULE);
    findings.push(if path.exists() {
        judged(machine, &path)
    } else {
        missing(&path, &folders(machine), is_by_name)
    });
    let paths: BTreeSet<&str> = gates
        .iter()
        .flat_map(|gate| gate.calls())
        .filter(|call| call.rule.module_name() == MODULE && call.rule.module.starts_with('/'))
        .map(|call| call.rule.module.as_str())
        .collect();
    for path in paths {
        let path = machine.path(path);
        findings.push(if path.exists() {
            judged(machine, &path)
        } else {
            let message = "A service calls the module by a path where there is no module.";
            Finding::error(Area::Services, "module_missing", message).at(&path).remedy(format!(
                "Install it there, or write {MODULE} without a folder in the service's file."
            ))
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

fn missing(target: &Path, folders: &[PathBuf], is_called: bool) -> Finding {
    let elsewhere = folders.iter().map(|other| other.join(MODULE)).find(|path| path.exists());
    let remedy = match &elsewhere {
        Some(path) => format!("It is in another folder: mv {} {}", path.display(), target.display()),
        None => format!("Install it: {}", target.display()),
    };
    let finding = if is_called {
        let message = "The module is not where libpam looks for it: every call of it fails, and a service that requires it lets nobody in.";
        Finding::error(Area::Services, "module_missing", message)
    } else if elsewhere.is_some() {
        Finding::warning(Area::Services, "module_misplaced", "The module is not where libpam looks for it.")
    } else {
        Finding::note(Area::Services, "module_missing", "The module is not installed.")
    };
    finding.at(target).remedy(remedy)
}

fn judged(machine: &Machine, path: &Path) -> Finding {
    let area = Area::Services;
    let metadata = fs::metadata(path).ok();
    // Before it is loaded: what it does then, it does with the examiner's rights.
    let is_trusted = metadata
        .as_ref()
        .is_some_and(|metadata| machine.owner_is_accepted(metadata.uid()) && metadata.mode() & 0o022 == 0);
    if !is_trusted {
        let message = "Users other than root can change the module, and with it do anything as root.";
        let finding = Finding::error(area, "module_writable", message).at(path);
        return finding.remedy(format!(
            "chown root:root {0} && chmod 644 {0}; find out who changed it",
            path.display()
        ));
    }
    // Screen lockers load it as their users.
    let is_for_all = metadata.is_some_and(|metadata| metadata.mode() & 0o004 != 0);
    if !is_for_all && !machine.is_root {
        let message = "The module cannot be read: every call of it fails.";
        let finding = Finding::error(area, "module_unreadable", message).at(path);
        return finding.remedy(format!("chmod 644 {}", path.display()));
    }
    if let Some(finding) = not_loaded(machine.probe.load(path), path) {
        return finding.at(path);
    }
    if !is_for_all {
        let message =
            "Only root can read the module: screen lockers, which run as their users, cannot load it.";
        let finding = Finding::warning(area, "module_not_for_users", message).at(path);
        return finding.remedy(format!("chmod 644 {}", path.display()));
    }
    Finding::ok(area, "module", "libpam finds the module and can load it.").at(path)
}

/// What keeps libpam from loading the module at `path`.
fn not_loaded(loading: Loading, path: &Path) -> Option<Finding> {
    let unloadable = |reason: &str| {
        let message = format!("libpam cannot load the module, and every call of it fails: {reason}.");
        Finding::error(Area::Services, "module_unloadable", message)
            .remedy("Reinstall the module, built for this system, together with the libraries that it needs.")
    };
    match loading {
        Loading::Loads => None,
        Loading::Refused(words) => {
            // The place is told beside it.
            let own_path = format!("{}: ", path.display());
            Some(unloadable(words.strip_prefix(&own_path).unwrap_or(&words)))
        }
        Loading::NotAModule => {
            Some(unloadable("it is a library without pam_sm_authenticate, not a PAM module"))
        }
        Loading::Kills(signal) => {
            let message = format!(
                "Loading the module ends the program that does it with signal {signal}: so does every sign-in that calls it."
            );
            let finding = Finding::error(Area::Services, "module_unloadable", message);
            Some(finding.remedy("Reinstall the module: its file is damaged, or built for another system."))
        }
        Loading::Hangs => {
            let message = "Loading the module takes for ever: every sign-in that calls it hangs.";
            let finding = Finding::error(Area::Services, "module_unloadable", message);
            Some(finding.remedy("Reinstall the module."))
        }
        Loading::NotTried(reason) => {
            let message = format!("Whether libpam can load the module was not found out: {reason}.");
            Some(Finding::note(Area::Services, "module_not_tried", message).remedy("Run this again."))
        }
    }
}

#[cfg(test)]
#[path = "module_file_tests.rs"]
mod tests;
