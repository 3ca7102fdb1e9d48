//! Whatever is broken on the machine ends in a clear line in the log and in no sign-in.

use guest::{Guest, KeyOptions};
use pam_tests::{enrol, guest, passkey_only};

const STORE: &str = "/etc/passkey/credentials/alice.toml";

/// What is broken, by which command, and what the log must say.
const CASES: [(&str, &str, &[&str]); 9] = [
    (
        "a malformed configuration",
        "printf '[defaults]\\ntimeout = = 3\\n' > /etc/passkey/passkey.toml",
        &["/etc/passkey/passkey.toml", ":2"],
    ),
    (
        "an unknown key in the configuration",
        "printf '[defaults]\\ntimeot = 3\\n' > /etc/passkey/passkey.toml",
        &["/etc/passkey/passkey.toml", ":2", "timeot", "timeout"],
    ),
    (
        "a configuration that others may write",
        "printf '[defaults]\\n' > /etc/passkey/passkey.toml; chmod 666 /etc/passkey/passkey.toml",
        &["/etc/passkey/passkey.toml"],
    ),
    ("a damaged store", "sed -i '3,$d; s/version/vers/' STORE", &["alice.toml"]),
    ("a store cut short", "truncate -s -40 STORE", &["alice.toml"]),
    ("an empty store", ": > STORE", &["alice.toml"]),
    (
        "a symbolic link for a store",
        "mv STORE /root/elsewhere.toml; ln -s /root/elsewhere.toml STORE",
        &["alice.toml", "link"],
    ),
    ("a store that others may write", "chmod 666 STORE", &["alice.toml"]),
    (
        "a store in a folder that others may write",
        "chmod 777 /etc/passkey/credentials",
        &["/etc/passkey/credentials"],
    ),
];

#[test]
fn every_broken_thing_is_named_and_nobody_signs_in() {
    let guest = guest("").key("blue", KeyOptions::default()).boot();
    enrol(&guest, "blue", None);
    let blue = guest.key("blue");
    blue.touch_always(50);
    guest.root("cp -a /etc/passkey /root/good").ok();
    assert_eq!(guest.root("pamtester passkey alice authenticate").status, 0, "all is well before");

    for (what, breaking, words) in CASES {
        guest.root("rm -rf /etc/passkey; cp -a /root/good /etc/passkey; : > /var/log/syslog").ok();
        guest.root(&breaking.replace("STORE", STORE)).ok();
        for policy in ["", "unenrolled=ignore"] {
            guest.write("/etc/pam.d/passkey", passkey_only(policy));
            let output = guest.root("pamtester passkey alice authenticate 2>&1");
            assert_ne!(output.status, 0, "{what}: {}", output.stdout);
            assert!(output.stdout.contains("service module"), "{what}: PAM_SERVICE_ERR: {}", output.stdout);
        }
        let log = guest.syslog();
        let line =
            log.lines().find(|line| line.contains("pam_passkey")).unwrap_or_else(|| panic!("{what}: {log}"));
        for word in words {
            assert!(line.contains(word), "{what}: {word:?} in {line}");
        }
    }

    guest.root("rm -rf /etc/passkey; cp -a /root/good /etc/passkey").ok();
    for (argument, named) in [
        ("timeot=3", "argument \"timeot=3\": unknown"),
        ("timeout=soon", "argument \"timeout=soon\""),
        ("mode=third-factor", "argument \"mode=third-factor\""),
        ("config=/nonexistent.toml", "/nonexistent.toml"),
    ] {
        guest.root(": > /var/log/syslog").ok();
        guest.write("/etc/pam.d/passkey", passkey_only(argument));
        let output = guest.root("pamtester passkey alice authenticate 2>&1");
        assert_ne!(output.status, 0, "{argument}");
        // As the line of the log has it, where quotation marks are escaped.
        let log = guest.syslog().replace("\\\"", "\"");
        assert!(log.contains(named), "{named} in {log}");
    }
    guest.write("/etc/pam.d/passkey", passkey_only(""));
    assert_eq!(guest.root("pamtester passkey alice authenticate").status, 0, "all is well after");
    the_environment_changes_nothing(&guest);
    a_link_in_a_home_shows_nothing_of_what_it_points_to(&guest);
}

/// A per-user store that is a link to something of root's is refused, and nothing of it is in any log (CVE-2019-12209).
fn a_link_in_a_home_shows_nothing_of_what_it_points_to(guest: &Guest) {
    guest.root("rm -rf /etc/passkey; : > /var/log/syslog").ok();
    let store = "credential_files = [\"{home}/.config/passkey/credentials.toml\"]\n";
    guest.write("/etc/passkey/passkey.toml", store);
    guest
        .run_as("alice", "mkdir -p .config/passkey; ln -s /etc/shadow .config/passkey/credentials.toml")
        .ok();
    let output = guest.root("pamtester passkey alice authenticate 2>&1");
    assert_ne!(output.status, 0);
    let seen = format!("{}{}", output.stdout, guest.syslog());
    assert!(seen.contains("credentials.toml"), "{seen}");
    assert!(!seen.contains("root:"), "{seen}");
    assert!(!seen.contains("$6$"), "{seen}");
}

/// The module reads nothing that the person can set. The key is touched by itself.
fn the_environment_changes_nothing(guest: &Guest) {
    let hostile = "HOME=/tmp XDG_CONFIG_HOME=/tmp LD_DEBUG=all PASSKEY_CONFIG=/tmp/x RUST_BACKTRACE=full TMPDIR=/nonexistent";
    let output = guest.root(&format!("env {hostile} pamtester passkey alice authenticate"));
    assert_eq!(output.status, 0, "{}", output.stdout);
}
