//! gtkgreet in sway, and gtklock in the session that it opens.

use std::thread;
use std::time::Duration;

use guest::{Element, Guest};

use crate::heavy::{self, PATIENCE};
use crate::pictures;
use crate::scene::{PASSWORD, PIN, enrol_all, people_and_keys, wait_for};

const PACKAGES: [&str; 11] = [
    "at-spi2-core",
    "dbus-user-session",
    "fonts-dejavu-core",
    "gir1.2-atspi-2.0",
    "greetd",
    "gtkgreet",
    "gtklock",
    "libgl1-mesa-dri",
    "python3-gi",
    "sway",
    "udev",
];
const SCREEN: (u16, u16) = (1024, 768);
const MEGABYTES: u32 = 2048;
/// sway draws without a graphics card.
const ENVIRONMENT: &str = "WLR_RENDERER=pixman\n";
const GREETD: &str = "\
[terminal]
vt = 7
[default_session]
command = \"sway --config /etc/greetd/sway\"
user = \"_greetd\"
";
const GREETER: &str = "exec \"gtkgreet -l -c 'sway --config /etc/greetd/session'; swaymsg exit\"\n";
const SESSION: &str = "xwayland disable\n";
/// Runs a program in alice's session, in the background.
const IN_SESSION: &str = "#!/bin/sh
exec setsid -f setpriv --reuid=alice --regid=alice --init-groups env HOME=/home/alice XDG_RUNTIME_DIR=/run/user/1000 \\
    DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus WAYLAND_DISPLAY=wayland-1 \"$@\" >>/tmp/session.log 2>&1 </dev/null
";
/// Longer than the six seconds for which the kernel keeps what a blinking key says.
const HELD: Duration = Duration::from_secs(10);
const TOUCH: &str = "Touch your security key.";

pub(crate) fn all(suite: &str) {
    let guest = people_and_keys(Guest::debian(suite).systemd().packages(&PACKAGES))
        .display(SCREEN)
        .memory(MEGABYTES)
        .file("/etc/environment", ENVIRONMENT)
        .file("/etc/greetd/config.toml", GREETD)
        .file("/etc/greetd/sway", GREETER)
        .file("/etc/greetd/session", SESSION)
        .file_with_mode("/usr/local/bin/in-session", IN_SESSION, 0o755)
        .boot();
    enrol_all(&guest);
    gtkgreet_holds_each_message(&guest);
    gtklock_outlives_a_long_message(&guest);
}

/// A service in which the passkey is enough.
fn passwordless(guest: &Guest, service: &str) {
    let lines =
        "auth sufficient pam_passkey.so mode=passwordless timeout=120\nauth required pam_unix.so nodelay\n";
    guest.write(&format!("/etc/pam.d/{service}"), format!("{lines}account required pam_unix.so\n"));
}

/// What one program shows, asked for anew each time.
#[derive(Clone, Copy)]
struct Window<'a> {
    guest: &'a Guest,
    program: &'a str,
}

impl Window<'_> {
    #[track_caller]
    fn expect(self, what: &str, like: impl Fn(&Element) -> bool) -> Element {
        guest::expect_element(PATIENCE, what, || self.guest.elements(self.program, PATIENCE), like)
    }

    #[track_caller]
    fn says(self, words: &str) -> Element {
        self.expect(words, |element| element.text.contains(words))
    }

    #[track_caller]
    fn click(self, element: &Element) {
        self.guest.display().click(element.area().expect("a place on the screen").centre());
    }

    #[track_caller]
    fn field(self, role: &str) -> Element {
        self.expect(role, |element| {
            element.role == role && element.focused && element.sensitive && element.text.is_empty()
        })
    }

    fn keep(self, name: &str) {
        pictures::keep(self.guest, WINDOW, name);
    }
}

/// Where they are, in the middle of the screen.
const WINDOW: guest::Area = guest::Area { x: 120, y: 220, width: 784, height: 330 };

/// "Touch your security key." stands there until the person clicks, and the module waits meanwhile. What the key says then is lost, and
/// the touch is asked for again.
fn gtkgreet_holds_each_message(guest: &Guest) {
    let key = guest.key("blue");
    key.plug();
    guest.write(
        "/etc/pam.d/greetd",
        "auth required pam_unix.so nodelay\nauth required pam_passkey.so timeout=120\naccount required pam_unix.so\n@include common-session\n",
    );
    guest.root("systemctl restart greetd").ok();
    let greeter = Window { guest, program: "gtkgreet" };
    let name =
        greeter.expect("a field for the name", |element| element.role == "text" && element.text.is_empty());
    greeter.click(&name);
    greeter.field("text");
    guest.display().type_line("alice");
    greeter.field("password text");
    guest.display().type_line(PASSWORD);
    greeter.says(TOUCH);
    greeter.keep("gtkgreet-touch");
    thread::sleep(HELD);
    key.touch();
    let button = greeter.expect("a button", |element| element.role == "button" && element.text == "Log in");
    greeter.click(&button);
    key.touch();
    heavy::session(guest);
    heavy::audited(guest, "greetd", "PAM_SUCCESS");
    key.unplug();
}

/// The line is typed before anything is said; the label stays "Password:".
fn gtklock_outlives_a_long_message(guest: &Guest) {
    passwordless(guest, "gtklock");
    let key = guest.key("green");
    key.plug();
    wait_for(guest, "[ -S /run/user/1000/wayland-1 ]");
    guest.root("in-session gtklock").ok();
    let locker = Window { guest, program: "gtklock" };
    locker.field("password text");
    guest.display().type_line("9999");
    locker.says("If asked again, type your password.");
    locker.keep("gtklock-wrong-pin");
    assert_eq!(key.retries(), 7, "tries of the key");
    locker.field("password text");
    guest.display().type_line(PIN);
    locker.says(TOUCH);
    locker.keep("gtklock-touch");
    key.touch();
    wait_for(guest, "! pgrep -x gtklock");
    heavy::audited(guest, "gtklock", "PAM_SUCCESS");
    key.unplug();
}
