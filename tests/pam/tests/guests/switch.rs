//! `passkey-enroll pam`: a service is switched on, tried, kept or taken back, and nobody is locked out, whatever is killed meanwhile.

use std::time::Duration;

use guest::{Guest, KeyOptions, Output};
use pam_tests::enrol;
use serde_json::Value;

/// Debian's own sudo, alice with two keys and nobody else.
fn machine() -> Guest {
    let guest = Guest::debian12()
        .user("alice", "secret")
        .key("blue", KeyOptions::default())
        .key("green", KeyOptions::default())
        .boot();
    enrol(&guest, "blue", None);
    enrol(&guest, "green", None);
    guest
}

#[track_caller]
fn file(guest: &Guest) -> String {
    guest.root("cat /etc/pam.d/sudo").ok()
}

#[track_caller]
fn json(output: &Output) -> Value {
    serde_json::from_str(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", output.stdout, output.stderr))
}

/// What sudo asks for.
#[track_caller]
fn asks(guest: &Guest) -> (String, Value) {
    let status = json(&guest.run_as("alice", "passkey-enroll pam status sudo --json"));
    let sudo = &status["services"][0];
    assert_eq!(sudo["service"], "sudo");
    (sudo["asks"]["for"].as_str().unwrap().to_owned(), sudo["by"].clone())
}

/// Whether the last to become root did so with a passkey. A key that is touched at once leaves no time for words.
#[track_caller]
fn signed_in_with_a_passkey(guest: &Guest) -> bool {
    let log = guest.syslog();
    log.lines().rfind(|line| line.contains("(sudo:auth)")).is_some_and(|line| line.contains("verified"))
}

#[test]
fn a_person_switches_sudo_on_tries_it_and_keeps_it() {
    let guest = machine();
    let before = file(&guest);
    assert_eq!(asks(&guest), ("password".to_owned(), Value::Null));
    guest.key("blue").touch_always(100);

    let mut first = guest.terminal("alice", "sudo passkey-enroll pam enable sudo");
    first.expect("password for alice").type_line("secret");
    first.expect("+auth    required    pam_passkey.so mode=second-factor");
    first.expect("Type yes to go on").type_line("yes");
    first.expect("Sign in once by the new lines, as alice");
    first.expect("Password:").type_line("secret");
    first.expect("on trial");
    // It is in place, and a terminal that has not signed in yet goes by it.
    assert_eq!(asks(&guest), ("password_and_passkey".to_owned(), "on_trial".into()));
    let mut second = guest.terminal("alice", "sudo passkey-enroll pam confirm sudo");
    second.expect("password for alice").type_line("secret");
    second.expect("sudo keeps asking for passkeys");
    assert_eq!(second.wait().status, 0);
    first.expect("sudo asks for a passkey besides the password from now on");
    let ended = first.wait();
    assert_eq!(ended.status, 0);
    println!("{}", first.transcript());
    assert_eq!(asks(&guest), ("password_and_passkey".to_owned(), "passkey_enroll".into()));

    // Once more is no change.
    let again = json(&guest.root("passkey-enroll pam enable sudo --yes --user alice --json"));
    assert_eq!((again["changed"].clone(), again["way"].clone()), (false.into(), "second-factor".into()));

    // Without the key sudo stays shut; and what was there comes back to the byte.
    guest.key("blue").unplug();
    guest.key("green").unplug();
    let disabled = json(&guest.root("passkey-enroll pam disable sudo --yes --json"));
    assert_eq!(disabled["services"][0]["restored"], true);
    assert_eq!(file(&guest), before);
    assert_eq!(
        guest.root("cd /var/lib/passkey/pam && find . -type f ! -name .lock").ok(),
        "./sudo.json\n",
        "what has become of it"
    );
    let mut sudo = guest.terminal("alice", "sudo -k id -un");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect("root");
    assert_eq!(sudo.wait().status, 0);
}

#[test]
fn what_nobody_confirms_is_taken_back() {
    let guest = machine();
    let before = file(&guest);
    let enable = "passkey-enroll pam enable sudo --user alice --yes --no-rehearsal";

    // By the clock.
    let output = guest.root(&format!("{enable} --confirm-within 2 --json"));
    assert_eq!((output.status, json(&output)["error"]["code"].clone()), (6, "not_confirmed".into()));
    assert_eq!(file(&guest), before);

    // By Ctrl-C.
    let mut terminal = guest.terminal("root", enable);
    terminal.expect("Waiting for the confirmation").ctrl_c();
    assert_eq!(terminal.wait().status, 7);
    assert_eq!(file(&guest), before);

    // By the watcher, when the command is killed; with the terminal gone as well.
    let start = format!(
        "setsid {enable} --confirm-within 3 >/dev/null 2>&1 & until grep -q passkey /etc/pam.d/sudo; do sleep 0.05; done; kill -9 $!"
    );
    guest.root(&start);
    assert_ne!(file(&guest), before);
    guest
        .root("for try in $(seq 100); do grep -q passkey /etc/pam.d/sudo || exit 0; sleep 0.1; done; exit 1")
        .ok();
    assert_eq!(file(&guest), before);

    // By the next start of the machine, when both are.
    let start = format!(
        "setsid {enable} --confirm-within 3 >/dev/null 2>&1 & until grep -q passkey /etc/pam.d/sudo; do sleep 0.05; done; kill -9 $!; pkill -9 -f watch-pam-trial"
    );
    guest.root(&start);
    assert_eq!(
        json(&guest.root("passkey-enroll pam undo --json"))["services"],
        Value::Array(Vec::new()),
        "not yet"
    );
    assert_ne!(file(&guest), before);
    guest.root("sleep 3").ok();
    let undone = json(&guest.root("passkey-enroll pam undo --json"));
    assert_eq!(undone["services"][0]["service"], "sudo");
    assert_eq!(file(&guest), before);
    // There is nothing left to do, and that is no failure.
    assert_eq!(json(&guest.root("passkey-enroll pam undo --json"))["services"], Value::Array(Vec::new()));
    guest.root("passkey-enroll pam disable --all --yes").ok();
}

#[test]
fn a_change_that_would_lock_somebody_out_is_refused() {
    let guest = machine();
    let before = file(&guest);
    let enable = |arguments: &str| {
        let output = guest.root(&format!("passkey-enroll pam enable --user alice --yes --json {arguments}"));
        assert_eq!(file(&guest), before, "{arguments}");
        (output.status, json(&output)["error"]["code"].as_str().unwrap().to_owned())
    };

    // Nobody is at the machine to sign in by the new lines.
    guest.key("blue").touch_never();
    guest.key("green").touch_never();
    let rehearsal = guest.run(
        "root",
        "passkey-enroll pam enable sudo --user alice --yes --answers-stdin --json",
        b"wrong\n",
        Duration::from_secs(60),
    );
    assert_eq!((rehearsal.status, json(&rehearsal)["error"]["code"].clone()), (1, "rehearsal_failed".into()));
    assert_eq!(file(&guest), before);

    guest.root("useradd -m bob && echo bob:secret | chpasswd -c SHA512 -s 1000").ok();
    assert_eq!(enable("sudo"), (1, "would_lock_out".to_owned()));
    let output = guest.root("passkey-enroll pam enable sudo --user alice --yes");
    assert!(
        output.stderr.contains("closed to people who have no passkey that signs in: bob"),
        "{}",
        output.stderr
    );
    assert!(output.stderr.contains("--accept closed_without_passkey"), "{}", output.stderr);
    guest.root("userdel -r bob 2>/dev/null; passkey-enroll remove green --user alice --yes").ok();
    assert_eq!(enable("sudo"), (1, "would_lock_out".to_owned()));
    let output = guest.root("passkey-enroll pam enable sudo --user alice --dry-run");
    assert!(output.stderr.contains("no other way to become root"), "{}", output.stderr);

    assert_eq!(enable("nosuch"), (1, "no_service".to_owned()));
    assert_eq!(enable("../sudo"), (2, "usage".to_owned()));
    let alice = guest.run_as("alice", "passkey-enroll pam enable sudo --yes --json");
    assert_eq!((alice.status, json(&alice)["error"]["code"].clone()), (8, "not_permitted".into()));

    // Whoever knows better says so, and a script needs nobody at the machine.
    let accepted = guest.root(
        "passkey-enroll pam enable sudo --user alice --yes --json --accept only_way_to_root --no-rehearsal --confirm-within 0",
    );
    assert_eq!((accepted.status, json(&accepted)["changed"].clone()), (0, true.into()));
    assert_eq!(asks(&guest), ("password_and_passkey".to_owned(), "passkey_enroll".into()));
    // Others have written to the file since: their lines stay.
    guest.root("echo '# by hand' >>/etc/pam.d/sudo").ok();
    let disabled = json(&guest.root("passkey-enroll pam disable sudo --yes --json"));
    assert_eq!(disabled["services"][0]["restored"], false);
    assert_eq!(file(&guest), format!("{before}# by hand\n"));
}

/// Where the vendor's file speaks, it stays as it is: the administrator's folder hides it, and hides it no more.
#[test]
fn a_vendors_file_is_left_alone() {
    let guest = Guest::debian("trixie").user("alice", "secret").key("blue", KeyOptions::default()).boot();
    enrol(&guest, "blue", None);
    guest.key("blue").touch_always(100);
    guest.root("mkdir -p /usr/lib/pam.d && mv /etc/pam.d/sudo /usr/lib/pam.d/").ok();
    let vendors = guest.root("cat /usr/lib/pam.d/sudo").ok();
    guest
        .run(
            "root",
            "passkey-enroll pam enable sudo --user alice --yes --answers-stdin --confirm-within 0 --accept only_way_to_root",
            b"secret\n",
            Duration::from_secs(60),
        )
        .ok();
    let own = guest.root("grep -v -e passkey /etc/pam.d/sudo").ok();
    assert_eq!(own, vendors);
    assert_eq!(guest.root("cat /usr/lib/pam.d/sudo").ok(), vendors);
    let mut sudo = guest.terminal("alice", "sudo -k id -un");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect("root");
    assert_eq!(sudo.wait().status, 0);
    assert!(signed_in_with_a_passkey(&guest), "{}", guest.syslog());
    guest.root("passkey-enroll pam disable sudo --yes").ok();
    guest.root("[ ! -e /etc/pam.d/sudo ]").ok();
}

/// `common-auth` stands for all services: pam-auth-update writes the files, from the package's profile.
#[test]
fn debians_common_files_go_by_pam_auth_update() {
    let profile = include_str!("../../../../packaging/debian/pam-configs/passkey-second-factor");
    let guest = Guest::debian12()
        .user("alice", "secret")
        .file("/usr/share/pam-configs/passkey-second-factor", profile)
        .key("blue", KeyOptions::default())
        .boot();
    enrol(&guest, "blue", None);
    guest.key("blue").touch_always(100);
    let all = "sha256sum /etc/pam.d/*";
    let before = guest.root(all).ok();
    let enable = "passkey-enroll pam enable common-auth --user alice --accept only_way_to_root";
    let draft = guest.root(&format!("{enable} --dry-run"));
    assert!(draft.stderr.contains("+++ /etc/pam.d/common-auth"), "{}", draft.stderr);
    assert_eq!(guest.root(all).ok(), before, "a draft changes nothing");
    let refused = guest.root(&format!("{enable} --passwordless --yes --json"));
    assert_eq!((refused.status, json(&refused)["error"]["code"].clone()), (1, "profile_failed".into()));

    let command = format!("{enable} --yes --answers-stdin --confirm-within 0");
    guest.run("root", &command, b"secret\n", Duration::from_secs(60)).ok();
    assert_eq!(asks(&guest).0, "password_and_passkey");
    let mut sudo = guest.terminal("alice", "sudo -k id -un");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect("root");
    assert_eq!(sudo.wait().status, 0);
    assert!(signed_in_with_a_passkey(&guest), "{}", guest.syslog());
    // One service alone does not come out of a file that all share.
    let shared = guest.root("passkey-enroll pam disable sudo --yes --json");
    assert_eq!((shared.status, json(&shared)["error"]["code"].clone()), (1, "in_shared_file".into()));
    guest.root("passkey-enroll pam disable common-auth --yes").ok();
    assert_eq!(guest.root(all).ok(), before);

    // On trial they are taken back as well.
    let output = guest.root(&format!("{enable} --yes --no-rehearsal --confirm-within 1 --json"));
    assert_eq!((output.status, json(&output)["error"]["code"].clone()), (6, "not_confirmed".into()));
    assert_eq!(guest.root(all).ok(), before);
}

#[test]
fn in_place_of_the_password() {
    let guest =
        Guest::debian12().user("alice", "secret").key("blue", KeyOptions::default().pin("12345")).boot();
    enrol(&guest, "blue", Some("12345"));
    guest.key("blue").touch_always(100);
    let before = guest.root("cat /etc/pam.d/sudo").ok();
    let mut enable = guest.terminal("alice", "sudo passkey-enroll pam enable sudo --passwordless");
    enable.expect("password for alice").type_line("secret");
    enable.expect("mode=passwordless");
    enable.expect("Type yes to go on").type_line("yes");
    enable.expect("PIN").type_line("12345");
    enable.expect("on trial");
    let mut confirm = guest.terminal("alice", "sudo passkey-enroll pam confirm sudo");
    confirm.expect("PIN").type_line("12345");
    confirm.expect("sudo keeps asking for passkeys");
    assert_eq!(confirm.wait().status, 0);
    enable.expect("in place of the password from now on");
    assert_eq!(enable.wait().status, 0);
    // The key is lost: the password still does.
    guest.key("blue").unplug();
    let mut sudo = guest.terminal("alice", "sudo -k id -un");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect("root");
    assert_eq!(sudo.wait().status, 0);
    guest.root("passkey-enroll pam disable --all --yes").ok();
    assert_eq!(guest.root("cat /etc/pam.d/sudo").ok(), before);
}
