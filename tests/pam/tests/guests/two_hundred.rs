//! Far more passkeys than a key takes in one list.

use std::time::{Duration, Instant};

use bench::lose_passkeys;
use guest::KeyOptions;
use pam_tests::{enrol, guest, passkey_only};
use passkey_core::store::CredentialFile;

const FILE: &str = "/etc/passkey/credentials/alice.toml";

/// The key holds the last of two hundred, which it is asked for eight at a time.
#[test]
fn the_last_of_two_hundred_passkeys_signs_in() {
    let guest = guest("")
        .file("/etc/pam.d/hasty", passkey_only("timeout=5"))
        .key("last", KeyOptions::default())
        .boot();
    enrol(&guest, "last", None);
    let mut file =
        CredentialFile::parse(&guest.root(&format!("cat {FILE}")).ok()).expect("it was written by us");
    lose_passkeys(&mut file, 199);
    guest.write_as(FILE, file.encode(), "root", 0o644);

    let listed = guest.run_as("alice", "passkey-enroll list").ok();
    assert_eq!(listed.lines().count(), 201, "{listed}");
    let key = guest.key("last");
    let sign_in = |service: &str| {
        key.reset_counts();
        let start = Instant::now();
        (guest.root(&format!("pamtester {service} alice authenticate")).status, start.elapsed())
    };
    key.touch_always(50);
    let (status, _) = sign_in("passkey");
    assert_eq!(status, 0, "{}", guest.syslog());
    let counts = key.counts();
    // Channel, getInfo, 25 pieces, the touch.
    assert!(counts.transactions <= 28 && counts.opens == 1, "{counts:?}");
    // Nobody touches it: neither looking nor waiting goes beyond the time that there is.
    key.touch_never();
    let (status, took) = sign_in("hasty");
    assert_ne!(status, 0);
    assert!(took < Duration::from_secs(15), "{took:?} where 5 s are allowed");
}
