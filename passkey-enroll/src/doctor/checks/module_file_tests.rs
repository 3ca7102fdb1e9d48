use crate::doctor::finding::Severity;
use crate::doctor::fixture::Fixture;

const MODULE: &str = "usr/lib/machine/security/pam_passkey.so";

fn found(machine: &Fixture) -> Vec<(Severity, &'static str)> {
    let findings = machine.examine().into_iter().filter(|finding| finding.code.starts_with("module"));
    findings.map(|finding| (finding.severity, finding.code)).collect()
}

#[test]
fn the_module_is_looked_for_where_libpam_looks() {
    let machine = Fixture::healthy();
    assert_eq!(found(&machine), [(Severity::Ok, "module")]);

    // For another processor.
    let mut foreign = crate::doctor::elf::module_for_tests();
    foreign[18] ^= 0x7f;
    machine.put(MODULE, &foreign);
    assert_eq!(found(&machine), [(Severity::Error, "module_unloadable")]);

    // In another folder than libpam's, which is no help.
    machine.remove(MODULE);
    machine.put("usr/local/lib/security/pam_passkey.so", crate::doctor::elf::module_for_tests());
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
    machine.put("opt/pam_passkey.so", crate::doctor::elf::module_for_tests());
    machine.mode("opt/pam_passkey.so", 0o600);
    assert_eq!(
        found(&machine),
        [(Severity::Warning, "module_misplaced"), (Severity::Warning, "module_not_for_users")]
    );
}

#[test]
fn where_libpam_looks_is_not_guessed() {
    let machine = Fixture::healthy();
    machine.remove("usr/lib/machine/security/pam_unix.so");
    assert_eq!(found(&machine), [(Severity::Note, "module_folder_unknown")]);
}
