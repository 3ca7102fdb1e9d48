//! The login keyring, as programs of the person find it in their session.

use std::thread;
use std::time::{Duration, Instant};

use guest::{Guest, Output, PATIENCE};

use crate::heavy;
use crate::scene::{PASSWORD, PIN, wait_for};

/// `pam_gnome_keyring` takes the password from the module before it; gnome-keyring-daemon speaks to programs on the user's bus.
pub(crate) const PACKAGES: [&str; 4] =
    ["dbus-user-session", "gnome-keyring", "libpam-gnome-keyring", "libsecret-tools"];
/// What a service needs, behind the lines for the password and for sessions.
pub(crate) const AUTH: &str = "auth optional pam_gnome_keyring.so";
pub(crate) const SESSION: &str = "session optional pam_gnome_keyring.so auto_start";

const LOGIN: &str = "/org/freedesktop/secrets/collection/login";
const SECRET: &str = "known to alice alone";

/// What a sign-in has made of the keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyring {
    Open,
    Locked,
}

/// Makes alice's keyring, locked with her password, and has a program of hers keep a secret in it. A daemon that makes a keyring never shows it
/// on the bus (gnome-keyring 42), so it takes two.
#[track_caller]
pub(crate) fn make(guest: &Guest) {
    let store =
        format!("printf %s \"{SECRET}\" | secret-tool store --collection={LOGIN} --label=test test keyring");
    for command in ["true", &store] {
        let script = format!(
            "export XDG_RUNTIME_DIR=$(mktemp -d)
             mkdir -p -m 700 ~/.local/share/keyrings
             dbus-run-session -- sh -ec 'printf %s {PASSWORD} | gnome-keyring-daemon --unlock --components=secrets; {command}; pkill -u alice -f \"^gnome-keyring-daemon\"'"
        );
        guest.run_as("alice", &script).ok();
    }
}

/// Keeps alice's password for the passkey on a key that is plugged in and has a PIN.
#[track_caller]
pub(crate) fn enable(guest: &Guest, key: &str) {
    let command = format!("passkey-enroll keyring enable {key} --user alice --password-stdin --pin-stdin");
    guest.key(key).touch_always(50);
    guest.run("root", &command, format!("{PASSWORD}\n{PIN}\n").as_bytes(), PATIENCE).ok();
    guest.key(key).touch_never();
}

/// The daemon of the session before, which has the keyring as that session had it, is gone.
#[track_caller]
pub(crate) fn wait_until_ended(guest: &Guest) {
    wait_for(guest, "! pgrep -u alice -f gnome-keyring-daemon");
}

/// `pam_gnome_keyring` says that it has opened the keyring; what the session finds is not waited for.
#[track_caller]
pub(crate) fn wait_until_unlocked(guest: &Guest) {
    wait_for(guest, "grep 'gkr-pam: unlocked login keyring' /var/log/syslog");
}

/// The keyring is as it should be in alice's session, of which this program is a part: what a session runs comes after what the sign-in has made
/// of the keyring. If it is open, the secret is read back by a program that asks for it.
#[track_caller]
pub(crate) fn expect(guest: &Guest, program: &str, expected: Keyring) {
    heavy::wait_for(guest, &format!("pgrep -u alice -f '{program}'"));
    let property = format!(
        "busctl --user get-property org.freedesktop.secrets {LOGIN} org.freedesktop.Secret.Collection Locked"
    );
    // The bus of a session that is coming up, and the daemon that the question starts, are there a while later.
    let start = Instant::now();
    let found = loop {
        let output = in_session(guest, &property);
        match output.stdout.trim() {
            "b false" => break Keyring::Open,
            "b true" => break Keyring::Locked,
            _ => assert!(start.elapsed() < heavy::PATIENCE, "{output:?}\n{}", log(guest)),
        }
        thread::sleep(Duration::from_secs(1));
    };
    assert_eq!(found, expected, "{}", log(guest));
    if expected == Keyring::Open {
        let secret = in_session(guest, "secret-tool lookup test keyring");
        assert_eq!(secret.ok(), SECRET);
    }
}

#[track_caller]
fn in_session(guest: &Guest, command: &str) -> Output {
    let bus = "export XDG_RUNTIME_DIR=/run/user/$(id -u); export DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus";
    guest.run("alice", &format!("{bus}; {command}"), b"", heavy::PATIENCE)
}

fn log(guest: &Guest) -> String {
    guest.root("ps axu | grep '[g]nome-keyring'; grep gkr-pam /var/log/syslog").stdout
}
