//! `passkey.toml`: is it understood, and does it make sense?

use std::path::{Path, PathBuf};
use std::time::Duration;

use passkey_core::config::{
    Config, ConfigError, ConfigErrorReason, DEFAULT_PATH, Mode, Policy, Remote, Settings, UserVerification,
    serves_other_machines,
};
use passkey_core::safe_file::{self, Owner};
use toml::de::{DeTable, DeValue};

use super::store::file_remedy;
use crate::doctor::finding::{Area, Finding};
use crate::doctor::machine::Machine;
use crate::doctor::probe::access::{Access, Identity};
use crate::pam::parse::{Place, ServiceFiles};
use crate::pam::simulate::ServiceAccess;

/// The longest configuration that is looked at for lines, as long as the module's.
const MAX_LEN: u64 = 64 * 1024;
/// So many wrong PINs in a row lock a key for good (CTAP 2.1, section 6.5.2.2).
const LOCKING_PIN_ATTEMPTS: u8 = 8;

/// Where the configuration is, and who may own it.
pub(in crate::doctor) fn place(machine: &Machine, given: Option<&Path>) -> (PathBuf, Owner) {
    match given {
        // A caller who names a file can trust their own.
        Some(path) => (path.to_owned(), Owner::RootOr(rustix::process::getuid().as_raw())),
        None => (machine.path(DEFAULT_PATH), machine.owner),
    }
}

/// The configuration, as the module reads it. `None` where it cannot be used.
pub(in crate::doctor) fn read(machine: &Machine, given: Option<&Path>) -> (Option<Config>, Vec<Finding>) {
    let (path, owner) = place(machine, given);
    match Config::read(&path, owner) {
        Ok(Some(config)) => {
            let finding =
                Finding::ok(Area::Configuration, "configuration", "The configuration is understood.");
            (Some(config), vec![finding.at(&path)])
        }
        Ok(None) if given.is_some() => {
            let message = "There is no such configuration.";
            let finding = Finding::error(Area::Configuration, "configuration_missing", message).at(&path);
            (None, vec![finding.remedy("Correct --config, or leave it out.")])
        }
        Ok(None) => {
            let message = "There is no configuration: the built-in values apply.";
            (
                Some(Config::default()),
                vec![Finding::ok(Area::Configuration, "configuration_built_in", message).at(&path)],
            )
        }
        Err(error) => (None, vec![broken(&error)]),
    }
}

/// In the module's own words.
fn broken(error: &ConfigError) -> Finding {
    let message = format!("{error}. Until it is corrected, every service refuses passkeys.");
    let finding = Finding::error(Area::Configuration, "configuration_broken", message);
    match error.reason() {
        ConfigErrorReason::File(refusal) => {
            finding.at(refusal.path()).remedy(file_remedy(refusal, Some("0644")))
        }
        ConfigErrorReason::Missing | ConfigErrorReason::Syntax(_) | ConfigErrorReason::Section { .. } => {
            finding
                .at_line(error.path(), error.line())
                .remedy("Correct the line: passkey.toml(5) describes every setting.")
        }
    }
}

pub(in crate::doctor) fn check(
    machine: &Machine,
    given: Option<&Path>,
    config: &Config,
    files: &ServiceFiles,
    gates: &[&ServiceAccess],
) -> Vec<Finding> {
    let (path, owner) = place(machine, given);
    let text = safe_file::read(&path, owner, MAX_LEN).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let lines = Lines { path: &path, text: text.as_deref().unwrap_or_default() };
    let mut findings = Vec::new();
    findings.extend(unknown_services(config, files, gates, &lines));
    findings.extend(rp_id(config, gates, &lines));
    findings.extend(not_for_everybody(machine, &path));
    for gate in gates {
        for call in &gate.passkeys {
            let Ok(asked) = &call.asked else { continue };
            // What another file says is found there.
            let lines = Lines { text: if asked.own_config.is_some() { "" } else { lines.text }, ..lines };
            let context = Context {
                service: &gate.service,
                arguments: &asked.arguments.settings,
                call: &call.place,
                lines,
            };
            findings.extend(contradictions(&asked.policy, &context));
        }
    }
    findings
}

/// The lines of the configuration.
#[derive(Clone, Copy)]
struct Lines<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Lines<'_> {
    /// The line of a key in a table of the given path, counted from 1.
    fn of(&self, path: &[&str]) -> Option<usize> {
        let document = DeTable::parse(self.text).ok()?;
        let mut table = document.get_ref();
        let mut offset = None;
        for (depth, name) in path.iter().enumerate() {
            let (key, value) = table.iter().find(|(key, _)| key.get_ref().eq_ignore_ascii_case(name))?;
            offset = Some(key.span().start);
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                _ if depth.saturating_add(1) == path.len() => {}
                _ => return None,
            }
        }
        let before = self.text.get(..offset?)?;
        Some(before.matches('\n').count().saturating_add(1))
    }
}

/// Tables for services that do not exist, or that do not ask for passkeys.
fn unknown_services(
    config: &Config,
    files: &ServiceFiles,
    gates: &[&ServiceAccess],
    lines: &Lines<'_>,
) -> Vec<Finding> {
    let names = files.services();
    let mut findings = Vec::new();
    for service in config.service_names() {
        let at = |finding: Finding| finding.at_line(lines.path, lines.of(&["service", service]));
        if !names.contains(service) {
            let message = format!("[service.{service}] is for a service without a PAM file.");
            let finding = Finding::warning(Area::Configuration, "service_unknown", message);
            findings.push(at(finding).remedy("Name it as its file in /etc/pam.d or /usr/lib/pam.d."));
        } else if !gates.iter().any(|gate| gate.service == service) {
            let message = format!("[service.{service}] has no effect: {service} does not ask for passkeys.");
            let finding = Finding::note(Area::Configuration, "service_does_not_ask", message);
            findings.push(at(finding).remedy(format!(
                "Switch it on: sudo passkey-enroll pam enable {service}; or remove the table."
            )));
        }
    }
    findings
}

/// The RP ID that passkeys are enrolled for, and that keys are asked for.
fn rp_id(config: &Config, gates: &[&ServiceAccess], lines: &Lines<'_>) -> Option<Finding> {
    let error = config.rp_id_for_enrolment().err()?;
    let is_asked_for = gates.iter().any(|gate| {
        gate.passkeys
            .iter()
            .filter_map(|call| call.asked.as_ref().ok())
            .any(|asked| asked.policy.usernameless)
    });
    let message = format!("There is no RP ID for new passkeys: {error}");
    let finding = if is_asked_for {
        Finding::error(
            Area::Configuration,
            "no_rp_id",
            format!("{message}. Signing in without a user name does not work."),
        )
    } else {
        Finding::warning(Area::Configuration, "no_rp_id", format!("{message}."))
    };
    Some(
        finding
            .at(lines.path)
            .remedy("Set rp_id in passkey.toml, or give the machine a name: hostnamectl hostname NAME"),
    )
}

/// Screen lockers run as their users.
fn not_for_everybody(machine: &Machine, path: &Path) -> Option<Finding> {
    (machine.probe.may_access(&Identity::nobody(), path, Access::Read) == Some(false)).then(|| {
        let message = "Not every user can read the configuration: screen lockers, which run as their users, refuse passkeys.";
        Finding::warning(Area::Configuration, "configuration_not_readable", message)
            .at(path)
            .remedy(format!("chmod a+r {0}; chmod a+x on the folders above it", path.display()))
    })
}

/// A policy and where it comes from.
struct Context<'a> {
    service: &'a str,
    /// Those of the call.
    arguments: &'a Settings,
    /// The call of the module.
    call: &'a Place,
    lines: Lines<'a>,
}

impl Context<'_> {
    /// Where a key was set: in the call, for the service, or for all.
    fn found(&self, key: &str, is_argument: bool, finding: Finding) -> Finding {
        let own = self.lines.of(&["service", self.service, key]);
        match own.or_else(|| self.lines.of(&["defaults", key])) {
            Some(line) if !is_argument => finding.at_line(self.lines.path, Some(line)),
            Some(_) | None => finding.in_line(self.call),
        }
    }
}

/// Settings that contradict each other.
fn contradictions(policy: &Policy, context: &Context<'_>) -> Vec<Finding> {
    let Context { service, arguments, .. } = context;
    let mut findings = Vec::new();
    let warning = |code, message: String| Finding::warning(Area::Configuration, code, message);
    if policy.mode == Mode::Passwordless && policy.verification != UserVerification::Required {
        let word = policy.verification.as_str();
        let message = format!(
            "{service} is passwordless with verification={word}: anyone who holds the key comes in without a password, PIN \
             or fingerprint."
        );
        let finding = warning("passwordless_without_verification", message)
            .remedy("Leave verification out, or set it to required.");
        findings.push(context.found("verification", arguments.verification.is_some(), finding));
    }
    if policy.usernameless && policy.mode == Mode::SecondFactor {
        let message = format!(
            "{service} is usernameless as a second factor: the password before it needs a user name."
        );
        let finding = warning("usernameless_second_factor", message)
            .remedy("Set mode to passwordless, or remove usernameless.");
        findings.push(context.found("usernameless", arguments.usernameless.is_some(), finding));
    }
    if policy.remote == Remote::Allow && serves_other_machines(service) {
        let message = format!(
            "{service} asks people at other machines to touch a key here: someone who sits here could let them in."
        );
        let finding = warning("remote_allowed", message)
            .remedy("Set remote to refuse. Passkeys for SSH live in OpenSSH: ssh-keygen -t ed25519-sk");
        findings.push(context.found("remote", arguments.remote.is_some(), finding));
    }
    if policy.pin_attempts >= LOCKING_PIN_ATTEMPTS {
        let message = format!(
            "pin_attempts={} lets a single sign-in to {service} lock a key for good.",
            policy.pin_attempts
        );
        let finding = warning("pin_attempts_lock", message).remedy("3 is enough for typing errors.");
        findings.push(context.found("pin_attempts", arguments.pin_attempts.is_some(), finding));
    }
    if *service == "kde-u2f" && policy.wait_for_key == Duration::ZERO {
        let message = "Plasma's screen locker takes a quick failure of kde-u2f for a broken service, and does not ask a key that is plugged \
                       in later.";
        let finding = warning("locker_does_not_wait", message.to_owned())
            .remedy("Give the module wait_for_key=600 timeout=600 there.");
        findings.push(context.found("wait_for_key", arguments.wait_for_key.is_some(), finding));
    }
    findings
}

#[cfg(test)]
#[path = "configuration_tests.rs"]
mod tests;
