//! The key leaves, the screen locks: under real systemd and logind, in a session on the first virtual terminal that a passkey has signed in to.
//!
//! What a locker gets to hear is logind's signal `Lock`; it is taken down with the time at which it came. A machine that sleeps is a matter of
//! `removal/presence_tests.rs`: in an emulated one nothing ends the sleep.

use std::cell::Cell;
use std::thread;
use std::time::Duration;

use guest::{Guest, Key, KeyOptions, Output};
use pam_tests::enrol;
use serde_json::Value;

const UNIT: &str = include_str!("../../../../packaging/systemd-user/passkey-lock-on-removal.service");
const UNIT_PATH: &str = "/usr/lib/systemd/user/passkey-lock-on-removal.service";
/// A session that logind knows of.
const LOGIN: &str = "\
auth required pam_passkey.so
account required pam_unix.so
session required pam_systemd.so
";
const SIGNALS: &str = "/root/signals";
/// What two programs of systemd may take longer where they are emulated, beside other guests. A device that hangs takes 5 s.
const EMULATION: f64 = 3.0;

struct Desktop {
    guest: Guest,
    /// So many signals have been looked at.
    counted: Cell<usize>,
}

impl Desktop {
    fn boot() -> Self {
        let guest = Guest::debian12()
            .systemd()
            .user("alice", "secret")
            .user("bob", "secret")
            .file("/etc/pam.d/login", LOGIN)
            .file(UNIT_PATH, UNIT)
            .key("blue", KeyOptions::default())
            .key("green", KeyOptions::default())
            .boot();
        enrol(&guest, "blue", None);
        enrol(&guest, "green", None);
        let monitor = format!(
            "dbus-monitor --system --profile \"type='signal',interface='org.freedesktop.login1.Session',member='Lock'\" >{SIGNALS} 2>/dev/null </dev/null &"
        );
        guest.root(&monitor).ok();
        Self { guest, counted: Cell::new(0) }
    }

    /// Alice signs in at the first virtual terminal, with the blue key.
    fn sign_in(&self) {
        let getty = "setsid -f sh -c 'exec /sbin/agetty --noissue --skip-login --login-options alice tty1 linux' </dev/null >/dev/null 2>&1";
        self.guest.root(getty).ok();
        self.key("blue").touch();
        self.until("loginctl show-user alice --property=Sessions --value | grep -q .");
        self.until("systemctl is-active --quiet user@$(id -u alice).service");
    }

    fn key(&self, name: &str) -> Key<'_> {
        self.guest.key(name)
    }

    #[track_caller]
    fn until(&self, condition: &str) {
        self.until_as("root", condition);
    }

    #[track_caller]
    fn until_as(&self, user: &str, condition: &str) {
        let script = format!("for try in $(seq 200); do {condition} && exit 0; sleep 0.1; done; exit 1");
        let output = self.guest.run_as(user, &script);
        assert_eq!(output.status, 0, "{condition}\n{}", self.log());
    }

    fn log(&self) -> String {
        self.guest.root(&format!("cat {SIGNALS}; journalctl --no-pager -n 60 2>/dev/null; ps -ef")).stdout
    }

    fn command(&self, user: &str, words: &str) -> Output {
        self.guest.run_as(user, &format!("passkey-enroll lock-on-removal {words} --json"))
    }

    #[track_caller]
    fn switch(&self, words: &str) {
        self.command("alice", words).ok();
    }

    /// Once the watcher has found these keys.
    #[track_caller]
    fn status(&self, watcher: &str) -> Value {
        let show = "XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user show --property=StatusText";
        self.until_as("alice", &format!("{show} passkey-lock-on-removal | grep -qF '{watcher}'"));
        serde_json::from_str(&self.command("alice", "status").ok()).unwrap()
    }

    /// When the signals came.
    fn signals(&self) -> Vec<f64> {
        let text = self
            .guest
            .root(&format!("awk -F'\\t' '$1 == \"sig\" && $8 == \"Lock\" {{ print $2 }}' {SIGNALS}"))
            .stdout;
        text.lines().map(|time| time.parse().unwrap()).collect()
    }

    /// Does it, and tells how many seconds later each session was asked to lock, of those that are within `time`.
    #[track_caller]
    fn locked_after(&self, act: &str, time: Duration) -> Vec<f64> {
        let start: f64 =
            self.guest.root(&format!("date +%s.%N; {act}")).ok().lines().next().unwrap().parse().unwrap();
        thread::sleep(time);
        let signals = self.signals();
        // One that came too late for the last act counts here, and is one too many.
        let before = self.counted.replace(signals.len());
        signals.into_iter().skip(before).map(|at| at - start).collect()
    }

    #[track_caller]
    fn assert_locked(&self, act: &str, grace: f64) {
        let time = Duration::from_secs_f64(grace + 2.0 + EMULATION);
        let locked = self.locked_after(act, time);
        println!("{act}: locked after {locked:?} s, grace {grace} s");
        assert_eq!(locked.len(), 1, "{act}: {locked:?}\n{}", self.log());
        assert!(
            locked[0] >= grace && locked[0] <= grace + 1.0 + EMULATION,
            "{act}: {locked:?}\n{}",
            self.log()
        );
    }

    #[track_caller]
    fn assert_open(&self, act: &str, time: f64) {
        let locked = self.locked_after(act, Duration::from_secs_f64(time));
        assert!(locked.is_empty(), "{act}: {locked:?}\n{}", self.log());
    }
}

#[test]
fn a_session_is_locked_when_its_key_is_pulled_out_and_only_then() {
    let desktop = Desktop::boot();
    let nobody = serde_json::from_str::<Value>(&desktop.command("bob", "status").stdout).unwrap();
    assert_eq!(nobody["error"]["code"], "no_user_manager", "{nobody}");
    desktop.sign_in();
    desktop.switch("on --grace 2");
    let status = desktop.status("“blue” plugged in, “green” plugged in");
    assert_eq!(status["on"], serde_json::json!({"user": true, "machine": false}), "{status}");
    assert_eq!(status["sessions"][0]["passkeys"], serde_json::json!(["blue"]), "{status}");
    nothing_of_the_kind(&desktop);
    pulled_out(&desktop);
    any_key(&desktop);
}

/// What locks nothing.
fn nothing_of_the_kind(desktop: &Desktop) {
    let blue = desktop.key("blue");
    blue.reset_counts();
    desktop.assert_open("true", 1.0);
    assert_eq!((blue.counts().opens, blue.counts().reports_in), (0, 0), "it is left alone");

    // Others come and go: a foreign one, and another one of hers.
    desktop.guest.add_key("foreign", &KeyOptions::default());
    desktop.assert_open("virtual-key ctl unplug foreign; virtual-key ctl unplug green", 4.0);
    // What a reset looks like, and what a person does who has pulled the wrong one.
    desktop.assert_open("virtual-key ctl unplug blue; virtual-key ctl plug blue", 4.0);
    desktop.assert_open("virtual-key ctl unplug blue; sleep 0.8; virtual-key ctl plug blue", 4.0);
    let counts = blue.counts();
    assert!(counts.opens > 0, "it was asked: {counts:?}");
    assert_eq!(counts.keepalives, 0, "it has not blinked: {counts:?}");
}

/// What locks, whatever else is plugged in.
fn pulled_out(desktop: &Desktop) {
    let blue = desktop.key("blue");
    desktop.assert_locked("virtual-key ctl unplug blue", 2.0);
    // Nothing more until it has been back.
    desktop.assert_open("virtual-key ctl plug green", 3.0);
    blue.plug();
    desktop.status("“blue” plugged in");

    // A device that says yes to everything takes its place: the same vendor and product, at the same port.
    desktop.guest.add_key("liar", &KeyOptions::impostor("yes-to-everything").unplugged());
    desktop.assert_locked("virtual-key ctl unplug blue; virtual-key ctl plug liar", 2.0);
    desktop.key("liar").unplug();
    blue.plug();
    desktop.status("“blue” plugged in");

    // One that hangs on the bus is plugged in, and asked.
    let hanging = desktop.guest.add_key("hanging", &KeyOptions::default().without_out_endpoint().unplugged());
    hanging.mute();
    desktop.assert_locked("virtual-key ctl plug hanging; sleep 0.3; virtual-key ctl unplug blue", 2.3);
    hanging.unplug();
    blue.plug();
    desktop.status("“blue” plugged in");
}

/// Any key is as good as another.
fn any_key(desktop: &Desktop) {
    desktop.switch("on --grace 1 --any-key");
    desktop.status("“blue” plugged in, “green” plugged in");
    desktop.assert_open("virtual-key ctl unplug blue", 2.5);
    desktop.assert_locked("virtual-key ctl unplug green", 1.0);
    desktop.key("blue").plug();
    desktop.status("“blue” plugged in");
    by_root(desktop);
}

/// What `systemctl` is when it runs for alice: who it is, and on which terminal.
const SPY: &str = "#!/bin/sh
[ \"$2\" = disable ] && { ps -o user=,tty=,sid=,pid= -p $PPID; id -Gn; readlink /proc/$PPID/fd/0 || echo closed; } >/tmp/spied
exec /usr/bin/systemctl \"$@\"
";

/// By root, for her and for everyone.
fn by_root(desktop: &Desktop) {
    let guest = &desktop.guest;
    guest.root("usermod -aG plugdev alice").ok();
    guest.write("/usr/local/bin/systemctl", SPY);
    guest.root("chmod 755 /usr/local/bin/systemctl").ok();
    // With a configuration that is named from where root is.
    guest.write("/etc/passkey/passkey.toml", "");
    let mut terminal = guest.terminal(
        "root",
        "cd /etc/passkey && passkey-enroll lock-on-removal off --user alice --json --config passkey.toml; tty",
    );
    terminal.expect("\"user\": \"alice\"").expect("/dev/pts/");
    assert_eq!(terminal.wait().status, 0);
    let spied = guest.root("cat /tmp/spied; rm /usr/local/bin/systemctl").ok();
    let words: Vec<&str> = spied.split_whitespace().collect();
    assert_eq!(&words[..2], ["alice", "?"], "it has root's terminal: {spied}");
    assert_eq!(words[2], words[3], "it has root's session: {spied}");
    assert!(words.contains(&"plugdev") && !words.contains(&"root"), "{spied}");
    assert_eq!(words.last(), Some(&"closed"), "alice can get at it: {spied}");

    desktop.assert_open("virtual-key ctl unplug blue", 2.5);
    guest.root("passkey-enroll lock-on-removal on --all-users --grace 7").ok();
    let status: Value = serde_json::from_str(&desktop.command("alice", "status").ok()).unwrap();
    assert_eq!(status["on"], serde_json::json!({"user": false, "machine": true}), "{status}");
    assert_eq!((&status["running"], &status["grace_seconds"]), (&Value::Bool(false), &7.into()), "{status}");
    let refused: Value = serde_json::from_str(&desktop.command("alice", "off --all-users").stdout).unwrap();
    assert_eq!(refused["error"]["code"], "not_permitted");
    guest.root("passkey-enroll lock-on-removal off --all-users").ok();
    guest.write("/etc/passkey/lock-on-removal.toml", "grace_seconds = 3\ngrace = 2\n");
    let broken: Value = serde_json::from_str(&desktop.command("alice", "status").stdout).unwrap();
    assert_eq!(broken["error"]["code"], "settings_broken");
    let message = broken["error"]["message"].as_str().unwrap();
    assert!(message.contains("/etc/passkey/lock-on-removal.toml:2: "), "{message}");
}
