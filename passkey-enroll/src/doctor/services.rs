//! The services of the machine: who comes in, who does not, and what with.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use passkey_core::config::{Account, Mode, UserVerification, serves_other_machines};

use super::Service;
use super::finding::{Area, Finding, listed};
use super::machine::Machine;
use super::people::{Enrolment, People};
use crate::gate::{Gate, KEYRINGS, Lack, MODULE, Passkey, PasskeyCall, Visitor};
use crate::pam_files::{Control, Facility, MustFail, Place, ServiceFiles, StackError, Step};

/// The most faults of one kind that are told one by one.
const MOST: usize = 8;
/// The module that this one takes the place of.
const PAM_U2F: &str = "pam_u2f.so";
/// Facilities that the module has nothing to say to.
const OTHER_FACILITIES: [(Facility, &str); 3] =
    [(Facility::Account, "account"), (Facility::Session, "session"), (Facility::Password, "password")];

/// `people`: who there is; `None` where the configuration is broken, and nobody comes in anyway.
pub(super) fn check(
    machine: &Machine,
    services: &[Service],
    people: Option<&People>,
    account: &Account,
) -> Vec<Finding> {
    let mut findings = refused_files(services);
    let gates: Vec<&Gate> =
        services.iter().filter_map(|service| service.gate.as_ref().ok()?.as_ref()).collect();
    if gates.is_empty() && findings.is_empty() {
        findings.push(
            Finding::note(Area::Services, "no_service", "No service of this machine asks for a passkey yet.")
                .remedy(
                    "Put a line with pam_passkey.so into a service's file in /etc/pam.d: see pam_passkey(8).",
                ),
        );
    }
    for gate in &gates {
        findings.extend(calls(gate));
        findings.extend(flaws(gate));
        findings.extend(way_in(gate));
        findings.extend(keyrings(gate));
        findings.extend(u2f(gate));
        if let Some(people) = people {
            findings.extend(shut_out(gate, people, account));
        }
    }
    findings.extend(other_facilities(machine, services));
    findings.extend(writable(machine, &gates));
    dedup(findings)
}

/// What several services share is told once.
fn dedup(findings: Vec<Finding>) -> Vec<Finding> {
    let mut told: Vec<Finding> = Vec::new();
    for finding in findings {
        if !told.contains(&finding) {
            told.push(finding);
        }
    }
    told
}

/// Services that PAM gives nothing at all.
fn refused_files(services: &[Service]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for Service { name, gate } in services {
        let Err(error) = gate else { continue };
        let finding = |message: String| Finding::error(Area::Services, "service_refused", message);
        findings.push(match error {
            StackError::Line { place, flaw } => {
                let message = format!("PAM refuses every sign-in that comes by here: {flaw}.");
                finding(message)
                    .in_line(place)
                    .remedy("Correct the line, or take it out. Keep a root shell open.")
            }
            StackError::NoFile(error) => finding(format!("PAM refuses every sign-in to {name}: {error}."))
                .at(error.path())
                .remedy("Put the file right. Keep a root shell open."),
            StackError::TooLong(path) => finding(format!("{name} includes more than can be looked at."))
                .at(path)
                .remedy("Look for files that include each other."),
        });
    }
    let mut findings = dedup(findings);
    findings.truncate(MOST);
    findings
}

/// What the service asks for, or why the module refuses to work there.
fn calls(gate: &Gate) -> Vec<Finding> {
    let service = &gate.service;
    let calls = gate.passkeys.iter().map(|PasskeyCall { place, arguments, asked }| match asked {
        Ok(asked) => {
            let what = match asked.policy.mode {
                Mode::SecondFactor => "as a second factor",
                Mode::Passwordless => "in place of the password",
            };
            let arguments =
                if arguments.is_empty() { String::new() } else { format!(" ({})", arguments.join(" ")) };
            let message = format!("{service} asks for a passkey, {what}{arguments}.");
            Finding::ok(Area::Services, "service", message).in_line(place)
        }
        Err(refusal) => {
            let message = format!("{service}: the module refuses to work here: {refusal}.");
            Finding::error(Area::Services, "call_refused", message)
                .in_line(place)
                .remedy("Correct what stands behind pam_passkey.so: see pam_passkey(8).")
        }
    });
    calls.collect()
}

/// Lines that libpam does not take as one would think.
fn flaws(gate: &Gate) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut flawed = Vec::new();
    must_fail(&gate.stack.steps, &mut flawed);
    for MustFail { place, flaw, .. } in flawed.into_iter().take(MOST) {
        let message = format!("{}: a line does not mean what it seems to: {flaw}.", gate.service);
        findings.push(
            Finding::warning(Area::Services, "line_flawed", message)
                .in_line(place)
                .remedy("Correct the line, or take it out."),
        );
    }
    for call in gate.calls() {
        if let Control::Malformed(control) = &call.rule.control {
            let message = format!(
                "{}: the control “{control}” is not understood: whatever {} answers is a failure.",
                gate.service,
                call.rule.module_name()
            );
            findings.push(
                Finding::warning(Area::Services, "control_malformed", message)
                    .in_line(&call.place)
                    .remedy("Write required, sufficient or a list such as [success=1 default=ignore]: see pam.conf(5)."),
            );
        }
    }
    findings
}

fn must_fail<'s>(steps: &'s [Step], found: &mut Vec<&'s MustFail>) {
    for step in steps {
        match step {
            Step::Call(_) => {}
            Step::Substack(inner) => must_fail(inner, found),
            Step::MustFail(step) => found.push(step),
        }
    }
}

/// Whether what the service asks for is what decides.
fn way_in(gate: &Gate) -> Option<Finding> {
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
    let message = format!("{service} lets nobody in, passkey or not.");
    Finding::error(Area::Services, "service_shut", message)
        .in_line(place)
        .remedy("Count the lines that a list such as [success=1] jumps over, and look for pam_deny.so behind it. Keep a root shell open.")
}

/// Modules that unlock the keyring, which a passkey may pass by.
fn keyrings(gate: &Gate) -> Vec<Finding> {
    let reached = |passkey| gate.reached(Visitor { passkey, password: true });
    let with = reached(Passkey::Used);
    let without = reached(Passkey::Lacking(Lack::Unenrolled));
    let keyrings = gate.calls().into_iter().filter(|call| KEYRINGS.contains(&call.rule.module_name()));
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
                    .remedy("Have the passkey's line jump to it: [success=N default=ignore] in place of sufficient, N lines to leave out."),
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
fn shut_out(gate: &Gate, people: &People, account: &Account) -> Option<Finding> {
    let (unenrolled, none_usable) =
        (gate.is_closed_to(Lack::Unenrolled), gate.is_closed_to(Lack::NoneUsable));
    let is_shut_out = |enrolment: &Enrolment| match enrolment {
        Enrolment::Lacking(Lack::Unenrolled, _) => unenrolled,
        Enrolment::Lacking(Lack::NoneUsable, _) => none_usable,
        Enrolment::Usable(_) | Enrolment::Unreadable(_) | Enrolment::Hidden => false,
    };
    let names: Vec<&str> = people
        .people
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
        people.people.iter().any(|person| !is_shut_out(&person.enrolment)) || people.unseen > 0;
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

/// Calls of the module for what it has nothing to say to.
fn other_facilities(machine: &Machine, services: &[Service]) -> Vec<Finding> {
    let files = ServiceFiles::below(machine.root());
    let mut findings = Vec::new();
    for Service { name, .. } in services {
        for (facility, word) in OTHER_FACILITIES {
            let Ok(stack) = files.stack(name, facility) else { continue };
            for place in places_of(&stack.steps, MODULE) {
                let message = format!("The module has no {word} part: the line fails.");
                findings.push(
                    Finding::warning(Area::Services, "wrong_facility", message)
                        .in_line(&place)
                        .remedy("Take the line out; the module belongs behind auth only."),
                );
            }
        }
    }
    let mut findings = dedup(findings);
    findings.truncate(MOST);
    findings
}

fn places_of(steps: &[Step], module: &str) -> Vec<Place> {
    let mut places = Vec::new();
    for step in steps {
        match step {
            Step::Call(call) if call.rule.module_name() == module => places.push(call.place.clone()),
            Step::Call(_) | Step::MustFail(_) => {}
            Step::Substack(inner) => places.extend(places_of(inner, module)),
        }
    }
    places
}

/// Files of services that ask, which others than root can change.
fn writable(machine: &Machine, gates: &[&Gate]) -> Vec<Finding> {
    let paths: BTreeSet<&Path> =
        gates.iter().flat_map(|gate| gate.calls()).map(|call| call.place.path.as_path()).collect();
    let is_writable = |path: &&Path| {
        fs::metadata(path)
            .is_ok_and(|metadata| !machine.owner_is_accepted(metadata.uid()) || metadata.mode() & 0o022 != 0)
    };
    let findings = paths.into_iter().filter(is_writable).map(|path| {
        let message = "Others than root can change this file, and with it who comes in.";
        Finding::error(Area::Services, "service_file_writable", message)
            .at(path)
            .remedy(format!("chown root:root {0} && chmod 644 {0}", path.display()))
    });
    findings.collect()
}
