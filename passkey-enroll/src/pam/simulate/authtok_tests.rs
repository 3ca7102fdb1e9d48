use std::fs;

use passkey_core::config::Config;

use super::*;

const COMMON_AUTH: &str =
    "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n";
const PASSKEY: &str = "pam_passkey.so mode=passwordless";

/// A machine with this service, and `common-auth` as pam-auth-update writes it, with these lines behind.
fn machine(service: &str, more: &str) -> (tempfile::TempDir, ServiceFiles) {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("etc/pam.d");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("common-auth"), format!("{COMMON_AUTH}{more}")).unwrap();
    fs::write(folder.join("lightdm"), service).unwrap();
    let files = ServiceFiles::below(root.path());
    (root, files)
}

/// The modules that are passed by at this service, `?` with those that are not known; and those that are run after a passkey alone.
fn told(service: &str, more: &str) -> (Vec<String>, Vec<String>) {
    let (_root, files) = machine(service, more);
    let access = ServiceAccess::of(&files, "lightdm", &Config::default()).unwrap();
    let name =
        |line: &Line| line.rule.module_name().trim_end_matches(".so").trim_start_matches("pam_").to_owned();
    let passed_by = access.passed_by(&access, &files).unwrap().into_iter();
    (
        passed_by.map(|one| name(&one.line) + if one.is_known { "" } else { "?" }).collect(),
        access.served_by_passkey(&files).unwrap().iter().map(name).collect(),
    )
}

const SESSION: &str = "session optional pam_gnome_keyring.so auto_start\nsession optional pam_mount.so\nsession optional pam_fscrypt.so\n";

#[test]
fn what_takes_the_password_is_reached_by_a_passkey_or_passed_by() {
    let none: [&str; 0] = [];
    let sufficient = format!("auth sufficient {PASSKEY}\n@include common-auth\n");
    let jump = format!(
        "auth [success=1 default=ignore] {PASSKEY}\nauth substack common-auth\nauth required pam_permit.so\n"
    );
    let profile =
        |consumers: &str| format!("auth [success=2 default=ignore] {PASSKEY}\n{COMMON_AUTH}{consumers}");
    let keyring = "auth optional pam_gnome_keyring.so\n";
    let folders = "auth optional pam_mount.so\nauth optional pam_fscrypt.so\n";
    for (service, more, passed_by, served) in [
        // The stack ends with the passkey.
        (format!("{sufficient}{keyring}"), "", &["gnome_keyring"][..], &none[..]),
        (sufficient.clone(), folders, &["mount", "fscrypt"], &none),
        (sufficient.clone(), "auth optional pam_site.so\n", &["site?"], &none),
        // It goes on.
        (format!("{jump}{keyring}"), "", &none, &["gnome_keyring"]),
        (format!("{jump}{keyring}"), folders, &["mount", "fscrypt"], &["gnome_keyring"]),
        (format!("{jump}-{folders}"), folders, &none, &["mount", "fscrypt"]),
        (format!("{jump}auth optional pam_site.so\n"), "", &none, &none),
        (profile(&format!("{keyring}{folders}")), "", &none, &["gnome_keyring", "mount", "fscrypt"]),
        // Before the password there is none to take.
        (format!("auth optional pam_site.so\n{keyring}{sufficient}"), "", &none, &none),
        // As on NixOS: the first line asks, and the second is content with what was typed.
        (
            format!(
                "auth sufficient {PASSKEY}\nauth optional pam_unix.so\n{keyring}auth sufficient pam_unix.so try_first_pass\nauth required pam_deny.so\n"
            ),
            "",
            &["gnome_keyring"],
            &none,
        ),
        (
            format!(
                "auth optional pam_unix.so\n{keyring}auth sufficient {PASSKEY}\nauth sufficient pam_unix.so try_first_pass\nauth required pam_deny.so\n"
            ),
            "",
            &["gnome_keyring"],
            &none,
        ),
        // And as packaging/nix/module.nix has it.
        (
            format!(
                "auth [success=ok default=2] {PASSKEY}\n{keyring}auth sufficient pam_permit.so\nauth optional pam_unix.so\n{keyring}\
                 auth sufficient pam_unix.so try_first_pass\nauth required pam_deny.so\n"
            ),
            "",
            &none,
            &["gnome_keyring"],
        ),
        // As second factor the password was typed, wherever the module stands.
        (format!("@include common-auth\nauth required pam_passkey.so\n{keyring}"), "", &none, &none),
        ("@include common-auth\nauth required pam_passkey.so\n".to_owned(), keyring, &none, &none),
    ] {
        let service = service + SESSION;
        let (was_passed_by, was_served) = told(&service, more);
        assert_eq!(
            (was_passed_by.as_slice(), was_served.as_slice()),
            (&strings(passed_by)[..], &strings(served)[..]),
            "{service}"
        );
    }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The line that agrees to everything is reached by a passkey that was verified, and by nothing else.
#[test]
fn a_branch_for_the_passkey_opens_nothing() {
    let branch = format!(
        "auth [success=ok default=2] {PASSKEY}\nauth optional pam_gnome_keyring.so\nauth sufficient pam_permit.so\n@include common-auth\n"
    );
    let (_root, files) = machine(&branch, "");
    let access = ServiceAccess::of(&files, "lightdm", &Config::default()).unwrap();
    let ways: Vec<Factors> = access.verdict().unwrap().ways.iter().map(|way| way.factors).collect();
    assert_eq!(ways, [Factors::PASSWORD, Factors::PASSKEY]);
    assert!(access.verdict().unwrap().open_to_unenrolled.is_none());
}

/// sudo has keyrings in passing, by way of a common file.
#[test]
fn what_no_session_needs_does_not_count() {
    let service = format!("auth sufficient {PASSKEY}\n@include common-auth\n");
    let consumers = "auth optional pam_gnome_keyring.so\nauth optional pam_site.so\n";
    assert_eq!(told(&service, consumers).0, ["site?"]);
    assert_eq!(told(&(service + SESSION), consumers).0, ["gnome_keyring", "site?"]);
}
