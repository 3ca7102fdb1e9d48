//! Signing in with user verification.

use guest::{Guest, KeyOptions};
use pam_tests::{enrol, guest, passkey_only};

/// As a YubiKey types it, in letters that are the same on most keyboards; Enter follows.
const ONE_TIME_PASSWORD: &str = "cccjgjgkhcbbirdrfdnlnghhfgrtnnlgedjlftrbdeut";

#[test]
fn a_pin_is_asked_for_and_wrong_ones_are_counted() {
    let guest = guest("verification=required").key("blue", KeyOptions::default().pin("1234")).boot();
    enrol(&guest, "blue", Some("1234"));
    let blue = guest.key("blue");
    blue.touch_always(50);

    // Right at once.
    let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect("PIN of your security key").type_line("1234");
    assert_eq!(sudo.wait().status, 0);
    assert_eq!(blue.retries(), 8);

    // Wrong, then right: the prompt says how many tries are left.
    let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect("PIN of your security key").type_line("9999");
    sudo.expect("wrong").expect("7 tries left").expect("PIN").type_line("1234");
    assert_eq!(sudo.wait().status, 0);
    assert_eq!(blue.retries(), 8, "a right PIN sets the counter back");

    // Wrong twice, then nothing: exactly two tries are gone.
    let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect("PIN of your security key").type_line("9999");
    sudo.expect("7 tries left").type_line("8888");
    sudo.expect("6 tries left").type_line("");
    sudo.expect("password for alice").ctrl_c();
    assert_ne!(sudo.wait().status, 0);
    assert_eq!(blue.retries(), 6);

    // The third in a row locks the key until it is plugged in again.
    let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect("PIN of your security key").type_line("7777");
    sudo.expect("Unplug it, plug it in again").expect("password for alice").ctrl_c();
    sudo.wait();
    assert_eq!(blue.retries(), 5);
    blue.unplug();
    blue.plug();

    // Few tries are left: the next sign-in knows, and says so before the first PIN.
    let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect("PIN of your security key").type_line("9999");
    sudo.expect("4 tries left").type_line("8888");
    sudo.expect("3 tries left").type_line("");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect("Careful: 3 tries left").type_line("1234");
    assert_eq!(sudo.wait().status, 0);
    assert_eq!(blue.retries(), 8);

    // The password is never sent to the key.
    let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect("PIN of your security key").type_line("secret");
    sudo.expect("That is your password").type_line("");
    sudo.expect("password for alice").ctrl_c();
    sudo.wait();
    assert_eq!(blue.retries(), 8);

    // Nor is what a key types itself, like a keyboard, that is touched while the PIN is asked for.
    let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect("PIN of your security key").type_line(ONE_TIME_PASSWORD);
    sudo.expect("typed that itself").expect("PIN of your security key, again");
    assert_eq!(blue.retries(), 8, "no try is lost by it");
    sudo.type_line("1234");
    assert_eq!(sudo.wait().status, 0);
    let log = guest.syslog();
    assert!(!log.contains("1234") && !log.contains(ONE_TIME_PASSWORD), "no PIN in the log");
    too_many_wrong_pins_end_in_maxtries(&guest);
}

fn too_many_wrong_pins_end_in_maxtries(guest: &Guest) {
    guest.write("/etc/pam.d/passkey", passkey_only("verification=required pin_attempts=2"));
    let mut tester = guest.terminal("root", "pamtester passkey alice authenticate");
    tester.expect("PIN of your security key").type_line("9999");
    tester.expect("7 tries left").type_line("8888");
    tester.expect("Have exhausted maximum number of retries");
    assert_ne!(tester.wait().status, 0);
    assert_eq!(guest.key("blue").retries(), 6);
}
