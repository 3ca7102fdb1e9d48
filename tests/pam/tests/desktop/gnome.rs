//! gnome-shell, as GDM's greeter and as the lock screen.

use std::time::Duration;

use guest::{Area, Element, Guest, expect_element};

use crate::heavy::{self, PATIENCE, SLOW_DESKTOPS};
use crate::pictures;
use crate::scene::{enrol_all, people_and_keys};

const PACKAGES: [&str; 17] = [
    "accountsservice",
    "adwaita-icon-theme",
    "at-spi2-core",
    "dbus-user-session",
    "dconf-cli",
    "fonts-cantarell",
    "gdm3",
    "gir1.2-atspi-2.0",
    "gnome-keyring",
    "gnome-session",
    "gnome-shell",
    "libgl1-mesa-dri",
    "libglib2.0-bin",
    "libpam-gnome-keyring",
    "polkitd",
    "python3-gi",
    "udev",
];
const SCREEN: (u16, u16) = (1024, 768);
/// The prompt, in the middle of the screen.
const PROMPT: Area = Area { x: 272, y: 170, width: 480, height: 400 };
const MEGABYTES: u32 = 4096;
/// What is started beside the desktop and has no part in signing in; a file system to search is a long time under emulation.
const NOT_NEEDED: &str = "systemctl --global mask localsearch-3.service pipewire.service pipewire.socket \
     pipewire-pulse.service pipewire-pulse.socket wireplumber.service";
/// Until the shell has made of an answer what it makes of it.
const SOON: Duration = Duration::from_secs(180);

/// A machine with GDM on which alice has a passkey on each of her keys. The shell leaves a message on the screen for two seconds at the
/// least; here everything takes ten times as long, so the messages may.
pub(crate) fn machine(suite: &str) -> Guest {
    let guest = people_and_keys(Guest::debian(suite).systemd().packages(&PACKAGES))
        .display(SCREEN)
        .memory(MEGABYTES)
        .file("/etc/environment.d/50-tests.conf", "GDM_MESSAGE_TIME_MULTIPLIER=10\n")
        .file(SLOW_DESKTOPS.0, SLOW_DESKTOPS.1)
        .boot();
    guest.root(NOT_NEEDED).ok();
    enrol_all(&guest);
    guest
}

/// The shell that the screen shows.
#[derive(Clone, Copy)]
pub(crate) struct Shell<'a> {
    pub(crate) guest: &'a Guest,
}

impl<'a> Shell<'a> {
    /// Starts GDM and waits for its list of users.
    #[track_caller]
    pub(crate) fn greeter(guest: &'a Guest) -> Self {
        guest.root("systemctl start gdm").ok();
        heavy::wait_for_picture(guest);
        let shell = Self { guest };
        shell.expect_within(PATIENCE, "alice in the list of users", |element| element.text == "alice");
        shell
    }

    /// Chooses alice, the only user.
    #[track_caller]
    pub(crate) fn choose_alice(self) {
        self.guest.display().press(&["ret"]);
    }

    /// Waits for a field that takes an answer.
    #[track_caller]
    pub(crate) fn prompt(self) -> Element {
        self.expect("a field for an answer", |element| {
            element.role == "password text" && element.focused && element.sensitive && element.text.is_empty()
        })
    }

    /// Waits until the shell says this.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Element {
        self.expect(words, |element| element.text.contains(words))
    }

    /// Waits for something that is like this.
    #[track_caller]
    pub(crate) fn expect(self, what: &str, like: impl Fn(&Element) -> bool) -> Element {
        self.expect_within(SOON, what, like)
    }

    #[track_caller]
    fn expect_within(self, patience: Duration, what: &str, like: impl Fn(&Element) -> bool) -> Element {
        expect_element(patience, what, || self.elements(), like)
    }

    /// What the shell shows now.
    pub(crate) fn elements(self) -> Vec<Element> {
        self.guest.elements("gnome-shell", PATIENCE)
    }

    /// Keeps a picture of the prompt, if that is asked for.
    pub(crate) fn keep(self, name: &str) {
        pictures::keep(self.guest, PROMPT, name);
    }
}
