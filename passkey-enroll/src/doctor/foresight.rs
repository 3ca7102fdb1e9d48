//! What a change of the service files would make worse.

use passkey_core::config::{Config, Recovery};
use passkey_core::store::Store;

use super::checks::configuration;
use super::{Subject, examine_with, people};
use crate::doctor::finding::{Area, Finding, Severity};
use crate::pam::parse::ServiceFiles;
use crate::pam::simulate::{self, Exemption, ServiceAccess};

/// Services that make somebody root.
const TO_ROOT: [&str; 7] = ["sudo", "sudo-i", "su", "su-l", "doas", "run0", "polkit-1"];
/// Where root signs in by root's own password.
const ROOTS_OWN: [&str; 2] = ["su", "login"];
/// Screen lockers, which run as their users.
const LOCKERS: [&str; 14] = [
    "gtklock",
    "hyprlock",
    "i3lock",
    "kde",
    "kde-u2f",
    "light-locker",
    "mate-screensaver",
    "physlock",
    "slock",
    "swaylock",
    "vlock",
    "waylock",
    "xscreensaver",
    "xsecurelock",
];
/// What matters to those, and to nobody else.
const OF_LOCKERS: [&str; 4] = [
    "configuration_not_readable",
    "credential_file_not_for_user",
    "credential_file_unreadable",
    "module_not_for_users",
];

/// What would be found with the service files `after` and is not found with `before`, and is worse than good. `service` is the
/// one that the change is about.
pub(crate) fn foresee(
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
    let is_locker = LOCKERS.contains(&service);
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

/// A key that is lost must not take root along.
fn only_way_to_root(
    subject: &Subject,
    config: &Config,
    service: &str,
    before: &ServiceFiles,
    after: &ServiceFiles,
) -> Option<Finding> {
    let account = &subject.account;
    let asks =
        |files: &ServiceFiles, service: &str| ServiceAccess::asking(files, service, config).ok().flatten();
    let closes = |service: &str| {
        let requires =
            |files: &ServiceFiles| asks(files, service).is_some_and(|gate| !password_is_enough(&gate));
        TO_ROOT.contains(&service) && requires(after) && !requires(before)
    };
    let concerned = simulate::services(after).into_iter().find(|service| closes(service))?;
    let store = Store::new(config);
    let usable = store.load(account).ok()?.map_or(0, |loaded| loaded.file.enabled().count());
    let gate = asks(after, &concerned)?;
    let takes_codes = gate
        .passkeys
        .iter()
        .any(|call| call.asked.as_ref().is_ok_and(|asked| asked.policy.recovery == Recovery::Allow));
    let has_codes = store.load_codes(account).ok().flatten().is_some_and(|codes| codes.left() > 0);
    let root_has_password =
        subject.machine.text("/etc/shadow").is_some_and(|shadow| people::has_password(&shadow, "root"));
    let root_is_open = root_has_password
        && ROOTS_OWN.iter().any(|own| {
            after.read(own).is_ok() && asks(after, own).is_none_or(|gate| password_is_enough(&gate))
        });
    // Without any passkey they are closed out altogether, which is told as such.
    if usable != 1 || takes_codes && has_codes || root_is_open {
        return None;
    }
    let message = format!(
        "{} has one key, and no other way to become root would be left: should the key be lost, so is root.",
        account.name
    );
    let option = &subject.user_option;
    let remedy = format!(
        "Enrol a second key: sudo passkey-enroll add{option}; or make recovery codes (sudo passkey-enroll recovery \
         new{option}) and allow them to {service} (recovery = \"allow\" in passkey.toml); or give root a password."
    );
    Some(Finding::warning(Area::Services, "only_way_to_root", message).remedy(remedy))
}

fn password_is_enough(access: &ServiceAccess) -> bool {
    access.verdict().is_ok_and(|verdict| verdict.password_is_enough())
}

#[cfg(test)]
#[path = "foresight_tests.rs"]
mod tests;
