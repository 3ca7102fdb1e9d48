use std::fs;

use passkey_core::config::Config;

use super::*;
use crate::pam::edit::{Way, with_passkeys, without_passkeys};

const COMMON: &str = "password [success=1 default=ignore] pam_unix.so obscure yescrypt\npassword requisite pam_deny.so\n\
     password required pam_permit.so\n";
const STRICT: &str = "password requisite pam_pwquality.so\npassword [success=done new_authtok_reqd=done default=die] pam_unix.so use_authtok\n";
const FEDORA: &str = "password requisite pam_pwquality.so\npassword sufficient pam_unix.so use_authtok\npassword required pam_deny.so\n";
const LIGHTDM: &str = "auth requisite pam_nologin.so\n@include common-auth\n-auth optional pam_gnome_keyring.so\n@include common-account\n\
     @include common-session\n-session optional pam_gnome_keyring.so auto_start\n@include common-password\n";

/// The lines that are put into a file, `None` where nothing is.
fn put_in(text: &str) -> Option<String> {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("etc/pam.d");
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in [
        ("common-password", COMMON),
        ("strict-auth", STRICT),
        ("system-auth", FEDORA),
        ("common-auth", "auth required pam_unix.so\n"),
        ("common-account", "account required pam_unix.so\n"),
        ("common-session", "session required pam_unix.so\n"),
        ("other", COMMON),
        ("service", text),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    let bytes = hearing_of_changes(&ServiceFiles::below(root.path()), "service")?;
    Some(String::from_utf8(bytes).unwrap().replace(REMARK, "").replace('\t', " "))
}

#[test]
fn it_goes_behind_the_change_or_nowhere() {
    let call = CALL.replace('\t', " ");
    for (text, expected) in [
        (LIGHTDM, Some(format!("{LIGHTDM}{call}"))),
        // As Debian's passwd has it.
        ("@include common-password\n", Some(format!("@include common-password\n{call}"))),
        ("@include common-password", Some(format!("@include common-password\n{call}"))),
        (COMMON, Some(format!("{COMMON}{call}"))),
        // They end the stack, and as a stack of its own they would not end this one where they refuse.
        ("password include strict-auth\n", None),
        // A change that failed is not told from one that was made.
        ("password include system-auth\n", None),
        ("password substack system-auth\n", None),
        ("password required pam_unix.so\n", None),
        // No password is changed here.
        ("password required pam_deny.so\n", None),
        ("auth required pam_unix.so\n", None),
        // It is there already.
        ("@include common-password\npassword optional pam_passkey.so\n", None),
    ] {
        assert_eq!(put_in(text), expected, "{text}");
    }
}

#[test]
fn it_comes_out_with_the_lines_for_signing_in_and_by_itself() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("etc/pam.d");
    fs::create_dir_all(&folder).unwrap();
    let own = "auth required pam_unix.so\npassword requisite pam_unix.so\n";
    for (name, text) in [("service", own), ("passwd", COMMON), ("other", "auth required pam_deny.so\n")] {
        fs::write(folder.join(name), text).unwrap();
    }
    let files = ServiceFiles::below(root.path());
    let config = Config::default();
    let asks = with_passkeys(&files, &config, "service", Way::Passwordless, &[]).unwrap();
    let files = files.with("service", asks.bytes);
    for (service, original) in [("service", own), ("passwd", COMMON)] {
        let hearing = files.clone().with(service, hearing_of_changes(&files, service).unwrap());
        assert!(simulate::hears_of_changes(&hearing, service), "{service}");
        let without = without_passkeys(&hearing, &config, service).unwrap();
        // What was a stack of one line has got somebody who speaks for the passkey.
        let without = String::from_utf8(without).unwrap().replace("auth\trequired\tpam_permit.so\n", "");
        assert_eq!(without, original, "{service}");
    }
}
