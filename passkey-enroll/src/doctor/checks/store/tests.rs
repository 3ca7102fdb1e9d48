use std::fs::File;

use crate::doctor::finding::Severity;
use crate::doctor::fixture::Fixture;

fn has(machine: &Fixture, code: &str) -> bool {
    machine.examine().iter().any(|finding| finding.code == code)
}

#[test]
fn a_lock_that_is_held_is_seen_and_left_alone() {
    let machine = Fixture::healthy();
    // Where there is a writer's lock already.
    let lock = machine.path("etc/passkey/credentials/.alice.toml.lock");
    let lock = File::options().write(true).open(lock).unwrap();
    assert!(!has(&machine, "locked"));
    lock.lock().unwrap();
    assert!(has(&machine, "locked"));
    lock.unlock().unwrap();
    assert!(!has(&machine, "locked"));
}

#[test]
fn a_user_whom_the_index_does_not_know_matters_where_keys_are_asked_who_they_are() {
    let machine = Fixture::healthy();
    std::fs::remove_dir_all(machine.path("etc/passkey/credentials/.handles")).unwrap();
    let severity = |machine: &Fixture| {
        let findings = machine.examine();
        findings.iter().find(|finding| finding.code == "index_incomplete").map(|finding| finding.severity)
    };
    assert_eq!(severity(&machine), Some(Severity::Note));
    machine.put("etc/pam.d/login", "auth required pam_passkey.so mode=passwordless usernameless\n");
    assert_eq!(severity(&machine), Some(Severity::Warning));
}

#[test]
fn who_has_nothing_but_damage_cannot_sign_in() {
    let machine = Fixture::healthy();
    let path = "etc/passkey/credentials/alice.toml";
    let text = std::fs::read_to_string(machine.path(path)).unwrap();
    machine.put(path, text.replace("public_key", "publickey"));
    let findings = machine.examine();
    let damaged: Vec<_> = findings.iter().filter(|finding| finding.code == "entry_damaged").collect();
    assert_eq!(damaged.len(), 2, "{findings:#?}");
    assert!(damaged[0].message.contains("“blue”") && damaged[0].place.as_ref().unwrap().line.is_some());
    assert!(findings.iter().any(|finding| finding.code == "all_damaged"));
}
