//! GDM and gnome-shell's lock screen in PAM's own conversation: the service `gdm-password`.

use std::thread;
use std::time::{Duration, Instant};

use guest::{Guest, Key};

use crate::gnome::{self, Shell};
use crate::heavy;
use crate::keyring::{self, Keyring};
use crate::scene::{PASSWORD, PIN};

const SERVICE: &str = "gdm-password";
/// To read the screen takes longer than the usual thirty seconds on a busy machine.
const PASSWORDLESS: &str =
    "/^@include common-auth/i auth [success=1 default=ignore] pam_passkey.so mode=passwordless timeout=180
s/^@include common-auth/auth substack common-auth\\nauth required pam_permit.so/";
const SECOND_FACTOR: &str = "/^@include common-auth/a auth required pam_passkey.so timeout=180";
const WITH_PIN: &str = "/^@include common-auth/a auth required pam_passkey.so verification=required";
/// GDM's own words after a failure.
const SORRY: &str = "Sorry, password authentication";
const TOUCH: &str = "Touch your security key.";
/// The process that runs the service.
const WORKER: &str = "pgrep -f '[p]am/gdm-password'";

pub(crate) fn all(suite: &str) {
    let guest = heavy::timed("GDM, people and keys", || gnome::machine(suite));
    guest.root("cp /etc/pam.d/gdm-password /etc/pam.d/before").ok();
    with_line(&guest, PASSWORDLESS);
    let greeter = heavy::timed("the greeter", || Shell::greeter(&guest));
    heavy::timed("without a key", || password_without_a_key(&greeter));
    with_line(&guest, SECOND_FACTOR);
    heavy::timed("missing key, password and touch", || missing_key_leaves_a_prompt(&greeter));
    let desktop = heavy::timed("the desktop", || Shell::desktop(&guest));
    // The password was typed.
    keyring::expect(&guest, gnome::SESSION, Keyring::Open);
    with_line(&guest, PASSWORDLESS);
    heavy::timed("unlock by PIN and touch", || wrong_pin_then_the_right_one(&desktop));

    let greeter = heavy::timed("the greeter again", || Shell::greeter_again(&guest));
    heavy::timed("PIN and touch", || pin_and_touch(&greeter));
    // No password was typed, and the passkey has none to hand on.
    keyring::expect(&guest, gnome::SESSION, Keyring::Locked);
    let greeter = heavy::timed("the greeter again", || Shell::greeter_again(&guest));
    guest.key("green").plug();
    keyring::enable(&guest, "green");
    heavy::timed("PIN and touch, with the keyring", || pin_and_touch(&greeter));
    keyring::expect(&guest, gnome::SESSION, Keyring::Open);
}

/// In German, the longest sentence takes eleven seconds to read, and GDM's own four.
pub(crate) fn long_last_words(suite: &str) {
    let guest = gnome::machine(suite);
    guest.root("cp /etc/pam.d/gdm-password /etc/pam.d/before").ok();
    guest.write("/etc/default/locale", "LANG=de_DE.UTF-8\n");
    with_line(&guest, WITH_PIN);
    let greeter = Shell::greeter_in(&guest, "Nicht aufgeführt?");
    let key = guest.key("green");
    key.plug();
    key.misbehave_at("pin-token", PIN_BLOCKED);
    key.reset_counts();
    greeter.choose_alice();
    greeter.prompt();
    guest.display().type_line(PASSWORD);
    // The label in the field is none to a screen reader; but the key is asked how many tries its PIN has.
    wait_for_question(&key);
    greeter.prompt();
    guest.display().type_line(PIN);
    greeter.says("Die PIN dieses Sicherheitsschlüssels ist endgültig gesperrt.");
    heavy::audited(&guest, SERVICE, "PAM_CRED_INSUFFICIENT");
    begins_anew(&guest);
}

/// `authenticatorClientPIN`
const CLIENT_PIN: &str = "0x06";

fn wait_for_question(key: &Key<'_>) {
    let start = Instant::now();
    while !key.counts().commands.contains_key(CLIENT_PIN) {
        assert!(start.elapsed() < heavy::PATIENCE, "no PIN is asked for");
        thread::sleep(Duration::from_millis(200));
    }
}

/// `CTAP2_ERR_PIN_BLOCKED`
const PIN_BLOCKED: &str = "refusal-0x32";

/// The service is run once more: gnome-shell takes what is typed.
#[track_caller]
fn begins_anew(guest: &Guest) {
    heavy::wait_for(guest, &format!("! {WORKER}"));
    heavy::wait_for(guest, WORKER);
}

/// Debian's file with lines of ours, as commands of sed's.
fn with_line(guest: &Guest, edit: &str) {
    guest.root(&format!("sed '{edit}' /etc/pam.d/before >/etc/pam.d/{SERVICE}")).ok();
}

/// The person is told why it is the password that is asked for, and goes back to the list.
fn password_without_a_key(shell: &Shell<'_>) {
    shell.choose_alice();
    shell.says("No security key was plugged in.");
    shell.keep("gdm-password-instead");
    shell.prompt();
    heavy::audited(shell.guest, SERVICE, "PAM_CRED_INSUFFICIENT");
    shell.guest.display().press(&["esc"]);
    shell.list();
}

/// gnome-shell takes two codes of PAM's for a service that is not to be had, and waits for another one behind a spinner then, for ever. A
/// person without their key gets a field to type in again, and may type while the shell still says what was wrong.
fn missing_key_leaves_a_prompt(shell: &Shell<'_>) {
    let guest = shell.guest;
    shell.choose_alice();
    shell.prompt();
    guest.display().type_line(PASSWORD);
    shell.says("Plug in your security key.");
    shell.keep("gdm-plug-in");
    shell.says("No security key was plugged in.");
    shell.keep("gdm-no-key");
    heavy::audited(guest, SERVICE, "PAM_CRED_INSUFFICIENT");
    let key = guest.key("blue");
    key.plug();
    shell.says(SORRY);
    guest.display().type_line(PASSWORD);
    shell.says(TOUCH);
    shell.shows(TOUCH);
    shell.keep("gdm-touch");
    key.touch();
    heavy::session(guest);
    heavy::audited(guest, SERVICE, "PAM_SUCCESS");
    key.unplug();
}

/// At the lock screen: service and shell are those of the greeter.
fn wrong_pin_then_the_right_one(shell: &Shell<'_>) {
    let guest = shell.guest;
    let key = guest.key("green");
    key.plug();
    shell.lock();
    shell.keep("gdm-pin");
    guest.display().type_line("9999");
    shell.says("That PIN was wrong. 7 tries left.");
    shell.keep("gdm-wrong-pin");
    shell.prompt();
    assert_eq!(key.retries(), 7, "tries of the key");
    guest.display().type_line(PIN);
    shell.says(TOUCH);
    key.touch();
    heavy::unlocked(guest);
    heavy::audited(guest, SERVICE, "PAM_SUCCESS");
    key.unplug();
}

/// In place of the password.
fn pin_and_touch(shell: &Shell<'_>) {
    let guest = shell.guest;
    let key = guest.key("green");
    key.plug();
    shell.choose_alice();
    shell.prompt();
    guest.display().type_line(PIN);
    shell.says(TOUCH);
    key.touch();
    heavy::session(guest);
    heavy::audited(guest, SERVICE, "PAM_SUCCESS");
    key.unplug();
}
