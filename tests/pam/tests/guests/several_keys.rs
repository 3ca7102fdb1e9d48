//! Several keys plugged in at once.

use guest::{Guest, KeyOptions};
use pam_tests::{audit_line, enrol, guest, passkey_only};

/// A PIN goes to the key that the person means, and to no other.
#[test]
fn the_pin_is_asked_for_the_key_that_was_touched() {
    let pins = [("blue", "1234"), ("green", "5678")];
    let [blue, green] = pins.map(|(_, pin)| KeyOptions::default().pin(pin));
    let guest = guest("")
        .file("/etc/pam.d/sudo", passkey_only("mode=passwordless"))
        .key("blue", blue)
        .key("green", green)
        .boot();
    for (key, pin) in pins {
        enrol(&guest, key, Some(pin));
    }
    let [blue, green] = pins;
    for ((touched, pin), (other, other_pin)) in [(green, blue), (blue, green)] {
        guest.key(other).reset_counts();
        let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
        sudo.expect("Touch the security key that you want to use");
        guest.key(other).wait_blinking();
        guest.key(touched).touch();
        sudo.expect(&format!("PIN of the security key {touched}: ")).type_line(other_pin);
        sudo.expect("wrong").expect(&format!("PIN of the security key {touched}, again: "));
        guest.key(other).wait_dark();
        assert_eq!((guest.key(touched).retries(), guest.key(other).retries()), (7, 8));
        sudo.type_line(pin);
        sudo.expect("Touch your security key");
        guest.key(touched).touch();
        let exit = sudo.wait();
        assert_eq!(exit.status, 0, "{}", exit.screen);
        assert!(!exit.screen.contains(&format!("security key {other}")), "{}", exit.screen);
        assert!(audit_line(&guest).contains(&format!("passkey=\"{touched}\"")), "{}", audit_line(&guest));
        let counts = guest.key(other).counts();
        assert!(
            !counts.commands.contains_key("0x06"),
            "clientPIN to the key that was not touched: {counts:?}"
        );
    }
}

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
    guest.key("green").unplug();
    only_the_enrolled_key_blinks(&guest);
    guest.key("foreign").unplug();
    a_key_may_go_and_come_back(&guest);
}

fn only_the_enrolled_key_blinks(guest: &Guest) {
    guest.add_key("foreign", &KeyOptions::default());
    let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
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
fn a_key_may_go_and_come_back(guest: &Guest) {
    let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
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
