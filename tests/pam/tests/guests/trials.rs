//! Changes on trial: what becomes of them is what is said of them, on a loaded machine, without the watcher, and at the end of a session.

use std::time::Duration;

use guest::{Guest, GuestBuilder, KeyOptions, Output};
use pam_tests::enrol;
use serde_json::Value;

use crate::greeters;

const SERVICE: &str = include_str!("../../../../packaging/systemd/passkey-pam-undo.service");
const TIMER: &str = include_str!("../../../../packaging/systemd/passkey-pam-undo.timer");
const PATH: &str = include_str!("../../../../packaging/systemd/passkey-pam-undo.path");
const WANTS: &str = include_str!("../../../../packaging/systemd/multi-user.target.d/passkey-pam-undo.conf");
const PROFILE: &str = include_str!("../../../../packaging/debian/pam-configs/passkey-second-factor");
const UNITS: &str = "/usr/lib/systemd/system";
const ENABLE: &str =
    "passkey-enroll pam enable sudo --user alice --yes --no-rehearsal --accept only_way_to_root";
/// Under emulation, beside other guests.
const PATIENCE: Duration = Duration::from_secs(300);

fn with_units(guest: GuestBuilder) -> GuestBuilder {
    guest
        .file(&format!("{UNITS}/passkey-pam-undo.service"), SERVICE)
        .file(&format!("{UNITS}/passkey-pam-undo.timer"), TIMER)
        .file(&format!("{UNITS}/passkey-pam-undo.path"), PATH)
        .file(&format!("{UNITS}/multi-user.target.d/passkey-pam-undo.conf"), WANTS)
}

#[track_caller]
fn json(output: &Output) -> Value {
    serde_json::from_str(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", output.stdout, output.stderr))
}

#[track_caller]
fn sudo_file(guest: &Guest) -> String {
    guest.root("cat /etc/pam.d/sudo").ok()
}

/// What the journal says of sudo.
#[track_caller]
fn state(guest: &Guest) -> Value {
    json(&guest.root("cat /var/lib/passkey/pam/sudo.json"))["state"].clone()
}

#[track_caller]
fn wait_until(guest: &Guest, condition: &str) {
    let script = format!("for try in $(seq 1200); do {condition} && exit 0; sleep 0.1; done; exit 1");
    let output = guest.run("root", &script, b"", PATIENCE);
    assert_eq!(
        output.status,
        0,
        "{condition}: {}",
        guest.root("tail -n +1 /var/lib/passkey/pam/*.json").stdout
    );
}

/// Who wins the race between the watcher and whoever reads must not matter.
#[test]
fn trials_on_a_loaded_machine_are_reported_as_what_they_were() {
    let guest = Guest::debian12().user("alice", "secret").key("blue", KeyOptions::default()).boot();
    enrol(&guest, "blue", None);
    let before = sudo_file(&guest);
    guest.root("for loop in 1 2 3 4 5 6; do (while :; do :; done) >/dev/null 2>&1 & done").ok();
    for trial in 0..5 {
        let output = guest.run("root", &format!("{ENABLE} --confirm-within 1 --json"), b"", PATIENCE);
        let code = json(&output)["error"]["code"].clone();
        assert_eq!((output.status, code), (6, "not_confirmed".into()), "trial {trial}");
        assert_eq!(sudo_file(&guest), before, "trial {trial}");
        let state = state(&guest);
        assert_eq!(
            (&state["is"], &state["because"]),
            (&"undone".into(), &"not-confirmed".into()),
            "trial {trial}"
        );
    }
}

#[test]
fn a_rehearsal_counts_only_if_the_module_has_verified_a_passkey_in_it() {
    // The password lets in by itself, whatever the new lines in the common file say: the line that is put in is not reached.
    let guest = Guest::debian12()
        .user("alice", "secret")
        .file("/usr/share/pam-configs/passkey-second-factor", PROFILE)
        .file("/etc/pam.d/su", "auth sufficient pam_rootok.so\n@include common-auth\n@include common-account\nsession required pam_permit.so\n")
        .key("blue", KeyOptions::default())
        .boot();
    enrol(&guest, "blue", None);
    let before = guest.root("sha256sum /etc/pam.d/*").ok();
    let enable = |arguments: &str| {
        let command = format!(
            "passkey-enroll pam enable {arguments} --user alice --accept only_way_to_root --yes --answers-stdin --confirm-within 0 --json"
        );
        guest.run("root", &command, b"secret\n", PATIENCE)
    };
    // Nothing is asked for: root is let in by pam_rootok.
    let su = enable("su");
    assert_eq!(
        (su.status, json(&su)["error"]["code"].clone()),
        (1, "rehearsal_failed".into()),
        "{}",
        su.stderr
    );
    assert!(json(&su)["error"]["message"].as_str().unwrap().contains("without a passkey"), "{}", su.stdout);
    assert_eq!(guest.root("sha256sum /etc/pam.d/*").ok(), before);

    // Debian's libpam looks for what is included in /etc/pam.d only: the new common-auth is rehearsed all the same.
    guest.key("blue").unplug();
    guest.write("/etc/passkey/passkey.toml", "[defaults]\nwait_for_key = 0\n");
    let without_key = enable("common-auth");
    assert_eq!(
        (without_key.status, json(&without_key)["error"]["code"].clone()),
        (1, "rehearsal_failed".into()),
        "{}{}",
        without_key.stdout,
        without_key.stderr
    );
    assert_eq!(guest.root("sha256sum /etc/pam.d/*").ok(), before);
    guest.key("blue").plug();
    guest.key("blue").touch_always(50);
    let with_key = enable("common-auth");
    assert_eq!(
        (with_key.status, json(&with_key)["rehearsed"].clone()),
        (0, true.into()),
        "{}",
        with_key.stderr
    );
    let files: Vec<String> =
        guest.root("ls -A /var/lib/passkey/pam").ok().lines().map(str::to_owned).collect();
    assert!(files.contains(&"common-auth.before".to_owned()), "{files:?}");
    guest.root("passkey-enroll pam disable common-auth --yes").ok();
    assert_eq!(guest.root("sha256sum /etc/pam.d/*").ok(), before);
}

#[test]
fn it_is_confirmed_by_a_sign_in_to_that_service_after_the_switch() {
    let guest = Guest::debian12().user("alice", "secret").key("blue", KeyOptions::default()).boot();
    enrol(&guest, "blue", None);
    guest.key("blue").touch_always(20);
    guest.write("/etc/pam.d/another", pam_tests::passkey_only(""));
    // The rehearsal falls into the second of the switch.
    let script = "printf 'secret\n' | passkey-enroll pam enable sudo --user alice --yes --answers-stdin --accept only_way_to_root >/root/said 2>&1 & \
                  until grep -qs 'Waiting for the confirmation' /root/said; do sleep 0.05; done";
    guest.run("root", script, b"", PATIENCE).ok();
    let confirm = || {
        let output = guest.root("passkey-enroll pam confirm sudo --user alice --json </dev/null");
        (output.status, json(&output)["error"]["code"].clone())
    };
    assert_eq!(confirm(), (2, "confirmation_needed".into()), "the rehearsal proves nothing about the switch");
    guest.root("pamtester another alice authenticate").ok();
    assert_eq!(confirm(), (2, "confirmation_needed".into()), "nor does a sign-in to another service");
    let mut sudo = guest.terminal("alice", "sudo -k id -un");
    sudo.expect("password for alice").type_line("secret");
    assert_eq!(sudo.wait().status, 0);
    assert_eq!(confirm(), (0, Value::Null));
    assert_eq!(state(&guest)["is"], "kept");
    // The entry's own lines go, whatever others have written since.
    guest.root("sed -i 's/pam_limits.so/pam_limits.so debug/; $a # theirs' /etc/pam.d/sudo && passkey-enroll pam disable sudo --yes").ok();
    assert!(!sudo_file(&guest).contains("passkey"), "{}", sudo_file(&guest));
    assert!(sudo_file(&guest).contains("pam_limits.so debug"));
}

#[test]
fn lines_that_were_put_in_by_hand_come_out_as_carefully() {
    let guest = Guest::debian12().user("alice", "secret").boot();
    let by_hand = sudo_file(&guest)
        .replace("@include common-auth\n", "@include common-auth\nauth required pam_passkey.so\n");
    guest.write("/etc/pam.d/sudo", &by_hand);
    let disable = "passkey-enroll pam disable sudo --yes --json";
    let output = guest.root(&format!("{disable} --confirm-within 1"));
    assert_eq!((output.status, json(&output)["error"]["code"].clone()), (6, "not_confirmed".into()));
    assert!(output.stderr.contains("-auth required pam_passkey.so"), "{}", output.stderr);
    assert_eq!(sudo_file(&guest), by_hand);
    guest.root(&format!("{disable} --confirm-within 0")).ok();
    assert!(!sudo_file(&guest).contains("passkey"));
    assert_eq!(guest.root("cat /var/lib/passkey/pam/sudo.before").ok(), by_hand, "a copy is kept");
}

/// On real systemd, by the units as they are packaged.
#[test]
fn the_units_finish_what_the_watcher_could_not() {
    let guest = with_units(Guest::debian12().systemd())
        .user("alice", "secret")
        .file("/etc/pam.d/lightdm", greeters::LIGHTDM)
        .file("/etc/systemd/logind.conf.d/end.conf", greeters::LOGIND)
        .key("blue", KeyOptions::default())
        .boot();
    enrol(&guest, "blue", None);
    let before = sudo_file(&guest);
    let units = guest.root("systemd-analyze verify --man=no passkey-pam-undo.service passkey-pam-undo.timer passkey-pam-undo.path 2>&1").stdout;
    assert!(!units.contains("passkey"), "{units}");
    wait_until(&guest, "systemctl is-active --quiet passkey-pam-undo.path");
    assert_ne!(guest.root("systemctl is-active passkey-pam-undo.timer").status, 0, "nothing is on trial");

    // The watcher is no process of the session; the command is killed, and it goes on.
    let start = |seconds: u32| {
        let script = format!(
            "rm -f /root/said; {ENABLE} --confirm-within {seconds} >/root/said 2>&1 & until grep -qs 'Waiting for the confirmation' /root/said; do sleep 0.1; done; kill -9 $!"
        );
        guest.run("root", &script, b"", PATIENCE).ok();
    };
    start(5);
    let unit = "systemctl list-units --plain --no-legend 'passkey-pam-trial-*'";
    assert_ne!(guest.root(unit).ok(), "", "it is a unit of its own");
    wait_until(&guest, "! grep -q passkey /etc/pam.d/sudo");
    wait_until(
        &guest,
        "grep -q not-confirmed /var/lib/passkey/pam/sudo.json && [ ! -e /var/lib/passkey/pam/pending/sudo ]",
    );
    assert_eq!(sudo_file(&guest), before);

    // The watcher is killed too: the timer does it.
    start(5);
    guest.root("systemctl kill -s KILL 'passkey-pam-trial-*'").ok();
    assert_ne!(sudo_file(&guest), before);
    wait_until(&guest, "systemctl is-active --quiet passkey-pam-undo.timer");
    wait_until(&guest, "! grep -q passkey /etc/pam.d/sudo");
    assert_eq!(sudo_file(&guest), before);
    wait_until(&guest, "! systemctl is-active --quiet passkey-pam-undo.timer");
    assert_eq!(guest.root("systemctl is-failed passkey-pam-undo.service").stdout.trim(), "inactive");

    guest.key("blue").unplug();
    greeters::a_trial_outlives_the_session(&guest);
    guest.key("green").unplug();
    guest.key("blue").plug();

    // The common files, in the sandbox of the unit, while debconf was busy at the deadline.
    guest.write("/usr/share/pam-configs/passkey-second-factor", PROFILE);
    let all = guest.root("sha256sum /etc/pam.d/common-*").ok();
    let common = ENABLE.replace("enable sudo", "enable common-auth");
    let script = format!(
        "rm -f /root/said; {common} --confirm-within 3 >/root/said 2>&1 & until grep -qs 'Waiting for the confirmation' /root/said; do sleep 0.1; done
         mv /usr/sbin/pam-auth-update /root/; printf '#!/bin/sh\\nexit 1\\n' >/usr/sbin/pam-auth-update; chmod +x /usr/sbin/pam-auth-update
         until grep -q undo-failed /var/lib/passkey/pam/common-auth.json; do sleep 0.1; done
         systemctl kill -s KILL 'passkey-pam-trial-*'; kill -9 $!; mv /root/pam-auth-update /usr/sbin/"
    );
    guest.run("root", &script, b"", PATIENCE).ok();
    assert_ne!(guest.root("sha256sum /etc/pam.d/common-*").ok(), all);
    wait_until(&guest, "grep -q '\"undone\"' /var/lib/passkey/pam/common-auth.json");
    assert_eq!(guest.root("sha256sum /etc/pam.d/common-*").ok(), all);

    // The end of a session ends the waiting, and not the trial.
    let script = format!(
        "rm -f /root/said; {ENABLE} --confirm-within 100 >/root/said 2>&1 & until grep -qs 'Waiting for the confirmation' /root/said; do sleep 0.1; done
         kill -HUP $!; wait $!; echo $?"
    );
    assert_eq!(guest.run("root", &script, b"", PATIENCE).ok().trim(), "7");
    assert_ne!(sudo_file(&guest), before);
    assert_eq!(state(&guest)["is"], "on-trial");
    guest.root("passkey-enroll pam confirm sudo --yes").ok();
    wait_until(&guest, &format!("[ -z \"$({unit})\" ]"));
    assert_eq!(state(&guest)["is"], "kept");
}

/// Killed at each call that changes what is on the disk, while a change is undone: the file is the old one or the new one, and the next one to
/// come along finishes it. While it is put in place, each step of it is cut off by the power: power.rs.
#[test]
fn an_undo_that_is_killed_at_any_step_is_finished_by_the_next() {
    let guest = Guest::debian12().user("alice", "secret").key("blue", KeyOptions::default()).boot();
    enrol(&guest, "blue", None);
    let script = format!(
        r#"journal=/var/lib/passkey/pam
        cp -p /etc/pam.d/sudo /root/before
        {ENABLE} --confirm-within 1 >/dev/null 2>&1 & enable=$!
        until grep -q passkey /etc/pam.d/sudo; do sleep 0.02; done
        kill -9 $enable; pkill -9 -f '[w]atch-pam-trial'
        cp -p /etc/pam.d/sudo /root/after; cp -a $journal /root/on-trial
        grep -q '"on-trial"' /root/on-trial/sudo.json || {{ echo "too slow"; exit 1; }}
        sleep 1
        killed=0
        for call in rename unlink; do
            number=1
            while :; do
                rm -rf $journal; cp -a /root/on-trial $journal; cp -p /root/after /etc/pam.d/sudo
                strace -o /dev/null -e trace=$call -e inject=$call:signal=SIGKILL:when=$number passkey-enroll pam undo >/dev/null 2>&1
                status=$?
                at="$call $number: status $status"
                cmp -s /etc/pam.d/sudo /root/before || cmp -s /etc/pam.d/sudo /root/after || {{ echo "neither: $at"; exit 1; }}
                passkey-enroll pam undo >/dev/null || {{ echo "cannot be finished: $at"; exit 1; }}
                cmp -s /etc/pam.d/sudo /root/before || {{ echo "not as before: $at"; cat $journal/sudo.json; exit 1; }}
                left=$(ls -A /etc/pam.d | grep '^[.]'; find $journal -type f ! -name .lock ! -name sudo.json)
                [ -z "$left" ] || {{ echo "$left is left: $at"; exit 1; }}
                [ $status = 137 ] || break
                killed=$((killed + 1)); number=$((number + 1))
            done
        done
        echo $killed"#
    );
    let output = guest.run("root", &script, b"", PATIENCE);
    assert_eq!(output.status, 0, "{}{}", output.stdout, output.stderr);
    let killed: usize = output.stdout.trim().parse().unwrap_or_default();
    println!("killed {killed} times");
    assert!(killed >= 12, "{}", output.stdout);
}
