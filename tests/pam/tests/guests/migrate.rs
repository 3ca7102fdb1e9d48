//! Moving in from pam_u2f and ssh with the real programs, and out again to the real pam_u2f.

use guest::{Guest, KeyOptions};
use pam_tests::{enrol, guest};

/// pamu2fcfg wants to see a certificate.
fn certified() -> KeyOptions {
    KeyOptions::default().with(&["--attestation"])
}

/// Runs a command of root's at a terminal with the only key touched and, where it is asked for, the PIN typed; what it wrote to
/// stdout.
#[track_caller]
fn run(guest: &Guest, command: &str, pin: Option<&str>) -> String {
    let mut terminal = guest.terminal("root", &format!("{command} >/run/stdout"));
    if let Some(pin) = pin {
        terminal.expect("PIN").type_line(pin);
    }
    let exit = terminal.wait();
    assert_eq!(exit.status, 0, "{command}: {}", exit.screen);
    guest.root("cat /run/stdout").ok()
}

/// Signs in by `service`; everything said.
#[track_caller]
fn sign_in(guest: &Guest, service: &str, user: &str, pin: Option<&str>) -> String {
    let mut tester = guest.terminal("root", &format!("pamtester {service} {user} authenticate"));
    if let Some(pin) = pin {
        tester.expect("PIN").type_line(pin);
    }
    let exit = tester.wait();
    assert_eq!(exit.status, 0, "{service} {user}: {}\n{}", exit.screen, guest.syslog());
    exit.screen
}

/// The last sign-in was by this passkey.
#[track_caller]
fn signed_in_by(guest: &Guest, name: &str) {
    let log = guest.syslog();
    let last = log.lines().rfind(|line| line.contains("passkey=\"")).unwrap_or_else(|| panic!("{log}"));
    assert!(last.contains(&format!("passkey=\"{name}\"")), "{name}: {last}");
}

/// Leaves only this key plugged in.
#[track_caller]
fn only(guest: &Guest, key: &str) {
    let change = ["blue", "green", "plain"].map(|other| {
        let what = if other == key { "plug" } else { "unplug" };
        format!("virtual-key ctl {what} {other}")
    });
    guest.root(&change.join("\n")).ok();
    guest.key(key).touch_always(50);
}

/// Each of these passkeys signs in by itself: the name of the passkey, that of the key, and the PIN.
#[track_caller]
fn each_signs_in(guest: &Guest, user: &str, passkeys: &[(&str, &str, Option<&str>)]) {
    let switch = |what: &str, name: &str| format!("passkey-enroll {what} --user {user} '{name}'");
    let all: Vec<String> = passkeys.iter().map(|(name, ..)| switch("disable --yes", name)).collect();
    guest.root(&all.join(" && ")).ok();
    for (name, key, pin) in passkeys {
        only(guest, key);
        guest.root(&switch("enable", name)).ok();
        sign_in(guest, "passkey", user, *pin);
        signed_in_by(guest, name);
        guest.root(&switch("disable --yes", name)).ok();
    }
}

const U2F: &str = "auth required pam_u2f.so authfile=/etc/u2f_mappings cue\naccount required pam_permit.so\n";

#[test]
fn users_of_other_programs_move_in_with_one_command_and_out_again() {
    let guest = guest("")
        .user("bob", "secret")
        .user("carol", "secret")
        .file("/etc/pam.d/u2f", U2F)
        .key("blue", certified())
        .key("green", certified().pin("1234").with(&["--aaguid", "00112233445566778899aabbccddeeff"]))
        .key("plain", KeyOptions::default())
        .file_with_mode("/root/askpass", ASKPASS, 0o755)
        .boot();
    move_in(&guest);
    move_out(&guest);
    closed(&guest);
    keys_of_ssh(&guest);
}

/// alice's imported passkeys: two of the key that was plugged in, one whose key was not, and the one that only its key knew.
const NAMES: [&str; 4] = ["Virtual key blue", "Virtual key blue 2", "From pam_u2f", "Virtual key green"];

/// A file as it grows over the years: two keys, a discoverable passkey, an old line of bob's, and no line end.
fn move_in(guest: &Guest) {
    only(guest, "blue");
    let first = run(guest, "pamu2fcfg -u alice", None);
    let on_key = run(guest, "pamu2fcfg -n -r", None);
    let bobs = run(guest, "pamu2fcfg -u bob", None);
    only(guest, "green");
    let with_pin = run(guest, "pamu2fcfg -n -N", None);
    let hidden = run(guest, "pamu2fcfg -n -r -N", Some("1234"));
    let rows = [&first, &with_pin, &on_key, &hidden].map(|row| row.trim_end().to_owned()).concat();
    guest.write("/run/bob", &bobs);
    let old = guest
        .root(
            "python3 -c '
import base64
row = open(\"/run/bob\").read().strip().split(\":\", 1)[1].split(\",\")
handle = base64.urlsafe_b64encode(base64.b64decode(row[0])).rstrip(b\"=\").decode()
print(\"bob:\" + handle + \",04\" + base64.b64decode(row[1]).hex(), end=\"\")'",
        )
        .ok();
    guest.write("/etc/u2f_mappings", format!("{rows}\n{old}"));
    // It is good as it stands: the incumbent takes every kind of row.
    only(guest, "blue");
    sign_in(guest, "u2f", "alice", None);
    sign_in(guest, "u2f", "bob", None);

    // And then one row was damaged, and the file was edited on Windows.
    let damaged = format!("# keys\r\n{rows}:AAAA,AAAA,es256,+pres\r\n\r\nstranger:AAAA,AAAA\r\n{old}");
    guest.write("/etc/u2f_keys", damaged);
    let output = guest.root("passkey-enroll import /etc/u2f_keys --format pam-u2f --user alice --json");
    assert_eq!(output.status, 1, "{} {}", output.stdout, output.stderr);
    let flat: String = output.stdout.split_whitespace().collect();
    // The discoverable passkey of the key that is plugged in is found; that of the other key is not.
    assert!(flat.contains("\"counts\":{\"imported\":3,\"skipped\":0,\"damaged\":2}"), "{flat}");
    for words in [
        "of the RP ID pam://guest, as pam_u2f is called",
        "/etc/u2f_keys:2: the public key is not valid for its algorithm",
        "/etc/u2f_keys:2: the id of this passkey is on the security key alone, and none that is plugged in holds it",
    ] {
        assert!(output.stderr.contains(words), "{words} in {}", output.stderr);
    }
    // With the other key in its place; pam_u2f's passkeys show themselves without a PIN.
    only(guest, "green");
    let again = guest.root("passkey-enroll import /etc/u2f_keys --format pam-u2f --user alice");
    assert_eq!(again.status, 1, "{} {}", again.stdout, again.stderr);
    for words in ["“Virtual key green” is imported for alice", "1 imported, 3 known already, 1 not imported."]
    {
        assert!(again.stdout.contains(words), "{words} in {}", again.stdout);
    }
    let bob = guest.root("passkey-enroll import /etc/u2f_mappings --format pam-u2f --all-users");
    assert_eq!(bob.status, 0, "{} {}", bob.stdout, bob.stderr);
    assert!(
        bob.stdout.contains("is imported for bob") && bob.stdout.contains("1 imported, 4 known already"),
        "{}",
        bob.stdout
    );

    let list = guest.run_as("alice", "passkey-enroll list").ok();
    for name in NAMES {
        assert!(list.lines().any(|line| line.starts_with(&format!("{name}  "))), "{name} in {list}");
    }
    // Each of them signs in.
    let keys = ["blue", "blue", "green", "green"];
    let passkeys: Vec<_> = NAMES.into_iter().zip(keys).map(|(name, key)| (name, key, None)).collect();
    each_signs_in(guest, "alice", &passkeys);
    only(guest, "blue");
    sign_in(guest, "passkey", "bob", None);
}

/// What we enrolled and what we imported, for the incumbent.
fn move_out(guest: &Guest) {
    only(guest, "plain");
    enrol(guest, "plain", None);
    guest.key("plain").touch_always(50);
    for name in NAMES {
        guest.root(&format!("passkey-enroll enable --user alice '{name}'")).ok();
    }
    let several = guest.root("passkey-enroll export --format pam-u2f --user alice");
    assert_eq!(several.status, 2, "{}", several.stderr);
    // What asked for a PIN before it came here does so again.
    let ours = [("plain", None)];
    let theirs = [("blue", None), ("green", Some("1234"))];
    for (rp_id, keys) in [("guest", ours.as_slice()), ("pam://guest", &theirs)] {
        let output =
            guest.root(&format!("passkey-enroll export --format pam-u2f --user alice --rp-id {rp_id}"));
        assert_eq!(output.status, 0, "{}", output.stderr);
        guest.write("/etc/u2f_mappings", &output.stdout);
        // The service file is made of the line that we say, as it stands.
        let call = output.stderr.lines().find(|line| line.contains("pam_u2f.so")).expect("a PAM line");
        guest.write("/etc/pam.d/u2f-export", format!("{}\naccount required pam_permit.so\n", call.trim()));
        for (key, pin) in keys {
            only(guest, key);
            sign_in(guest, "u2f-export", "alice", *pin);
        }
    }
    // Where a service asks for a PIN, so does the export.
    guest.write("/etc/passkey/passkey.toml", "[service.door]\nmode = \"passwordless\"\n");
    let line = guest.root("passkey-enroll export --format pam-u2f --user alice --rp-id pam://guest").ok();
    assert!(line.contains(",+presence+pin:"), "{line}");
    guest.write("/etc/u2f_mappings", line);
    only(guest, "green");
    sign_in(guest, "u2f-export", "alice", Some("1234"));
    guest.root("rm /etc/passkey/passkey.toml").ok();
}

/// What a user is shut out of with their last passkey, by the machine's own service files.
fn closed(guest: &Guest) {
    let question = guest.root("passkey-enroll remove --user bob 'From pam_u2f' --yes --json");
    assert_eq!(question.status, 0, "{}", question.stderr);
    let flat: String = question.stdout.split_whitespace().collect();
    assert!(flat.contains("\"closed_services\":[\"passkey\",\"sudo\"]"), "{flat}");
    assert!(question.stderr.contains("do not let them in any more: passkey, sudo."), "{}", question.stderr);
}

/// `ssh-keygen` asks for PINs by a program where it has no terminal.
const ASKPASS: &str = "#!/bin/sh\necho 1234\n";

/// carol's keys of ssh.
fn keys_of_ssh(guest: &Guest) {
    let generate = |options: &str, file: &str| {
        let command = format!(
            "SSH_ASKPASS=/root/askpass SSH_ASKPASS_REQUIRE=force ssh-keygen -q {options} -N '' -C {file} -f /root/{file} </dev/null"
        );
        guest.root(&command).ok();
    };
    // What attests the others signs by another algorithm than an EdDSA passkey, which ssh-keygen does not take.
    only(guest, "plain");
    generate("-t ecdsa-sk", "ecdsa");
    generate("-t ed25519-sk", "ed25519");
    only(guest, "green");
    generate("-t ecdsa-sk -O verify-required", "verify");
    generate("-t ecdsa-sk -O resident", "resident");

    let import = |file: &str| format!("passkey-enroll import /root/{file} --format openssh --user carol");
    only(guest, "plain");
    for file in ["ecdsa", "ed25519"] {
        let output = guest.root(&import(file));
        assert_eq!(output.status, 0, "{}", output.stderr);
    }
    let public = guest.root(&import("ecdsa.pub"));
    assert_eq!(public.status, 10, "it is on file: {}", public.stderr);
    // A key that hides says who it is only once its PIN was typed, and is then known by its model. The public half of a resident
    // key is enough, with the key itself.
    only(guest, "green");
    for file in ["verify", "resident.pub"] {
        let mut terminal = guest.terminal("root", &import(file));
        terminal.expect("PIN of your security key").type_line("1234");
        let exit = terminal.wait();
        assert_eq!(exit.status, 0, "{}", exit.screen);
    }
    let shown = guest.root("passkey-enroll show verify --user carol --json").ok();
    assert!(shown.contains("00112233-4455-6677-8899-aabbccddeeff"), "{shown}");

    let passkeys = [
        ("ecdsa", "plain", None),
        ("ed25519", "plain", None),
        ("verify", "green", Some("1234")),
        ("resident", "green", None),
    ];
    each_signs_in(guest, "carol", &passkeys);
}
