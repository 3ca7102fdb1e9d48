//! A greeter and lockers by the PIN of this computer: a TPM, and nobody has a security key.

use std::time::Duration;

use guest::{Area, Guest, ScreenReader};
use pam_tests::{audit_line, this_computer};

use crate::heavy;
use crate::keyring::{self, Keyring};
use crate::lightdm::{self, Seat};
use crate::pictures;
use crate::scene::{PASSWORD, wait_for};

const PIN: &str = "24680";
const WRONG: &str = "9999";
/// For a field that has no label.
const ANNOUNCED: &str = "Type the PIN of this computer, not your password.";
const PIN_WRONG: &str = "That PIN was wrong. 7 tries left.";

/// i3lock's ring, in the middle of the screen.
const RING: Area = Area { x: 300, y: 200, width: 200, height: 200 };
/// It gives the line that was typed to the module.
const LOCKER: &str = "auth sufficient pam_passkey.so mode=passwordless\nauth required pam_unix.so nodelay\naccount required pam_unix.so\n";
const IN_X: &str = "export DISPLAY=:0 XAUTHORITY=/home/alice/.Xauthority";

pub(crate) fn all() {
    let seat = heavy::timed("a passkey on this computer", machine);
    heavy::timed("the greeter, a wrong PIN and the right one", || greeter(&seat));
    heavy::timed("light-locker and the greeter", || greeter_unlocks(&seat));
    heavy::timed("i3lock, a wrong PIN and the right one", || i3lock(&seat.guest));
    heavy::timed("the keyring by the PIN", || keyring_opens(&seat));
}

fn machine() -> Seat {
    let guest = this_computer::machine()
        .packages(&lightdm::PACKAGES)
        .packages(&keyring::PACKAGES)
        .packages(&["i3lock"])
        .user("alice", PASSWORD)
        .display(lightdm::SCREEN)
        .boot();
    this_computer::install(&guest);
    this_computer::enrol(&guest, "alice", PIN);
    guest.write_as(lightdm::SESSION_FILE, lightdm::SESSION_SCRIPT, "alice", 0o755);
    guest.write("/etc/pam.d/i3lock", LOCKER);
    keyring::make(&guest);
    Seat { guest }
}

fn greeter(seat: &Seat) {
    seat.prepare(&lightdm::passwordless());
    seat.guest.root("systemctl start lightdm").ok();
    let greeter = seat.greeter();
    seat.give_name(&greeter);
    seat.shows(&greeter, ANNOUNCED, "lightdm-this-computer");
    seat.guest.display().type_line(WRONG);
    seat.shows(&greeter, PIN_WRONG, "lightdm-this-computer-wrong-pin");
    speaks_of_no_key(&greeter);
    seat.guest.display().type_line(PIN);
    seat.session();
    let audit = audit_line(&seat.guest);
    assert!(audit.contains("passkey=\"laptop\"") && audit.contains("user_verified=yes"), "{audit}");
    // The passkey has no password to hand on.
    seat.keyring_is(Keyring::Locked);
}

/// The session's own locker sends the person to a greeter.
fn greeter_unlocks(seat: &Seat) {
    let session = heavy::session(&seat.guest);
    // Until the locker has come up, nothing hears that the session is to be locked.
    let lock = format!(
        "loginctl lock-session {session}; sleep 5; loginctl show-session {session} -p Active | grep no"
    );
    heavy::wait_for(&seat.guest, &lock);
    let greeter = seat.greeter();
    seat.give_name(&greeter);
    greeter.expect(ANNOUNCED);
    seat.guest.display().type_line(PIN);
    seat.session();
}

/// It runs as the person, and shows no words: its ring alone.
fn i3lock(guest: &Guest) {
    guest.run_as("alice", &format!("{IN_X}; i3lock >/dev/null 2>&1 </dev/null")).ok();
    let display = guest.display();
    let locked = display.at_rest(Duration::from_secs(2));
    display.type_line(WRONG);
    wait_for(guest, "grep 'pam_unix(i3lock:auth): authentication failure' /var/log/syslog");
    heavy::audited(guest, "i3lock", "PAM_MAXTRIES");
    let refused = display.picture();
    pictures::keep(guest, RING, "i3lock-this-computer-wrong-pin");
    assert!(locked.crop(RING) != refused.crop(RING), "the ring shows that the PIN was wrong");
    assert_eq!(guest.root("pgrep -x i3lock").status, 0, "it stays");
    wait_for(guest, "sleep 3");
    display.type_line(PIN);
    wait_for(guest, "! pgrep -x i3lock");
    heavy::audited(guest, "i3lock", "PAM_SUCCESS");
    assert!(display.at_rest(Duration::from_secs(1)) != locked, "the session is there again");
}

/// The password is wrapped for the passkey: the TPM gives it to who types the PIN.
fn keyring_opens(seat: &Seat) {
    let guest = &seat.guest;
    let enable = "passkey-enroll keyring enable laptop --user alice --password-stdin --pin-stdin";
    guest.run("root", enable, format!("{PASSWORD}\n{PIN}\n").as_bytes(), guest::PATIENCE).ok();
    seat.log_out();
    seat.prepare(&lightdm::passwordless());
    let greeter = seat.greeter();
    seat.give_name(&greeter);
    greeter.expect(ANNOUNCED);
    keyring::wait_until_ended(guest);
    guest.display().type_line(PIN);
    seat.session();
    seat.keyring_is(Keyring::Open);
}

fn speaks_of_no_key(greeter: &ScreenReader<'_>) {
    let elements = greeter.elements();
    let words: Vec<_> = elements.iter().map(|element| element.text.as_str()).collect();
    assert!(!words.iter().any(|words| words.contains("security key")), "{words:?}");
}
