use std::fs;

use passkey_core::credential::UserHandle;
use passkey_core::store::CredentialFile;

use super::*;

const PASSWORD: &str =
    "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n";

fn none() -> CredentialFile {
    CredentialFile::new(UserHandle::new(vec![1; 32]).unwrap())
}

/// One passkey, disabled.
fn disabled() -> CredentialFile {
    CredentialFile::parse(
        r#"version = 1
user_handle = "CQkJCQkJCQkJCQkJCQkJCQ"
[[credential]]
name = "blue"
id = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"
rp_id = "machine.example"
public_key = "pAEBAycgBiFYIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
algorithm = "eddsa"
aaguid = "01234567-89ab-cdef-0123-456789abcdef"
discoverable = false
user_verification = "pin"
transports = ["usb"]
added = "2026-11-23T02:03:04Z"
enabled = false
"#,
    )
    .unwrap()
}

/// The services closed by these files, under this configuration.
fn closed(files: &[(&str, &str)], configuration: &str, file: &CredentialFile) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    fs::write(dir.path().join("common-auth"), PASSWORD).unwrap();
    let config = Config::parse(Path::new("/etc/passkey/passkey.toml"), configuration).unwrap();
    services(&config, &Services::in_folders(vec![dir.path().to_owned()]), file)
}

#[test]
fn a_service_is_closed_where_nothing_takes_the_passkeys_place() {
    for (text, is_closed) in [
        ("@include common-auth\nauth required pam_passkey.so\n", true),
        ("@include common-auth\nauth required pam_passkey.so unenrolled=deny\n", true),
        ("@include common-auth\nauth required pam_passkey.so unenrolled=ignore\n", false),
        ("@include common-auth\nauth optional pam_passkey.so\n", false),
        ("auth sufficient pam_passkey.so mode=passwordless\n@include common-auth\n", false),
        ("auth sufficient pam_passkey.so mode=passwordless\nauth required pam_deny.so\n", true),
        ("auth required pam_passkey.so mode=passwordless\n", true),
        ("auth [success=2 default=ignore] pam_passkey.so\n@include common-auth\n", false),
        ("auth sufficient pam_unix.so\nauth required pam_passkey.so\n", false),
        // The condition holds for some, and fails for others.
        (
            "@include common-auth\nauth [success=1 default=ignore] pam_succeed_if.so user notingroup keys\n\
             auth required pam_passkey.so\n",
            true,
        ),
        // Closed already, to everybody.
        ("@include common-auth\nauth required pam_passkey.so mode=both\n", false),
        ("@include common-auth\nauth required pam_passkey.so quiet quiet\n", false),
        ("@include common-auth\nauth required pam_passkey.so config=/nonexistent/passkey.toml\n", false),
        ("@include common-auth\nauth required pam_passkey.so\nauth required pam_deny.so\n", false),
        ("@include common-auth\n", false),
    ] {
        let expected: &[&str] = if is_closed { &["sudo"] } else { &[] };
        assert_eq!(closed(&[("sudo", text)], "", &none()), expected, "{text}");
    }
}

#[test]
fn the_configuration_has_its_say() {
    let sudo = ("sudo", "@include common-auth\nauth required pam_passkey.so\n");
    assert_eq!(closed(&[sudo], "[service.sudo]\nunenrolled = \"ignore\"\n", &none()), [""; 0]);
    assert_eq!(closed(&[sudo], "[defaults]\nunenrolled = \"ignore\"\n", &none()), [""; 0]);
    // Where there is no file of PAM's to look at, it is believed; where there is one, that counts.
    let configuration = "[service.kiosk]\ntimeout = 3\n[service.common-auth]\ntimeout = 3\n[service.door]\nunenrolled = \"ignore\"\n";
    assert_eq!(closed(&[sudo], configuration, &none()), ["kiosk", "sudo"]);
}

#[test]
fn who_has_only_disabled_passkeys_is_never_let_pass() {
    let sudo = ("sudo", "@include common-auth\nauth required pam_passkey.so unenrolled=ignore\n");
    assert_eq!(closed(&[sudo], "", &none()), [""; 0]);
    assert_eq!(closed(&[sudo], "", &disabled()), ["sudo"]);
}

#[test]
fn an_included_file_closes_those_that_include_it() {
    let files = [
        ("system-auth", "auth required pam_unix.so\nauth required pam_passkey.so\n"),
        ("login", "auth include system-auth\n"),
        ("Sudo", "auth substack system-auth\n"),
        ("su", "@include common-auth\n"),
    ];
    assert_eq!(closed(&files, "", &none()), ["login", "sudo"]);
}
