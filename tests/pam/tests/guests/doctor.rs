//! `passkey-enroll doctor` on a machine where real things are broken, one after the other.

use guest::{Guest, KeyOptions};
use pam_tests::{authenticate, enrol, guest, passkey_only};
use serde_json::Value;

/// Something that is broken, and what the doctor must make of it.
struct Case {
    what: &'static str,
    breaks: &'static str,
    /// Puts it right; without it, the remedy itself is run.
    mends: Option<&'static str>,
    code: &'static str,
    severity: &'static str,
    exit: i32,
    /// What the finding says of where it is: path and line.
    place: (&'static str, Option<u64>),
}

/// A PAM module that needs a library which the guest does not have. A machine that links Rust programs has a C compiler.
fn needy_module() -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let library = |name: &str, source: &str, needed: &[&str]| {
        let (code, object) = (folder.join(format!("{name}.c")), folder.join(name));
        std::fs::write(&code, source).unwrap();
        let mut compiler = std::process::Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-o"]).args([&object, &code]).arg("-L").arg(folder).args(needed);
        assert!(compiler.status().expect("a C compiler").success());
        std::fs::read(object).unwrap()
    };
    library("libnot_in_guests.so", "int needed(void) { return 0; }\n", &[]);
    let source = "int needed(void);\nint pam_sm_authenticate(void) { return needed(); }\n";
    library("pam_needy.so", source, &["-lnot_in_guests"])
}

const CASES: [Case; 10] = [
    Case {
        what: "a store that others may write",
        breaks: "chmod 777 /etc/passkey/credentials",
        mends: None,
        code: "store_broken",
        severity: "error",
        exit: 11,
        place: ("/etc/passkey/credentials", None),
    },
    Case {
        what: "passkeys that belong to a stranger",
        breaks: "chown lp /etc/passkey/credentials/alice.toml",
        mends: Some("chown root /etc/passkey/credentials/alice.toml"),
        code: "store_broken",
        severity: "error",
        exit: 11,
        place: ("/etc/passkey/credentials/alice.toml", None),
    },
    Case {
        what: "passkeys that their user cannot read",
        breaks: "chmod 600 /etc/passkey/credentials/alice.toml",
        mends: None,
        code: "credential_file_not_for_user",
        severity: "warning",
        exit: 1,
        place: ("/etc/passkey/credentials/alice.toml", None),
    },
    Case {
        what: "a configuration that is not understood",
        breaks: "printf '[defaults]\\ntimeot = 3\\n' >/etc/passkey/passkey.toml",
        mends: Some("rm /etc/passkey/passkey.toml"),
        code: "configuration_broken",
        severity: "error",
        exit: 11,
        place: ("/etc/passkey/passkey.toml", Some(2)),
    },
    Case {
        what: "a module that is not there",
        breaks: "cd /usr/lib/*/security && mv pam_passkey.so /root/",
        mends: Some("mv /root/pam_passkey.so /usr/lib/*/security/"),
        code: "module_missing",
        severity: "error",
        exit: 1,
        place: ("pam_passkey.so", None),
    },
    Case {
        what: "a module that was copied by halves",
        breaks: "cd /usr/lib/*/security && cp pam_passkey.so /root/ && truncate -s 100000 pam_passkey.so",
        mends: Some("mv /root/pam_passkey.so /usr/lib/*/security/"),
        code: "module_unloadable",
        severity: "error",
        exit: 1,
        place: ("pam_passkey.so", None),
    },
    Case {
        what: "a module that needs a library which is not there",
        breaks: "cd /usr/lib/*/security && mv pam_passkey.so /root/ && cp /root/pam_needy.so pam_passkey.so",
        mends: Some("mv /root/pam_passkey.so /usr/lib/*/security/"),
        code: "module_unloadable",
        severity: "error",
        exit: 1,
        place: ("pam_passkey.so", None),
    },
    Case {
        what: "an order that locks everybody out",
        breaks: "cp /etc/pam.d/sudo /root/ && sed -i '/^auth.*passkey/i auth required pam_deny.so' /etc/pam.d/sudo",
        mends: Some("cp /root/sudo /etc/pam.d/"),
        code: "service_shut",
        severity: "error",
        exit: 1,
        place: ("/etc/pam.d/sudo", Some(3)),
    },
    Case {
        what: "an order that passes by the keyring",
        breaks: "cp /etc/pam.d/sudo /root/ && printf '%s\\n' 'auth sufficient pam_passkey.so mode=passwordless' \
                 'auth required pam_unix.so' 'auth optional pam_gnome_keyring.so' 'session optional pam_gnome_keyring.so' >/etc/pam.d/sudo",
        mends: Some("cp /root/sudo /etc/pam.d/"),
        code: "keyring_skipped",
        severity: "warning",
        exit: 1,
        place: ("/etc/pam.d/sudo", Some(3)),
    },
    Case {
        what: "a user who has no passkey",
        breaks: "useradd -m bob",
        mends: Some("userdel -r bob 2>/dev/null"),
        code: "closed_without_passkey",
        severity: "warning",
        exit: 1,
        place: ("/etc/pam.d/passkey", Some(1)),
    },
];

/// What the doctor finds for alice, asked by `user`: the exit status and the findings.
#[track_caller]
fn examine(guest: &Guest, user: &str) -> (i32, Vec<Value>) {
    let output = guest.run_as(user, "passkey-enroll doctor --user alice --json");
    let diagnosis: Value = serde_json::from_str(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", output.stdout, output.stderr));
    (output.status, diagnosis["findings"].as_array().unwrap().clone())
}

#[track_caller]
fn finding<'f>(findings: &'f [Value], code: &str) -> &'f Value {
    findings.iter().find(|finding| finding["code"] == code).unwrap_or_else(|| panic!("{code}: {findings:#?}"))
}

/// That nothing is worse than a note.
#[track_caller]
fn expect_health(guest: &Guest, user: &str) -> Vec<Value> {
    let (status, findings) = examine(guest, user);
    let bad: Vec<&Value> = findings
        .iter()
        .filter(|finding| finding["severity"] == "warning" || finding["severity"] == "error")
        .collect();
    assert!(status == 0 && bad.is_empty(), "{status}: {bad:#?}");
    findings
}

#[test]
fn each_thing_that_is_broken_is_found_and_its_remedy_helps() {
    let guest = guest("")
        .file("/etc/pam.d/passkey", passkey_only("mode=passwordless"))
        .file("/root/pam_needy.so", needy_module())
        .key("blue", KeyOptions::default().pin("1234"))
        .boot();
    let blue = guest.key("blue");
    enrol(&guest, "blue", Some("1234"));
    let start = std::time::Instant::now();
    healthy(&guest);
    for case in CASES {
        broken(&guest, &case);
    }
    expect_health(&guest, "root");
    real_libpam_agrees(&guest);
    people(&guest);
    permissions(&guest);
    blue.unplug();
    finding(&expect_health(&guest, "root"), "no_key");
    blue.plug();
    locked_pin(&guest);
    println!("examined in {:?}", start.elapsed());
}

fn healthy(guest: &Guest) {
    let found = expect_health(guest, "root");
    for code in ["key_opens", "key_enrolled", "credential_file", "module", "service"] {
        assert_eq!(finding(&found, code)["severity"], "ok", "{code}");
    }
    let found = expect_health(guest, "alice");
    finding(&found, "not_root");
    let text = guest.root("passkey-enroll doctor --user alice").ok();
    assert!(text.contains("\nServices\n") && text.contains("All is well"), "{text}");
}

fn broken(guest: &Guest, case: &Case) {
    let Case { what, breaks, mends, code, severity, exit, place } = case;
    guest.root(breaks).ok();
    let (status, findings) = examine(guest, "root");
    let found = finding(&findings, code);
    assert_eq!(status, *exit, "{what}: {findings:#?}");
    assert_eq!(found["severity"], *severity, "{what}");
    assert!(found["path"].as_str().unwrap_or_default().ends_with(place.0), "{what}: {found}");
    assert_eq!(found["line"].as_u64(), place.1, "{what}: {found}");
    let remedy = found["remedy"].as_str().unwrap_or_else(|| panic!("{what}: no remedy"));
    if let Some(mends) = mends {
        guest.root(mends).ok();
        return;
    }
    // The first of what is offered; what follows is for other causes of the same.
    guest.root(remedy.split(';').next().unwrap_or_default()).ok();
    expect_health(guest, "root");
}

/// What is said to lock everybody out does, and what is said to let in without the passkey does that.
fn real_libpam_agrees(guest: &Guest) {
    let judged = |text: &str| {
        guest.write("/etc/pam.d/passkey", text);
        let (_, findings) = examine(guest, "root");
        let codes: Vec<String> = findings
            .iter()
            .filter(|finding| finding["path"] == "/etc/pam.d/passkey")
            .map(|finding| finding["code"].as_str().unwrap().to_owned())
            .collect();
        (codes, authenticate(guest, "passkey").0 == 0)
    };
    // The key is not touched: whoever comes in does without it.
    for (lines, code, comes_in) in [
        ("auth required pam_permit.so\nauth required pam_passkey.so wait_for_key=0 timeout=1\n", None, false),
        ("auth required pam_permit.so\nauth optional pam_passkey.so timeout=1\n", Some("service_open"), true),
        (
            "auth [success=1 default=ignore] pam_permit.so\nauth requisite pam_deny.so\nauth requisite pam_passkey.so timeot=1\n",
            Some("call_refused"),
            false,
        ),
        (
            "auth required pam_permit.so\nauth required pam_passkey.so timeout=1\nauth requird pam_permit.so\n",
            Some("service_shut"),
            false,
        ),
    ] {
        let (codes, came_in) = judged(&format!("{lines}account required pam_permit.so\n"));
        assert!(code.is_none_or(|code| codes.iter().any(|found| found == code)), "{lines}: {codes:?}");
        assert_eq!(came_in, comes_in, "{lines}: {codes:?}");
    }
    guest.write("/etc/pam.d/passkey", passkey_only("mode=passwordless"));
    expect_health(guest, "root");
}

/// Whom the user database lists or not, with numbers of people or not.
fn people(guest: &Guest) {
    let closed_to = || {
        let (_, findings) = examine(guest, "root");
        let mut closed = findings.iter().filter(|finding| finding["code"] == "closed_without_passkey");
        closed.next().map(|finding| finding["message"].as_str().unwrap().to_owned()).unwrap_or_default()
    };
    // Another name of alice; numbers above and below those of people, which count once there is a password.
    guest
        .root(
            "useradd -o -u $(id -u alice) -M alicia && useradd -u 60010 -M far && useradd -r -s /bin/sh helper",
        )
        .ok();
    assert_eq!(closed_to(), "");
    guest.root("printf 'far:secret\\nhelper:secret\\n' | chpasswd").ok();
    assert!(closed_to().ends_with(": far, helper."), "{}", closed_to());
    let users = guest.root("passkey-enroll users --json").ok();
    let users: Value = serde_json::from_str(&users).unwrap();
    let user =
        |name: &str| users["users"].as_array().unwrap().iter().find(|user| user["user"] == name).cloned();
    assert_eq!(user("alice").unwrap()["passkeys"]["usable"], 1, "{users}");
    let alicia = user("alicia").unwrap();
    assert_eq!(
        (&alicia["passkeys"]["usable"], &alicia["passkeys_of"]),
        (&Value::from(1), &Value::from("alice"))
    );
    assert_eq!(user("far").unwrap()["passkeys"]["usable"], 0, "{users}");
    assert!(user("lp").is_none() && users["complete"] == true, "{users}");
    let sources = "cp /etc/nsswitch.conf /root/ && sed -i '/^passwd:/s/$/ ldap/' /etc/nsswitch.conf";
    guest.root(sources).ok();
    let (_, findings) = examine(guest, "root");
    let unseen = finding(&findings, "people_unseen");
    assert!(unseen["message"].as_str().unwrap().starts_with("ldap (in /etc/nsswitch.conf)"), "{unseen}");
    guest
        .root("cp /root/nsswitch.conf /etc/ && userdel far; userdel -f alicia; userdel helper; id alice")
        .ok();
    expect_health(guest, "root");
}

/// The key is for others than alice.
fn permissions(guest: &Guest) {
    guest.root("gpasswd -d alice plugdev").ok();
    let (status, findings) = examine(guest, "alice");
    let path = guest.key("blue").path();
    assert_eq!((status, &finding(&findings, "key_denied")["path"]), (1, &Value::from(path)));
    let found = expect_health(guest, "root");
    assert_eq!(finding(&found, "key_not_for_user")["severity"], "note");
    guest.root("gpasswd -a alice plugdev").ok();
    expect_health(guest, "alice");
}

/// Wrong PINs until the key takes none any more.
fn locked_pin(guest: &Guest) {
    let blue = guest.key("blue");
    let wrong = || {
        let command = "passkey-enroll verify --user alice --service passkey --pin-stdin";
        assert_ne!(guest.run("root", command, b"9999\n", guest::PATIENCE).status, 0);
    };
    while blue.retries() > 3 {
        wrong();
        if blue.retries() % 3 == 2 {
            blue.unplug();
            blue.plug();
        }
    }
    let (status, findings) = examine(guest, "root");
    let found = finding(&findings, "pin_few_tries");
    assert_eq!((status, &found["severity"]), (1, &Value::from("warning")));
    assert!(found["message"].as_str().unwrap().starts_with("3 more wrong PINs"), "{found}");
}

/// polkit 127, whose helper systemd starts in a sandbox: what systemd makes of the unit and its drop-ins is what counts.
#[test]
fn systemd_says_what_polkits_helper_sees() {
    /// As the package has it.
    const DROP_IN: &str =
        include_str!("../../../../packaging/systemd/polkit-agent-helper@.service.d/pam_passkey.conf");
    let guest = Guest::debian("sid")
        .systemd()
        .packages(&["openssh-client", "openssh-server", "pkexec", "polkitd"])
        .user("alice", "secret")
        .file("/etc/pam.d/polkit-1", pam_tests::second_factor(""))
        .boot();
    let sandbox = || {
        let (_, findings) = examine(&guest, "root");
        let found = finding(&findings, "polkit_sandbox");
        (found["severity"].as_str().unwrap().to_owned(), found["path"].as_str().unwrap().to_owned())
    };
    let unit = "/usr/lib/systemd/system/polkit-agent-helper@.service".to_owned();
    assert_eq!(sandbox(), ("error".to_owned(), unit.clone()));
    let folder = "/etc/systemd/system/polkit-agent-helper@.service.d";
    guest.root(&format!("mkdir -p {folder}")).ok();
    guest.write(&format!("{folder}/pam_passkey.conf"), DROP_IN);
    guest.root("systemctl daemon-reload").ok();
    assert_eq!(sandbox(), ("ok".to_owned(), unit));
    // Another one closes it again.
    guest.write(&format!("{folder}/zz.conf"), "[Service]\nPrivateDevices=yes\n");
    guest.root("systemctl daemon-reload").ok();
    assert_eq!(sandbox().0, "error");
    // systemd that does not answer is not taken for a sandbox that is open.
    guest.root("mv /usr/bin/systemctl /root/").ok();
    let (_, findings) = examine(&guest, "root");
    assert_eq!(finding(&findings, "polkit_unknown")["severity"], "note");
    guest.root("mv /root/systemctl /usr/bin/").ok();
}
