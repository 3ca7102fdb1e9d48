//! The main job: a passkey, enrolled and used, in real sudo.

use guest::{Guest, KeyOptions};
use pam_tests::{enrol, guest, passkey_only, second_factor};
use serde_json::Value;
use std::time::{Duration, Instant};

use crate::shown;

/// As a person does it: sudo works by password; they enrol; the administrator switches the module on; sudo asks for the touch.
#[test]
fn enrol_switch_on_and_sign_in() {
    let guest = Guest::debian12().user("alice", "secret").key("blue", KeyOptions::default()).boot();
    let mut add = guest.terminal("alice", "sudo passkey-enroll add --name blue");
    add.expect("password for alice").type_line("secret");
    add.expect("Touch your security key");
    guest.key("blue").wait_blinking();
    guest.key("blue").touch();
    let added = add.wait();
    assert_eq!(added.status, 0, "{}", added.screen);
    assert_eq!(guest.root("stat -c '%U:%G %a' /etc/passkey/credentials/alice.toml").ok(), "root:alice 640\n");

    guest.write("/etc/pam.d/sudo", second_factor(""));
    let mut sudo = guest.terminal("alice", "sudo -k; sudo -u root id -un");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect("Touch your security key");
    guest.key("blue").wait_blinking();
    guest.key("blue").touch();
    let exit = sudo.wait();
    assert_eq!(exit.status, 0, "{}", exit.screen);
    assert!(exit.screen.trim_end().ends_with("root"), "{}", exit.screen);
    let log = guest.syslog();
    let audit = log.lines().find(|line| line.contains("pam_passkey")).expect("an audit line");
    for word in ["sudo", "alice", "blue", "verified"] {
        assert!(audit.contains(word), "{word} in {audit}");
    }

    // What was used is remembered.
    let listed = guest.root("passkey-enroll list --user alice --json").ok();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert!(listed["credentials"][0]["last_used"].is_string(), "{listed}");
    assert!(guest.run_as("alice", "passkey-enroll list").ok().contains("blue"));

    guest.key("blue").unplug();
    shown::a_phone_scans_the_code(&guest);
}

#[test]
fn what_must_fail_fails() {
    let guest = guest("").key("blue", KeyOptions::default()).boot();
    enrol(&guest, "blue", None);
    ctrl_c_ends_the_wait_and_the_blinking(&guest);
    guest.write("/etc/pam.d/sudo", second_factor("timeout=5"));
    guest.write("/etc/pam.d/passkey", passkey_only("timeout=5 wait_for_key=0"));
    without_a_touch_it_ends_at_the_deadline(&guest);
    each_failure_has_its_code_and_its_words(&guest);
    attempt_as_nobody(&guest);
}

fn without_a_touch_it_ends_at_the_deadline(guest: &Guest) {
    let start = Instant::now();
    let mut sudo = guest.terminal("alice", "sudo id");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect("Touch your security key").expect("not touched in time");
    sudo.ctrl_c();
    assert_ne!(sudo.wait().status, 0);
    assert!(start.elapsed() < Duration::from_secs(25), "{:?}", start.elapsed());
    assert!(!guest.key("blue").blinking(), "the key has been told to stop");
    assert!(guest.syslog().contains("the security key was not touched in time"));
    let tested = guest.root("pamtester passkey alice authenticate 2>&1");
    assert!(tested.stdout.contains("Authentication failure"), "PAM_AUTH_ERR: {}", tested.stdout);
}

/// Another key, a lying key, a removed passkey: no sign-in, each with its own code and words.
fn each_failure_has_its_code_and_its_words(guest: &Guest) {
    let attempt = |expected_code: &str, expected_words: &str, expected_log: &str| {
        guest.root(": > /var/log/syslog").ok();
        let output = guest.root("pamtester passkey alice authenticate 2>&1");
        assert_ne!(output.status, 0, "{}", output.stdout);
        assert!(output.stdout.contains(expected_code), "{expected_code} in {}", output.stdout);
        assert!(output.stdout.contains(expected_words), "{expected_words} in {}", output.stdout);
        let log = guest.syslog();
        assert!(log.contains(expected_log), "{expected_log} in {log}");
    };

    let blue = guest.key("blue");
    blue.touch_always(50);
    // A key whose signatures are false has proved nothing: it is one that holds no passkey.
    for lie in ["signature", "rp-hash"] {
        blue.corrupt(lie);
        attempt(
            "cannot retrieve authentication info",
            "holds no passkey for this account",
            "no plugged-in security key holds a passkey",
        );
    }
    blue.corrupt("flags");
    attempt("Authentication failure", "not valid for this account", "did not see a touch");
    blue.corrupt("none");
    assert_eq!(guest.root("pamtester passkey alice authenticate").status, 0);

    blue.unplug();
    attempt(
        "cannot retrieve authentication info",
        "No security key was plugged in",
        "no security key was plugged in",
    );
    guest.add_key("green", &KeyOptions::default());
    attempt(
        "cannot retrieve authentication info",
        "holds no passkey for this account",
        "no plugged-in security key holds a passkey",
    );

    blue.plug();
    guest.root("passkey-enroll remove blue --user alice --yes").ok();
    attempt("cannot retrieve authentication info", "", "the user has no passkey");
}

fn attempt_as_nobody(guest: &Guest) {
    let output = guest.root("pamtester passkey nosuchuser authenticate 2>&1");
    assert!(output.stdout.contains("User not known"), "{}", output.stdout);
}

/// Ctrl-C while the key blinks: sudo goes on to its next module or ends, the key goes dark, and the program's signals are its own.
fn ctrl_c_ends_the_wait_and_the_blinking(guest: &Guest) {
    let mut sudo = guest.terminal("alice", "sudo id");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect("Touch your security key");
    guest.key("blue").wait_blinking();
    sudo.ctrl_c();
    // sudo counts it as a failed try and asks for the password again, which Ctrl-C then ends.
    sudo.expect("password for alice").ctrl_c();
    assert_ne!(sudo.wait().status, 0);
    guest.key("blue").wait_dark();
    assert!(guest.syslog().contains("Ctrl-C"));
}
