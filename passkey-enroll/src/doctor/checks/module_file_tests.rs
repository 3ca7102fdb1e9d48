use crate::doctor::finding::Severity;
use crate::doctor::fixture::{Fixture, MODULE as LOADS};

const MODULE: &str = "usr/lib/machine/security/pam_passkey.so";

fn found(machine: &Fixture) -> Vec<(Severity, &'static str)> {
    let findings = machine.examine().into_iter().filter(|finding| finding.code.starts_with("module"));
    findings.map(|finding| (finding.severity, finding.code)).collect()
}

#[test]
fn the_module_is_looked_for_where_libpam_looks() {
    let machine = Fixture::healthy();
    assert_eq!(found(&machine), [(Severity::Ok, "module")]);

    // In another folder than libpam's, which is no help.
    machine.remove(MODULE);
    machine.put("usr/local/lib/security/pam_passkey.so", LOADS);
    assert_eq!(found(&machine), [(Severity::Error, "module_missing")]);
    let findings = machine.examine();
    let missing = findings.iter().find(|finding| finding.code == "module_missing").unwrap();
    assert!(missing.remedy.as_ref().unwrap().contains("mv "), "{missing:?}");
    machine.put("etc/pam.d/sudo", "@include common-auth\n");
    assert_eq!(found(&machine), [(Severity::Warning, "module_misplaced")]);

    machine.put("etc/pam.d/sudo", "@include common-auth\nauth required /opt/pam_passkey.so\n");
    assert_eq!(
        found(&machine),
        [(Severity::Warning, "module_misplaced"), (Severity::Error, "module_missing")]
    );
    machine.put("opt/pam_passkey.so", LOADS);
    machine.mode("opt/pam_passkey.so", 0o600);
    assert_eq!(
        found(&machine),
        [(Severity::Warning, "module_misplaced"), (Severity::Warning, "module_not_for_users")]
    );
}

#[test]
fn what_does_not_load_is_told_of_in_the_linkers_words() {
    let machine = Fixture::healthy();
    for (content, words) in [
        ("#!/bin/sh\n", "fails: invalid ELF header."),
        ("a library", "not a PAM module."),
        ("cut short", "with signal 7: so does every sign-in"),
    ] {
        machine.put(MODULE, content);
        assert_eq!(found(&machine), [(Severity::Error, "module_unloadable")], "{content}");
        let findings = machine.examine();
        let finding = findings.iter().find(|finding| finding.code == "module_unloadable").unwrap();
        assert!(finding.message.contains(words), "{}", finding.message);
    }
    // What others can change is not loaded: it could do anything as root.
    machine.mode(MODULE, 0o666);
    assert_eq!(found(&machine), [(Severity::Error, "module_writable")]);
}

#[test]
fn where_libpam_looks_is_not_guessed() {
    let machine = Fixture::healthy();
    machine.remove("usr/lib/machine/security/pam_unix.so");
    assert_eq!(found(&machine), [(Severity::Note, "module_folder_unknown")]);
}
