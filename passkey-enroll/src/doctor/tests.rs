use std::fs;
use std::os::unix::fs::symlink;

use super::*;
use crate::doctor::fixture::{Fixture, account, passkey};
use crate::report::Exit;

/// Something that can go wrong.
struct Case {
    what: &'static str,
    breaks: fn(&Fixture),
    code: &'static str,
    severity: Severity,
    /// The end of the path, and the line.
    place: (&'static str, Option<usize>),
    /// Words of the remedy.
    remedy: &'static str,
}

const SUDO: &str = "etc/pam.d/sudo";
const ALICE: &str = "etc/passkey/credentials/alice.toml";
const CONFIG: &str = "etc/passkey/passkey.toml";

const CASES: &[Case] = &[
    Case {
        what: "an unknown key in the configuration",
        breaks: |machine| machine.append(CONFIG, "[defaults]\ntimeot = 3\n"),
        code: "configuration_broken",
        severity: Severity::Error,
        place: (CONFIG, Some(6)),
        remedy: "passkey.toml(5)",
    },
    Case {
        what: "a configuration that others may write",
        breaks: |machine| machine.mode(CONFIG, 0o666),
        code: "configuration_broken",
        severity: Severity::Error,
        place: (CONFIG, None),
        remedy: "chmod go-w ",
    },
    Case {
        what: "a configuration that only root reads",
        breaks: |machine| machine.mode(CONFIG, 0o600),
        code: "configuration_not_readable",
        severity: Severity::Warning,
        place: (CONFIG, None),
        remedy: "chmod a+r ",
    },
    Case {
        what: "rules for a service that there is not",
        breaks: |machine| machine.append(CONFIG, "[service.sodu]\ntimeout = 3\n"),
        code: "service_unknown",
        severity: Severity::Warning,
        place: (CONFIG, Some(5)),
        remedy: "/etc/pam.d",
    },
    Case {
        what: "rules for a service that does not ask",
        breaks: |machine| {
            machine.put("etc/pam.d/su", "@include common-auth\n");
            machine.append(CONFIG, "[service.su]\ntimeout = 3\n");
        },
        code: "service_does_not_ask",
        severity: Severity::Note,
        place: (CONFIG, Some(5)),
        remedy: "passkey-enroll pam enable su;",
    },
    Case {
        what: "a key that is enough by itself",
        breaks: |machine| {
            machine
                .append(CONFIG, "[service.sudo]\nmode = \"passwordless\"\nverification = \"discouraged\"\n");
        },
        code: "passwordless_without_verification",
        severity: Severity::Warning,
        place: (CONFIG, Some(7)),
        remedy: "required",
    },
    Case {
        what: "so many tries that a key is lost",
        breaks: |machine| {
            machine.put(SUDO, "@include common-auth\nauth required pam_passkey.so pin_attempts=8\n");
        },
        code: "pin_attempts_lock",
        severity: Severity::Warning,
        place: (SUDO, Some(2)),
        remedy: "3 is enough",
    },
    Case {
        what: "a store that others may write",
        breaks: |machine| machine.mode(ALICE, 0o666),
        code: "store_broken",
        severity: Severity::Error,
        place: (ALICE, None),
        remedy: "chmod go-w ",
    },
    Case {
        what: "a folder above the store that others may write",
        breaks: |machine| machine.mode("etc/passkey", 0o777),
        // The configuration lies there too.
        code: "configuration_broken",
        severity: Severity::Error,
        place: ("etc/passkey", None),
        remedy: "chmod go-w ",
    },
    Case {
        what: "a store cut short",
        breaks: |machine| machine.put(ALICE, "version = 1\nuser_han"),
        code: "store_broken",
        severity: Severity::Error,
        place: (ALICE, Some(2)),
        remedy: "Restore the file",
    },
    Case {
        what: "a link in the place of a store",
        breaks: |machine| {
            let (file, elsewhere) = (machine.path(ALICE), machine.path("elsewhere.toml"));
            fs::rename(&file, &elsewhere).unwrap();
            symlink(elsewhere, file).unwrap();
        },
        code: "store_broken",
        severity: Severity::Error,
        place: (ALICE, None),
        remedy: "in the place of the link",
    },
    Case {
        what: "a malformed entry",
        breaks: |machine| {
            let text = fs::read_to_string(machine.path(ALICE)).unwrap();
            machine.put(ALICE, text.replace("count = 2", "count = 3") + "[[credential]]\nname = \"old\"\n");
        },
        code: "entry_damaged",
        severity: Severity::Warning,
        place: (ALICE, None),
        remedy: "Restore the entry",
    },
    Case {
        what: "another user's store, damaged",
        breaks: |machine| machine.put("etc/passkey/credentials/bob.toml", "version = 7\n"),
        code: "store_broken",
        severity: Severity::Error,
        place: ("etc/passkey/credentials/bob.toml", None),
        remedy: "Restore the file",
    },
    Case {
        what: "a copied store",
        breaks: |machine| {
            fs::copy(machine.path(ALICE), machine.path("etc/passkey/credentials/bob.toml")).unwrap();
        },
        code: "handle_shared",
        severity: Severity::Warning,
        place: ("", None),
        remedy: "enrol its user again",
    },
    Case {
        what: "a user who is gone",
        breaks: |machine| machine.enrol("nobody-of-this-name", &["old"]),
        code: "files_of_nobody",
        severity: Severity::Note,
        place: ("etc/passkey/credentials", None),
        remedy: "Remove the files",
    },
    Case {
        what: "a writer that was killed",
        breaks: |machine| {
            machine.put("etc/passkey/credentials/.alice.toml.123.tmp", "");
            let file = fs::File::open(machine.path("etc/passkey/credentials/.alice.toml.123.tmp")).unwrap();
            file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        },
        code: "leftover",
        severity: Severity::Note,
        place: (".alice.toml.123.tmp", None),
        remedy: "rm ",
    },
    Case {
        what: "a malformed state file",
        breaks: |machine| machine.put("var/lib/passkey/state/alice.toml", "version = = 1\n"),
        code: "state_broken",
        severity: Severity::Warning,
        place: ("state/alice.toml", Some(1)),
        remedy: "Remove this file",
    },
    Case {
        what: "a clock that runs behind",
        breaks: |machine| {
            let late =
                passkey("late").added.checked_add(jiff::SignedDuration::from_hours(24 * 36_500)).unwrap();
            let credential = passkey_core::credential::Credential { added: late, ..passkey("late") };
            let added = Store::new(&machine.config()).update(&account("alice"), |file| file.add(credential));
            added.unwrap();
        },
        code: "clock_wrong",
        severity: Severity::Warning,
        place: ("", None),
        remedy: "timedatectl",
    },
    Case {
        what: "a module that is not installed",
        breaks: |machine| machine.remove("usr/lib/machine/security/pam_passkey.so"),
        code: "module_missing",
        severity: Severity::Error,
        place: ("usr/lib/machine/security/pam_passkey.so", None),
        remedy: "Install it",
    },
    Case {
        what: "a module that is none",
        breaks: |machine| machine.put("usr/lib/machine/security/pam_passkey.so", "#!/bin/sh\n"),
        code: "module_unloadable",
        severity: Severity::Error,
        place: ("usr/lib/machine/security/pam_passkey.so", None),
        remedy: "Reinstall the module",
    },
    Case {
        what: "a module that others may write",
        breaks: |machine| machine.mode("usr/lib/machine/security/pam_passkey.so", 0o666),
        code: "module_writable",
        severity: Severity::Error,
        place: ("usr/lib/machine/security/pam_passkey.so", None),
        remedy: "chown root:root ",
    },
    Case {
        what: "polkit's sandbox",
        breaks: |machine| {
            machine.put("etc/pam.d/polkit-1", "@include common-auth\nauth required pam_passkey.so\n");
            machine.systemctl_shows(
                "polkit-agent-helper@doctor.service",
                "LoadState=loaded\nFragmentPath=/usr/lib/systemd/system/polkit-agent-helper@.service\nPrivateDevices=yes\n",
            );
        },
        code: "polkit_sandbox",
        severity: Severity::Error,
        place: ("polkit-agent-helper@.service", None),
        remedy: "DeviceAllow=char-hidraw rw",
    },
    Case {
        what: "a denial of AppArmor",
        breaks: |machine| {
            machine.put("sys/module/apparmor/parameters/enabled", "Y\n");
            machine.put("var/log/kern.log", "apparmor=\"DENIED\" operation=\"open\" name=\"/dev/hidraw0\"\n");
        },
        code: "denials",
        severity: Severity::Warning,
        place: ("var/log/kern.log", None),
        remedy: "aa-complain",
    },
    Case {
        what: "udev's rules switched off",
        breaks: |machine| machine.put("etc/udev/rules.d/60-fido-id.rules", ""),
        code: "udev_rules_masked",
        severity: Severity::Warning,
        place: ("etc/udev/rules.d/60-fido-id.rules", None),
        remedy: "udevadm control --reload",
    },
    Case {
        what: "a kernel without HID devices",
        breaks: |machine| fs::remove_dir(machine.path("sys/class/hidraw")).unwrap(),
        code: "no_hidraw",
        severity: Severity::Warning,
        place: ("", None),
        remedy: "modprobe usbhid",
    },
];

fn codes(findings: &[Finding], least: Severity) -> Vec<&'static str> {
    findings.iter().filter(|finding| finding.severity >= least).map(|finding| finding.code).collect()
}

#[test]
fn all_is_well_where_nothing_is_wrong() {
    let findings = Fixture::healthy().examine();
    assert_eq!(
        codes(&findings, Severity::Ok),
        ["no_key", "passkeys", "configuration", "credential_file", "module", "service"],
        "{findings:#?}"
    );
    assert_eq!(exit(&findings), Exit::Done);
}

#[test]
fn whatever_is_wrong_is_found_with_its_place_and_its_remedy() {
    for case in CASES {
        let machine = Fixture::healthy();
        (case.breaks)(&machine);
        let findings = machine.examine();
        let (what, place) = (case.what, case.place);
        let found: Vec<&Finding> = findings.iter().filter(|finding| finding.code == case.code).collect();
        assert!(!found.is_empty(), "{what}: {findings:#?}");
        let is_there = |finding: &&&Finding| match &finding.place {
            Some(found) => found.path.ends_with(place.0) && (place.1.is_none() || found.line == place.1),
            None => place == ("", None),
        };
        let finding = found.iter().find(is_there).unwrap_or_else(|| panic!("{what}: {found:#?}"));
        // A user whose passkeys cannot be read is not said to have none.
        assert!(!codes(&findings, Severity::Ok).contains(&"no_passkey"), "{what}");
        assert_eq!(finding.severity, case.severity, "{what}: {finding:#?}");
        let remedy = finding.remedy.as_deref().unwrap_or_default();
        assert!(remedy.contains(case.remedy), "{what}: {remedy:?}");
        assert_eq!(exit(&findings) == Exit::Done, case.severity <= Severity::Note, "{what}: {findings:#?}");
    }
}

#[test]
fn without_root_what_was_not_looked_at_is_told() {
    let fixture = Fixture::healthy();
    let mut machine = fixture.machine();
    machine.is_root = false;
    let subject = Subject { machine, account: account("alice"), user_option: String::new(), config: None };
    let findings = examine(&subject, |_| Vec::new());
    assert!(codes(&findings, Severity::Note).contains(&"not_root"), "{findings:#?}");
    assert_eq!(exit(&findings), Exit::Done);
}

#[test]
fn the_keys_are_asked_for_what_the_user_has() {
    let fixture = Fixture::healthy();
    let subject = Subject {
        machine: fixture.machine(),
        account: account("alice"),
        user_option: String::new(),
        config: None,
    };
    let mut asked = Vec::new();
    let _ = examine(&subject, |loaded| {
        asked.extend(loaded.into_iter().flat_map(|loaded| &loaded.file.credentials).map(|c| c.name.clone()));
        Vec::new()
    });
    assert_eq!(asked, ["blue", "green"]);
}
