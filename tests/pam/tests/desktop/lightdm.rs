//! The GTK greeter of `LightDM`.

use guest::{Area, Guest, ScreenReader};

use crate::pictures;
use crate::scene::{PASSWORD, Suite, enrol_all, people_and_keys, wait_for};

const PACKAGES: [&str; 10] = [
    "at-spi2-core",
    "gir1.2-atspi-2.0",
    "light-locker",
    "lightdm",
    "lightdm-gtk-greeter",
    "openbox",
    "python3-gi",
    "xdotool",
    "xserver-xorg-core",
    "xserver-xorg-input-libinput",
];
const GREETER: &str = "lightdm-gtk-greeter";
const SCREEN: (u16, u16) = (800, 600);
/// The greeter's window on it.
const WINDOW: Area = Area { x: 200, y: 170, width: 400, height: 260 };
/// Debian's file has the same rest.
const SECOND_FACTOR: &str = "\
auth required pam_unix.so nodelay
auth required pam_passkey.so
account required pam_unix.so
@include common-session
";

pub(crate) fn all(suite: Suite) {
    let guest = people_and_keys(Guest::debian(suite.name()).systemd().packages(&PACKAGES))
        .display(SCREEN)
        .file("/etc/lightdm/lightdm.conf.d/50-tests.conf", "[Seat:*]\ngreeter-hide-users=false\n")
        .file("/etc/pam.d/lightdm", SECOND_FACTOR)
        .boot();
    enrol_all(&guest);
    guest.root("systemctl start lightdm").ok();
    password_and_touch(&guest);
}

/// Waits for the greeter to ask for something.
fn greeter(guest: &Guest) -> ScreenReader<'_> {
    let reader = guest.screen_reader(GREETER);
    reader.expect_that("a field for the password", |element| {
        element.role == "password text" && element.focused
    });
    reader
}

fn password_and_touch(guest: &Guest) {
    guest.key("blue").plug();
    let reader = greeter(guest);
    guest.display().type_line(PASSWORD);
    let touch = reader.expect("Touch your security key.");
    pictures::keep(&guest.display().expect(&touch), WINDOW, "lightdm-touch");
    guest.key("blue").touch();
    wait_for(guest, "loginctl list-sessions --no-legend | grep 'alice *seat0'");
    let audit = pam_tests::audit_line(guest);
    assert!(
        audit.contains("pam_passkey(lightdm:auth): result=") && audit.contains("code=PAM_SUCCESS"),
        "{audit}"
    );
}
