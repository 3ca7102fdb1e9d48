//! GDM with gnome-shell 51 and its own screen for passkeys: the service `gdm-switchable-auth`, which Debian has no file for.

use crate::gnome::{self, Shell};
use crate::heavy;
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
    let guest = gnome::machine(suite);
    guest.root(STACK).ok();
    let greeter = Shell::greeter(&guest);
    key_plugged_in_late(greeter);
    wrong_pin_then_the_right_one(greeter);
}

/// The shell notices by itself.
fn key_plugged_in_late(shell: Shell) {
    shell.choose_alice();
    shell.says("Plug in your security key.");
    shell.keep("gdm-passkey-no-key");
    shell.guest.key("green").plug();
    shell.prompt();
    shell.keep("gdm-passkey-pin");
}

fn wrong_pin_then_the_right_one(shell: Shell) {
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
