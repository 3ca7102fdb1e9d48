//! Who gets in and who does not, and with what.

use std::collections::BTreeMap;

use passkey_core::account::Account;
use passkey_core::config::{Mode, UserVerification, serves_other_machines};

use crate::doctor::Service;
use crate::doctor::finding::{Area, Finding, listed};
use crate::doctor::people::{Enrolment, People, Person};
use crate::pam::parse::{Place, ServiceFiles};
use crate::pam::simulate::{Consumer, Exemption, Factors, Identity, Line, ServiceAccess, Verdict};

/// Services at which people prove who they are, wherever they are used.
const ASK_FOR_PROOF: [&str; 10] =
    ["doas", "login", "pkexec", "polkit-1", "remote", "run0", "sshd", "su", "su-l", "sudo"];
/// The name of the account that is root.
const ROOT: &str = "root";
/// The module that this one takes the place of.
const PAM_U2F: &str = "pam_u2f.so";

pub(in crate::doctor) fn check(gate: &ServiceAccess, files: &ServiceFiles) -> Vec<Finding> {
    let mut findings = decides(gate);
    findings.extend(authtok_consumers(gate, files));
    findings.extend(u2f(gate));
    findings
}

/// Whether what the service asks for is what decides.
fn decides(access: &ServiceAccess) -> Vec<Finding> {
    let service = &access.service;
    let Some(first) = access.passkeys.first() else { return Vec::new() };
    let Ok(verdict) = access.verdict() else {
        let message = format!("{service}: its lines are too complex to tell who gets in.");
        return vec![Finding::warning(Area::Services, "service_too_complex", message).in_line(&first.place)];
    };
    let is_understood = access.passkeys.iter().all(|call| call.asked.is_ok());
    if verdict.is_shut() || access.admits_passkey() == Ok(false) {
        // A call that is refused has been told of.
        return is_understood.then(|| shut(service, &first.place)).into_iter().collect();
    }
    let mut findings = open(service, &verdict);
    findings.extend(exempt(service, &verdict));
    let second_factor = access
        .passkeys
        .iter()
        .find(|call| call.asked.as_ref().is_ok_and(|asked| asked.policy.mode == Mode::SecondFactor));
    let Some(second_factor) = second_factor else { return findings };
    let bypass =
        verdict.ways.iter().find(|way| !way.factors.contains(Factors::PASSKEY) && !way.factors.is_empty());
    if let Some(way) = bypass {
        let message = format!(
            "{service} asks for a passkey as a second factor, and yet {way} is enough to get in without it."
        );
        let line = way.lines.last().map_or(&second_factor.place, |line| &line.place);
        findings.push(
            Finding::warning(Area::Services, "second_factor_not_enforced", message)
                .in_line(line)
                .remedy(
                    "Make the passkey required, and see that no line above it ends the stack (sufficient, done): include such lines with \
                     substack.",
                ),
        );
        return findings;
    }
    let verifies = second_factor
        .asked
        .as_ref()
        .is_ok_and(|asked| asked.policy.verification == UserVerification::Required);
    if verdict.passkey_is_enough() && !verifies {
        let message = format!("{service} lets in anyone who touches the key, without a password or a PIN.");
        findings.push(
            Finding::warning(Area::Services, "touch_is_enough", message)
                .in_line(&second_factor.place)
                .remedy("Give the module mode=passwordless, which asks for a PIN or a fingerprint; or make it required, below the password."),
        );
    }
    findings
}

/// Services that do not ask for passkeys, and let anyone in without any proof. Greeters and automatic logins are meant to.
pub(super) fn open_to_anyone(services: &[Service]) -> Vec<Finding> {
    let open_door = |service: &Service| {
        let verdict = service.access.as_ref().ok().filter(|access| !access.asks())?.verdict().ok()?;
        verdict.open_door()?;
        Some((service.name.clone(), verdict))
    };
    let (wrong, meant): (Vec<_>, Vec<_>) =
        services.iter().filter_map(open_door).partition(|(name, _)| ASK_FOR_PROOF.contains(&name.as_str()));
    let mut findings: Vec<Finding> = wrong.iter().flat_map(|(name, verdict)| open(name, verdict)).collect();
    let names: Vec<&str> = meant.iter().map(|(name, _)| name.as_str()).collect();
    if !names.is_empty() {
        let message = format!("These services let anyone in without any proof: {}.", listed(&names));
        findings.push(
            Finding::note(Area::Services, "service_without_proof", message)
                .remedy("Greeters, automatic logins and services of the system are meant to; see that no other one is among them."),
        );
    }
    findings
}

/// Where a person gets in without any proof.
fn open(service: &str, verdict: &Verdict) -> Vec<Finding> {
    let remedy = "Have another line ask for the password, such as pam_unix.so; keep a root shell open.";
    if let Some(line) = verdict.open_door().and_then(|way| way.lines.last()) {
        let message = format!("{service} lets anyone in without a password or a passkey, by {line}.");
        return vec![
            Finding::error(Area::Services, "service_open", message).in_line(&line.place).remedy(remedy),
        ];
    }
    let Some(line) = verdict.open_to_unenrolled.as_ref().and_then(|way| way.lines.last()) else {
        return Vec::new();
    };
    let message = format!("{service} lets people who have no passkey in without a password, by {line}.");
    vec![Finding::error(Area::Services, "service_open", message).in_line(&line.place).remedy(remedy)]
}

/// Lines that let some people in with less.
fn exempt(service: &str, verdict: &Verdict) -> Vec<Finding> {
    let findings = verdict.exempt.iter().map(|Exemption { line, factors }| {
        let message = if factors.is_empty() {
            format!("{service}: where the condition of {line} holds, people get in without any proof.")
        } else {
            format!("{service}: where the condition of {line} holds, the {factors} is enough, without the passkey.")
        };
        Finding::note(Area::Services, "exempted_without_passkey", message).in_line(&line.place)
    });
    findings.collect()
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

/// Modules that unlock keyrings and folders with the password, which a passkey may pass by.
fn authtok_consumers(gate: &ServiceAccess, files: &ServiceFiles) -> Vec<Finding> {
    let (Ok(passed_by), Ok(served)) = (gate.passed_by(gate, files), gate.served_by_passkey(files)) else {
        return Vec::new();
    };
    let service = &gate.service;
    let mut findings = Vec::new();
    for Consumer { line, is_known } in passed_by {
        let module = line.rule.module_name();
        let finding = if is_known {
            let message =
                format!("{service}: whoever signs in with a passkey passes by {module}, which is behind it.");
            Finding::warning(Area::Services, "keyring_skipped", message)
        } else {
            let message = format!(
                "{service}: whoever signs in with a passkey passes by {module}, which is not known here and may unlock something with the password."
            );
            Finding::note(Area::Services, "unknown_skipped", message)
        };
        findings.push(finding.in_line(&line.place).remedy(consumer_remedy(gate, files, &line)));
    }
    for line in served {
        let module = line.rule.module_name();
        let message = format!(
            "{service}: {module} gets no password from a passkey that none is kept for, and what it unlocks stays locked."
        );
        let finding = Finding::note(Area::Services, "keyring_locked", message).in_line(&line.place);
        findings.push(finding.remedy("Keep the password for a passkey: sudo passkey-enroll keyring enable"));
    }
    findings
}

/// How the module is reached.
fn consumer_remedy(gate: &ServiceAccess, files: &ServiceFiles, consumer: &Line) -> String {
    let path = files.own_path(&gate.service);
    if consumer.place.path == path {
        "Have the passkey's line jump over the lines that ask for the password, not out of the stack: [success=N default=ignore] in place of sufficient, with N such lines.".to_owned()
    } else {
        format!(
            "Have the passkey's line jump to a line of {} itself that calls the module: -auth optional {}, behind the lines for the password.",
            path.display(),
            consumer.rule.module
        )
    }
}

/// The module that this one takes the place of, still there.
fn u2f(gate: &ServiceAccess) -> Option<Finding> {
    let call = gate.calls().into_iter().find(|call| call.rule.module_name() == PAM_U2F)?;
    let message =
        format!("{}: pam_u2f.so is still there: people may be asked for two touches.", gate.service);
    Some(
        Finding::note(Area::Services, "pam_u2f", message)
            .in_line(&call.place)
            .remedy("Once everybody's keys are enrolled, take its line out."),
    )
}

/// Who does not get in for want of a passkey.
pub(super) fn shut_out(access: &ServiceAccess, people: &People, account: &Account) -> Option<Finding> {
    let mut known = BTreeMap::new();
    let mut is_shut_out = |person: &Person| {
        let missing = match person.enrolment {
            Enrolment::Lacking(missing, _) => missing,
            Enrolment::Usable(_) | Enrolment::Unreadable(_) | Enrolment::Hidden => return false,
        };
        let uid = (person.name == ROOT).then_some(0);
        // Most people are alike to the stack's conditions.
        let name = access.names(&person.name).then(|| person.name.clone());
        *known
            .entry((missing, uid, name))
            .or_insert_with(|| access.is_closed_to_account(missing, Identity { name: &person.name, uid }))
    };
    let shut_out: Vec<bool> = people.seen.iter().map(&mut is_shut_out).collect();
    let seen = people.seen.iter().zip(&shut_out);
    let names: Vec<&str> =
        seen.filter(|(_, is_shut_out)| **is_shut_out).map(|(person, _)| person.name.as_str()).collect();
    let service = &access.service;
    let place = &access.passkeys.first()?.place;
    if names.is_empty() {
        return None;
    }
    let somebody_comes_in = shut_out.contains(&false) || people.unseen > 0;
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
