use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use passkey_core::credential::UserHandle;
use passkey_core::store::Store;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, socket_with};

use super::*;
use crate::doctor::examine;
use crate::doctor::fixture::{Fixture, account, passkey};

const FOLDER: &str = "run/passkey/authenticators";

/// A machine on which alice has a passkey on it, and its service listens.
fn machine() -> Fixture {
    let fixture = Fixture::healthy();
    let handle = UserHandle::new(b"alice***************************".to_vec()).unwrap();
    let here = Credential {
        transports: vec!["internal".to_owned()],
        answers_silently: Some(false),
        ..passkey("this computer")
    };
    let added =
        Store::new(&fixture.config()).update_or_create(&account("alice"), &handle, |file| file.add(here));
    added.unwrap();
    fs::create_dir_all(fixture.path(FOLDER)).unwrap();
    let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::empty(), None).unwrap();
    let path = fixture.path(FOLDER).join("tpm.sock");
    bind(socket, &SocketAddrUnix::new(&path).unwrap()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    fixture
}

/// What is said of this computer.
fn examined(fixture: &Fixture) -> Vec<Finding> {
    let mut findings = examine(&fixture.subject(), |_| Vec::new());
    findings.retain(|finding| {
        finding.code.contains("this_computer")
            || finding.code.starts_with("services_")
            || finding.code == "no_tpm"
    });
    findings
}

fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn what_can_be_seen_from_outside_is_told() {
    let fixture = machine();
    assert_eq!(codes(&examined(&fixture)), ["no_tpm"], "there is none below the folder");
    fixture.put("dev/tpmrm0", "");
    assert_eq!(codes(&examined(&fixture)), ["this_computer_silent"]);

    fixture.mode(&format!("{FOLDER}/tpm.sock"), 0o600);
    assert_eq!(codes(&examined(&fixture)), ["this_computer_silent", "this_computer_not_for_user"]);

    fixture.mode(FOLDER, 0o777);
    let untrusted = examined(&fixture);
    assert_eq!(codes(&untrusted), ["services_untrusted"]);
    assert!(untrusted[0].remedy.as_ref().unwrap().contains("chmod 0755"));

    fixture.mode(FOLDER, 0o755);
    fixture.remove(&format!("{FOLDER}/tpm.sock"));
    let missing = examined(&fixture);
    assert_eq!(codes(&missing), ["this_computer_missing"]);
    assert!(missing[0].remedy.as_ref().unwrap().contains("passkey-tpm.socket"));
}

#[test]
fn nobody_without_a_passkey_on_it_hears_of_it() {
    assert_eq!(codes(&examined(&Fixture::healthy())), Vec::<&str>::new());
}

fn told() -> Told {
    Told { error: None, pin_set: Some(true), pin_retries: Some(8), finger: Finger::Off, gone: Vec::new() }
}

#[test]
fn each_answer_has_its_word() {
    let fixture = Fixture::healthy();
    let subject = fixture.subject();
    let lost = |error| Told { error: Some(InspectError::Lost(error)), ..told() };
    let gone = || vec!["this computer".to_owned()];
    for (told, expected) in [
        (told(), &["this_computer"][..]),
        (Told { pin_retries: Some(0), ..told() }, &["this_computer_locked", "this_computer"]),
        (Told { pin_retries: Some(3), ..told() }, &["this_computer_few_tries", "this_computer"]),
        (Told { pin_retries: Some(4), ..told() }, &["this_computer"]),
        (Told { gone: gone(), ..told() }, &["not_on_this_computer"]),
        (Told { finger: Finger::NoPrints, ..told() }, &["this_computer_no_prints", "this_computer"]),
        (Told { finger: Finger::AfterPin, ..told() }, &["this_computer_fingerprint", "this_computer"]),
        (Told { finger: Finger::Counts, ..told() }, &["this_computer_fingerprint", "this_computer"]),
        (Told { gone: gone(), pin_set: Some(false), pin_retries: None, ..told() }, &["not_on_this_computer"]),
        (lost(KeyError::CannotOpen), &["this_computer_denied"]),
        (lost(KeyError::Silent), &["this_computer_silent"]),
        (Told { error: Some(InspectError::Malformed), ..told() }, &["this_computer_silent"]),
        (
            Told { error: Some(InspectError::Refused(ctap::Status(0x7f))), ..told() },
            &["this_computer_silent"],
        ),
        (lost(KeyError::NoDescriptors), &["no_descriptors"]),
    ] {
        let listening = Listening::At { socket: "/run/tpm.sock".into(), open_to_user: Some(true) };
        let findings = judge(&subject, &listening, &told, 1, true);
        assert_eq!(codes(&findings), expected, "{told:?}");
        for finding in findings {
            let said = format!("{} {}", finding.message, finding.remedy.unwrap_or_default());
            assert!(!said.contains("plug") && !said.contains("security key"), "{said}");
        }
    }
}

#[test]
fn what_is_gone_is_named_with_the_command_that_removes_it() {
    let fixture = Fixture::healthy();
    let gone = Told { gone: vec!["my laptop".to_owned()], ..told() };
    let findings = contents(&fixture.subject(), &gone, 2);
    assert_eq!(codes(&findings), ["not_on_this_computer", "this_computer"]);
    assert!(findings[0].message.contains("my laptop"));
    let remedy = findings[0].remedy.as_ref().unwrap();
    assert!(
        remedy.contains("remove 'my laptop'") && remedy.contains("key reset --on this-computer"),
        "{remedy}"
    );
    // Without a PIN there is nothing that would be in the way.
    let emptied = Told { pin_set: Some(false), ..gone };
    let findings = contents(&fixture.subject(), &emptied, 2);
    assert!(!findings[0].remedy.as_ref().unwrap().contains("key reset"));
}
