use super::*;
use crate::doctor::Severity;
use crate::doctor::fixture::Fixture;

/// What comes of giving `service` this file, on a machine that a test has prepared.
fn foreseen(machine: &Fixture, service: &str, text: &str) -> Vec<(Severity, &'static str)> {
    let subject = machine.subject();
    let before = ServiceFiles::below(subject.machine.root());
    let after = before.clone().with(service, text.as_bytes().to_vec());
    let findings = regressions(&subject, service, &before, &after);
    findings.iter().map(|finding| (finding.severity, finding.code)).collect()
}

const SECOND_FACTOR: &str = "@include common-auth\nauth required pam_passkey.so mode=second-factor\n";

/// Nobody asks for passkeys.
fn machine() -> Fixture {
    let machine = Fixture::healthy();
    machine.put("etc/pam.d/sudo", "@include common-auth\n");
    machine.put("etc/pam.d/su", "@include common-auth\n");
    machine
}

#[test]
fn what_locks_nobody_out_is_let_pass() {
    assert_eq!(foreseen(&machine(), "sudo", SECOND_FACTOR), []);
}

#[test]
fn who_would_be_locked_out_is_named() {
    let machine = machine();
    machine.remove("etc/passkey/credentials/bob.toml");
    assert_eq!(foreseen(&machine, "sudo", SECOND_FACTOR), [(Severity::Warning, "closed_without_passkey")]);
    let lenient = SECOND_FACTOR.replace("mode", "unenrolled=ignore mode");
    assert_eq!(foreseen(&machine, "sudo", &lenient), []);
    machine.remove("etc/passkey/credentials/alice.toml");
    assert_eq!(foreseen(&machine, "sudo", SECOND_FACTOR), [(Severity::Error, "closed_to_everybody")]);
}

#[test]
fn a_keyring_that_would_stay_locked_is_told_of() {
    let text = "auth sufficient pam_passkey.so mode=passwordless\n@include common-auth\nauth optional pam_gnome_keyring.so\n\
                session optional pam_gnome_keyring.so\n";
    assert_eq!(foreseen(&machine(), "gdm-password", text), [(Severity::Warning, "keyring_skipped")]);
}

#[test]
fn root_must_not_hang_on_one_key() {
    let machine = machine();
    machine.leave_only("alice", "blue");
    // Root has a password of their own, and su is open.
    assert_eq!(foreseen(&machine, "sudo", SECOND_FACTOR), []);
    machine.put("etc/shadow", "root:*:1::::::\n");
    assert_eq!(foreseen(&machine, "sudo", SECOND_FACTOR), [(Severity::Warning, "only_way_to_root")]);
    // By that service root gets in with the password, having no passkey.
    machine.put("etc/shadow", "root:$6$x$y:1::::::\n");
    machine.put("etc/pam.d/su", SECOND_FACTOR.replace("mode", "unenrolled=ignore mode"));
    assert_eq!(foreseen(&machine, "sudo", SECOND_FACTOR), []);
    machine.put("etc/pam.d/su", SECOND_FACTOR);
    let found = foreseen(&machine, "sudo", SECOND_FACTOR);
    assert_eq!(found, [(Severity::Warning, "only_way_to_root")]);
    // Root does not get past the condition.
    machine.put("etc/pam.d/su", "auth required pam_succeed_if.so user != root\n@include common-auth\n");
    assert_eq!(foreseen(&machine, "sudo", SECOND_FACTOR), [(Severity::Warning, "only_way_to_root")]);
    // A door that does not lead to root is none of it.
    assert_eq!(foreseen(&machine, "greeter", SECOND_FACTOR), []);
}

#[test]
fn a_locker_has_to_read_what_root_can() {
    let machine = machine();
    machine.mode("etc/passkey/passkey.toml", 0o600);
    assert_eq!(foreseen(&machine, "sudo", SECOND_FACTOR), []);
    let found = foreseen(&machine, "i3lock", SECOND_FACTOR);
    assert!(found.contains(&(Severity::Warning, "configuration_not_readable")), "{found:?}");
}

#[test]
fn whom_a_condition_keeps_out_anyway_is_not_locked_out() {
    let machine = machine();
    machine.append("etc/passwd", "root:x:0:0::/root:/bin/bash\n");
    let text = "auth required pam_succeed_if.so user != root quiet_success\n@include common-auth\nauth required pam_passkey.so\n";
    assert_eq!(foreseen(&machine, "sddm", text), []);
    let found = foreseen(&machine, "sddm", SECOND_FACTOR);
    assert_eq!(found, [(Severity::Warning, "closed_without_passkey")]);
}

#[test]
fn those_who_come_by_ssh_are_thought_of() {
    let machine = machine();
    machine.put("etc/pam.d/sshd", "@include common-auth\n");
    let subject = machine.subject();
    let before = ServiceFiles::below(subject.machine.root());
    let found = |service: &str, text: &str, unattended| {
        let after = before.clone().with(service, text.as_bytes().to_vec());
        over_ssh(&subject, &machine.config(), service, &before, &after, unattended)
            .map(|finding| finding.severity)
    };
    assert_eq!(found("sudo", SECOND_FACTOR, true), Some(Severity::Warning));
    assert_eq!(found("sudo", SECOND_FACTOR, false), Some(Severity::Note));
    let passwordless = "auth sufficient pam_passkey.so mode=passwordless\n@include common-auth\n";
    assert_eq!(found("sudo", passwordless, true), None);
    assert_eq!(found("sudo", &SECOND_FACTOR.replace("mode", "remote=allow mode"), true), None);
    assert_eq!(found("swaylock", SECOND_FACTOR, true), None);
}
