//! The services of the machine: who gets in, who does not, and with what.

mod lines;
mod trial;
mod way_in;

use passkey_core::account::Account;
use passkey_core::config::Mode;

use crate::doctor::Service;
use crate::doctor::finding::{Area, Finding};
use crate::doctor::machine::Machine;
use crate::doctor::people::People;
use crate::pam::parse::{Call, Control, Facility, MustFail, ServiceFiles, StackError, Step};
use crate::pam::simulate::{PasskeyCall, ServiceAccess};

pub(in crate::doctor) use trial::unwatched;

/// The most faults of one kind that are told one by one.
const MOST: usize = 8;
/// What stands in the files, whatever the configuration makes of it.
pub(in crate::doctor) fn check_files(files: &ServiceFiles, services: &[Service]) -> Vec<Finding> {
    let mut findings = refused_files(services);
    let gates = crate::doctor::asking(services);
    if gates.is_empty() && findings.is_empty() {
        findings.push(
            Finding::note(Area::Services, "no_service", "No service of this machine asks for a passkey yet.")
                .remedy("Switch one on, such as sudo: sudo passkey-enroll pam enable sudo"),
        );
    }
    findings.extend(gates.into_iter().flat_map(flaws));
    findings.extend(way_in::open_to_anyone(services));
    findings.extend(lines::other_facilities(files, services));
    dedup(findings)
}

/// Who comes in at the services that ask for passkeys.
pub(in crate::doctor) fn check(
    machine: &Machine,
    files: &ServiceFiles,
    gates: &[&ServiceAccess],
    people: &People,
    account: &Account,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for gate in gates {
        findings.extend(calls(gate));
        findings.extend(way_in::check(gate, files));
        findings.extend(way_in::shut_out(gate, people, account));
    }
    findings.extend(lines::writable(machine, gates));
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
    for Service { name, access } in services {
        let Err(error) = access else { continue };
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
fn calls(gate: &ServiceAccess) -> Vec<Finding> {
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
fn flaws(gate: &ServiceAccess) -> Vec<Finding> {
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

/// The calls of a module for a facility.
fn calls_for(files: &ServiceFiles, service: &str, facility: Facility, module: &str) -> Vec<Call> {
    let steps = files.stack(service, facility).map(|stack| stack.steps).unwrap_or_default();
    let mut calls = Vec::new();
    collect(steps, &mut calls);
    calls.retain(|call| call.rule.module_name() == module);
    calls
}

fn collect(steps: Vec<Step>, calls: &mut Vec<Call>) {
    for step in steps {
        match step {
            Step::Call(call) => calls.push(call),
            Step::Substack(inner) => collect(inner, calls),
            Step::MustFail(_) => {}
        }
    }
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

#[cfg(test)]
mod tests;
