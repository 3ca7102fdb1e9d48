//! Who comes in and who does not, and what with.

use passkey_core::account::Account;
use passkey_core::config::{Mode, UserVerification, serves_other_machines};

use super::calls_for;
use crate::doctor::finding::{Area, Finding, listed};
use crate::doctor::people::{Enrolment, People};
use crate::pam::parse::{Facility, Place, ServiceFiles};
use crate::pam::simulate::{Gate, KEYRINGS, Lack, Passkey, Visitor};

/// The module that this one takes the place of.
const PAM_U2F: &str = "pam_u2f.so";

pub(in crate::doctor) fn check(gate: &Gate, files: &ServiceFiles) -> Vec<Finding> {
    let mut findings: Vec<Finding> = decides(gate).into_iter().collect();
    findings.extend(keyrings(gate, files));
    findings.extend(u2f(gate));
    findings
}

/// Whether what the service asks for is what decides.
fn decides(gate: &Gate) -> Option<Finding> {
    let service = &gate.service;
    let first = gate.passkeys.first()?;
    let is_understood = gate.passkeys.iter().all(|call| call.asked.is_ok());
    if gate.is_shut() {
        // A call that is refused has been told of.
        return is_understood.then(|| shut(service, &first.place));
    }
    let second_factor = gate
        .passkeys
        .iter()
        .find(|call| call.asked.as_ref().is_ok_and(|asked| asked.policy.mode == Mode::SecondFactor))?;
    if gate.password_is_enough() {
        let message = format!(
            "{service} asks for a passkey as a second factor, and lets in whoever has the password without it."
        );
        return Some(
            Finding::warning(Area::Services, "second_factor_not_enforced", message)
                .in_line(&second_factor.place)
                .remedy(
                    "Make it required, and see that no line above it ends the stack (sufficient, done): include such lines with \
                     substack.",
                ),
        );
    }
    let verifies = second_factor
        .asked
        .as_ref()
        .is_ok_and(|asked| asked.policy.verification == UserVerification::Required);
    (gate.passkey_is_enough() && !verifies).then(|| {
        let message = format!("{service} lets in whoever touches the key, without password or PIN.");
        Finding::warning(Area::Services, "touch_is_enough", message)
            .in_line(&second_factor.place)
            .remedy("Give the module mode=passwordless, which asks for PIN or fingerprint; or make it required, below the password.")
    })
}

fn shut(service: &str, place: &Place) -> Finding {
    if serves_other_machines(service) {
        let message = format!(
            "{service} lets nobody in: the module refuses people at other machines, who cannot touch a key here."
        );
        return Finding::error(Area::Services, "service_shut", message)
            .in_line(place)
            .remedy("Take the line out. Passkeys for SSH live in OpenSSH: ssh-keygen -t ed25519-sk");
    }
    let message = format!("{service} lets in nobody who has all that it asks for, password and passkey.");
    Finding::error(Area::Services, "service_shut", message)
        .in_line(place)
        .remedy("Count the lines that a list such as [success=1] jumps over, and look for pam_deny.so behind it. Keep a root shell open.")
}

/// Modules that unlock the keyring, which a passkey may pass by.
fn keyrings(gate: &Gate, files: &ServiceFiles) -> Vec<Finding> {
    let reached = |passkey| gate.reached(Visitor { passkey, password: true });
    let with = reached(Passkey::Used);
    let without = reached(Passkey::Lacking(Lack::Unenrolled));
    let keyrings = gate.calls().into_iter().filter(|call| {
        let module = call.rule.module_name();
        // Only who opens a session opens a keyring: sudo has it in passing, by way of a common file.
        KEYRINGS.contains(&module) && !calls_for(files, &gate.service, Facility::Session, module).is_empty()
    });
    let mut findings = Vec::new();
    for keyring in keyrings {
        let module = keyring.rule.module_name();
        let service = &gate.service;
        let passwordless = gate
            .passkeys
            .iter()
            .any(|call| call.asked.as_ref().is_ok_and(|asked| asked.policy.mode == Mode::Passwordless));
        if !with.contains(&keyring.place) && without.contains(&keyring.place) {
            let message =
                format!("{service}: whoever signs in with a passkey passes by {module}, which is behind it.");
            findings.push(
                Finding::warning(Area::Services, "keyring_skipped", message)
                    .in_line(&keyring.place)
                    .remedy("Have the passkey's line jump over the lines that ask for the password, not out of the stack: [success=N default=ignore] in place of sufficient, with N such lines."),
            );
        } else if passwordless {
            let message = format!(
                "{service}: a keyring stays locked after signing in with a passkey alone: {module} gets no password."
            );
            findings.push(Finding::note(Area::Services, "keyring_locked", message).in_line(&keyring.place));
        }
    }
    findings
}

/// The module that this one takes the place of, still there.
fn u2f(gate: &Gate) -> Option<Finding> {
    let call = gate.calls().into_iter().find(|call| call.rule.module_name() == PAM_U2F)?;
    let message =
        format!("{}: pam_u2f.so is still there: people may be asked for two touches.", gate.service);
    Some(
        Finding::note(Area::Services, "pam_u2f", message)
            .in_line(&call.place)
            .remedy("Once everybody's keys are enrolled, take its line out."),
    )
}

/// Who does not come in for want of a passkey.
pub(in crate::doctor) fn shut_out(gate: &Gate, people: &People, account: &Account) -> Option<Finding> {
    let (unenrolled, none_usable) =
        (gate.is_closed_to(Lack::Unenrolled), gate.is_closed_to(Lack::NoneUsable));
    let is_shut_out = |enrolment: &Enrolment| match enrolment {
        Enrolment::Lacking(Lack::Unenrolled, _) => unenrolled,
        Enrolment::Lacking(Lack::NoneUsable, _) => none_usable,
        Enrolment::Usable(_) | Enrolment::Unreadable(_) | Enrolment::Hidden => false,
    };
    let names: Vec<&str> = people
        .seen
        .iter()
        .filter(|person| is_shut_out(&person.enrolment))
        .map(|person| person.name.as_str())
        .collect();
    let service = &gate.service;
    let place = &gate.passkeys.first()?.place;
    if names.is_empty() {
        return None;
    }
    let somebody_comes_in =
        people.seen.iter().any(|person| !is_shut_out(&person.enrolment)) || people.unseen > 0;
    let remedy = "Enrol them: sudo passkey-enroll add --user NAME; or let them in by the rest of the stack, with unenrolled=ignore.";
    Some(if somebody_comes_in {
        let more = if people.unseen > 0 {
            format!(" ({} more people were not looked at)", people.unseen)
        } else {
            String::new()
        };
        let message = format!(
            "{service} is closed to people who have no passkey that signs in: {}{more}.",
            listed(&names)
        );
        Finding::warning(Area::Services, "closed_without_passkey", message).in_line(place).remedy(remedy)
    } else {
        let message = format!("{service} is closed to everybody: nobody has a passkey that signs in.");
        let first = format!(
            "Enrol one before you close your root shell: sudo passkey-enroll add --user {}",
            account.name
        );
        Finding::error(Area::Services, "closed_to_everybody", message).in_line(place).remedy(first)
    })
}
