//! The plugged-in keys, by what they report of themselves.

use passkey_core::account::Account;
use passkey_core::ceremony::{Attachment, InspectError, InspectedKey, KeyError};
use passkey_core::config::{CounterPolicy, UserVerification};
use passkey_core::store::Loaded;

use crate::doctor::finding::{Area, Finding};
use crate::pam::simulate::ServiceAccess;

/// From so few tries on, a person should think before they type (CTAP 2.1 locks a key after eight).
const FEW_TRIES: u8 = 3;

/// What the services of the machine ask for; each the name of the first one that does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::doctor) struct Needs {
    /// Any passkey.
    pub(in crate::doctor) passkey: Option<String>,
    /// That the key verifies its user.
    pub(in crate::doctor) verification: Option<String>,
    /// A passkey that the key finds by itself.
    pub(in crate::doctor) usernameless: Option<String>,
    /// A counter that rises.
    pub(in crate::doctor) counter: Option<String>,
}

impl Needs {
    pub(in crate::doctor) fn of(gates: &[&ServiceAccess]) -> Self {
        let mut needs = Self::default();
        for gate in gates {
            let name = || gate.service.clone();
            needs.passkey.get_or_insert_with(name);
            for asked in gate.passkeys.iter().filter_map(|call| call.asked.as_ref().ok()) {
                if asked.policy.verification == UserVerification::Required {
                    needs.verification.get_or_insert_with(name);
                }
                if asked.policy.usernameless {
                    needs.usernameless.get_or_insert_with(name);
                }
                if asked.policy.counter == CounterPolicy::Deny {
                    needs.counter.get_or_insert_with(name);
                }
            }
        }
        needs
    }
}

/// What a key reports.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "keys report themselves in booleans")]
struct Told {
    name: String,
    path: std::path::PathBuf,
    /// Why it reports nothing.
    error: Option<InspectError>,
    speaks_ctap2: bool,
    pin_set: Option<bool>,
    pin_retries: Option<u8>,
    /// Until it is plugged in again.
    pin_locked: bool,
    pin_must_change: bool,
    /// Whether its own sensor is set up.
    sensor: bool,
    sensor_retries: Option<u8>,
    /// How many of the user's passkeys it holds.
    holds: usize,
}

impl From<&InspectedKey> for Told {
    fn from(inspected: &InspectedKey) -> Self {
        let info = inspected.info.as_ref().ok().and_then(Option::as_ref);
        let name = &inspected.key.name;
        Self {
            name: if name.is_empty() { "The security key".to_owned() } else { name.clone() },
            path: inspected.key.path.clone(),
            error: inspected.info.as_ref().err().copied(),
            speaks_ctap2: info.is_some(),
            pin_set: info.and_then(|info| info.options.client_pin),
            pin_retries: inspected.pin_retries,
            pin_locked: inspected.pin_locked,
            pin_must_change: info.is_some_and(|info| info.force_pin_change),
            sensor: info.is_some_and(|info| info.options.uv == Some(true)),
            sensor_retries: inspected.uv_retries,
            holds: inspected.holds.len(),
        }
    }
}

pub(in crate::doctor) fn check(
    keys: &[InspectedKey],
    loaded: Option<&Loaded>,
    account: &Account,
    needs: &Needs,
) -> Vec<Finding> {
    let is_enrolled =
        loaded.is_some_and(|loaded| loaded.file.credentials.iter().any(|one| !one.is_on_a_service()));
    let plugged = keys.iter().filter(|inspected| inspected.key.attachment == Attachment::Plugged);
    let keys: Vec<Told> = plugged.map(Told::from).collect();
    keys.iter()
        .flat_map(|key| check_key(key, is_enrolled, account, needs))
        .map(|(finding, key)| finding.at(&key.path))
        .collect()
}

fn check_key<'k>(
    key: &'k Told,
    is_enrolled: bool,
    account: &Account,
    needs: &Needs,
) -> impl Iterator<Item = (Finding, &'k Told)> {
    let mut findings = Vec::new();
    match key.error {
        None => {
            findings.extend(pin(key, needs));
            findings.extend(sensor(key));
            findings.extend(contents(key, is_enrolled, account));
        }
        Some(error) => findings.extend(silence(key, error)),
    }
    findings.into_iter().map(move |finding| (finding, key))
}

fn silence(key: &Told, error: InspectError) -> Option<Finding> {
    let name = &key.name;
    let silent = |code, what: &str| {
        let message = format!("{name} {what}.");
        Some(Finding::warning(Area::Keys, code, message).remedy("Unplug it and plug it in again."))
    };
    match error {
        // Reported by the check that looks at keys from outside.
        InspectError::Lost(KeyError::CannotOpen | KeyError::Hidden | KeyError::Unplugged) => None,
        InspectError::Lost(KeyError::Silent) => silent("key_silent", "does not answer"),
        InspectError::Lost(KeyError::Stuck) => silent("key_stuck", "reports that it cannot work"),
        InspectError::Lost(KeyError::NoProtocol) => {
            let message = format!("{name} speaks neither FIDO2 nor U2F.");
            Some(Finding::warning(Area::Keys, "no_protocol", message).remedy("Use another security key."))
        }
        InspectError::Lost(KeyError::NoDescriptors) => Some(
            Finding::error(Area::System, "no_descriptors", "This command cannot open any more files.")
                .remedy("Raise the limit (ulimit -n), or close other programs."),
        ),
        InspectError::Lost(KeyError::Busy) => {
            let message = format!("{name} is in use by another program.");
            Some(
                Finding::note(Area::Keys, "key_busy", message).remedy("Try again when that program is done."),
            )
        }
        InspectError::Lost(KeyError::Refused(_)) | InspectError::Refused(_) => {
            silent("key_refuses", "refuses to answer")
        }
        InspectError::Lost(KeyError::Garbled(_)) | InspectError::Malformed => {
            silent("key_garbled", "gives answers that make no sense")
        }
        InspectError::Lost(KeyError::NoRandomness) => {
            Some(Finding::error(Area::System, "no_randomness", "The kernel provides no randomness."))
        }
    }
}

fn pin(key: &Told, needs: &Needs) -> Option<Finding> {
    let area = Area::Keys;
    let name = &key.name;
    if let Some(service) = &needs.verification
        && !key.sensor
        && key.pin_set != Some(true)
    {
        let message = format!("{name} cannot verify its user, as {service} requires");
        return Some(if key.speaks_ctap2 && key.pin_set == Some(false) {
            Finding::warning(area, "pin_not_set", format!("{message}: it has no PIN."))
                .remedy("Set one: passkey-enroll key pin set")
        } else {
            Finding::warning(
                area,
                "no_user_verification",
                format!("{message}: it supports neither PIN nor fingerprint."),
            )
            .remedy(format!("Use a FIDO2 key with a PIN for {service}."))
        });
    }
    if key.pin_set != Some(true) {
        return None;
    }
    if key.pin_must_change {
        let message = format!("{name} requires its PIN to be changed before anything else.");
        return Some(
            Finding::warning(area, "pin_must_change", message)
                .remedy("Change it: passkey-enroll key pin change"),
        );
    }
    match key.pin_retries {
        Some(0) => Some(
            Finding::warning(area, "pin_blocked", format!("The PIN of {name} is blocked for good.")).remedy(
                "Use another key. This one can only be reset, which deletes its passkeys, and enrolled again: passkey-enroll key reset",
            ),
        ),
        left if key.pin_locked => {
            let after = match left {
                Some(left) if left <= FEW_TRIES => {
                    let times = if left == 1 { "once more".to_owned() } else { format!("{left} more times") };
                    format!(", and think first: wrong {times}, it is blocked for good")
                }
                Some(_) | None => String::new(),
            };
            let message = format!("{name} takes no PIN for now: three in a row were wrong.");
            Some(
                Finding::warning(area, "pin_locked", message)
                    .remedy(format!("Unplug it and plug it in again{after}.")),
            )
        }
        Some(left) if left <= FEW_TRIES => {
            let tries = if left == 1 {
                "1 more wrong PIN blocks".to_owned()
            } else {
                format!("{left} more wrong PINs block")
            };
            Some(
                Finding::warning(area, "pin_few_tries", format!("{tries} {name} for good."))
                    .remedy("Type the right PIN once to get all tries back: passkey-enroll verify"),
            )
        }
        Some(_) | None => None,
    }
}

fn sensor(key: &Told) -> Option<Finding> {
    (key.sensor && key.sensor_retries == Some(0)).then(|| {
        let message = format!("The fingerprint reader of {} is locked.", key.name);
        Finding::warning(Area::Keys, "sensor_locked", message).remedy("Use its PIN once to unlock it.")
    })
}

fn contents(key: &Told, is_enrolled: bool, account: &Account) -> Option<Finding> {
    let (name, user) = (&key.name, &account.name);
    match key.holds {
        0 if is_enrolled => Some(
            Finding::note(Area::Keys, "key_foreign", format!("{name} holds no passkey of {user}."))
                .remedy("It is another key, or it has been reset since."),
        ),
        0 => None,
        1 => Some(Finding::ok(Area::Keys, "key_enrolled", format!("{name} holds a passkey of {user}."))),
        n => Some(Finding::ok(Area::Keys, "key_enrolled", format!("{name} holds {n} passkeys of {user}."))),
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
