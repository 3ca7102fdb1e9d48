//! Keys that speak U2F only, in real sudo, and beside newer ones.

use guest::KeyOptions;
use pam_tests::{authenticate, enrol, guest, passkey_only};

#[test]
fn an_old_key_enrols_and_signs_in() {
    let old = KeyOptions::default().ctap("u2f");
    let guest = guest("").key("old", old).boot();
    let mut add = guest.terminal("root", "passkey-enroll add --user alice --name old");
    add.expect("Touch your security key");
    guest.key("old").wait_blinking();
    guest.key("old").touch();
    let added = add.wait();
    assert_eq!(added.status, 0, "{}", added.screen);

    let mut sudo = guest.terminal("alice", "sudo id -un");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect("Touch your security key");
    guest.key("old").wait_blinking();
    guest.key("old").touch();
    let exit = sudo.wait();
    assert_eq!(exit.status, 0, "{}", exit.screen);
    assert!(guest.syslog().contains("passkey=\"old\""), "{}", guest.syslog());

    // Beside a newer key either may be touched.
    guest.add_key("new", &KeyOptions::default());
    enrol(&guest, "new", None);
    for name in ["old", "new"] {
        guest.root(": > /var/log/syslog").ok();
        let mut tester = guest.terminal("root", "pamtester passkey alice authenticate");
        tester.expect("Touch your security key");
        guest.key(name).touch();
        let exit = tester.wait();
        assert_eq!(exit.status, 0, "{}", exit.screen);
        let log = guest.syslog();
        assert!(log.contains(&format!("passkey=\"{name}\"")), "{log}");
    }
    guest.key("new").unplug();

    // It is enrolled once, held to be the key it is, and cannot verify who touches it.
    let again = guest.root("passkey-enroll add --user alice --json");
    assert_eq!(again.status, 10, "{}{}", again.stdout, again.stderr);
    let keys = guest.root("passkey-enroll keys --user alice --json").ok();
    let enrolled = keys.split("\"enrolled\"").nth(1).expect("a list");
    assert!(enrolled.contains("\"old\""), "{keys}");
    guest.write("/etc/pam.d/passkey", passkey_only("verification=required"));
    let (status, words) = authenticate(&guest, "passkey");
    assert_ne!(status, 0);
    assert!(words.contains("cannot retrieve authentication info"), "{words}");
    assert!(words.contains("too old for this sign-in"), "{words}");
}
