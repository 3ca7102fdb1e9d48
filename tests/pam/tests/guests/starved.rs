//! A host that has hardly a file descriptor left, such as one that leaks them.

use guest::KeyOptions;
use pam_tests::{audit_line, enrol, guest, passkey_only};
use std::time::{Duration, Instant};

const TOO_MANY_OPEN: &str = "This program has too many files open to use a security key";
/// The module's log line for it.
const NONE_LEFT: &str = "no file descriptor left to open the security key";

/// Descriptors that a program has from its start: its input, its output, and where it complains.
const STANDARD: usize = 3;

#[test]
fn a_host_without_descriptors_is_told_so() {
    // Without its descriptors the host sees no key, and must not ask for one for a minute.
    let guest = guest("wait_for_key=60")
        .file("/etc/pam.d/brief", passkey_only("wait_for_key=0"))
        .key("blue", KeyOptions::default())
        .boot();
    enrol(&guest, "blue", None);
    guest.key("blue").touch_always(50);
    let limited = |free: usize, service: &str| {
        let limit = STANDARD + free;
        format!("prlimit --nofile={limit}:{limit} pamtester {service} alice authenticate")
    };

    // With one, libpam cannot load the module.
    let mut signed_in = Vec::new();
    for free in 2..=8 {
        guest.root(": >/var/log/syslog").ok();
        let output = guest.root(&format!("{} 2>&1 </dev/null", limited(free, "brief")));
        let line = audit_line(&guest);
        if output.status == 0 {
            assert!(line.contains("result=success"), "{free}: {line}");
            signed_in.push(free);
        } else {
            assert!(output.stdout.contains(TOO_MANY_OPEN), "{free}: {}", output.stdout);
            assert!(line.contains("code=PAM_AUTHINFO_UNAVAIL") && line.contains(NONE_LEFT), "{free}: {line}");
            assert!(line.contains("authpriv.warning"), "{free}: {line}");
        }
    }
    println!("signed in with so many free descriptors: {signed_in:?}");
    assert!(!signed_in.contains(&2) && signed_in.contains(&8), "{signed_in:?}");

    let start = Instant::now();
    let mut tester = guest.terminal("root", &limited(2, "passkey"));
    tester.expect(TOO_MANY_OPEN);
    assert!(start.elapsed() < Duration::from_secs(30), "told after {:?}", start.elapsed());
    assert!(!tester.screen().contains("Plug in"), "there is no key to plug in: {}", tester.screen());
    tester.ctrl_c();
    assert_ne!(tester.wait().status, 0);
}
