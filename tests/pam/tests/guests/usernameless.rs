//! Signing in at the console without a name: the key says who it is.

use guest::{Guest, KeyOptions};
use std::time::Duration;

const LOGIN: &str = "auth requisite pam_nologin.so
auth sufficient pam_passkey.so mode=passwordless usernameless debug
auth required pam_unix.so
account required pam_unix.so
session required pam_unix.so
";

fn enrol_discoverable(guest: &Guest, user: &str, key: &str, pin: &str) {
    guest.key(key).touch_after(200);
    let command = format!("passkey-enroll add --user {user} --name {key} --discoverable --pin-stdin");
    guest.run("root", &command, format!("{pin}\n").as_bytes(), Duration::from_secs(60)).ok();
}

#[test]
fn an_empty_name_lets_the_key_say_who_it_is() {
    let guest = Guest::debian12()
        .user("alice", "secret")
        .user("bob", "hidden")
        .file("/etc/pam.d/login", LOGIN)
        .key("blue", KeyOptions::default().pin("1234"))
        .boot();
    enrol_discoverable(&guest, "alice", "blue", "1234");

    // The name is left empty.
    let mut login = guest.terminal("root", "login");
    login.expect("login:").type_line("");
    login.expect("PIN of your security key").type_line("1234");
    login.expect("Touch your security key");
    guest.key("blue").touch();
    login.expect("alice@guest").type_line("id -un; exit");
    assert_eq!(login.wait().status, 0);
    let log = guest.syslog();
    let audit = log.lines().find(|line| line.contains("result=success")).unwrap_or_else(|| panic!("{log}"));
    for word in ["service=\"login\"", "user=\"alice\"", "passkey=\"blue\"", "user_verified=yes"] {
        assert!(audit.contains(word), "{word} in {audit}");
    }
    assert!(log.contains("authenticatorGetAssertion"), "debug tells the steps: {log}");
    assert!(!log.contains("1234"), "and no secret");

    // Two accounts on one key: the person chooses.
    enrol_discoverable(&guest, "bob", "blue", "1234");
    let mut login = guest.terminal("root", "login");
    login.expect("login:").type_line("");
    login.expect("PIN of your security key").type_line("1234");
    login.expect("Touch your security key");
    guest.key("blue").touch();
    login.expect("Which account?").type_line("carol");
    login.expect("Please type the number or the name").type_line("bob");
    login.expect("bob@guest").type_line("exit");
    assert_eq!(login.wait().status, 0);

    // Whoever types a name is that person, and a wrong PIN is nobody.
    let mut login = guest.terminal("root", "login");
    login.expect("login:").type_line("alice");
    login.expect("PIN of your security key").type_line("");
    login.expect("Password:").type_line("secret");
    login.expect("alice@guest").type_line("exit");
    login.wait();
    assert_eq!(guest.key("blue").retries(), 8);

    // A passkey whose account is gone from the store.
    guest
        .root("passkey-enroll remove blue --user alice --yes; passkey-enroll remove blue --user bob --yes")
        .ok();
    guest.root(": > /var/log/syslog").ok();
    let mut login = guest.terminal("root", "login");
    login.expect("login:").type_line("");
    login.expect("PIN of your security key").type_line("1234");
    login.expect("Touch your security key");
    guest.key("blue").touch();
    login.expect("not valid for this account");
    assert!(guest.syslog().contains("result=failure"), "{}", guest.syslog());
}
