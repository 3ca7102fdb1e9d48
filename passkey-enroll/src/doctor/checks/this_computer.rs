//! The passkeys that this computer itself holds: does its service listen, can it be reached, and are they still there?

use std::path::PathBuf;

use ctap::Info;
use ctaphid_socket::ListError;
use passkey_core::ceremony::{Attachment, InspectError, InspectedKey, KeyError};
use passkey_core::credential::Credential;
use passkey_core::store::Loaded;

use crate::doctor::Subject;
use crate::doctor::finding::{Area, Finding, listed};
use crate::doctor::machine::Machine;
use crate::doctor::probe::access::{Access, Identity};
use crate::key::place;
use crate::report::shell;

/// From so few tries on, a person should think before they type.
const FEW_TRIES: u8 = 3;
/// Shows the log of the service.
const LOOK: &str = "See why: systemctl status passkey-tpm.socket passkey-tpm.service";

/// What can be seen of the service from outside.
#[derive(Debug)]
enum Listening {
    /// It listens at this socket. Whether the user may connect, where that can be seen.
    At { socket: PathBuf, open_to_user: Option<bool> },
    /// It does not.
    Missing,
    /// Users other than root could have put a socket there.
    Untrusted(PathBuf),
    /// The folder cannot be looked at, for this reason.
    NotListed(String),
}

/// What the service says.
#[derive(Debug)]
struct Told {
    /// Why it says nothing.
    error: Option<InspectError>,
    pin_set: Option<bool>,
    pin_retries: Option<u8>,
    finger: Finger,
    /// The names of the passkeys that are no longer on it.
    gone: Vec<String>,
}

/// Whether a finger stands for the PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finger {
    /// It is switched off.
    Off,
    /// Not, since there are no prints, or no reader.
    NoPrints,
    /// Once the PIN has been right since the start of the computer.
    AfterPin,
    /// It does.
    Counts,
}

impl Finger {
    /// The service names the reader only where the account has prints.
    fn of(info: &Info) -> Self {
        match (info.options.uv, info.uv_modality) {
            (None, _) => Self::Off,
            (Some(true), _) => Self::Counts,
            (Some(false), Some(_)) => Self::AfterPin,
            (Some(false), None) => Self::NoPrints,
        }
    }
}

impl Listening {
    fn of(machine: &Machine, user: &Identity) -> Self {
        let folder = machine.services();
        match folder.list() {
            Ok(services) => services.into_iter().find(|service| service.name == place::THIS_COMPUTER).map_or(
                Self::Missing,
                |service| Self::At {
                    open_to_user: machine.probe.may_access(user, &service.path, Access::ReadWrite),
                    socket: service.path,
                },
            ),
            Err(ListError::Untrusted(path)) => Self::Untrusted(path),
            Err(error @ (ListError::NoDescriptors | ListError::Io(_))) => Self::NotListed(error.to_string()),
        }
    }
}

impl Told {
    fn of(inspected: &InspectedKey, passkeys: &[&Credential]) -> Self {
        let info = inspected.info.as_ref().ok().and_then(Option::as_ref);
        let is_gone = |passkey: &&&Credential| !inspected.holds.contains(&passkey.id);
        Self {
            error: inspected.info.as_ref().err().copied().or(inspected.untold),
            pin_set: info.and_then(|info| info.options.client_pin),
            pin_retries: inspected.pin_retries,
            finger: info.map_or(Finger::Off, Finger::of),
            gone: passkeys.iter().filter(is_gone).map(|passkey| passkey.name.clone()).collect(),
        }
    }

    fn silent() -> Self {
        let error = Some(InspectError::Lost(KeyError::Silent));
        Self { error, pin_set: None, pin_retries: None, finger: Finger::Off, gone: Vec::new() }
    }
}

pub(in crate::doctor) fn check(
    subject: &Subject,
    inspected: &[InspectedKey],
    loaded: Option<&Loaded>,
) -> Vec<Finding> {
    let enabled = loaded.into_iter().flat_map(|loaded| loaded.file.enabled());
    let passkeys: Vec<&Credential> = enabled.filter(|one| is_on_this_computer(one)).collect();
    if passkeys.is_empty() {
        return Vec::new();
    }
    let machine = &subject.machine;
    let listening = Listening::of(machine, &Identity::of(&subject.account));
    let told = inspected
        .iter()
        .find(|one| one.key.attachment == Attachment::Service && one.key.name == place::THIS_COMPUTER);
    let told = told.map_or_else(Told::silent, |inspected| Told::of(inspected, &passkeys));
    judge(subject, &listening, &told, passkeys.len(), machine.has("/dev/tpmrm0"))
}

/// Whether the passkey is one of this computer, and not of another service.
fn is_on_this_computer(credential: &Credential) -> bool {
    credential.is_on_a_service() && credential.transports.iter().any(|transport| transport == "internal")
}

fn judge(
    subject: &Subject,
    listening: &Listening,
    told: &Told,
    passkeys: usize,
    has_tpm: bool,
) -> Vec<Finding> {
    let user = &subject.account.name;
    let area = Area::Keys;
    let socket = match listening {
        Listening::At { socket, .. } => socket,
        Listening::Missing => {
            let message = format!("{user} has a passkey on this computer, and nothing listens for it.");
            return vec![
                Finding::warning(area, "this_computer_missing", message)
                    .remedy(format!("Install the package passkey-tpm, then: {}", place::START)),
            ];
        }
        Listening::Untrusted(folder) => {
            let message = "Others than root can put a service there, so none is used.";
            return vec![
                Finding::error(area, "services_untrusted", message).at(folder).remedy(place::restore(folder)),
            ];
        }
        Listening::NotListed(reason) => {
            let folder = machine_folder(subject);
            let message = format!("Whether this computer's service listens cannot be seen: {reason}.");
            let remedy = format!("Let this process read the folder: ls -ld {}", folder.display());
            return vec![Finding::warning(area, "services_not_listed", message).at(&folder).remedy(remedy)];
        }
    };
    let mut findings = match told.error {
        Some(error) => vec![silence(error, has_tpm)],
        None => contents(subject, told, passkeys),
    };
    if let Listening::At { open_to_user: Some(false), .. } = listening {
        let message = format!(
            "The service of this computer cannot be connected to by {user}: screen lockers, which run as {user}, cannot use \
             it."
        );
        let remedy = "Have its socket open to everyone (SocketMode=0666): systemctl cat passkey-tpm.socket";
        findings.push(Finding::warning(area, "this_computer_not_for_user", message).remedy(remedy));
    }
    findings.into_iter().map(|finding| finding.at(socket)).collect()
}

fn machine_folder(subject: &Subject) -> PathBuf {
    subject.machine.services().path().to_owned()
}

fn silence(error: InspectError, has_tpm: bool) -> Finding {
    let area = Area::Keys;
    match error {
        InspectError::Lost(KeyError::CannotOpen | KeyError::Hidden | KeyError::Unplugged) => {
            let message = "The service of this computer cannot be connected to.";
            Finding::warning(area, "this_computer_denied", message).remedy(LOOK)
        }
        InspectError::Lost(KeyError::NoDescriptors) => {
            Finding::error(Area::System, "no_descriptors", "This command cannot open any more files.")
                .remedy("Raise the limit (ulimit -n), or close other programs.")
        }
        InspectError::Lost(KeyError::NoRandomness) => {
            Finding::error(Area::System, "no_randomness", "The kernel provides no randomness.")
        }
        InspectError::Lost(
            KeyError::Silent
            | KeyError::Stuck
            | KeyError::NoProtocol
            | KeyError::Busy
            | KeyError::Refused(_)
            | KeyError::Garbled(_),
        )
        | InspectError::Refused(_)
        | InspectError::Malformed => {
            if has_tpm {
                let message = "The service of this computer does not answer as it should.";
                return Finding::warning(area, "this_computer_silent", message).remedy(LOOK);
            }
            let message = "This computer shows no TPM: there is no /dev/tpmrm0.";
            Finding::warning(area, "no_tpm", message).remedy(
                "Switch it on in the firmware's settings, where it is called TPM, PTT or fTPM. Until then other passkeys and \
                 the password lead in.",
            )
        }
    }
}

fn contents(subject: &Subject, told: &Told, passkeys: usize) -> Vec<Finding> {
    let area = Area::Keys;
    let user = &subject.account.name;
    let mut findings = Vec::new();
    if !told.gone.is_empty() || told.pin_set == Some(false) {
        let names: Vec<&str> = told.gone.iter().map(String::as_str).collect();
        let message = match names.as_slice() {
            [] => format!("{user} has no PIN on this computer any more."),
            names => format!("Not on this computer any more: {}.", listed(names)),
        };
        let remove = names.first().map(|name| {
            format!("sudo passkey-enroll remove{} {}, then: ", subject.user_option, shell::quoted(name))
        });
        let option = &subject.user_option;
        // What another TPM made is in the way until it is forgotten.
        let reset = if told.pin_set == Some(false) {
            String::new()
        } else {
            format!("passkey-enroll key reset{option} --on this-computer, then: ")
        };
        let remedy = format!(
            "Its TPM was cleared or exchanged, or the state of passkey-tpm is lost. Make a new one: {}{reset}sudo \
             passkey-enroll add{option} --on this-computer",
            remove.unwrap_or_default(),
        );
        findings.push(Finding::warning(area, "not_on_this_computer", message).remedy(remedy));
    }
    match told.pin_retries {
        Some(0) => {
            let message = format!("This computer takes no PIN of {user} for now: too many were wrong.");
            findings.push(Finding::warning(area, "this_computer_locked", message).remedy(
                "One try comes back each hour, or as often as the TPM forgets one. Until then another passkey, a recovery code or the password leads in.",
            ));
        }
        Some(left) if left <= FEW_TRIES => {
            let tries = if left == 1 { "1 more wrong PIN" } else { "A few more wrong PINs" };
            let message = format!("{tries} of {user}, and this computer takes none for an hour or longer.");
            findings.push(
                Finding::warning(area, "this_computer_few_tries", message).remedy(
                    "They come back by themselves, one each hour or as often as the TPM forgets one.",
                ),
            );
        }
        Some(_) | None => {}
    }
    findings.extend(finger(user, told.finger));
    match passkeys.saturating_sub(told.gone.len()) {
        0 => {}
        1 => findings.push(Finding::ok(
            area,
            "this_computer",
            format!("This computer holds a passkey of {user}."),
        )),
        n => findings.push(Finding::ok(
            area,
            "this_computer",
            format!("This computer holds {n} passkeys of {user}."),
        )),
    }
    findings
}

fn finger(user: &str, finger: Finger) -> Option<Finding> {
    let area = Area::Keys;
    let code = "this_computer_fingerprint";
    Some(match finger {
        Finger::Off => return None,
        Finger::NoPrints => Finding::warning(
            area,
            "this_computer_no_prints",
            format!("A finger may stand for the PIN of this computer, and no print of {user} is there, or no reader."),
        )
        .remedy(format!(
            "Enrol one: fprintd-enroll {user}. If there is one: journalctl -u passkey-tpm.service. To do without: \
             fingerprint = false in /etc/passkey/tpm.toml"
        )),
        Finger::AfterPin => Finding::ok(
            area,
            code,
            format!("A finger of {user} stands for the PIN of this computer once the PIN was right since its start."),
        ),
        Finger::Counts => {
            Finding::ok(area, code, format!("A finger of {user} stands for the PIN of this computer."))
        }
    })
}

#[cfg(test)]
#[path = "this_computer_tests.rs"]
mod tests;
