//! The user's passkeys, and whether they meet what the services of this machine require.

use passkey_core::account::Account;
use passkey_core::config::Config;
use passkey_core::credential::{Credential, UvCapability};
use passkey_core::store::Loaded;

use super::keys::Needs;
use crate::doctor::Subject;
use crate::doctor::finding::{Area, Finding, listed};
use crate::pam::parse::ServiceFiles;
use crate::pam::simulate::{self, MissingPasskey};

pub(in crate::doctor) fn check(
    subject: &Subject,
    found: Option<&(Account, Loaded)>,
    config: &Config,
    files: &ServiceFiles,
    needs: &Needs,
) -> Vec<Finding> {
    let user = &subject.account.name;
    let add = format!("sudo passkey-enroll add{}", subject.user_option);
    let Some((owner, loaded)) = found.filter(|(_, loaded)| !loaded.file.is_unenrolled()) else {
        let message = format!("{user} has no passkey{}.", closed(config, files, MissingPasskey::Unenrolled));
        let finding = Finding::note(Area::Passkeys, "no_passkey", message);
        return vec![finding.remedy(format!("Enrol one: {add}"))];
    };
    let enabled: Vec<&Credential> = loaded.file.enabled().collect();
    let mut findings = match enabled.as_slice() {
        [] if loaded.file.credentials.is_empty() => Vec::new(),
        [] => vec![
            Finding::warning(
                Area::Passkeys,
                "all_disabled",
                format!(
                    "All passkeys of {user} are disabled{}.",
                    closed(config, files, MissingPasskey::NoneUsable)
                ),
            )
            .remedy(format!("Enable one, or enrol another one: {add}")),
        ],
        [only] if only.is_on_a_service() => vec![
            Finding::note(
                Area::Passkeys,
                "only_passkey",
                format!(
                    "{user} has only one passkey, “{}”, on this computer: when its TPM is cleared or replaced, they are locked out.",
                    only.name
                ),
            )
            .remedy(format!("Enrol a security key too: {add} --on usb")),
        ],
        [only] => vec![
            Finding::note(
                Area::Passkeys,
                "only_passkey",
                format!("{user} has only one passkey, “{}”: losing its key locks them out.", only.name),
            )
            .remedy(format!("Enrol a second key and keep it in a safe place: {add}")),
        ],
        several => {
            vec![Finding::ok(Area::Passkeys, "passkeys", format!("{user} has {} passkeys.", several.len()))]
        }
    };
    if owner.name != *user {
        let message =
            format!("{user} signs in with the passkeys of {}, who has the same user id.", owner.name);
        findings.push(Finding::note(Area::Passkeys, "passkeys_of_same_uid", message));
    }
    findings.extend(verification(&enabled, needs));
    findings.extend(usernameless(subject, &enabled, config, needs, &add));
    findings.into_iter().map(|finding| finding.at(&loaded.path)).collect()
}

/// The services that this shuts them out of.
fn closed(config: &Config, files: &ServiceFiles, lack: MissingPasskey) -> String {
    let closed = simulate::closed(config, files, lack);
    // A service that only the configuration names is reported with the configuration.
    let names = files.services();
    let services: Vec<&str> =
        closed.iter().filter(|service| names.contains(*service)).map(String::as_str).collect();
    if services.is_empty() { String::new() } else { format!("; closed without one: {}", listed(&services)) }
}

/// Whether some were enrolled on keys that cannot do what a service requires.
fn verification(enabled: &[&Credential], needs: &Needs) -> Vec<Finding> {
    let Some(service) = &needs.verification else { return Vec::new() };
    let unable = enabled.iter().filter(|credential| credential.user_verification == UvCapability::None);
    unable
        .map(|credential| {
            let name = &credential.name;
            let message = format!(
                "The key of “{name}” could not verify its user when it was enrolled, as {service} requires."
            );
            Finding::note(Area::Passkeys, "passkey_without_verification", message)
                .remedy("If the key has no PIN yet, set one: passkey-enroll key pin set")
        })
        .collect()
}

/// Whether a sign-in without a user name would find one.
fn usernameless(
    subject: &Subject,
    enabled: &[&Credential],
    config: &Config,
    needs: &Needs,
    add: &str,
) -> Option<Finding> {
    let service = needs.usernameless.as_ref()?;
    // Reported with the configuration.
    let rp_id = config.rp_id_for_enrolment().ok()?;
    let discoverable: Vec<&&Credential> =
        enabled.iter().filter(|credential| credential.discoverable).collect();
    if discoverable.iter().any(|credential| credential.rp_id == rp_id) {
        return None;
    }
    let user = &subject.account.name;
    Some(match discoverable.first() {
        None => Finding::note(
            Area::Passkeys,
            "not_discoverable",
            format!("No passkey of {user} signs in to {service} without a user name."),
        )
        .remedy(format!("Enrol one that does: {add} --discoverable")),
        Some(other) => Finding::warning(
            Area::Passkeys,
            "other_rp_id",
            format!(
                "{service} asks keys for passkeys for “{rp_id}”, but those of {user} are for “{}”.",
                other.rp_id
            ),
        )
        .remedy(format!("If the machine was renamed, set rp_id = \"{}\" in passkey.toml.", other.rp_id)),
    })
}

#[cfg(test)]
#[path = "passkeys_tests.rs"]
mod tests;
