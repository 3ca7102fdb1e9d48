use std::fs;

use super::*;

/// Debian's, by pam-auth-update, with a check of its strength.
const DEBIAN: &str = "password requisite pam_pwquality.so retry=3\npassword [success=1 default=ignore] pam_unix.so obscure use_authtok yescrypt\n\
     password requisite pam_deny.so\npassword required pam_permit.so\n";
/// The same with a directory.
const DIRECTORY: &str = "password [success=2 default=ignore] pam_unix.so obscure yescrypt\npassword sufficient pam_sss.so use_authtok\n\
     password requisite pam_deny.so\npassword required pam_permit.so\n";
const FEDORA: &str = "password requisite pam_pwquality.so\npassword sufficient pam_unix.so use_authtok\npassword required pam_deny.so\n";
const ARCH: &str = "-password [success=1 default=ignore] pam_systemd_home.so\npassword required pam_unix.so try_first_pass nullok shadow\n\
     password optional pam_permit.so\n";
const CALL: &str = "password optional pam_passkey.so\n";

/// What is wrong with the calls of these lines.
fn told(lines: &str) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("etc/pam.d");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("passwd"), lines).unwrap();
    fs::write(folder.join("system-auth"), FEDORA).unwrap();
    let stack = ServiceFiles::below(root.path()).stack("passwd", Facility::Password).unwrap();
    misplaced(&stack)
        .iter()
        .map(|fault| fault.to_string().split(' ').take(4).collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn it_stands_behind_the_change_and_has_no_say() {
    let right: [&str; 0] = [];
    let (early, heard, unreached) =
        (&["it can be reached"][..], &["it could decide whether"][..], &["it is not reached"][..]);
    for (lines, expected) in [
        (format!("{DEBIAN}{CALL}"), &right[..]),
        (format!("{DEBIAN}{CALL}password optional pam_gnome_keyring.so\n"), &right),
        (format!("{DEBIAN}password optional pam_gnome_keyring.so\n{CALL}"), &right),
        (DEBIAN.to_owned(), &right),
        // pam_sss ends the stack when it has changed the password; those of pam_unix are heard of.
        (format!("{DIRECTORY}{CALL}"), &right),
        (format!("{CALL}{DEBIAN}"), early),
        (format!("password requisite pam_pwquality.so\n{CALL}password required pam_unix.so\n"), early),
        // The change may have failed.
        (format!("{ARCH}{CALL}"), early),
        (format!("password substack system-auth\n{CALL}"), early),
        // Nothing is reached behind it.
        (format!("password sufficient pam_unix.so\n{CALL}"), early),
        (format!("password [success=done default=die] pam_unix.so\n{CALL}"), unreached),
        (format!("{DEBIAN}{}", CALL.replace("optional", "required")), heard),
        (format!("{DEBIAN}{}", CALL.replace("optional", "sufficient")), heard),
        (format!("{DEBIAN}{}", CALL.replace("optional", "[default=die]")), heard),
        // Nobody has spoken: the module would speak for the change.
        (
            format!(
                "password [success=1 default=ignore] pam_unix.so\npassword requisite pam_deny.so\n{CALL}"
            ),
            heard,
        ),
        // A stack that changes none.
        (format!("password required pam_permit.so\n{CALL}"), early),
        (format!("password required pam_deny.so\n{CALL}"), early),
        (format!("password requisite pam_deny.so\n{CALL}"), unreached),
    ] {
        assert_eq!(told(&lines), expected, "{lines}");
    }
}

#[test]
fn ends_are_compared_with_what_was_changed() {
    let stack = |lines: &str| {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("etc/pam.d");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("passwd"), lines).unwrap();
        ServiceFiles::below(root.path()).stack("passwd", Facility::Password).unwrap()
    };
    let plain = stack(DEBIAN);
    assert!(ends_alike(&plain, &stack(&format!("{DEBIAN}{CALL}"))));
    assert!(!ends_alike(&plain, &stack(&format!("{DEBIAN}password required pam_unix.so\n"))));
    let undecided = "password [success=1 default=ignore] pam_unix.so\npassword requisite pam_deny.so\n";
    assert!(!ends_alike(&stack(undecided), &stack(&format!("{undecided}{CALL}"))));
}
