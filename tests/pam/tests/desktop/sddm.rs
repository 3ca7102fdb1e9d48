//! SDDM with KDE's greeter, and Plasma.

use std::thread;
use std::time::{Duration, Instant};

use guest::{Area, Guest, Picture};

use crate::heavy::{self, PATIENCE, SLOW_DESKTOPS};
use crate::keyring;
use crate::pictures;
use crate::scene::{PASSWORD, PIN, enrol_all, people_and_keys};

const PACKAGES: [&str; 17] = [
    "at-spi2-core",
    "breeze",
    "dbus-user-session",
    "fonts-noto-core",
    "gir1.2-atspi-2.0",
    "kwin-wayland",
    "libgl1-mesa-dri",
    "libpam-kwallet5",
    "plasma-desktop",
    "plasma-workspace",
    "polkitd",
    "python3-gi",
    "sddm",
    "sddm-theme-breeze",
    "udev",
    "xserver-xorg-core",
    "xserver-xorg-input-libinput",
];
const SCREEN: (u16, u16) = (1024, 768);
const MEGABYTES: u32 = 4096;
/// The face of the user and the field below it.
const FORM: Area = Area { x: 272, y: 230, width: 480, height: 340 };
/// The face: it is drawn once, and nothing in it moves.
const FACE: Area = Area { x: 450, y: 250, width: 124, height: 120 };
/// Below the field, where there is room for words.
const WORDS: Area = Area { x: 272, y: 480, width: 480, height: 90 };
/// Longer than it takes from the desktop to an open wallet.
const AFTERWARDS: Duration = Duration::from_secs(30);
const STILL: Duration = Duration::from_secs(4);
/// Qt draws without the graphics card, which is a program here and keeps both processors busy.
const GREETER: &str = "[General]\nGreeterEnvironment=QT_QUICK_BACKEND=software\n";
/// The same for the desktop and its lock screen.
const SESSION: &str = "QT_QUICK_BACKEND=software\nKWIN_COMPOSE=Q\n";
const SERVICE: &str = "sddm";
const LOCKER: &str = "kde";
/// What takes the password stands behind both.
const PASSWORDLESS: &str =
    "/^@include common-auth/i auth [success=1 default=ignore] pam_passkey.so mode=passwordless
s/^@include common-auth/auth substack common-auth\\nauth required pam_permit.so/";
const WALLET_IS_OPEN: &str =
    "busctl --user call org.kde.kwalletd6 /modules/kwalletd6 org.kde.KWallet isOpen s kdewallet";

pub(crate) fn all(suite: &str) {
    let guest = people_and_keys(Guest::debian(suite).systemd().packages(&PACKAGES))
        .display(SCREEN)
        .memory(MEGABYTES)
        .file("/etc/sddm.conf.d/50-tests.conf", GREETER)
        .file("/etc/environment", SESSION)
        .file(SLOW_DESKTOPS.0, SLOW_DESKTOPS.1)
        .boot();
    guest.root("systemctl --global mask drkonqi-coredump-launcher.socket").ok();
    enrol_all(&guest);
    guest.root("cp /etc/pam.d/sddm /etc/pam.d/before").ok();
    with_line(&guest, "/^@include common-auth/i auth sufficient pam_passkey.so mode=passwordless");
    guest.root("systemctl start sddm").ok();
    heavy::timed("SDDM, the greeter", || ready(&guest));
    pictures::keep(&guest, FORM, "sddm");
    heavy::timed("a password costs no try", || password_costs_no_try(&guest));
    with_line(&guest, "/^@include common-auth/a auth required pam_passkey.so");
    heavy::timed("missing key", || missing_key_is_refused(&guest));
    heavy::timed("password and touch, with the wallet", || nothing_is_shown_while_the_key_blinks(&guest));
    heavy::timed("the lock screen", || the_lock_screen_says_what_to_do(&guest));
    with_line(&guest, PASSWORDLESS);
    heavy::timed("PIN and touch", || {
        log_out(&guest);
        pin_and_touch(&guest);
        wallet_is(&guest, Wallet::Closed);
    });
    heavy::timed("PIN and touch, with the wallet", || {
        log_out(&guest);
        keyring::enable(&guest, "green");
        pin_and_touch(&guest);
        wallet_is(&guest, Wallet::Open);
    });
}

/// Debian's file with a line of ours, as a command of sed's.
fn with_line(guest: &Guest, edit: &str) {
    guest.root(&format!("sed '{edit}' /etc/pam.d/before >/etc/pam.d/{SERVICE}")).ok();
}

/// Waits for the greeter, and for it to take an answer; what it shows then.
#[track_caller]
fn ready(guest: &Guest) -> Picture {
    heavy::wait_for_picture(guest);
    let start = Instant::now();
    let mut picture = guest.display().picture();
    let mut since = Instant::now();
    while since.elapsed() < STILL || picture.crop(FACE).colours() < 2 {
        assert!(start.elapsed() < PATIENCE, "the greeter is not ready within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(500));
        let next = guest.display().picture();
        if next.crop(FACE) != picture.crop(FACE) {
            since = Instant::now();
        }
        picture = next;
    }
    picture
}

/// Waits until the module has logged one more sign-in, with this code.
#[track_caller]
fn answered(guest: &Guest, service: &str, code: &str, answer: impl FnOnce()) {
    const COUNT: &str = "grep -c 'pam_passkey.*result=' /var/log/syslog";
    let before: u32 = guest.root(COUNT).stdout.trim().parse().expect("a number of lines");
    answer();
    heavy::wait_for(guest, &format!("[ $({COUNT}) -gt {before} ]"));
    heavy::audited(guest, service, code);
}

/// SDDM starts PAM when the person has typed, and gives what they typed to each prompt. A password, here a mistyped one, is none of the
/// security key's business.
fn password_costs_no_try(guest: &Guest) {
    let key = guest.key("green");
    key.plug();
    answered(guest, SERVICE, "PAM_AUTHINFO_UNAVAIL", || guest.display().type_line("secrets"));
    assert_eq!(key.retries(), 8, "tries of the key");
    key.unplug();
}

/// It is not waited for: the person would look at a dead form.
fn missing_key_is_refused(guest: &Guest) {
    ready(guest);
    answered(guest, SERVICE, "PAM_AUTHINFO_UNAVAIL", || guest.display().type_line(PASSWORD));
}

/// The theme shows none of PAM's messages: the form turns pale, and the key blinks.
fn nothing_is_shown_while_the_key_blinks(guest: &Guest) {
    let before = ready(guest);
    let key = guest.key("blue");
    key.plug();
    answered(guest, SERVICE, "PAM_SUCCESS", || {
        guest.display().type_line(PASSWORD);
        key.wait_blinking();
        let meanwhile = ready(guest);
        pictures::keep(guest, FORM, "sddm-touch");
        assert!(before.crop(FACE) != meanwhile.crop(FACE), "the form turns pale");
        assert!(before.crop(WORDS) == meanwhile.crop(WORDS), "words are shown after all");
        key.touch();
    });
    key.unplug();
    heavy::session(guest);
    wallet_is(guest, Wallet::Open);
}

/// What the digits are that are typed is known to the module alone: the PIN, and not the password.
fn pin_and_touch(guest: &Guest) {
    let key = guest.key("green");
    ready(guest);
    answered(guest, SERVICE, "PAM_SUCCESS", || {
        guest.display().type_line(PIN);
        key.touch();
    });
    heavy::session(guest);
}

/// Ends the session and all that it has started, and has the greeter come up.
fn log_out(guest: &Guest) {
    heavy::log_out(guest);
    // It shows no greeter by itself when its session was ended by others.
    guest.root("systemctl restart sddm").ok();
}

/// What a sign-in has made of the wallet that the first one made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wallet {
    Open,
    Closed,
}

/// `pam_kwallet5` takes the password from the module before it, and has the wallet daemon opened with it, before the desktop comes up.
#[track_caller]
fn wallet_is(guest: &Guest, expected: Wallet) {
    heavy::wait_for(guest, "pgrep -u alice -x plasmashell");
    let bus = "export XDG_RUNTIME_DIR=/run/user/$(id -u); export DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus";
    let as_alice = "setpriv --reuid alice --regid alice --init-groups sh -c";
    let is_open = format!("{as_alice} '{bus}; {WALLET_IS_OPEN}'");
    match expected {
        Wallet::Open => {
            heavy::wait_for(guest, &format!("{is_open} | grep true"));
        }
        Wallet::Closed => {
            // The daemon answers; were it to be opened, it would be by then.
            heavy::wait_for(guest, &is_open);
            thread::sleep(AFTERWARDS);
            heavy::wait_for(guest, &format!("{is_open} | grep false"));
        }
    }
}

/// KDE's own lock screen shows what the module says, and gives each prompt an answer of its own.
fn the_lock_screen_says_what_to_do(guest: &Guest) {
    let line = "/^@include common-auth/i auth sufficient pam_passkey.so mode=passwordless timeout=120";
    guest.root(&format!("sed '{line}' /usr/lib/pam.d/{LOCKER} >/etc/pam.d/{LOCKER}")).ok();
    let key = guest.key("green");
    key.plug();
    heavy::wait_for(guest, "pgrep -u alice -x kwin_wayland");
    heavy::lock(guest);
    form_at_the_lock_screen(guest);
    pictures::keep(guest, FORM, "kde-pin");
    answered(guest, LOCKER, "PAM_SUCCESS", || {
        guest.display().type_line(PIN);
        key.wait_blinking();
        ready(guest);
        pictures::keep(guest, FORM, "kde-touch");
        key.touch();
    });
    heavy::unlocked(guest);
}

/// Behind the clock; any key brings it up.
#[track_caller]
fn form_at_the_lock_screen(guest: &Guest) {
    let clock = ready(guest);
    let start = Instant::now();
    while guest.display().picture().crop(FACE) == clock.crop(FACE) {
        assert!(start.elapsed() < PATIENCE, "no form at the lock screen within {PATIENCE:?}");
        guest.display().press(&["shift"]);
        thread::sleep(Duration::from_secs(2));
    }
    ready(guest);
}
