//! Greeters on trial: the session that switched one on ends, and the next session that a passkey opens there keeps the change. What the greeter
//! would do, `pamtester` does: it is the file, the module and logind that count.

use std::time::Duration;

use guest::{Guest, KeyOptions};
use pam_tests::enrol;
use serde_json::Value;

/// Debian's, but for the last line: it fails as long as there is a file, when logind knows of the session already.
pub(crate) const LIGHTDM: &str = "\
auth      requisite pam_nologin.so
@include common-auth
-auth  optional pam_gnome_keyring.so
@include common-account
@include common-session
-session optional pam_gnome_keyring.so auto_start
session   required  pam_exec.so quiet /usr/bin/test ! -e /root/broken
@include common-password
";
/// What has the module hear of a password that was changed.
const HEARS: &str = "password\toptional\tpam_passkey.so\n";
/// What ends with a session.
pub(crate) const LOGIND: &str = "[Login]\nKillUserProcesses=yes\n";
const PIN: &str = "24680";
const ENABLE: &str = "passkey-enroll pam enable lightdm --passwordless --yes --no-rehearsal";
/// Under emulation, beside other guests.
const PATIENCE: Duration = Duration::from_secs(300);

fn lightdm(guest: &Guest) -> String {
    guest.root("cat /etc/pam.d/lightdm").ok()
}

fn state(guest: &Guest) -> Value {
    let entry: Value =
        serde_json::from_str(&guest.root("cat /var/lib/passkey/pam/lightdm.json").ok()).unwrap();
    entry["state"].clone()
}

fn wait_until(guest: &Guest, condition: &str) {
    let script = format!("for try in $(seq 600); do {condition} && exit 0; sleep 0.1; done; exit 1");
    let output = guest.run("root", &script, b"", PATIENCE);
    assert_eq!(output.status, 0, "{condition}: {}", guest.root("cat /var/lib/passkey/pam/*.json").stdout);
}

const SESSION: &str = "loginctl list-sessions --no-legend | grep -q alice";

/// As the greeter would: types this, opens a session, and keeps it open: the last prompt gets no answer.
fn open_session(guest: &Guest, typed: &str) {
    let greeter = "pamtester -I tty=:7 -E XDG_SESSION_CLASS=user lightdm alice authenticate acct_mgmt open_session authenticate";
    let script =
        format!("setsid -f sh -c '(echo {typed}; exec sleep 600) | {greeter}' >/dev/null 2>&1 </dev/null");
    guest.root(&script).ok();
    wait_until(guest, SESSION);
}

fn close_session(guest: &Guest) {
    guest.root("pkill -x pamtester; pkill -fx 'sleep 600'").ok();
    wait_until(guest, &format!("! {SESSION}"));
}

/// On a machine with systemd where alice may use sudo with her password, and with no other key plugged in.
pub(crate) fn a_trial_outlives_the_session(guest: &Guest) {
    guest.add_key("green", &KeyOptions::default().pin(PIN));
    enrol(guest, "green", Some(PIN));
    guest.key("green").touch_always(50);

    // alice switches it on in a session, and logs out; whatever is left of the session is killed.
    let mut terminal = guest.terminal("root", "su - alice");
    terminal.expect("alice@").type_line(&format!("sudo {ENABLE}"));
    terminal.expect("password for alice").type_line("secret");
    terminal.expect("the change is on trial for 10 minutes: log out, and sign in");
    terminal.expect("Waiting for the sign-in");
    assert_eq!(state(guest)["kept_by"]["sign-in"]["user"], "alice");
    guest.root("loginctl terminate-user alice").ok();
    wait_until(guest, "! pgrep -f '[p]am enable lightdm' >/dev/null");
    wait_until(guest, "[ -z \"$(loginctl list-sessions --no-legend | grep alice)\" ]");
    assert!(lightdm(guest).contains("mode=passwordless"), "{}", lightdm(guest));
    assert_eq!(state(guest)["is"], "on-trial");
    // Where a keyring is opened, the module hears of changed passwords, and keeps none from being changed.
    for file in ["lightdm", "passwd"] {
        let text = guest.root(&format!("cat /etc/pam.d/{file}")).ok();
        assert!(text.contains(HEARS), "{file}: {text}");
    }
    for password in ["another one", "secret"] {
        guest.run("root", "passwd alice", format!("{password}\n{password}\n").as_bytes(), PATIENCE).ok();
    }
    assert!(!guest.syslog().contains("pam_passkey(passwd"), "{}", guest.syslog());

    // By the password, which is left as the other way in, is not by the passkey.
    guest.key("green").unplug();
    open_session(guest, "secret");
    guest.root("sleep 4").ok();
    assert_eq!(state(guest)["is"], "on-trial", "by the password");
    close_session(guest);
    guest.key("green").plug();
    // The passkey is right, and nobody gets in: a line behind fails.
    let refused = format!(
        "touch /root/broken; echo {PIN} | pamtester lightdm alice authenticate acct_mgmt open_session; status=$?; rm /root/broken; sleep 4; exit $status"
    );
    assert_eq!(guest.root(&refused).status, 1);
    assert_eq!(state(guest)["is"], "on-trial", "without a session");
    open_session(guest, PIN);
    wait_until(guest, "grep -q '\"kept\"' /var/lib/passkey/pam/lightdm.json");
    wait_until(guest, "[ -z \"$(systemctl list-units --plain --no-legend 'passkey-pam-trial-*')\" ]");
    close_session(guest);
    guest.root("passkey-enroll pam disable lightdm --yes").ok();
    assert_eq!(lightdm(guest), LIGHTDM);
    assert!(!guest.root("cat /etc/pam.d/passwd").ok().contains("pam_passkey.so"));

    // Without a sign-in it is taken back, though the user database hangs. The one from before proves nothing.
    let hanging = format!(
        "mkfifo /root/hangs; rm -f /root/said; {ENABLE} --user alice --confirm-within 3 --json >/root/said 2>&1 & enable=$!
         until grep -qs 'Waiting for the sign-in' /root/said; do sleep 0.1; done
         mount --bind /root/hangs /etc/passwd; wait $enable; status=$?; umount /etc/passwd; cat /root/said; exit $status"
    );
    let output = guest.run("root", &hanging, b"", PATIENCE);
    assert_eq!(output.status, 6, "{}", output.stdout);
    assert!(output.stdout.contains("No sign-in to lightdm"), "{}", output.stdout);
    assert_eq!(lightdm(guest), LIGHTDM);

    // Nothing watches over it any more: what comes next, the timer or the start of the machine, finds the session.
    let start = format!(
        "rm -f /root/said; {ENABLE} --user alice --confirm-within 5 >/root/said 2>&1 & until grep -qs 'Waiting for the sign-in' /root/said; do sleep 0.1; done
         systemctl kill -s KILL 'passkey-pam-trial-*'; kill -9 $!"
    );
    guest.run("root", &start, b"", PATIENCE).ok();
    open_session(guest, PIN);
    guest.root("sleep 5; passkey-enroll pam undo").ok();
    assert_eq!(state(guest)["is"], "kept");
    close_session(guest);
    guest.root("passkey-enroll pam disable lightdm --yes").ok();
    assert_eq!(lightdm(guest), LIGHTDM);
}
