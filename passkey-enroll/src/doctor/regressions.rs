//! What a change of the service files would make worse.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use passkey_core::account::{Account, PasswdEntry};
use passkey_core::config::{Config, Recovery, Remote, serves_other_machines};
use passkey_core::store::Store;

use super::checks::configuration;
use super::finding::{Area, Finding, Severity};
use super::{Machine, Subject, examine_with, people};
use crate::pam::parse::ServiceFiles;
use crate::pam::simulate::{Exemption, GDM_SWITCHABLE, Identity, MissingPasskey, Passkey, ServiceAccess};

/// Services that may make root of people who prove who they are. For whom they do it, files of their own say.
const BY_OWN_PASSWORD: [&str; 6] = ["sudo", "sudo-i", "doas", "run0", "polkit-1", "pkexec"];
/// Those that this command itself is run by, so that they are known to do it for the caller.
const KNOWN_TO_ADMIT: [&str; 2] = ["sudo", "sudo-i"];
/// Services where root signs in by root's own password. One that is not here counts for no way to root.
const BY_ROOTS_PASSWORD: [&str; 3] = ["su", "su-l", "login"];
/// The beginnings of services whose programs run PAM as root. What is not here may be a locker, which runs it as its user.
const RUN_BY_ROOT: [&str; 21] = [
    "atd",
    "chfn",
    "chsh",
    "cockpit",
    "common-",
    "cron",
    "doas",
    "gdm",
    "greetd",
    "lightdm",
    "login",
    "lxdm",
    "passwd",
    "pkexec",
    "plasmalogin",
    "polkit",
    "run0",
    "sddm",
    "ssh",
    "su",
    "xdm",
];
/// Where GNOME's screen asks for the password, and for whatever stands in its file.
const GDM_PASSWORD: &str = "gdm-password";
/// Folders of programs.
const PROGRAMS: [&str; 5] = ["/usr/bin", "/bin", "/usr/local/bin", "/usr/libexec", "/usr/lib"];
/// What matters to programs that run PAM as their users, and to no others.
const OF_LOCKERS: [&str; 4] = [
    "configuration_not_readable",
    "credential_file_not_for_user",
    "credential_file_unreadable",
    "module_not_for_users",
];

/// What would be found with the service files `after` and is not found with `before`, and is worse than good. `service` is the
/// one that the change is about.
pub(crate) fn regressions(
    subject: &Subject,
    service: &str,
    before: &ServiceFiles,
    after: &ServiceFiles,
) -> Vec<Finding> {
    let examine = |files| examine_with(subject, files, |_| Vec::new());
    let (now, then) = (examine(before), examine(after));
    let is_new = |finding: &Finding| {
        !now.iter().any(|old| (old.code, &old.message) == (finding.code, &finding.message))
    };
    let is_locker = !is_run_by_root(&subject.machine, service);
    // What is merely good to know is told of services alone.
    let counts = |finding: &Finding| {
        finding.severity > Severity::Note
            || finding.severity == Severity::Note && finding.area == Area::Services
    };
    let worse = then.into_iter().filter(|finding| {
        counts(finding) && is_new(finding) || is_locker && OF_LOCKERS.contains(&finding.code)
    });
    let mut worse: Vec<Finding> = worse.collect();
    let (config, _) = configuration::read(&subject.machine, subject.config.as_deref());
    worse.extend(config.and_then(|config| only_way_to_root(subject, &config, service, before, after)));
    worse
}

/// The lines that would go on letting people in without the passkey.
pub(crate) fn exempted(service: &str, exempt: &[Exemption]) -> Vec<Finding> {
    let findings = exempt.iter().map(|Exemption { line, factors }| {
        let what = if factors.is_empty() { "nothing at all".to_owned() } else { format!("the {factors}") };
        let message = format!("{service} would go on letting in some people with {what}, by {line}.");
        Finding::warning(Area::Services, "exempted_without_passkey", message)
            .in_line(&line.place)
            .remedy("Take the line out if nobody is to be exempt from the passkey.")
    });
    findings.collect()
}

/// Where GNOME has two services, the weaker one decides.
pub(crate) fn beside_gdm_password(config: &Config, service: &str, after: &ServiceFiles) -> Option<Finding> {
    if ![GDM_PASSWORD, GDM_SWITCHABLE].contains(&service) {
        return None;
    }
    let verdict = |service: &str| {
        let access = ServiceAccess::of(after, service, config).ok()?;
        access.verdict().ok().filter(|verdict| !access.stack.is_other && !verdict.is_shut())
    };
    let (password, switchable) = (verdict(GDM_PASSWORD)?, verdict(GDM_SWITCHABLE)?);
    let is_second_factor = password.way_without_passkey().is_none() && !password.passkey_is_enough();
    let line = switchable.way_without_passkey().filter(|_| is_second_factor)?.lines.last()?;
    let message = format!(
        "{GDM_PASSWORD} asks for the passkey besides the password, and {GDM_SWITCHABLE}, by which GNOME asks first, lets people in without it, \
         by {line}."
    );
    Some(
        Finding::warning(Area::Services, "second_factor_not_enforced", message)
            .in_line(&line.place)
            .remedy(format!("Have one of them only: sudo passkey-enroll pam disable {GDM_SWITCHABLE}")),
    )
}

/// Whether a service's program runs PAM as root, as far as that can be seen.
fn is_run_by_root(machine: &Machine, service: &str) -> bool {
    /// Run as the file's owner (chmod(2)).
    const SET_UID: u32 = 0o4000;
    if RUN_BY_ROOT.iter().any(|beginning| service.starts_with(beginning)) {
        return true;
    }
    let program = PROGRAMS.iter().find_map(|folder| fs::metadata(machine.path(folder).join(service)).ok());
    program.is_some_and(|program| program.mode() & SET_UID != 0)
}

/// What it means that people who are at other machines cannot touch a key here. `unattended`: without a rehearsal.
pub(crate) fn over_ssh(
    subject: &Subject,
    config: &Config,
    service: &str,
    before: &ServiceFiles,
    after: &ServiceFiles,
    unattended: bool,
) -> Option<Finding> {
    let has_sshd = after.read("sshd").is_ok() || subject.machine.has("/usr/sbin/sshd");
    let password_is_enough = |files: &ServiceFiles| {
        ServiceAccess::of(files, service, config)
            .is_ok_and(|access| access.verdict().is_ok_and(|verdict| verdict.password_is_enough()))
    };
    let access = ServiceAccess::of(after, service, config).ok()?;
    let refuses = access
        .passkeys
        .iter()
        .any(|call| call.asked.as_ref().is_ok_and(|asked| asked.policy.remote == Remote::Refuse));
    if !has_sshd
        || !refuses
        || serves_other_machines(service)
        || !BY_OWN_PASSWORD.iter().chain(&BY_ROOTS_PASSWORD).any(|known| *known == service)
        || !password_is_enough(before)
        || password_is_enough(after)
    {
        return None;
    }
    let message = format!(
        "Within ssh, {service} would refuse everyone: a key at this machine cannot be touched from another one."
    );
    let remedy = format!(
        "Keep another way to root for those who come by ssh, such as root's own key in ~root/.ssh/authorized_keys; or let people in \
         whose key is plugged in here although they are elsewhere (remote = \"allow\" for {service} in passkey.toml); or use \
         --passwordless, which leaves them the password."
    );
    let finding = if unattended { Finding::warning } else { Finding::note };
    Some(finding(Area::Services, "refused_over_ssh", message).remedy(remedy))
}

/// A key that is lost must not take root along.
fn only_way_to_root(
    subject: &Subject,
    config: &Config,
    service: &str,
    before: &ServiceFiles,
    after: &ServiceFiles,
) -> Option<Finding> {
    let account = &subject.account;
    let store = Store::new(config);
    let usable = store.load(account).ok()?.map_or(0, |loaded| loaded.file.enabled().count());
    let root_has_password =
        subject.machine.text("/etc/shadow").is_some_and(|shadow| people::has_password(&shadow, "root"));
    let root = match store.load(&root_account()) {
        Ok(Some(loaded)) if loaded.file.enabled().next().is_some() => Passkey::Enrolled,
        Ok(Some(loaded)) if !loaded.file.is_unenrolled() => Passkey::Missing(MissingPasskey::NoneUsable),
        Ok(_) => Passkey::Missing(MissingPasskey::Unenrolled),
        Err(_) => Passkey::Enrolled,
    };
    // Without their key, by a password.
    let admits = |files: &ServiceFiles, service: &str, passkey, name: &str, uid| {
        let access = files.read(service).ok().and_then(|_| ServiceAccess::of(files, service, config).ok());
        access.is_some_and(|access| access.admits_by_password(passkey, Identity { name, uid: Some(uid) }))
    };
    let admits_them = |files, own: &str| admits(files, own, Passkey::Enrolled, &account.name, account.uid);
    let admits_root = |files, roots: &str| root_has_password && admits(files, roots, root, "root", 0);
    let is_closed = BY_OWN_PASSWORD.iter().any(|own| admits_them(before, own) && !admits_them(after, own))
        || BY_ROOTS_PASSWORD.iter().any(|roots| admits_root(before, roots) && !admits_root(after, roots));
    let is_left = KNOWN_TO_ADMIT.iter().any(|own| admits_them(after, own))
        || BY_ROOTS_PASSWORD.iter().any(|roots| admits_root(after, roots));
    // Without any passkey they are locked out altogether, which is told as such.
    if usable != 1 || !is_closed || is_left || takes_codes(config, &store, account, after) {
        return None;
    }
    let message = format!(
        "{} has one key, and no other way to become root would be left: should the key be lost, so is root.",
        account.name
    );
    let option = &subject.user_option;
    let password = if root_has_password { "" } else { "; or give root a password" };
    let remedy = format!(
        "Enrol a second key: sudo passkey-enroll add{option}; or make recovery codes (sudo passkey-enroll recovery \
         new{option}) and allow them to {service} (recovery = \"allow\" in passkey.toml){password}."
    );
    Some(Finding::warning(Area::Services, "only_way_to_root", message).remedy(remedy))
}

/// Whether a recovery code of theirs would make root of them in place of the key.
fn takes_codes(config: &Config, store: &Store, account: &Account, after: &ServiceFiles) -> bool {
    let has_codes = store.load_codes(account).ok().flatten().is_some_and(|codes| codes.left() > 0);
    let takes = |service: &str| {
        let access = ServiceAccess::of(after, service, config);
        access.is_ok_and(|access| {
            access
                .passkeys
                .iter()
                .any(|call| call.asked.as_ref().is_ok_and(|asked| asked.policy.recovery == Recovery::Allow))
        })
    };
    has_codes && BY_OWN_PASSWORD.iter().any(|own| takes(own))
}

/// Root, as every user database has it.
fn root_account() -> Account {
    Account::from_entry(PasswdEntry { name: "root".to_owned(), uid: 0, gid: 0, home: "/root".into() })
}

#[cfg(test)]
#[path = "regressions_tests.rs"]
mod tests;
