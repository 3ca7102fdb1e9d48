//! What the tests of the built module have in common: service files, and enrolling in a line.
#![forbid(unsafe_code)]
// Test equipment: whatever is not as expected here is a broken test, and a panic is how a test says so.
#![allow(clippy::panic)]

pub mod packages;
pub mod this_computer;

use guest::{Guest, GuestBuilder};

/// A service that asks for the password and then for the passkey.
pub fn second_factor(arguments: &str) -> String {
    format!("auth required pam_unix.so\nauth required pam_passkey.so {arguments}\n{REST}")
}

/// A service that asks for the passkey only.
pub fn passkey_only(arguments: &str) -> String {
    format!("auth required pam_passkey.so {arguments}\n{REST}")
}

const REST: &str = "account required pam_unix.so\nsession required pam_permit.so\n";

/// A guest with alice, whose password is `secret`, and `pamtester` services `passkey` (passkey only) and `sudo` (second factor).
pub fn guest(arguments: &str) -> GuestBuilder {
    Guest::debian12()
        .user("alice", "secret")
        .file("/etc/pam.d/sudo", second_factor(arguments))
        .file("/etc/pam.d/passkey", passkey_only(arguments))
}

/// Enrols a passkey of alice's on a key that is plugged in, alone or not; a PIN, where the key has one, is typed.
///
/// # Panics
/// When it does not work.
#[track_caller]
pub fn enrol(guest: &Guest, key: &str, pin: Option<&str>) {
    let path = path(guest, key);
    guest.key(key).touch_after(200);
    let (option, input) = pin.map_or(("", String::new()), |pin| ("--pin-stdin", format!("{pin}\n")));
    let command = format!("passkey-enroll add --user alice --name {key} --device {path} {option}");
    guest.run("root", &command, input.as_bytes(), guest::PATIENCE).ok();
}

/// The device node of a key.
///
/// # Panics
/// When it is not plugged in.
#[track_caller]
pub fn path(guest: &Guest, key: &str) -> String {
    let command = format!("grep -l 'HID_NAME=.*{key}$' /sys/class/hidraw/*/device/uevent | cut -d/ -f5");
    let node = guest.root(&command).ok();
    assert_eq!(node.lines().count(), 1, "one key is called {key}: {node:?}");
    format!("/dev/{}", node.trim())
}

/// Runs `pamtester passkey alice authenticate` without a terminal; its words and its exit status.
#[track_caller]
pub fn authenticate(guest: &Guest, service: &str) -> (i32, String) {
    let output = guest.root(&format!("pamtester {service} alice authenticate 2>&1 </dev/null"));
    (output.status, output.stdout)
}

/// The module's line in the log about the latest sign-in.
///
/// # Panics
/// When there is none.
#[track_caller]
pub fn audit_line(guest: &Guest) -> String {
    let log = guest.syslog();
    let line = log.lines().rev().find(|line| line.contains("result=")).unwrap_or_default();
    assert!(!line.is_empty(), "no sign-in in the log:\n{log}");
    line.to_owned()
}
