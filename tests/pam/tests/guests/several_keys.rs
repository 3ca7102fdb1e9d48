//! Several keys plugged in at once.

use guest::KeyOptions;
use pam_tests::{enrol, guest};

#[test]
fn both_enrolled_keys_blink_and_either_signs_in() {
    let guest = guest("").key("blue", KeyOptions::default()).key("green", KeyOptions::default()).boot();
    enrol(&guest, "blue", None);
    enrol(&guest, "green", None);
    for (touched, other) in [("blue", "green"), ("green", "blue")] {
        let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
        sudo.expect("password for alice").type_line("secret");
        sudo.expect("Touch your security key");
        guest.key(touched).wait_blinking();
        guest.key(other).wait_blinking();
        guest.key(touched).touch();
        let exit = sudo.wait();
        assert_eq!(exit.status, 0, "{}", exit.screen);
        guest.key(other).wait_dark();
        assert!(guest.syslog().lines().any(|line| line.contains("verified") && line.contains(touched)));
    }
}

#[test]
fn only_the_enrolled_key_blinks() {
    let guest = guest("").key("blue", KeyOptions::default()).key("foreign", KeyOptions::default()).boot();
    enrol(&guest, "blue", None);
    guest.key("foreign").reset_counts();
    let mut sudo = guest.terminal("alice", "sudo id -un");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect("Touch your security key");
    guest.key("blue").wait_blinking();
    assert!(!guest.key("foreign").blinking());
    guest.key("blue").touch();
    assert_eq!(sudo.wait().status, 0);
    let counts = guest.key("foreign").counts();
    assert_eq!((counts.transactions, counts.cancels), (3, 0), "INIT, getInfo and one silent question");
}

/// Unplugged while it blinks, plugged in again, touched.
#[test]
fn a_key_may_go_and_come_back() {
    let guest = guest("").key("blue", KeyOptions::default()).boot();
    enrol(&guest, "blue", None);
    let mut sudo = guest.terminal("alice", "sudo id -un");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect("Touch your security key");
    guest.key("blue").wait_blinking();
    guest.key("blue").unplug();
    sudo.expect("Plug it in again");
    guest.key("blue").plug();
    sudo.expect("Touch your security key");
    guest.key("blue").wait_blinking();
    guest.key("blue").touch();
    assert_eq!(sudo.wait().status, 0);
}
