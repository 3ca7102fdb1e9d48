//! GDM's exchange of JSON, with a host that speaks it as GDM's worker does. GDM itself is in the suite of greeters.

use guest::{Guest, GuestBuilder, KeyOptions, Terminal};
use pam_tests::{audit_line, enrol};

/// What GDM 51 offers.
const OFFERED: &str = "GDM_SUPPORTED_PAM_EXTENSIONS='org.gnome.DisplayManager.UserVerifier.ChoiceList \
                       org.gnome.DisplayManager.UserVerifier.CustomJSON'";
const STACK: &str = "auth [success=2 cred_unavail=ignore default=die] pam_passkey.so mode=passwordless
auth [success=1 default=ignore] pam_unix.so use_first_pass nullok
auth requisite pam_deny.so
auth required pam_permit.so
";

fn machine(options: KeyOptions) -> GuestBuilder {
    Guest::debian12()
        .user("alice", "secret")
        .gdm_worker()
        .file("/etc/pam.d/gdm-switchable-auth", STACK)
        .key("blue", options)
}

/// A sign-in that begins; the terminal shows what the host is told.
fn begin(guest: &Guest, environment: &str) -> Terminal {
    guest.terminal("root", &format!("{environment} gdm-session-worker gdm-switchable-auth alice"))
}

fn pin(pin: &str) -> String {
    format!(
        r#"{{"authSelection":{{"status":"Ok","passkey":{{"pin":"{pin}","kerberos":false,"cryptoChallenge":""}}}}}}"#
    )
}

fn password(password: &str) -> String {
    format!(r#"{{"authSelection":{{"status":"Ok","password":{{"password":"{password}"}}}}}}"#)
}

/// Other arguments of the module.
fn arguments(guest: &Guest, arguments: &str) {
    guest.root(&format!("sed -i 's/ mode=.*/ {arguments}/' /etc/pam.d/gdm-switchable-auth")).ok();
}

#[test]
fn a_pin_or_a_password_signs_in_and_nothing_else_does() {
    let guest = machine(KeyOptions::default().pin("1234")).boot();
    enrol(&guest, "blue", Some("1234"));
    let blue = guest.key("blue");
    blue.touch_always(50);
    let connected = r#""keyConnected":true,"pinRequest":true,"kerberos":false,"pinAttempts":8"#;

    // The JSON comes before any word.
    let mut worker = begin(&guest, OFFERED);
    worker.expect(r#"json {"authSelection""#).expect(r#""pinPrompt":"PIN of your security key""#);
    worker.expect(connected).type_line(&pin("1234"));
    worker.expect("result 0.");
    assert!(audit_line(&guest).contains("result=success"));

    // A password that is wrapped for the passkey is handed on all the same.
    let enable = "passkey-enroll keyring enable blue --user alice --password-stdin --pin-stdin";
    guest.run("root", enable, b"secret\n1234\n", guest::PATIENCE).ok();
    guest.write(
        "/etc/pam.d/gdm-switchable-auth",
        format!("{STACK}auth optional pam_exec.so quiet expose_authtok /usr/bin/tee /run/handed-on\n"),
    );
    begin(&guest, OFFERED).expect(connected).type_line(&pin("1234")).expect("result 0.");
    assert_eq!(guest.root("tr -d '\\0' </run/handed-on").ok(), "secret");
    guest.write("/etc/pam.d/gdm-switchable-auth", STACK);

    // A wrong PIN is asked for again, with the tries that are left.
    let mut worker = begin(&guest, OFFERED);
    worker.expect(connected).type_line(&pin("9999"));
    worker.expect("warned That PIN was wrong. 7 tries left.").expect(r#""pinAttempts":7"#);
    worker.type_line(&pin("1234")).expect("result 0.");
    assert_eq!(blue.retries(), 8);

    // The password goes to the next module, and to no key.
    for (typed, result) in [("secret", "result 0."), ("wrong", "result 7.")] {
        let mut worker = begin(&guest, OFFERED);
        worker.expect(connected).type_line(&password(typed)).expect(result);
        assert!(audit_line(&guest).contains("password was typed in place of the passkey"));
    }
    // Where nothing asks for it, it is worth nothing: pam_permit alone lets nobody in.
    let only = "auth required pam_permit.so\nauth required pam_passkey.so mode=passwordless\nauth optional pam_permit.so\n";
    guest
        .root(&format!(
            "cp /etc/pam.d/gdm-switchable-auth /root/stack; printf '{only}' >/etc/pam.d/gdm-switchable-auth"
        ))
        .ok();
    begin(&guest, OFFERED).expect(connected).type_line(&password("secret")).expect("result 15.");
    guest.root("cp /root/stack /etc/pam.d/gdm-switchable-auth").ok();

    // Whatever else comes back is no answer, and costs no try.
    let both =
        r#"{"authSelection":{"status":"Ok","passkey":{"pin":"1234"},"password":{"password":"secret"}}}"#;
    let not_ok = r#"{"authSelection":{"status":"Error","passkey":{"pin":"1234"}}}"#;
    for reply in ["!", "", "{}", "1234", both, not_ok, r#"{"authSelection":{"status":"Ok"}}"#] {
        begin(&guest, OFFERED).expect(connected).type_line(reply).expect("result 9.");
    }
    begin(&guest, OFFERED).expect(connected).type_line(&pin("")).expect("result 9.");
    assert_eq!(blue.retries(), 8);

    // Not offered, or after a password: the prompts that any host gets.
    for (environment, mode) in [("", "passwordless"), (OFFERED, "second-factor verification=required")] {
        arguments(&guest, &format!("mode={mode}"));
        let mut worker = begin(&guest, environment);
        worker.expect("asked PIN of your security key").type_line("1234").expect("result 0.");
        assert!(!worker.transcript().contains("json"), "{mode}");
    }
    arguments(&guest, "mode=passwordless");

    // Nobody touches it in time.
    blue.touch_never();
    arguments(&guest, "mode=passwordless timeout=2");
    let mut worker = begin(&guest, OFFERED);
    worker.expect(connected).type_line(&pin("1234"));
    worker.expect("warned The security key was not touched in time.").expect("result 7.");
    // gnome-shell has said it by itself.
    assert!(!worker.transcript().contains("told Touch"), "{}", worker.transcript());

    // A touch alone: the field is there all the same, and Enter goes on.
    arguments(&guest, "mode=passwordless verification=discouraged");
    blue.touch_always(50);
    let mut worker = begin(&guest, OFFERED);
    worker.expect("Press Enter, then touch your security key");
    worker.expect(r#""keyConnected":true,"pinRequest":false,"kerberos":false}"#).type_line(&pin(""));
    worker.expect("result 0.");
    begin(&guest, OFFERED).expect("Press Enter").type_line(&password("secret")).expect("result 0.");
    arguments(&guest, "mode=passwordless");

    // Wrong PINs until the key locks itself: the person is told, and has the password left.
    let mut worker = begin(&guest, OFFERED);
    for (wrong, left) in [("9999", "7 tries left"), ("8888", "6 tries left")] {
        worker.expect(r#""keyConnected":true"#).type_line(&pin(wrong)).expect(left);
    }
    worker.expect(r#""keyConnected":true"#).type_line(&pin("7777"));
    worker.expect(r#""initInstruction":"The security key takes no PIN for now. Unplug it"#);
    worker.expect(r#""keyConnected":false"#).type_line(&password("secret")).expect("result 0.");
    // And at once, the next time.
    let mut worker = begin(&guest, OFFERED);
    worker
        .expect(r#"json {"authSelection""#)
        .expect("takes no PIN for now")
        .expect(r#""keyConnected":false"#);
    worker.type_line(&pin("1234")).expect("result 11.");
    assert_eq!(blue.retries(), 5);

    // No key at all.
    blue.unplug();
    let mut worker = begin(&guest, OFFERED);
    worker.expect(r#""initInstruction":"Plug in your security key.""#).expect(r#""keyConnected":false"#);
    worker.type_line(&password("secret")).expect("result 0.");
    begin(&guest, OFFERED).expect(r#""keyConnected":false"#).type_line(&pin("1234")).expect("result 9.");
    let log = guest.syslog();
    for secret in ["1234", "9999", "secret\""] {
        assert!(!log.contains(secret), "{secret} in the log");
    }
}
