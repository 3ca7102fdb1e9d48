//! GDM with gnome-shell 51 and its own screen for passkeys: the service `gdm-switchable-auth`, which Debian has no file for.

use crate::gnome::{self, Shell};
use crate::heavy;
use crate::keyring::{self, Keyring};
use crate::scene::PIN;

const SERVICE: &str = "gdm-switchable-auth";
/// Debian's file for the password, with these lines in the place of its own.
const STACK: &str = "awk '/^@include common-auth/ {
    print \"auth [success=2 cred_unavail=ignore default=die] pam_passkey.so mode=passwordless\"
    print \"auth [success=1 default=ignore] pam_unix.so use_first_pass nullok\"
    print \"auth requisite pam_deny.so\"
    next
} { print }' /etc/pam.d/gdm-password >/etc/pam.d/gdm-switchable-auth";

pub(crate) fn all(suite: &str) {
    let guest = heavy::timed("GDM, people and keys", || gnome::machine(suite));
    guest.root(STACK).ok();
    let greeter = heavy::timed("the greeter", || Shell::greeter(&guest));
    heavy::timed("a key plugged in late", || key_plugged_in_late(&greeter));
    heavy::timed("wrong PIN, PIN and touch", || wrong_pin_then_the_right_one(&greeter));
    let desktop = heavy::timed("the desktop", || Shell::desktop(&guest));
    // The passkey has no password to hand on.
    keyring::expect(&guest, gnome::SESSION, Keyring::Locked);
    heavy::timed("unlock", || unlock(&desktop));

    keyring::enable(&guest, "green");
    let greeter = heavy::timed("the greeter again", || Shell::greeter_again(&guest));
    heavy::timed("PIN and touch, with the keyring", || {
        greeter.choose_alice();
        pin_and_touch(&greeter);
        heavy::session(&guest);
    });
    heavy::audited(&guest, SERVICE, "PAM_SUCCESS");
    keyring::expect(&guest, gnome::SESSION, Keyring::Open);
}

/// The shell notices by itself.
fn key_plugged_in_late(shell: &Shell<'_>) {
    shell.choose_alice();
    shell.says("Plug in your security key.");
    shell.keep("gdm-passkey-no-key");
    shell.guest.key("green").plug();
    shell.prompt();
    shell.keep("gdm-passkey-pin");
}

fn wrong_pin_then_the_right_one(shell: &Shell<'_>) {
    let guest = shell.guest;
    let key = guest.key("green");
    guest.display().type_line("9999");
    shell.says("That PIN was wrong. 7 tries left.");
    shell.keep("gdm-passkey-wrong-pin");
    shell.prompt();
    assert_eq!(key.retries(), 7, "tries of the key");
    guest.display().type_line(PIN);
    shell.says("Touch your security key.");
    shell.keep("gdm-passkey-touch");
    key.touch();
    heavy::session(guest);
    heavy::audited(guest, SERVICE, "PAM_SUCCESS");
}

/// At the lock screen: service and shell are those of the greeter.
fn unlock(shell: &Shell<'_>) {
    shell.lock();
    shell.keep("gdm-passkey-unlock");
    pin_and_touch(shell);
    heavy::unlocked(shell.guest);
    heavy::audited(shell.guest, SERVICE, "PAM_SUCCESS");
}

fn pin_and_touch(shell: &Shell<'_>) {
    shell.prompt();
    shell.guest.display().type_line(PIN);
    shell.says("Touch your security key.");
    shell.guest.key("green").touch();
}
