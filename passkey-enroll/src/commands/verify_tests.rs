use std::fs;

use passkey_core::config::{Mode, UserVerification};

use super::*;

fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, ServiceFiles) {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let services = ServiceFiles::below(root.path());
    (root, services)
}

fn config() -> Config {
    let text = "[service.sudo]\ntimeout = 20\nverification = \"preferred\"\n";
    Config::parse("/etc/passkey/passkey.toml".as_ref(), text).unwrap()
}

#[test]
fn the_line_in_the_service_file_beats_the_configuration() {
    let (_root, files) = machine(&[
        ("etc/pam.d/sudo", "@include common-auth\nauth required pam_passkey.so timeout=7 quiet # quick\n"),
        ("etc/pam.d/common-auth", "auth required pam_unix.so\n"),
        ("usr/lib/pam.d/sudo", "auth required pam_passkey.so timeout=8\n"),
        ("usr/lib/pam.d/polkit-1", "auth include part\n"),
        ("usr/lib/pam.d/part", "\nauth sufficient /lib/security/pam_passkey.so mode=passwordless\n"),
    ]);
    for service in ["sudo", "SUDO"] {
        let call = call(&config(), &files, service).unwrap().unwrap();
        assert!(call.place.path.ends_with("etc/pam.d/sudo") && call.place.line == 2);
        assert_eq!(call.arguments, ["timeout=7", "quiet"]);
        let policy = call.asked.policy;
        assert_eq!((policy.timeout.as_secs(), policy.verification), (7, UserVerification::Preferred));
    }
    let call = call(&config(), &files, "polkit-1").unwrap().unwrap();
    assert!(call.place.path.ends_with("usr/lib/pam.d/part") && call.place.line == 2);
    assert_eq!(call.asked.policy.mode, Mode::Passwordless);
}

#[test]
fn a_service_that_does_not_ask_is_rehearsed_by_its_configuration() {
    let (_root, files) = machine(&[
        ("etc/pam.d/su", "auth required pam_unix.so\n"),
        ("etc/pam.d/other", "auth required pam_deny.so\n"),
    ]);
    for service in ["su", "sodu"] {
        assert!(call(&config(), &files, service).unwrap().is_none());
    }
}

#[test]
fn a_service_that_lets_nobody_in_is_not_rehearsed() {
    let (_root, files) = machine(&[
        ("etc/pam.d/sudo", "#\nauth required pam_passkey.so timeot=7\n"),
        ("etc/pam.d/su", "auth required pam_passkey.so config=/nonexistent/passkey.toml\n"),
        ("etc/pam.d/login", "auth required pam_passkey.so\n@include nosuch\n"),
    ]);
    for (service, place, reason) in [
        ("sudo", "etc/pam.d/sudo:2: ", "did you mean `timeout`?"),
        ("su", "etc/pam.d/su:1: ", "/nonexistent/passkey.toml"),
        ("login", "etc/pam.d/login:2: ", "nosuch: there is no such file"),
    ] {
        let report = call(&config(), &files, service).unwrap_err().report();
        assert_eq!((report.exit.code(), report.code), (11, "service_broken"));
        assert!(report.message.contains(place) && report.message.contains(reason), "{}", report.message);
    }
}
