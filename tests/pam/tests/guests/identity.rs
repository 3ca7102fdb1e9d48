//! An account has one name, however it is typed, and one record, whatever becomes of the host.

use guest::{Guest, KeyOptions, PATIENCE};
use pam_tests::{enrol, guest};
use std::path::Path;
use std::process::Command;

/// Passkeys are asked for, and users without one pass by.
const IGNORE: &str = "unenrolled=ignore wait_for_key=0 timeout=10";

/// The shared object that `ignore_case.c` makes. A machine that links Rust programs has a C compiler.
fn database_that_ignores_case() -> Vec<u8> {
    let object = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libnss_icase.so.2");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guests/ignore_case.c");
    let compiler = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
        .arg(&object)
        .arg(source)
        .status()
        .expect("a C compiler");
    assert!(compiler.success());
    std::fs::read(object).expect("what was compiled")
}

/// Signs in with a password; whether that worked, and what the log says.
fn sign_in(guest: &Guest, service: &str, name: &str, password: &str) -> (bool, String) {
    guest.root(": > /var/log/syslog").ok();
    let mut tester = guest.terminal("root", &format!("pamtester {service} {name} authenticate"));
    tester.expect("Password").type_line(password);
    let exit = tester.wait();
    (exit.status == 0, guest.syslog())
}

/// SSSD and winbind find alice by `Alice`.
#[test]
fn a_name_in_other_letters_is_the_same_account() {
    let guest = guest(IGNORE)
        .file(&format!("{}/libnss_icase.so.2", guest::libraries()), database_that_ignores_case())
        .file("/etc/nsswitch.conf", "passwd: files icase\nshadow: files icase\ngroup: files\n")
        .key("blue", KeyOptions::default())
        .boot();
    assert_eq!(guest.root("getent passwd ALICE | cut -d: -f1").ok(), "alice\n");
    enrol(&guest, "blue", None);
    let key = guest.key("blue");
    key.touch_always(50);

    key.unplug();
    for name in ["Alice", "alice"] {
        let (let_in, log) = sign_in(&guest, "sudo", name, "secret");
        assert!(!let_in, "{name}: the password alone: {log}");
        assert!(log.contains("no security key was plugged in"), "{name}: {log}");
    }
    key.plug();
    let (let_in, log) = sign_in(&guest, "sudo", "Alice", "secret");
    assert!(let_in, "{log}");
    assert!(log.contains("result=success"), "{log}");
    assert!(log.contains(r#"user="alice" typed="Alice""#), "{log}");
    let (let_in, log) = sign_in(&guest, "sudo", "alice", "secret");
    assert!(let_in && !log.contains("typed="), "{log}");
    assert_eq!(guest.root("ls /var/lib/passkey/state").ok(), "alice.toml\n");

    // The command means the same account.
    let json = |command: &str| -> serde_json::Value {
        serde_json::from_str(&guest.root(command).ok()).unwrap_or_else(|error| panic!("{command}: {error}"))
    };
    let listed = json("passkey-enroll list --user ALICE --json");
    assert_eq!((&listed["user"], &listed["credentials"][0]["name"]), (&"alice".into(), &"blue".into()));
    let verified = json("passkey-enroll verify --user ALICE --json");
    assert_eq!((&verified["user"], &verified["recorded"]), (&"alice".into(), &true.into()));
    guest.root("passkey-enroll rename blue azure --user ALICE").ok();
    assert_eq!(
        guest.root("ls /etc/passkey/credentials /var/lib/passkey/state").stdout.matches("lice").count(),
        2
    );
}

/// `toor` beside root: to the kernel they are one user.
#[test]
fn a_second_name_of_an_id_does_not_pass_by() {
    let stack = format!(
        "auth required pam_permit.so\nauth required pam_passkey.so {IGNORE}\naccount required pam_permit.so\n"
    );
    let guest = guest("").file("/etc/pam.d/twins", stack).key("blue", KeyOptions::default()).boot();
    guest.root("echo toor:x:0:0::/root:/bin/sh >>/etc/passwd").ok();
    let sign_in = |name: &str| {
        guest.root(": > /var/log/syslog").ok();
        let output = guest.root(&format!("pamtester twins {name} authenticate </dev/null 2>&1"));
        (output.status == 0, guest.syslog())
    };
    let (let_in, log) = sign_in("toor");
    assert!(let_in && log.contains("PAM_IGNORE"), "neither has a passkey: {log}");

    for (enrolled, typed) in [("root", "toor"), ("toor", "root")] {
        guest.key("blue").plug();
        guest.key("blue").touch_after(200);
        let add = format!("passkey-enroll add --user {enrolled} --name blue");
        guest.run("root", &add, b"", PATIENCE).ok();
        guest.key("blue").touch_always(50);
        guest.key("blue").unplug();
        let (let_in, log) = sign_in(typed);
        assert!(!let_in, "{typed} passes by {enrolled}'s passkey: {log}");
        guest.key("blue").plug();
        let (let_in, log) = sign_in(typed);
        assert!(let_in, "{typed} with {enrolled}'s passkey: {log}");
        assert!(
            log.contains(&format!(
                r#"result=success code=PAM_SUCCESS service="twins" user="{enrolled}" typed="{typed}""#
            )),
            "{log}"
        );
        assert_eq!(guest.root("ls /var/lib/passkey/state").ok(), format!("{enrolled}.toml\n"));
        let remove =
            format!("passkey-enroll remove blue --user {enrolled} --yes && rm /var/lib/passkey/state/*.toml");
        guest.root(&remove).ok();
    }
}

/// A shell may forbid the programs that it starts to write files, and su writes as root under that limit.
#[test]
fn a_host_that_may_not_write_leaves_its_line_in_the_log() {
    let guest = guest("")
        .file("/etc/pam.d/su", pam_tests::passkey_only("verification=required pin_attempts=1"))
        .key("blue", KeyOptions::default().pin("1234"))
        .boot();
    enrol(&guest, "blue", Some("1234"));
    guest.key("blue").touch_always(50);
    let su = |pin: &str| {
        guest.root(": > /var/log/syslog; rm -f /var/lib/passkey/state/alice.toml").ok();
        let mut su = guest.terminal("alice", "ulimit -f 0; su alice -c 'id -un'; echo status $?");
        su.expect("PIN of your security key").type_line(pin);
        let screen = su.wait().screen;
        (screen, guest.syslog())
    };
    let (screen, log) = su("1234");
    assert!(screen.contains("alice") && screen.contains("status 0"), "{screen}");
    let success = log.find("result=success").unwrap_or_else(|| panic!("no line: {screen}\n{log}"));
    let complaint = log.find("not written down").unwrap_or_else(|| panic!("no complaint: {log}"));
    assert!(success < complaint, "the sign-in first: {log}");

    let (screen, log) = su("9999");
    assert!(screen.contains("status 1"), "{screen}");
    assert!(log.contains("code=PAM_MAXTRIES"), "{screen}\n{log}");
    assert!(log.contains("not written down"), "{log}");

    // Where the record decides, it has to be possible.
    guest.write("/etc/pam.d/su", pam_tests::passkey_only("verification=required counter=deny"));
    let (screen, log) = su("1234");
    assert!(screen.contains("status 1"), "{screen}");
    assert!(
        log.contains("code=PAM_SERVICE_ERR") && log.contains("/var/lib/passkey/state/alice.toml"),
        "{log}"
    );
}
