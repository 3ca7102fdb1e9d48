//! Modules that take the password are run after a passkey in its place, on the stacks of distributions.

use super::stacks_tests::machine;
use super::*;
use crate::pam::simulate::Consumer;

/// What the profiles of libpam-mount, libpam-fscrypt and ecryptfs-utils have pam-auth-update put behind the password, and into sessions.
const FOLDERS: [(&str, &str); 2] = [
    (
        "common-auth",
        "auth optional pam_mount.so\nauth required pam_ecryptfs.so unwrap\nauth optional pam_fscrypt.so\n",
    ),
    (
        "common-session",
        "session optional pam_mount.so\nsession optional pam_ecryptfs.so unwrap\nsession optional pam_fscrypt.so\n",
    ),
];
/// Machines whose files have keyrings.
const MACHINES: [&str; 10] = [
    "arch",
    "debian-12-desktop",
    "debian-12-gnome-fprintd",
    "debian-13-desktop",
    "debian-sid-desktop",
    "fedora-authselect-local",
    "fedora-sssd-with-fingerprint",
    "gentoo",
    "nixos-gnome-fprintd-u2f",
    "void",
];
const KEYRINGS: [&str; 2] = ["pam_gnome_keyring", "pam_kwallet"];
const SERVICES: [&str; 6] = ["gdm-password", "greetd", "lightdm", "login", "plasmalogin", "sddm"];

/// Where one is passed by all the same, and why no line could stand that reaches it.
const PASSED_BY: [(&str, &str, &str); 1] = [(
    "nixos-gnome-fprintd-u2f",
    "login",
    "a line of pam_unix that ends the stack stands behind the keyring; packaging/nix/module.nix makes the stack there",
)];

/// The service's file with passkeys in place of the password, and the modules that it passes by.
fn passwordless(files: &ServiceFiles, service: &str) -> Option<(String, Vec<Consumer>)> {
    let config = Config::default();
    let before = ServiceAccess::of(files, service, &config).ok()?;
    let draft = with_passkeys(files, &config, service, Way::Passwordless, &[]).ok()?;
    let text = String::from_utf8(draft.bytes.clone()).unwrap();
    let files = files.clone().with(service, draft.bytes);
    let after = ServiceAccess::of(&files, service, &config).unwrap();
    Some((text, after.passed_by(&before, &files).unwrap()))
}

/// The same files with these lines behind theirs.
fn with_lines(files: ServiceFiles, name: &str, lines: &str) -> ServiceFiles {
    let Ok((_, file)) = files.read(name) else { return files };
    files.with(name, [file.to_bytes(), lines.into()].concat())
}

/// What a service unlocks at the sign-in, its session needs; most of the files kept here have no lines for sessions.
fn with_session(files: ServiceFiles, service: &str) -> ServiceFiles {
    let stack = files.stack(service, Facility::Auth).unwrap();
    let mut lines = String::new();
    for rule in stack.rules() {
        if KEYRINGS.iter().any(|keyring| rule.module_name().starts_with(keyring)) {
            lines.extend(["session optional ", &rule.module, " auto_start\n"]);
        }
    }
    with_lines(files, service, &lines)
}

#[test]
fn no_keyring_and_no_folder_is_passed_by() {
    let (mut looked_at, mut wrong) = (0, Vec::new());
    for name in MACHINES {
        let (_root, files) = machine(name);
        let files =
            FOLDERS.into_iter().fold(files, |files, (common, lines)| with_lines(files, common, lines));
        for service in SERVICES {
            if files.read(service).is_err() {
                continue;
            }
            let files = with_session(files.clone(), service);
            let Some((text, passed_by)) = passwordless(&files, service) else { continue };
            looked_at += usize::from(!simulate::session_consumers(&files, service).is_empty());
            let is_excused = PASSED_BY.iter().any(|excused| (excused.0, excused.1) == (name, service));
            if passed_by.is_empty() == is_excused {
                let lines: Vec<_> = passed_by.iter().map(|one| one.line.to_string()).collect();
                wrong.push(format!("{name}, {service}: {}\n{text}", lines.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(looked_at > 25, "{looked_at}");
}

/// A locker opens no session, and needs nothing that one would.
#[test]
fn what_no_session_needs_changes_no_line() {
    for name in ["debian-12-desktop", "debian-sid-desktop"] {
        let (_root, files) = machine(name);
        let folders = FOLDERS
            .into_iter()
            .fold(files.clone(), |files, (common, lines)| with_lines(files, common, lines));
        for service in ["sudo", "i3lock"] {
            assert_eq!(passwordless(&files, service).unwrap().0, passwordless(&folders, service).unwrap().0);
        }
    }
}
