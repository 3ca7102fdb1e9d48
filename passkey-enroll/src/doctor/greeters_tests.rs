//! Greeters and lockers with the files that Debian packages for them: switched on, they raise no alarm that is false.

use std::fs;
use std::path::Path;

use super::fixture::Fixture;
use super::{Finding, Severity, regressions};
use crate::pam::edit::{self, Way};
use crate::pam::parse::{Facility, ServiceFiles};

/// The machines that have them all, in `tests/stacks`.
const MACHINES: [&str; 3] = ["debian-12-desktop", "debian-13-desktop", "debian-sid-desktop"];
/// Those that ask for a password, and whether root gets in there by it.
const SERVICES: [(&str, bool); 13] = [
    ("gdm-password", false),
    ("greetd", true),
    ("gtklock", true),
    ("hyprlock", true),
    ("i3lock", true),
    ("kde", false),
    ("lightdm", true),
    ("login", true),
    ("plasmalogin", false),
    ("sddm", false),
    ("swaylock", true),
    ("xfce4-screensaver", true),
    ("xscreensaver", true),
];

/// A machine with the files of one of them: alice and bob have passkeys, and root has a password only.
fn machine(name: &str) -> Fixture {
    let machine = Fixture::healthy();
    fs::remove_dir_all(machine.path("etc/pam.d")).unwrap();
    machine.append("etc/passwd", "root:x:0:0::/root:/bin/bash\n");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stacks").join(name);
    for section in fs::read_to_string(file).unwrap().split("==> ").skip(1) {
        let (path, lines) = section.split_once(" <==\n").unwrap();
        machine.put(path, lines);
    }
    machine
}

/// The service's file, switched on, and what would come of it.
fn switched(machine: &Fixture, service: &str, way: Way) -> (ServiceFiles, Vec<Finding>) {
    let subject = machine.subject();
    let before = ServiceFiles::below(subject.machine.root());
    let draft = edit::with_passkeys(&before, &machine.config(), service, way, &[])
        .unwrap_or_else(|refusal| panic!("{service}, {way:?}: {refusal:?}"));
    let after = before.clone().with(service, draft.bytes);
    let found = regressions(&subject, service, &before, &after);
    (after, found)
}

fn warnings(found: &[Finding]) -> Vec<(&'static str, &str)> {
    let warnings = found.iter().filter(|finding| finding.severity > Severity::Note);
    warnings.map(|finding| (finding.code, finding.message.as_str())).collect()
}

#[test]
fn a_second_factor_alarms_where_root_gets_in_today_and_nowhere_else() {
    let mut looked_at = 0;
    for name in MACHINES {
        let machine = machine(name);
        for (service, admits_root) in SERVICES {
            if ServiceFiles::below(&machine.path("")).read(service).is_err() {
                continue;
            }
            looked_at += 1;
            let (_, found) = switched(&machine, service, Way::SecondFactor);
            let alarms = warnings(&found);
            let root = |service: &str| {
                format!("{service} is closed to people who have no passkey that signs in: root.")
            };
            // Lockers that include login go with it.
            let of_others = |(code, message): &&(&str, &str)| {
                *code == "closed_without_passkey"
                    && service == "login"
                    && message.ends_with("signs in: root.")
            };
            let own: Vec<_> = alarms.iter().filter(|alarm| !of_others(alarm)).collect();
            if service == "login" {
                assert_eq!(own, [&("", ""); 0], "{name}, {service}");
                assert!(alarms.contains(&("closed_without_passkey", &root("login"))), "{name}: {alarms:?}");
            } else if admits_root {
                assert_eq!(own, [&("closed_without_passkey", root(service).as_str())], "{name}, {service}");
            } else {
                assert_eq!(own, [&("", ""); 0], "{name}, {service}");
            }
        }
    }
    assert!(looked_at > 30, "{looked_at}");
}

#[test]
fn in_place_of_the_password_every_keyring_is_reached() {
    for name in MACHINES {
        let machine = machine(name);
        for (service, _) in SERVICES {
            let before = ServiceFiles::below(&machine.path(""));
            if before.read(service).is_err() {
                continue;
            }
            let (after, found) = switched(&machine, service, Way::Passwordless);
            assert_eq!(warnings(&found), [], "{name}, {service}");
            for facility in [Facility::Account, Facility::Session] {
                let rules = |files: &ServiceFiles| {
                    let stack = files.stack(service, facility).unwrap();
                    stack.rules().into_iter().cloned().collect::<Vec<_>>()
                };
                assert_eq!(rules(&after), rules(&before), "{name}, {service}, {facility:?}");
            }
        }
    }
}

/// What a person reads of the change.
fn lines_for_auth(files: &ServiceFiles, service: &str) -> String {
    let text = String::from_utf8(files.read(service).unwrap().1.to_bytes()).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && line.contains("auth"));
    lines.map(|line| line.replace('\t', " ") + "\n").collect()
}

#[test]
fn keyrings_of_an_included_file_and_nologin_are_not_passed_by() {
    let sid = machine("debian-sid-desktop");
    let (files, _) = switched(&sid, "gdm-password", Way::Passwordless);
    assert_eq!(
        lines_for_auth(&files, "gdm-password"),
        "auth requisite pam_nologin.so\nauth required pam_succeed_if.so user != root quiet_success\n\
         auth [success=1 default=ignore] pam_passkey.so mode=passwordless\nauth substack common-auth\n\
         auth required pam_permit.so\n-auth optional pam_kwallet5.so\nauth optional pam_gnome_keyring.so\n"
    );
    let (files, _) = switched(&machine("debian-13-desktop"), "greetd", Way::Passwordless);
    assert_eq!(
        lines_for_auth(&files, "greetd"),
        "auth requisite pam_nologin.so\nauth [success=1 default=ignore] pam_passkey.so mode=passwordless\n\
         auth substack login\nauth required pam_permit.so\n-auth optional pam_gnome_keyring.so\n\
         -auth optional pam_kwallet5.so\n"
    );
}

#[test]
fn a_keyring_that_is_passed_by_is_told_of_with_what_helps() {
    let sid = machine("debian-sid-desktop");
    let subject = sid.subject();
    let before = ServiceFiles::below(subject.machine.root());
    let remedies = |text: &str| -> Vec<String> {
        let after = before.clone().with("gdm-password", text.as_bytes().to_vec());
        let found = regressions(&subject, "gdm-password", &before, &after);
        let skipped = found.into_iter().filter(|finding| finding.code == "keyring_skipped");
        skipped.map(|finding| finding.remedy.unwrap()).collect()
    };
    let session = "session optional pam_gnome_keyring.so auto_start\n@include common-session\n";
    let call = "auth [success=1 default=ignore] pam_passkey.so mode=passwordless\n";
    let round = format!(
        "{call}auth substack common-auth\nauth required pam_permit.so\nauth optional pam_gnome_keyring.so\n{session}"
    );
    let [remedy] = remedies(&round).try_into().unwrap();
    assert!(remedy.contains("-auth optional pam_kwallet5.so"), "{remedy}");
    let sufficient = round.replace("[success=1 default=ignore]", "sufficient");
    assert_eq!(remedies(&sufficient).len(), 2);
    // A program that opens no session opens no keyring.
    assert_eq!(remedies(&sufficient.replace(session, "")), [""; 0]);
}
