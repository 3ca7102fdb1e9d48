use std::fs;

use super::*;

const COMMON_AUTH: &str = "auth\t[success=1 default=ignore]\tpam_unix.so nullok\nauth\trequisite\tpam_deny.so\nauth\trequired\tpam_permit.so\n";
const SYSTEM_AUTH: &str = "\
auth        required                                     pam_env.so
auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular
auth        [default=1 ignore=ignore success=ok]         pam_localuser.so
auth        sufficient                                   pam_unix.so nullok
auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular
auth        sufficient                                   pam_sss.so forward_pass
auth        required                                     pam_deny.so
account     required                                     pam_unix.so
";

/// Debian's, Fedora's and Arch's files, as far as signing in is concerned.
const FILES: [(&str, &str); 9] = [
    ("common-auth", COMMON_AUTH),
    ("system-auth", SYSTEM_AUTH),
    ("other", "auth required pam_deny.so\n"),
    (
        "sudo",
        "#%PAM-1.0\n\nsession required pam_limits.so\n\n@include common-auth\n@include common-account\n",
    ),
    ("common-account", "account required pam_unix.so\n"),
    ("su", "auth       sufficient pam_rootok.so\n\n@include common-auth\n@include common-account\n"),
    ("fedora-sudo", "#%PAM-1.0\nauth       include      system-auth\naccount    include      system-auth\n"),
    (
        "gdm-password",
        "auth requisite pam_nologin.so\nauth required pam_succeed_if.so user != root quiet_success\n@include common-auth\n\
         auth optional pam_gnome_keyring.so\n@include common-account\nsession optional pam_gnome_keyring.so auto_start\n",
    ),
    (
        "flat",
        "auth required pam_faildelay.so delay=1\nauth required pam_unix.so\nauth required pam_group.so\n",
    ),
];

fn machine() -> (tempfile::TempDir, ServiceFiles) {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("etc/pam.d");
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in FILES {
        fs::write(folder.join(name), text).unwrap();
    }
    let files = ServiceFiles::below(root.path());
    (root, files)
}

fn draft(service: &str, way: Way) -> Result<String, NoDraft> {
    let (_root, files) = machine();
    with_passkeys(&files, &Config::default(), service, way, &[])
        .map(|bytes| String::from_utf8(bytes).unwrap())
}

fn original(service: &str) -> &'static str {
    FILES.iter().find(|(name, _)| *name == service).unwrap().1
}

#[test]
fn a_second_factor_comes_behind_the_password() {
    let call = format!("{REMARK}auth\trequired\tpam_passkey.so mode=second-factor\n");
    for service in ["sudo", "su", "gdm-password"] {
        let expected =
            original(service).replace("@include common-auth\n", &format!("@include common-auth\n{call}"));
        assert_eq!(draft(service, Way::SecondFactor).unwrap(), expected, "{service}");
    }
    let line = "auth required pam_unix.so\n";
    let expected = original("flat").replace(line, &format!("{line}{call}"));
    assert_eq!(draft("flat", Way::SecondFactor).unwrap(), expected);
}

/// Fedora's system-auth ends whatever includes it as soon as the password is right.
#[test]
fn what_would_end_the_stack_becomes_a_stack_of_its_own() {
    let call = format!("{REMARK}auth\trequired\tpam_passkey.so mode=second-factor\n");
    let line = "auth       include      system-auth\n";
    let expected = original("fedora-sudo").replace(line, &format!("auth\tsubstack\tsystem-auth\n{call}"));
    assert_eq!(draft("fedora-sudo", Way::SecondFactor).unwrap(), expected);
}

#[test]
fn a_passkey_in_place_of_the_password_comes_before_it() {
    let call = |control| format!("{REMARK}auth\t{control}\tpam_passkey.so mode=passwordless\n");
    for (service, line) in
        [("sudo", "@include common-auth\n"), ("fedora-sudo", "auth       include      system-auth\n")]
    {
        let expected = original(service).replacen(line, &format!("{}{line}", call("sufficient")), 1);
        assert_eq!(draft(service, Way::Passwordless).unwrap(), expected, "{service}");
    }
    // What stands behind the password is for everybody.
    let block =
        call("[success=1 default=ignore]") + "auth\tsubstack\tcommon-auth\nauth\trequired\tpam_permit.so\n";
    let expected = original("gdm-password").replace("@include common-auth\n", &block);
    assert_eq!(draft("gdm-password", Way::Passwordless).unwrap(), expected);
    let line = "auth required pam_unix.so\n";
    let expected = original("flat").replace(line, &format!("{}{line}", call("[success=1 default=ignore]")));
    assert_eq!(draft("flat", Way::Passwordless).unwrap(), expected);
}

#[test]
fn nothing_is_put_where_a_line_jumps() {
    let (_root, files) = machine();
    let text = "auth [success=2 default=ignore] pam_succeed_if.so user ingroup guests\nauth required pam_unix.so\n\
                auth required pam_group.so\nauth required pam_permit.so\n";
    let files = files.with("jumpy", text.as_bytes().to_vec());
    for way in [Way::SecondFactor, Way::Passwordless] {
        assert_eq!(
            with_passkeys(&files, &Config::default(), "jumpy", way, &[]),
            Err(NoDraft::Unclear),
            "{way:?}"
        );
    }
}

#[test]
fn what_cannot_be_done_is_told_apart() {
    assert_eq!(draft("nosuch", Way::SecondFactor), Err(NoDraft::NoLines));
    assert_eq!(draft("other", Way::SecondFactor), Err(NoDraft::NoPassword));
    let (_root, files) = machine();
    let enabled = with_passkeys(&files, &Config::default(), "sudo", Way::SecondFactor, &[]).unwrap();
    let files = files.with("sudo", enabled).with("broken", b"@include nosuch\n".to_vec());
    let again = with_passkeys(&files, &Config::default(), "sudo", Way::SecondFactor, &[]);
    assert_eq!(again, Err(NoDraft::AsksAlready));
    let broken = with_passkeys(&files, &Config::default(), "broken", Way::SecondFactor, &[]);
    assert!(matches!(broken, Err(NoDraft::Broken(_))), "{broken:?}");
}

#[test]
fn arguments_stand_behind_the_mode_and_a_last_line_without_end_stays_one() {
    let (_root, files) = machine();
    let files = files.with("door", b"auth required pam_unix.so".to_vec());
    let arguments = ["unenrolled=ignore".to_owned()];
    let drafted = with_passkeys(&files, &Config::default(), "door", Way::SecondFactor, &arguments).unwrap();
    assert_eq!(
        String::from_utf8(drafted).unwrap(),
        format!(
            "auth required pam_unix.so\n{REMARK}auth\trequired\tpam_passkey.so mode=second-factor unenrolled=ignore\n"
        )
    );
}

#[test]
fn taken_out_again_nothing_is_left() {
    for service in ["sudo", "su", "gdm-password", "flat"] {
        let (_root, files) = machine();
        let drafted = draft(service, Way::SecondFactor).unwrap();
        let without = without_passkeys(&files.with(service, drafted.into_bytes()), service).unwrap();
        assert_eq!(String::from_utf8(without).unwrap(), original(service), "{service}");
    }
    // Written by hand, so that nobody comes in without it.
    let (_root, files) = machine();
    let files = files.with("door", b"auth required pam_passkey.so mode=passwordless\n".to_vec());
    assert_eq!(without_passkeys(&files, "door"), None);
}
