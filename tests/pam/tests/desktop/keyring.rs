//! The login keyring, as programs of the person find it in their session.

use guest::{Guest, Output};

use crate::scene::wait_for;

/// `pam_gnome_keyring` takes the password from the module before it; gnome-keyring-daemon speaks to programs on the user's bus.
pub(crate) const PACKAGES: [&str; 4] =
    ["dbus-user-session", "gnome-keyring", "libpam-gnome-keyring", "libsecret-tools"];
/// What a service needs, behind the lines for the password and for sessions.
pub(crate) const AUTH: &str = "auth optional pam_gnome_keyring.so";
pub(crate) const SESSION: &str = "session optional pam_gnome_keyring.so auto_start";

const LOGIN: &str = "/org/freedesktop/secrets/collection/login";
const SECRET: &str = "a secret of alice's";

/// What a sign-in has made of the keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyring {
    Open,
    Locked,
}

/// Has a program of alice's keep a secret in the keyring that her first sign-in by password has made.
#[track_caller]
pub(crate) fn store(guest: &Guest) {
    expect(guest, Keyring::Open);
    let command =
        format!("printf %s {SECRET:?} | secret-tool store --collection={LOGIN} --label=test test keyring");
    as_alice(guest, &command).ok();
    assert_eq!(read_back(guest), SECRET);
}

/// The keyring is as it should be; if it is open, the secret is read back by a program that asks for it.
#[track_caller]
pub(crate) fn expect(guest: &Guest, expected: Keyring) {
    // The first to ask has the bus start its service, which joins the daemon that the sign-in has started.
    let property = format!(
        "busctl --user get-property org.freedesktop.secrets {LOGIN} org.freedesktop.Secret.Collection Locked"
    );
    let locked = wait_for(guest, &for_alice(&property));
    let found = match locked.trim() {
        "b false" => Keyring::Open,
        "b true" => Keyring::Locked,
        other => panic!("{other}"),
    };
    assert_eq!(
        found,
        expected,
        "{}",
        guest.root("journalctl --no-pager -b -t gnome-keyring-daemon; tail -n 20 /var/log/syslog").stdout
    );
}

/// The secret, as a program of alice's gets it without anybody being asked.
#[track_caller]
pub(crate) fn expect_read_back(guest: &Guest) {
    expect(guest, Keyring::Open);
    assert_eq!(read_back(guest), SECRET);
}

#[track_caller]
fn read_back(guest: &Guest) -> String {
    as_alice(guest, "timeout 60 secret-tool lookup test keyring").ok()
}

#[track_caller]
fn as_alice(guest: &Guest, command: &str) -> Output {
    guest.run_as("alice", &with_bus(command))
}

/// The same for root's shell, to be tried until it succeeds.
fn for_alice(command: &str) -> String {
    format!("setpriv --reuid alice --regid alice --init-groups sh -c '{}'", with_bus(command))
}

fn with_bus(command: &str) -> String {
    format!(
        "export XDG_RUNTIME_DIR=/run/user/$(id -u); export DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus; {command}"
    )
}
