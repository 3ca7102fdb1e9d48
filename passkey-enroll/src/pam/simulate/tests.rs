use std::fs;
use std::path::Path;

use passkey_core::config::Config;

use super::*;

/// Debian's.
const PASSWORD: &str =
    "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n";
/// Fedora's.
const SYSTEM_AUTH: &str = "\
auth required pam_env.so
auth required pam_faildelay.so delay=2000000
auth required pam_faillock.so preauth silent
auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular
auth [default=1 ignore=ignore success=ok] pam_localuser.so
auth sufficient pam_unix.so nullok
auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular
auth sufficient pam_sss.so forward_pass
auth required pam_faillock.so authfail
auth required pam_deny.so
";

/// A machine with these service files.
fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, ServiceFiles) {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("etc/pam.d");
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in [("common-auth", PASSWORD), ("system-auth", SYSTEM_AUTH)].iter().chain(files) {
        fs::write(folder.join(name), text).unwrap();
    }
    let services = ServiceFiles::below(root.path());
    (root, services)
}

fn config(text: &str) -> Config {
    Config::parse(Path::new("/etc/passkey/passkey.toml"), text).unwrap()
}

fn access(service: &str, text: &str) -> ServiceAccess {
    let (_root, files) = machine(&[(service, text)]);
    ServiceAccess::of(&files, service, &Config::default()).unwrap()
}

/// The services closed by these files, under this configuration.
fn closed_by(files: &[(&str, &str)], configuration: &str, missing: MissingPasskey) -> Vec<String> {
    let (_root, files) = machine(files);
    closed(&config(configuration), &files, missing)
}

#[test]
fn a_service_is_closed_where_nothing_takes_the_passkeys_place() {
    for (text, is_closed) in [
        ("@include common-auth\nauth required pam_passkey.so\n", true),
        ("auth include system-auth\nauth required pam_passkey.so\n", false),
        ("auth substack system-auth\nauth required pam_passkey.so\n", true),
        ("@include common-auth\nauth required pam_passkey.so unenrolled=deny\n", true),
        ("@include common-auth\nauth required pam_passkey.so unenrolled=ignore\n", false),
        ("@include common-auth\nauth optional pam_passkey.so\n", false),
        ("auth sufficient pam_passkey.so mode=passwordless\n@include common-auth\n", false),
        ("auth sufficient pam_passkey.so mode=passwordless\nauth include system-auth\n", false),
        ("auth sufficient pam_passkey.so mode=passwordless\nauth required pam_deny.so\n", true),
        ("auth required pam_passkey.so mode=passwordless\n", true),
        // Nobody speaks for those who are passed by.
        ("auth required pam_passkey.so mode=passwordless unenrolled=ignore\n", true),
        // Past the module that would have spoken for them.
        ("auth [success=3 default=ignore] pam_passkey.so\n@include common-auth\n", false),
        ("auth [success=2 default=ignore] pam_passkey.so\n@include common-auth\n", false),
        ("auth sufficient pam_unix.so\nauth required pam_passkey.so\n", false),
        ("auth sufficient pam_rootok.so\n@include common-auth\nauth required pam_passkey.so\n", true),
        // The condition holds for some, and fails for others.
        (
            "@include common-auth\nauth [success=1 default=ignore] pam_succeed_if.so user notingroup keys\n\
             auth required pam_passkey.so\n",
            true,
        ),
        ("auth sufficient pam_fprintd.so\nauth required pam_passkey.so mode=passwordless\n", true),
        // Closed already, to everybody.
        ("@include common-auth\nauth required pam_passkey.so mode=both\n", false),
        ("@include common-auth\nauth required pam_passkey.so quiet quiet\n", false),
        ("@include common-auth\nauth required pam_passkey.so config=/nonexistent/passkey.toml\n", false),
        ("@include common-auth\nauth required pam_passkey.so\nauth required pam_deny.so\n", false),
        ("@include common-auth\n@include nosuch\nauth required pam_passkey.so\n", false),
        ("@include common-auth\n", false),
    ] {
        let expected: &[&str] = if is_closed { &["sudo"] } else { &[] };
        assert_eq!(closed_by(&[("sudo", text)], "", MissingPasskey::Unenrolled), expected, "{text}");
    }
}

#[test]
fn the_configuration_has_its_say() {
    let sudo = ("sudo", "@include common-auth\nauth required pam_passkey.so\n");
    assert_eq!(
        closed_by(&[sudo], "[service.sudo]\nunenrolled = \"ignore\"\n", MissingPasskey::Unenrolled),
        [""; 0]
    );
    assert_eq!(
        closed_by(&[sudo], "[defaults]\nunenrolled = \"ignore\"\n", MissingPasskey::Unenrolled),
        [""; 0]
    );
    // Where there is no file of PAM's to look at, it is believed; where there is one, that counts.
    let configuration = "[service.kiosk]\ntimeout = 3\n[service.common-auth]\ntimeout = 3\n[service.door]\nunenrolled = \"ignore\"\n";
    assert_eq!(closed_by(&[sudo], configuration, MissingPasskey::Unenrolled), ["kiosk", "sudo"]);
}

#[test]
fn who_has_only_disabled_passkeys_is_never_let_pass() {
    let sudo = ("sudo", "@include common-auth\nauth required pam_passkey.so unenrolled=ignore\n");
    assert_eq!(closed_by(&[sudo], "", MissingPasskey::Unenrolled), [""; 0]);
    assert_eq!(closed_by(&[sudo], "", MissingPasskey::NoneUsable), ["sudo"]);
}

#[test]
fn an_included_file_closes_those_that_include_it() {
    let files = [
        ("password-auth", "auth required pam_unix.so\nauth required pam_passkey.so\n"),
        ("login", "auth include password-auth\n"),
        ("sudo", "auth substack password-auth\n"),
        ("su", "auth include password-auth\n"),
        ("su-l", "auth include su\n"),
        ("Upper", "auth include password-auth\n"),
        ("cron", "@include common-auth\n"),
        ("gdm-switchable-auth", "auth include password-auth\n"),
    ];
    assert_eq!(
        closed_by(&files, "", MissingPasskey::Unenrolled),
        // GDM goes on with gdm-password in place of gdm-switchable-auth.
        ["login", "su", "su-l", "sudo"]
    );
}

#[test]
fn what_is_enough_to_come_in() {
    // The text, and whether it is shut, whether the password is enough, whether the passkey is.
    for (text, expected) in [
        ("@include common-auth\nauth required pam_passkey.so\n", (false, false, false)),
        ("@include common-auth\nauth optional pam_passkey.so\n", (false, true, false)),
        // Whoever leaves the key at home needs none.
        (
            "@include common-auth\nauth [success=ok authinfo_unavail=ignore default=die] pam_passkey.so\n",
            (false, true, false),
        ),
        ("auth sufficient pam_unix.so\nauth required pam_passkey.so\n", (false, true, true)),
        // The line above is the last one for whoever knows the password.
        ("auth include system-auth\nauth required pam_passkey.so\n", (false, true, false)),
        ("auth sufficient pam_passkey.so\n@include common-auth\n", (false, true, true)),
        ("auth required pam_passkey.so\n@include common-auth\n", (false, false, false)),
        // Those whose account is elsewhere have no password here to begin with.
        (
            "auth sufficient pam_passkey.so\nauth [default=1 ignore=ignore success=ok] pam_localuser.so\n\
             auth sufficient pam_unix.so\nauth required pam_deny.so\n",
            (false, true, true),
        ),
        ("auth required pam_passkey.so mode=passwordless\n", (false, false, true)),
        ("auth required pam_passkey.so\nauth required pam_deny.so\n", (true, false, false)),
        ("auth required pam_passkey.so timeot=3\n", (true, false, false)),
        // With the passkey nobody gets in; without it they do.
        ("auth [success=7 default=ignore] pam_passkey.so\nauth required pam_unix.so\n", (false, true, false)),
        ("auth sufficient pam_passkey.so timeot=3\n@include common-auth\n", (false, true, false)),
    ] {
        let verdict = access("sudo", text).verdict().unwrap();
        assert_eq!(
            (verdict.is_shut(), verdict.password_is_enough(), verdict.passkey_is_enough()),
            expected,
            "{text}"
        );
    }
}

#[test]
fn nobody_can_touch_a_key_from_another_machine() {
    let text = "@include common-auth\nauth required pam_passkey.so\n";
    let is_shut = |service, text: &str| access(service, text).verdict().unwrap().is_shut();
    assert!(is_shut("sshd", text));
    assert!(!is_shut("sudo", text));
    assert!(!is_shut("sshd", &text.replace(".so\n", ".so remote=allow\n")));
    // Who has none is passed by before anybody asks where they are.
    assert!(is_shut("sshd", &text.replace("passkey.so", "passkey.so unenrolled=ignore")));
}
