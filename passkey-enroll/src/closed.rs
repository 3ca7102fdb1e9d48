//! Which services are closed to a user who has no passkey that could sign in.

use std::collections::BTreeSet;
use std::path::Path;

use passkey_core::config::{Config, DEFAULT_PATH, Policy, Settings, Unenrolled};
use passkey_core::store::CredentialFile;

use crate::pam::{Answer, Rule, Services, Step, opens};

/// The module.
const MODULE: &str = "pam_passkey.so";
/// Modules whose answer depends on the machine and the account, not on what the person knows or has.
const CONDITIONS: [&str; 6] = [
    "pam_succeed_if.so",
    "pam_localuser.so",
    "pam_usertype.so",
    "pam_listfile.so",
    "pam_access.so",
    "pam_group.so",
];
/// The most conditions of one stack that are tried both ways.
const MAX_CONDITIONS: usize = 8;

/// What a user without a usable passkey is to the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    /// They have none, and `unenrolled` says what becomes of them.
    Unenrolled,
    /// They have some that are disabled or damaged: the module refuses them in any case.
    NoneUsable,
}

/// The services that are closed to a user with these passkeys, of which none can sign in. In order.
pub(crate) fn services(config: &Config, services: &Services, file: &CredentialFile) -> Vec<String> {
    let lack = if file.is_unenrolled() { Lack::Unenrolled } else { Lack::NoneUsable };
    let names = services.names();
    let included: BTreeSet<String> = names.iter().flat_map(|name| services.included(name)).collect();
    let mut seen = BTreeSet::new();
    let mut closed = BTreeSet::new();
    for name in &names {
        let Ok(stack) = services.stack(name) else { continue };
        seen.insert(name.to_lowercase());
        // What others include is no service by itself.
        if !included.contains(name) && is_closed(config, name, &stack, lack) {
            closed.insert(name.to_lowercase());
        }
    }
    // Where PAM's own file cannot be seen, the configuration is believed.
    for name in config.services.keys().filter(|name| !seen.contains(*name)) {
        match answer(&config.policy(name, &Settings::default()), lack) {
            Answer::Success | Answer::Ignore => {}
            Answer::Unavailable | Answer::Failure => {
                closed.insert(name.clone());
            }
        }
    }
    closed.into_iter().collect()
}

/// Whether the passkey makes the difference: with one the stack opens, without it does not.
fn is_closed(config: &Config, service: &str, stack: &[Step], lack: Lack) -> bool {
    let mut conditions = Vec::new();
    find_conditions(stack, &mut conditions);
    conditions.truncate(MAX_CONDITIONS);
    // One bit for each condition: whether it fails. What is beyond the most holds.
    let opens_with = |passkey: &dyn Fn(&Policy) -> Answer, failing: u32| {
        opens(stack, &|rule: &Rule| match rule.module.as_str() {
            // A call that is not understood is refused, passkey or not.
            MODULE => policy(config, service, &rule.arguments).as_ref().map_or(Answer::Failure, passkey),
            "pam_deny.so" => Answer::Failure,
            _ => match conditions.iter().position(|known| is_same(known, rule)) {
                Some(number) if (failing >> number) & 1 == 1 => Answer::Failure,
                // The person does whatever else is asked of them.
                Some(_) | None => Answer::Success,
            },
        })
    };
    (0..1_u32 << conditions.len()).any(|failing| {
        opens_with(&|_| Answer::Success, failing) && !opens_with(&|policy| answer(policy, lack), failing)
    })
}

/// The conditions of a stack, each once.
fn find_conditions<'s>(stack: &'s [Step], found: &mut Vec<&'s Rule>) {
    for step in stack {
        match step {
            Step::Substack(inner) => find_conditions(inner, found),
            Step::Module(rule)
                if CONDITIONS.contains(&rule.module.as_str())
                    && !found.iter().any(|known| is_same(known, rule)) =>
            {
                found.push(rule);
            }
            Step::Module(_) => {}
        }
    }
}

/// Whether two calls ask the same.
fn is_same(one: &Rule, other: &Rule) -> bool {
    (&one.module, &one.arguments) == (&other.module, &other.arguments)
}

/// The policy of a call of the module, by the module's own rules; `None` where it refuses to work at all.
fn policy(config: &Config, service: &str, arguments: &[String]) -> Option<Policy> {
    let mut settings = Settings::default();
    let mut other = None;
    let mut seen = BTreeSet::new();
    for argument in arguments {
        let (key, value) = match argument.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (argument.as_str(), None),
        };
        if !seen.insert(key) {
            return None;
        }
        if key == "config" {
            other = Some(Path::new(value?));
        } else {
            settings.set(key, value).ok()?;
        }
    }
    match other.filter(|path| *path != Path::new(DEFAULT_PATH)) {
        Some(path) => Some(Config::load_existing(path).ok()?.policy(service, &settings)),
        None => Some(config.policy(service, &settings)),
    }
}

fn answer(policy: &Policy, lack: Lack) -> Answer {
    match (lack, policy.unenrolled) {
        (Lack::Unenrolled, Unenrolled::Ignore) => Answer::Ignore,
        (Lack::Unenrolled, Unenrolled::Deny) | (Lack::NoneUsable, Unenrolled::Deny | Unenrolled::Ignore) => {
            Answer::Unavailable
        }
    }
}

#[cfg(test)]
#[path = "closed_tests.rs"]
mod tests;
