//! The GTK greeter of `LightDM`.

use std::time::Instant;

use guest::{Area, Element, Guest, PATIENCE, ScreenReader};
use pam_tests::audit_line;

use crate::keyring::{self, Keyring};
use crate::pictures;
use crate::scene::{PASSWORD, PIN, Suite, enrol_all, people_and_keys, wait_for};

pub(crate) const PACKAGES: [&str; 8] = [
    "at-spi2-core",
    "gir1.2-atspi-2.0",
    "light-locker",
    "lightdm",
    "lightdm-gtk-greeter",
    "python3-gi",
    "xserver-xorg-core",
    "xserver-xorg-input-libinput",
];
const GREETER: &str = "lightdm-gtk-greeter";
pub(crate) const SCREEN: (u16, u16) = (800, 600);
/// The greeter's window on it, and a place beside it.
const WINDOW: Area = Area { x: 90, y: 180, width: 620, height: 240 };
const BESIDE: (usize, usize) = (100, 580);

/// The whole desktop: what locks it.
pub(crate) const SESSION_FILE: &str = "/home/alice/.xsession";
pub(crate) const SESSION_SCRIPT: &str = "#!/bin/sh\nexec light-locker\n";

const TOUCH: &str = "Touch your security key.";

/// What Debian's file has where the two lines on how people show who they are have been changed.
fn service(auth: &str) -> String {
    let (keyring, session) = (keyring::AUTH, keyring::SESSION);
    format!("{auth}\n{keyring}\naccount required pam_unix.so\n@include common-session\n{session}\n")
}

fn second_factor(arguments: &str) -> String {
    service(&format!("auth required pam_unix.so nodelay\nauth required pam_passkey.so {arguments}"))
}

/// As `pam enable` writes it: what takes the password stands behind both.
pub(crate) fn passwordless() -> String {
    service(
        "auth [success=1 default=ignore] pam_passkey.so mode=passwordless\nauth requisite pam_unix.so nodelay\nauth required pam_permit.so",
    )
}

const PASSWORD_ALONE: &str = "auth required pam_unix.so nodelay";
/// Until it waits for the sign-in.
const ENABLE: &str = "setsid -f passkey-enroll pam enable lightdm --passwordless --user alice --yes --no-rehearsal >/root/said 2>&1 </dev/null
    for try in $(seq 300); do grep -q 'Waiting for the sign-in' /root/said && exit; sleep 0.1; done; cat /root/said; exit 1";

type Step = (&'static str, fn(&Seat));

/// Each of the ways in.
pub(crate) const WAYS_IN: [Step; 4] = [
    ("password and touch", Seat::password_and_touch),
    ("unlock", Seat::unlock),
    ("PIN and touch", Seat::pin_and_touch),
    ("fall back to the password", Seat::fall_back),
];
/// What else a person meets. Where it was cancelled, the greeter asks again by the file as it was, so that comes last.
pub(crate) const BESIDES: [Step; 3] = [
    ("the keyring by PIN and touch", Seat::keyring_opens),
    ("missing key", Seat::missing_key),
    ("cancel", Seat::cancel),
];

/// From the first greeter to the last session.
pub(crate) fn through(suite: Suite, steps: &[Step]) {
    let start = Instant::now();
    let guest = people_and_keys(
        Guest::debian(suite.name()).systemd().packages(&PACKAGES).packages(&keyring::PACKAGES),
    )
    .display(SCREEN)
    .boot();
    enrol_all(&guest);
    guest.write_as(SESSION_FILE, SESSION_SCRIPT, "alice", 0o755);
    keyring::make(&guest);
    guest.root("systemctl start lightdm").ok();
    // On a machine that has much else to do, the first one takes its time before it shows anything.
    wait_for(&guest, &format!("pgrep -f {GREETER}"));
    let seat = Seat { guest };
    println!("{:>5.1} s  {} with people and keys", start.elapsed().as_secs_f32(), suite.name());
    for (name, step) in steps {
        let start = Instant::now();
        step(&seat);
        println!("{:>5.1} s  LightDM, {name}", start.elapsed().as_secs_f32());
    }
}

/// Where the list of people is hidden, the greeter starts PAM without a name: the key that is plugged in says who it is.
pub(crate) fn without_a_name(suite: Suite) {
    let guest =
        people_and_keys(Guest::debian(suite.name()).systemd().packages(&PACKAGES)).display(SCREEN).boot();
    let key = guest.key("green");
    key.plug();
    key.touch_after(200);
    let enrol = "passkey-enroll add --user alice --name green --discoverable --pin-stdin";
    guest.run("root", enrol, format!("{PIN}\n").as_bytes(), PATIENCE).ok();
    guest.write_as(SESSION_FILE, SESSION_SCRIPT, "alice", 0o755);
    let seat = Seat { guest };
    seat.prepare(&service(
        "auth sufficient pam_passkey.so mode=passwordless usernameless\nauth required pam_unix.so nodelay",
    ));
    seat.guest.root("systemctl start lightdm").ok();
    let greeter = seat.greeter();
    seat.shows(&greeter, "PIN of your security key", "lightdm-without-a-name");
    seat.guest.display().type_line(PIN);
    greeter.expect(TOUCH);
    seat.guest.key("green").touch();
    seat.session();
}

/// Where the person sits.
pub(crate) struct Seat {
    pub(crate) guest: Guest,
}

impl Seat {
    /// The password is right, but there is no key: the person is told, and asked anew.
    fn missing_key(&self) {
        self.prepare(&second_factor("wait_for_key=6"));
        let greeter = self.greeter();
        self.give_name(&greeter);
        self.guest.display().type_line(PASSWORD);
        self.shows(&greeter, "Plug in your security key", "lightdm-plug-in");
        self.shows(&greeter, "No security key was plugged in.", "lightdm-no-key");
        self.logged("code=PAM_AUTHINFO_UNAVAIL");
        asks_for_password(&greeter);
        self.press_cancel(&greeter);
    }

    /// The person changes their mind while the key blinks.
    fn cancel(&self) {
        self.prepare(&second_factor(""));
        self.guest.key("blue").plug();
        let greeter = self.greeter();
        self.give_name(&greeter);
        self.guest.display().type_line(PASSWORD);
        greeter.expect(TOUCH);
        self.guest.key("blue").wait_blinking();
        self.press_cancel(&greeter);
        self.guest.key("blue").wait_dark();
    }

    fn password_and_touch(&self) {
        self.guest.key("blue").plug();
        self.prepare(&second_factor(""));
        let greeter = self.greeter();
        self.give_name(&greeter);
        self.guest.display().type_line(PASSWORD);
        self.shows(&greeter, TOUCH, "lightdm-touch");
        self.guest.key("blue").touch();
        self.session();
        // The password was typed.
        self.keyring_is(Keyring::Open);
    }

    /// The key is pulled out: the session's own locker sends the person to a greeter, which asks the same service.
    fn unlock(&self) {
        self.prepare(&second_factor(""));
        self.guest.write(UNIT_PATH, UNIT);
        self.guest.run_as("alice", "passkey-enroll lock-on-removal on --grace 1").ok();
        wait_for(&self.guest, WATCHED);
        wait_for(&self.guest, PULL);
        self.guest.key("blue").plug();
        self.guest.run_as("alice", "passkey-enroll lock-on-removal off").ok();
        let greeter = self.greeter();
        assert_eq!(self.session_is("Active"), "no", "the greeter is in front");
        self.give_name(&greeter);
        self.guest.display().type_line(PASSWORD);
        self.shows(&greeter, TOUCH, "lightdm-unlock");
        self.guest.key("blue").touch();
        let session = show_session();
        wait_for(
            &self.guest,
            &format!("{session} -p Active | grep yes && {session} -p LockedHint | grep no"),
        );
        self.logged("code=PAM_SUCCESS");
        self.guest.key("blue").unplug();
        self.log_out();
    }

    /// The field for the PIN has no label of its own: a message says what it is for. The service is on trial, and the session keeps it.
    fn pin_and_touch(&self) {
        self.guest.key("green").plug();
        self.prepare(&service(PASSWORD_ALONE));
        self.guest.root(ENABLE).ok();
        let greeter = self.greeter();
        self.give_name(&greeter);
        self.shows(&greeter, "PIN of your security key", "lightdm-pin");
        self.guest.display().type_line("9999");
        self.shows(&greeter, "That PIN was wrong. 7 tries left.", "lightdm-wrong-pin");
        keyring::wait_until_ended(&self.guest);
        self.guest.display().type_line(PIN);
        greeter.expect(TOUCH);
        self.guest.key("green").touch();
        self.session();
        wait_for(&self.guest, "grep '\"kept\"' /var/lib/passkey/pam/lightdm.json");
        // No password was typed, and the passkey has none to hand on.
        self.keyring_is(Keyring::Locked);
        self.guest.key("green").unplug();
        self.log_out();
    }

    /// The password is wrapped for the passkey: what PIN and touch open is the keyring, too.
    fn keyring_opens(&self) {
        let green = self.guest.key("green");
        green.plug();
        keyring::enable(&self.guest, "green");
        self.prepare(&passwordless());
        let greeter = self.greeter();
        self.give_name(&greeter);
        greeter.expect("PIN of your security key");
        keyring::wait_until_ended(&self.guest);
        self.guest.display().type_line(PIN);
        greeter.expect(TOUCH);
        green.touch();
        self.session();
        self.keyring_is(Keyring::Open);
        green.unplug();
        self.log_out();
    }

    /// Without the key, the password remains.
    fn fall_back(&self) {
        self.prepare(&passwordless());
        let greeter = self.greeter();
        self.give_name(&greeter);
        self.shows(&greeter, "No security key was plugged in.", "lightdm-password-instead");
        self.guest.display().type_line(PASSWORD);
        wait_for(&self.guest, &format!("{} -p Active | grep yes", show_session()));
        self.logged("code=PAM_AUTHINFO_UNAVAIL");
        // By the same lines.
        keyring::wait_until_unlocked(&self.guest);
    }

    /// From the next sign-in on.
    pub(crate) fn prepare(&self, service: &str) {
        self.guest.write("/etc/pam.d/lightdm", service);
        self.guest.root(": >/var/log/syslog").ok();
    }

    /// Waits for a greeter.
    pub(crate) fn greeter(&self) -> ScreenReader<'_> {
        let reader = self.guest.screen_reader(GREETER);
        self.guest.display().point_at(BESIDE);
        reader
    }

    /// Says who signs in.
    pub(crate) fn give_name(&self, greeter: &ScreenReader<'_>) {
        let name = if asks_for_name(greeter).text.is_empty() { "alice" } else { "" };
        self.guest.display().type_line(name);
        asks_for_password(greeter);
    }

    fn press_cancel(&self, greeter: &ScreenReader<'_>) {
        let button = |element: &Element| {
            ["push button", "button"].contains(&element.role.as_str())
                && element.text == "Cancel"
                && element.sensitive
        };
        let area = greeter.expect_that("a button to cancel", button).area();
        self.guest.display().click(area.expect("a button on the screen").centre());
        asks_for_name(greeter);
        self.guest.display().point_at(BESIDE);
    }

    /// Waits until the greeter says so, and it can be seen; keeps a picture.
    pub(crate) fn shows(&self, greeter: &ScreenReader<'_>, words: &str, name: &str) {
        let element = greeter.expect(words);
        self.guest.display().expect(&element);
        pictures::keep(&self.guest, WINDOW, name);
    }

    pub(crate) fn session(&self) {
        wait_for(&self.guest, &format!("{} -p Active | grep yes", show_session()));
        self.logged("code=PAM_SUCCESS");
    }

    pub(crate) fn keyring_is(&self, expected: Keyring) {
        keyring::expect(&self.guest, "light-locker", expected);
    }

    fn session_is(&self, property: &str) -> String {
        self.guest.root(&format!("{} -P {property}", show_session())).ok().trim().to_owned()
    }

    fn logged(&self, code: &str) {
        let audit = audit_line(&self.guest);
        assert!(audit.contains("pam_passkey(lightdm:auth)") && audit.contains(code), "{code} in {audit}");
    }

    pub(crate) fn log_out(&self) {
        // It may not have come up yet.
        wait_for(&self.guest, "pkill -x light-locker");
        wait_for(&self.guest, &format!("! {ON_SCREEN}"));
    }
}

const UNIT: &str = include_str!("../../../../packaging/systemd-user/passkey-lock-on-removal.service");
const UNIT_PATH: &str = "/usr/lib/systemd/user/passkey-lock-on-removal.service";
/// The watcher has found the key.
const WATCHED: &str = "runuser -u alice -- env XDG_RUNTIME_DIR=/run/user/$(id -u alice) systemctl --user show \
    --property=StatusText passkey-lock-on-removal | grep '“blue” plugged in'";
/// Until the locker has come up, nothing hears that the session is to be locked.
const PULL: &str = "virtual-key ctl unplug blue; for try in $(seq 24); do sleep 0.5; pgrep -f '[/]usr/sbin/lightdm-gtk-greeter' && exit; done
    virtual-key ctl plug blue; sleep 2; exit 1";
/// Her session on the screen; newer versions of logind list her service manager as another one, without a seat.
const ON_SCREEN: &str =
    "loginctl list-sessions --no-legend | awk '$3 == \"alice\" && $4 == \"seat0\" { print $1 }' | grep .";

/// As a shell command, before the options that say of what.
fn show_session() -> String {
    format!("loginctl show-session $({ON_SCREEN} || echo none)")
}

/// There is a field for the name; after a sign-in that was cancelled, the name is still in it.
fn asks_for_name(greeter: &ScreenReader<'_>) -> Element {
    greeter.expect_that("a field for the name", |element| element.role == "text" && element.focused)
}

/// There is an empty field for the password.
fn asks_for_password(greeter: &ScreenReader<'_>) {
    greeter.expect_that("an empty field for the password", |element| {
        element.role == "password text" && element.focused && element.sensitive && element.text.is_empty()
    });
}
