//! Flaws that software of this kind has had, tried on ours; docs/cve.md lists them all.

use guest::{Guest, KeyOptions};
use pam_tests::{audit_line, authenticate, enrol, guest, passkey_only};

#[test]
fn with_a_touch() {
    let guest = guest("")
        .file("/etc/pam.d/strict", passkey_only("counter=deny"))
        .key("blue", KeyOptions::default())
        .boot();
    enrol(&guest, "blue", None);
    no_descriptor_is_inherited(&guest);
    a_counter_that_goes_back_is_seen(&guest);
}

#[test]
fn with_a_pin() {
    let guest = guest("verification=required")
        .file(
            "/etc/pam.d/sufficient",
            "auth sufficient pam_passkey.so verification=required\nauth required pam_deny.so\naccount required pam_permit.so\n",
        )
        .key("blue", KeyOptions::default().pin("1234"))
        .boot();
    enrol(&guest, "blue", Some("1234"));
    guest.key("blue").touch_always(50);
    no_answer_is_no_answer(&guest);
    a_touch_is_not_a_pin(&guest);
}

/// CVE-2019-12210: a descriptor of the module's in the programs that its host starts.
fn no_descriptor_is_inherited(guest: &Guest) {
    let mut tester = guest.terminal("root", "pamtester passkey alice authenticate");
    tester.expect("Touch your security key");
    guest.key("blue").wait_blinking();
    // Ours are open at this moment, and each of them closes itself at exec (O_CLOEXEC, 02000000).
    let open = guest
        .root(
            "cd /proc/$(pgrep -x pamtester); for fd in fd/*; do \
             echo $(readlink $fd) $(awk '/^flags/ {print $2}' fdinfo/${fd#fd/}); done",
        )
        .ok();
    let ours: Vec<&str> = open
        .lines()
        .filter(|line| {
            ["hidraw", "inotify", "signalfd", "/etc/passkey", "/var/lib/passkey"]
                .iter()
                .any(|ours| line.contains(ours))
        })
        .collect();
    assert!(ours.iter().any(|line| line.contains("hidraw")), "{open}");
    assert!(ours.iter().any(|line| line.contains("signalfd")), "{open}");
    for line in ours {
        let flags =
            line.rsplit(' ').next().and_then(|flags| u32::from_str_radix(flags, 8).ok()).expect("flags");
        assert_ne!(flags & 0o2_000_000, 0, "{line}");
    }
    guest.key("blue").touch();
    assert_eq!(tester.wait().status, 0);
}

/// CVE-2011-4120 and CVE-2021-31924: no answer taken for one.
fn no_answer_is_no_answer(guest: &Guest) {
    let mut tester = guest.terminal("root", "pamtester sufficient alice authenticate");
    tester.expect("PIN of your security key").ctrl_d();
    assert_ne!(tester.wait().status, 0);
    let mut tester = guest.terminal("root", "pamtester sufficient alice authenticate");
    tester.expect("PIN of your security key").type_line("");
    assert_ne!(tester.wait().status, 0);
    // Nobody to ask at all.
    assert_ne!(guest.root("pamtester sufficient alice authenticate </dev/null").status, 0);
    assert_eq!(guest.key("blue").retries(), 8);
}

/// CVE-2021-31924: an assertion without user verification where it is required, properly signed.
fn a_touch_is_not_a_pin(guest: &Guest) {
    guest.key("blue").corrupt("uv");
    let mut tester = guest.terminal("root", "pamtester passkey alice authenticate");
    tester.expect("PIN of your security key").type_line("1234");
    assert_ne!(tester.wait().status, 0);
    assert!(guest.syslog().contains("did not verify its user"), "{}", guest.syslog());
}

/// pam_u2f, unnumbered: a counter that goes back, since another key signs for the same passkey.
fn a_counter_that_goes_back_is_seen(guest: &Guest) {
    guest.key("blue").touch_always(50);
    let (status, said) = authenticate(guest, "strict");
    assert_eq!(status, 0, "{said}");
    let state = "/var/lib/passkey/state/alice.toml";
    let ahead =
        format!("sed -i 's/^sign_count = .*/sign_count = 4000000000/' {state}; grep 4000000000 {state}");
    guest.root(&ahead).ok();

    let (status, said) = authenticate(guest, "strict");
    assert_ne!(status, 0, "{said}");
    assert!(said.contains("There seems to be a copy of this security key"), "{said}");
    let line = audit_line(guest);
    assert!(line.contains("code=PAM_AUTH_ERR") && line.contains("counter"), "{line}");
    assert!(line.contains("4000000000"), "what it was before: {line}");

    // By default it is only logged.
    let (status, said) = authenticate(guest, "passkey");
    assert_eq!(status, 0, "{said}");
    assert!(guest.syslog().contains("4000000000"), "{}", guest.syslog());
}
