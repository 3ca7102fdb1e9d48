use crate::doctor::finding::Severity;
use crate::doctor::fixture::Fixture;

/// What is found to be said of services, but for what is as it should be.
fn found(files: &[(&str, &str)], without: &[&str]) -> Vec<(Severity, &'static str)> {
    let machine = Fixture::healthy();
    for (name, text) in files {
        machine.put(&format!("etc/pam.d/{name}"), text);
    }
    for user in without {
        machine.remove(&format!("etc/passkey/credentials/{user}.toml"));
    }
    let findings = machine.examine().into_iter().filter(|finding| finding.area == super::Area::Services);
    findings
        .filter(|finding| finding.severity > Severity::Ok)
        .map(|finding| (finding.severity, finding.code))
        .collect()
}

#[test]
fn an_order_that_does_not_do_what_is_meant_is_found() {
    use Severity::{Error, Note, Warning};
    for (text, expected) in [
        ("@include common-auth\nauth required pam_passkey.so\n", &[][..]),
        ("auth sufficient pam_passkey.so mode=passwordless\n@include common-auth\n", &[]),
        ("@include common-auth\nauth optional pam_passkey.so\n", &[(Warning, "second_factor_not_enforced")]),
        (
            "auth sufficient pam_unix.so\nauth required pam_passkey.so\n",
            &[(Warning, "second_factor_not_enforced")],
        ),
        // Without the key, the password is enough.
        (
            "@include common-auth\nauth [success=ok authinfo_unavail=ignore default=die] pam_passkey.so\n",
            &[(Warning, "second_factor_not_enforced")],
        ),
        ("auth sufficient pam_passkey.so\nauth required pam_deny.so\n", &[(Warning, "touch_is_enough")]),
        (
            "@include common-auth\nauth required pam_passkey.so\nauth required pam_deny.so\n",
            &[(Error, "service_shut")],
        ),
        (
            "auth [success=9 default=ignore] pam_passkey.so\n@include common-auth\n",
            &[(Error, "service_shut")],
        ),
        ("auth required pam_passkey.so timeot=3\n@include common-auth\n", &[(Error, "call_refused")]),
        (
            "@include common-auth\n@include nosuch\nauth required pam_passkey.so\n",
            &[(Error, "service_refused")],
        ),
        (
            "@include common-auth\nauth requird pam_passkey.so\n",
            &[(Warning, "control_malformed"), (Error, "service_shut")],
        ),
        (
            "@include common-auth\nauth required pam_passkey.so\nauth\n",
            &[(Warning, "line_flawed"), (Error, "service_shut")],
        ),
        (
            "@include common-auth\nauth required pam_passkey.so\nsession required pam_passkey.so\n",
            &[(Warning, "wrong_facility")],
        ),
        // Whether the password was changed is not known there.
        (
            "@include common-auth\nauth required pam_passkey.so\npassword required pam_unix.so\npassword optional pam_passkey.so\n",
            &[(Warning, "password_line_misplaced")],
        ),
        (
            "@include common-auth\nauth required pam_passkey.so\npassword requisite pam_unix.so\npassword optional pam_passkey.so\n",
            &[],
        ),
        (
            "auth sufficient pam_passkey.so mode=passwordless\n@include common-auth\nauth optional pam_gnome_keyring.so\n\
             session optional pam_gnome_keyring.so\n",
            &[(Warning, "keyring_skipped")],
        ),
        (
            "auth [success=2 default=ignore] pam_passkey.so mode=passwordless\n@include common-auth\n\
             auth optional pam_gnome_keyring.so\nsession optional pam_gnome_keyring.so\n",
            &[(Note, "keyring_locked")],
        ),
        // No session, no keyring.
        (
            "auth sufficient pam_passkey.so mode=passwordless\n@include common-auth\nauth optional pam_gnome_keyring.so\n",
            &[],
        ),
        (
            "@include common-auth\nauth required pam_u2f.so\nauth required pam_passkey.so\n",
            &[(Note, "pam_u2f")],
        ),
        ("@include common-auth\n", &[(Note, "no_service")]),
    ] {
        assert_eq!(found(&[("sudo", text)], &[]), expected, "{text}");
    }
    let remote = [("sshd", "@include common-auth\nauth required pam_passkey.so\n")];
    assert_eq!(found(&remote, &[]), [(Error, "service_shut")]);
}

#[test]
fn a_service_without_any_proof_is_found_whether_it_asks_for_passkeys_or_not() {
    use Severity::{Error, Note, Warning};
    for (service, text, expected) in [
        ("su", "auth required pam_permit.so\n", &[(Error, "service_open")][..]),
        (
            "su",
            "auth requisite pam_nologin.so\nauth optional pam_gnome_keyring.so\n",
            &[(Error, "service_open")],
        ),
        ("su", "auth sufficient pam_rootok.so\n@include common-auth\n", &[]),
        ("runuser", "auth sufficient pam_rootok.so\n", &[]),
        ("greeter", "auth required pam_permit.so\n", &[(Note, "service_without_proof")]),
        (
            "door",
            "auth required pam_passkey.so unenrolled=ignore\nauth required pam_permit.so\n",
            &[(Error, "service_open"), (Warning, "touch_is_enough")],
        ),
        (
            "door",
            "auth sufficient pam_wheel.so trust\n@include common-auth\nauth required pam_passkey.so\n",
            &[(Note, "exempted_without_passkey")],
        ),
        (
            "door",
            "auth sufficient pam_fprintd.so\n@include common-auth\nauth required pam_passkey.so\n",
            &[(Warning, "second_factor_not_enforced")],
        ),
    ] {
        assert_eq!(found(&[(service, text)], &[]), expected, "{text}");
    }
}

#[test]
fn who_is_shut_out_is_named() {
    use Severity::{Error, Warning};
    assert_eq!(found(&[], &["bob"]), [(Warning, "closed_without_passkey")]);
    assert_eq!(found(&[], &["alice", "bob"]), [(Error, "closed_to_everybody")]);
    let lenient = [("sudo", "@include common-auth\nauth required pam_passkey.so unenrolled=ignore\n")];
    assert_eq!(found(&lenient, &["alice", "bob"]), []);
    let machine = Fixture::healthy();
    machine.remove("etc/passkey/credentials/bob.toml");
    let findings = machine.examine();
    let finding = findings.iter().find(|finding| finding.code == "closed_without_passkey").unwrap();
    assert!(finding.message.ends_with(": bob."), "{}", finding.message);
}

#[test]
fn a_service_file_is_roots_alone() {
    let machine = Fixture::healthy();
    machine.mode("etc/pam.d/common-auth", 0o664);
    let findings = machine.examine();
    let finding = findings.iter().find(|finding| finding.code == "service_file_writable").unwrap();
    assert!(finding.place.as_ref().unwrap().path.ends_with("etc/pam.d/common-auth"));
    assert_eq!(finding.severity, Severity::Error);
}

#[test]
fn a_switch_that_nobody_takes_back_is_found() {
    use crate::pam::change::entry::{Entry, EntryState, KeptBy};
    use crate::pam::change::journal::Journal;
    use crate::pam::change::{Deadline, Way};

    let machine = Fixture::healthy();
    let codes = |machine: &Fixture| {
        let findings = machine.examine();
        findings
            .iter()
            .filter(|finding| finding.severity == Severity::Warning)
            .map(|finding| finding.code)
            .collect::<Vec<_>>()
    };
    let journal = Journal::below(&machine.path(""));
    let locked = journal.lock().unwrap();
    let entry = |until| {
        let profile = Some("passkey-second-factor".to_owned());
        let state = EntryState::OnTrial { until, kept_by: KeptBy::Confirmation };
        Entry::new("common-auth", Some(Way::SecondFactor), profile, Vec::new(), state)
    };
    locked.begin(&entry(Deadline::within(std::time::Duration::from_secs(60))), &[]).unwrap();
    assert_eq!(codes(&machine), [""; 0]);
    locked.begin(&entry(Deadline::over()), &[]).unwrap();
    assert_eq!(codes(&machine), ["switch_not_confirmed"]);
    locked.confirm(entry(Deadline::over())).unwrap();
    assert_eq!(codes(&machine), [""; 0]);
}
