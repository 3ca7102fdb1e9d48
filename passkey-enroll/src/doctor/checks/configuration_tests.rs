use std::path::Path;

use crate::doctor::finding::Severity;
use crate::doctor::fixture::{Fixture, account};
use crate::doctor::{Subject, examine};

/// The codes of the findings in the configuration beyond what is as it should be, each with its line.
fn found(machine: &Fixture) -> Vec<(&'static str, Option<usize>)> {
    let findings = machine.examine().into_iter().filter(|finding| finding.area == super::Area::Configuration);
    findings
        .filter(|finding| finding.severity > Severity::Ok)
        .map(|finding| (finding.code, finding.place.and_then(|place| place.line)))
        .collect()
}

#[test]
fn settings_that_make_no_sense_together_are_found_where_they_stand() {
    for (service, line, configuration, expected) in [
        ("login", "sufficient pam_passkey.so usernameless", "", ("usernameless_second_factor", Some(1))),
        (
            "login",
            "sufficient pam_passkey.so",
            "[service.login]\nusernameless = true\n",
            ("usernameless_second_factor", Some(6)),
        ),
        ("sshd", "sufficient pam_passkey.so remote=allow", "", ("remote_allowed", Some(1))),
        ("kde-u2f", "required pam_passkey.so mode=passwordless", "", ("locker_does_not_wait", Some(1))),
        (
            "login",
            "sufficient pam_passkey.so mode=passwordless",
            "[defaults]\nverification = \"preferred\"\n",
            ("passwordless_without_verification", Some(6)),
        ),
        (
            "login",
            "sufficient pam_passkey.so mode=passwordless verification=preferred",
            "[defaults]\nverification = \"required\"\n",
            ("passwordless_without_verification", Some(1)),
        ),
    ] {
        let machine = Fixture::healthy();
        machine.put(&format!("etc/pam.d/{service}"), format!("auth {line}\n@include common-auth\n"));
        machine.append("etc/passkey/passkey.toml", configuration);
        assert_eq!(found(&machine), [expected], "{service}: {line} {configuration}");
    }
}

#[test]
fn a_configuration_by_name_must_be_there() {
    let fixture = Fixture::healthy();
    let examined = |path: &Path| {
        let subject = Subject {
            machine: fixture.machine(),
            account: account("alice"),
            user_option: String::new(),
            config: Some(path.to_owned()),
        };
        examine(&subject, |_| Vec::new()).iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert!(examined(&fixture.path("etc/passkey/passkey.toml")).contains(&"configuration"));
    assert!(examined(&fixture.path("nosuch.toml")).contains(&"configuration_missing"));
}
