//! The command with keys, as a person and as a script meet it.

use guest::{Guest, KeyOptions};
use pam_tests::{enrol, guest, path};

#[test]
fn each_mishap_has_its_words_and_its_exit_code() {
    let guest = guest("").key("blue", KeyOptions::default().pin("1234")).boot();
    let add = "passkey-enroll add --user alice --name blue";

    // Ctrl-C while the key waits for a finger: the key goes dark.
    let mut terminal = guest.terminal("root", &format!("{add} --verification discouraged"));
    terminal.expect("Touch your security key");
    guest.key("blue").wait_blinking();
    terminal.ctrl_c();
    assert_eq!(terminal.wait().status, 7, "{}", terminal.screen());
    guest.key("blue").wait_dark();
    assert_ne!(guest.root("test -e /etc/passkey/credentials/alice.toml").status, 0, "nothing was stored");

    // Nobody touches it.
    let output = guest.root(&format!("{add} --timeout 2"));
    assert_eq!(output.status, 6, "{}", output.stderr);

    // A wrong PIN from a script is not tried again.
    let wrong =
        guest.run("root", &format!("{add} --verification required --pin-stdin"), b"9999\n", guest::PATIENCE);
    assert_eq!(wrong.status, 4, "{}", wrong.stderr);
    assert_eq!(guest.key("blue").retries(), 7);

    enrol(&guest, "blue", Some("1234"));
    let again = guest.root("passkey-enroll add --user alice --name other --json");
    assert_eq!(again.status, 10, "{} {}", again.stdout, again.stderr);
    assert!(again.stdout.contains("\"error\""), "{}", again.stdout);

    guest.key("blue").unplug();
    assert_eq!(guest.root("passkey-enroll verify --user alice").status, 3);
    assert_eq!(guest.root("passkey-enroll show nosuch --user alice").status, 9);
    assert_eq!(guest.run_as("alice", "passkey-enroll remove blue --yes").status, 8);
    guest.root("echo nonsense > /etc/passkey/passkey.toml").ok();
    let broken = guest.root("passkey-enroll list --user alice");
    assert_eq!(broken.status, 11);
    assert!(broken.stderr.contains("/etc/passkey/passkey.toml:1"), "{}", broken.stderr);
}

/// Enrol two keys, look at them, rehearse, lose one, remove it.
#[test]
fn a_life_with_two_keys() {
    let guest = guest("").key("blue", KeyOptions::default()).key("green", KeyOptions::default()).boot();
    choose(&guest, "blue");
    choose(&guest, "green");

    let listed = guest.run_as("alice", "passkey-enroll list").ok();
    assert!(listed.contains("blue") && listed.contains("green"), "{listed}");
    let keys: String =
        guest.root("passkey-enroll keys --user alice --json").ok().split_whitespace().collect();
    for (key, device) in [("blue", path(&guest, "blue")), ("green", path(&guest, "green"))] {
        assert!(keys.contains(&format!("\"path\":\"{device}\"")), "{keys}");
        assert!(keys.contains(&format!("\"enrolled\":[\"{key}\"]")), "{keys}");
    }

    guest.key("green").touch_after(200);
    let verified = guest.run_as("alice", "passkey-enroll verify");
    assert_eq!(verified.status, 0, "{}", verified.stderr);
    assert!(verified.stdout.contains("green"), "{}", verified.stdout);

    guest.key("blue").unplug();
    guest.root("passkey-enroll remove blue --user alice --yes").ok();
    let left = guest.run_as("alice", "passkey-enroll list").ok();
    assert!(!left.contains("blue") && left.contains("green"), "{left}");
    guest.key("green").touch_always(50);
    assert_eq!(guest.root("pamtester passkey alice authenticate").status, 0);
}

/// Enrols the key that is touched, of all that are plugged in.
#[track_caller]
fn choose(guest: &Guest, key: &str) {
    guest.key(key).touch_always(100);
    let mut add = guest.terminal("root", &format!("passkey-enroll add --user alice --name {key}"));
    add.expect("Touch the security key that you want to use");
    let exit = add.wait();
    guest.key(key).touch_never();
    assert_eq!(exit.status, 0, "{}", exit.screen);
}
