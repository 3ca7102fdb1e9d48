//! Recovery codes: for the day the key is lost.

use guest::{Exit, Guest, KeyOptions, Terminal};
use pam_tests::{enrol, guest, passkey_only};
use passkey_core::store::recovery::Code;

const FOLDER: &str = "/var/lib/passkey/recovery";
const QUESTION: &str = "(Enter to go on without): ";

#[test]
fn a_code_signs_in_once_in_place_of_a_lost_key() {
    let guest = guest("recovery=allow wait_for_key=1")
        .file("/etc/pam.d/alone", passkey_only("recovery=allow mode=passwordless"))
        .file("/etc/pam.d/without", passkey_only("mode=passwordless"))
        .key("blue", KeyOptions::default().pin("1234"))
        .boot();
    enrol(&guest, "blue", Some("1234"));

    let codes = new_codes(&guest);
    let modes = guest.root(&format!("stat -c '%U:%G %a' {FOLDER} {FOLDER}/alice.toml")).ok();
    assert_eq!(modes, "root:root 700\nroot:root 600\n");

    guest.key("blue").unplug();
    sudo_takes_a_code_once(&guest, &codes[0]);
    of_three_at_once_one_gets_in(&guest, &codes[1]);

    guest.key("blue").plug();
    where_none_is_taken_none_is_sent(&guest, &codes[2]);
    ten_wrong_codes_are_not_looked_at(&guest, &codes[2]);
    assert_eq!(guest.key("blue").retries(), 8, "no code was sent to the key");

    guest.key("blue").unplug();
    a_low_stock_is_announced(&guest, &codes);
    what_cannot_be_used_up_is_not_accepted(&guest, &codes[9]);

    let log = guest.syslog();
    for code in &codes {
        assert!(!log.contains(code.as_str()), "no code in the log");
    }
}

/// Makes alice's codes.
#[track_caller]
fn new_codes(guest: &Guest) -> Vec<String> {
    let paper = guest.root("passkey-enroll recovery new --user alice").ok();
    let is_code = |line: &&str| line.len() == 24 && line.split('-').all(|group| group.len() == 4);
    let codes: Vec<String> = paper.lines().map(str::trim).filter(is_code).map(str::to_owned).collect();
    assert_eq!(codes.len(), 10, "{paper}");
    codes
}

/// A pamtester of alice's at this service, on a terminal.
fn sign_in(guest: &Guest, service: &str) -> Terminal {
    guest.terminal("root", &format!("pamtester {service} alice authenticate"))
}

#[track_caller]
fn signed_in(terminal: &mut Terminal) -> Exit {
    let exit = terminal.wait();
    assert_eq!(exit.status, 0, "{}", exit.screen);
    exit
}

/// What `passkey-enroll recovery status` says of this.
#[track_caller]
fn status(guest: &Guest, key: &str) -> String {
    let status = guest.root("passkey-enroll recovery status --user alice --json").ok();
    let line = status.lines().find(|line| line.contains(&format!("\"{key}\": "))).expect(key);
    line.rsplit(": ").next().unwrap_or_default().trim_end_matches(',').to_owned()
}

fn sudo_takes_a_code_once(guest: &Guest, code: &str) {
    let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect("Plug in your security key. If it is lost, wait: you can use a recovery code next.");
    sudo.expect("No security key was plugged in.").expect(QUESTION);
    // As it is read from paper.
    sudo.type_line(&code.to_lowercase().replace('-', " "));
    let exit = signed_in(&mut sudo);
    assert!(exit.screen.trim_end().ends_with("root"), "{}", exit.screen);
    assert!(!exit.screen.contains("left"), "there are plenty: {}", exit.screen);
    let log = guest.syslog();
    let audit = log.lines().find(|line| line.contains("result=success")).unwrap_or_else(|| panic!("{log}"));
    for word in ["service=\"sudo\"", "user=\"alice\"", "reason=\"recovery code used, 9 left\""] {
        assert!(audit.contains(word), "{word} in {audit}");
    }
    assert!(!audit.contains("passkey="), "{audit}");

    let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect(QUESTION).type_line("no code");
    sudo.expect("That is not a recovery code.").expect(QUESTION).type_line(code);
    sudo.expect("That recovery code has been used before.").expect(QUESTION).type_line("");
    sudo.expect("password for alice").ctrl_c();
    assert_ne!(sudo.wait().status, 0);
    let log = guest.syslog();
    assert!(log.contains("code=PAM_AUTH_ERR service=\"sudo\""), "{log}");
    assert!(log.contains("reason=\"the recovery code has been used before\""), "{log}");
}

/// Nobody is there to answer a second question.
fn of_three_at_once_one_gets_in(guest: &Guest, code: &str) {
    let attempt = format!("(echo {code} | pamtester alone alice authenticate; echo status $?)");
    let ended = guest.root(&format!("for _ in 1 2 3; do {attempt} 2>&1 & done; wait")).ok();
    assert_eq!(ended.matches("status 0").count(), 1, "{ended}");
    assert_eq!(ended.matches("Authentication failure").count(), 2, "{ended}");
    assert_eq!((status(guest, "left"), status(guest, "failures")), ("8".into(), "2".into()));
}

fn where_none_is_taken_none_is_sent(guest: &Guest, code: &str) {
    for command in ["pamtester without alice authenticate", "passkey-enroll key pin change"] {
        let mut terminal = guest.terminal("root", command);
        terminal.expect("PIN of your security key: ").type_line(code);
        terminal.expect("That is a recovery code, not the PIN of your security key.").type_line("");
        assert_ne!(terminal.wait().status, 0, "{command}");
    }
    assert_eq!(status(guest, "left"), "8");
}

/// Two that were used before have counted already.
fn ten_wrong_codes_are_not_looked_at(guest: &Guest, right: &str) {
    let mut looked_at = 0;
    for _ in 0..10 {
        let wrong = Code::random().unwrap().text();
        let mut tester = sign_in(guest, "alone");
        tester.expect("PIN of your security key, or a recovery code: ");
        tester.type_bytes(&[wrong.as_bytes(), b"\r"].concat());
        let screen = tester.wait().screen;
        if screen.contains("That recovery code is wrong.") {
            assert!(screen.contains("Authentication failure"), "{screen}");
            looked_at += 1;
        } else {
            assert!(screen.contains("Too many wrong recovery codes."), "{screen}");
            assert!(screen.contains("Have exhausted maximum number of retries"), "{screen}");
        }
    }
    assert_eq!(looked_at, 2, "the next one brings a minute of rest, and the others are not looked at");
    assert_eq!(status(guest, "failures"), "5");

    let mut tester = sign_in(guest, "alone");
    tester.expect("or a recovery code: ").type_line(right);
    tester.expect("They are taken again in 1 minute.");
    assert_ne!(tester.wait().status, 0);

    guest.root("date -s \"@$(($(date +%s) + 61))\"").ok();
    let mut tester = sign_in(guest, "alone");
    tester.expect("or a recovery code: ").type_line(right);
    signed_in(&mut tester);
    assert_eq!(status(guest, "failures"), "0");
}

/// Three are marked as used by hand, in place of three more sign-ins.
fn a_low_stock_is_announced(guest: &Guest, codes: &[String]) {
    let mark = "0,/\"never\"/s//\"2026-01-02T03:04:05Z\"/";
    for _ in 0..3 {
        guest.root(&format!("sed -i '{mark}' {FOLDER}/alice.toml")).ok();
    }
    assert_eq!(status(guest, "left"), "4");
    let mut tester = sign_in(guest, "alone");
    tester.expect(QUESTION).type_line(&codes[8]);
    tester.expect("3 recovery codes are left. Make new ones with: passkey-enroll recovery new");
    signed_in(&mut tester);
}

fn what_cannot_be_used_up_is_not_accepted(guest: &Guest, code: &str) {
    guest.root(&format!("cp -a {FOLDER} /root/recovery")).ok();
    // There is no mount(8) in this guest.
    let libc = |call: &str| {
        let python = format!("import ctypes; raise SystemExit(-ctypes.CDLL(None).{call})");
        guest.root(&format!("python3 -c '{python}'")).ok();
    };
    libc(&format!("mount(b\"none\", b\"{FOLDER}\", b\"tmpfs\", 0, b\"size=32k,mode=700\")"));
    guest.root(&format!("cp -a /root/recovery/. {FOLDER} && ! dd if=/dev/zero of={FOLDER}/full bs=1k")).ok();
    refused_for(guest, code, "No space left on device");
    let remount_read_only = 32 | 1;
    libc(&format!("mount(b\"none\", b\"{FOLDER}\", None, {remount_read_only}, None)"));
    refused_for(guest, code, "Read-only file system");

    libc(&format!("umount(b\"{FOLDER}\")"));
    let mut tester = sign_in(guest, "alone");
    tester.expect(QUESTION).type_line(code);
    signed_in(&mut tester);
}

#[track_caller]
fn refused_for(guest: &Guest, code: &str, reason: &str) {
    let mut tester = sign_in(guest, "alone");
    tester.expect(QUESTION).type_line(code);
    tester.expect("it could not be marked as used. The system log says more.");
    tester.expect("Error in service module");
    assert_ne!(tester.wait().status, 0);
    let log = guest.syslog();
    assert!(log.contains(reason), "{reason} in {log}");
}
