//! gnome-shell, as GDM's greeter and as the lock screen.

use std::thread;
use std::time::{Duration, Instant};

use guest::{Announcements, Area, Element, Guest, expect_element};

use crate::heavy::{self, PATIENCE, SLOW_DESKTOPS};
use crate::keyring;
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
const SHELL: &str = "gnome-shell";
/// Whether there is a shell that is not alice's: its arguments are no sign of a greeter everywhere.
const GREETER: &str = "ps -C gnome-shell -o user= | grep -qv '^alice'";
/// What starts all that belongs to a person's session.
pub(crate) const SESSION: &str = "gnome-session";
/// Below the list of users.
const NOT_LISTED: &str = "Not listed?";
const SCREEN: (u16, u16) = (1024, 768);
/// The prompt, in the middle of the screen.
const PROMPT: Area = Area { x: 272, y: 170, width: 480, height: 400 };
const MEGABYTES: u32 = 4096;
/// What is started beside the desktop and has no part in signing in; a file system to search is a long time under emulation.
const NOT_NEEDED: &str = "systemctl --global mask localsearch-3.service pipewire.service pipewire.socket \
     pipewire-pulse.service pipewire-pulse.socket wireplumber.service";
/// Until a screen that was dark is drawn.
const WOKEN: Duration = Duration::from_secs(5);
/// Until the shell has made of an answer what it makes of it.
const SOON: Duration = Duration::from_secs(180);

/// A machine with GDM on which alice has a passkey on each of her keys, and a keyring.
pub(crate) fn machine(suite: &str) -> Guest {
    let guest =
        people_and_keys(Guest::debian(suite).systemd().packages(&PACKAGES).packages(&["libsecret-tools"]))
            .display(SCREEN)
            .memory(MEGABYTES)
            .file(SLOW_DESKTOPS.0, SLOW_DESKTOPS.1)
            .boot();
    guest.root(NOT_NEEDED).ok();
    enrol_all(&guest);
    keyring::make(&guest);
    guest
}

/// The shell that the screen shows.
pub(crate) struct Shell<'a> {
    pub(crate) guest: &'a Guest,
    /// Its messages stay for two seconds at the least. To have them stay longer (`GDM_MESSAGE_TIME_MULTIPLIER`) would change what becomes of a
    /// failure: the shell begins anew only if all of them were shown within ten seconds.
    texts: Announcements<'a>,
}

impl<'a> Shell<'a> {
    /// Starts GDM and waits for its list of users.
    #[track_caller]
    pub(crate) fn greeter(guest: &'a Guest) -> Self {
        Self::greeter_in(guest, NOT_LISTED)
    }

    /// As [`greeter`](Self::greeter), in another language.
    #[track_caller]
    pub(crate) fn greeter_in(guest: &'a Guest, not_listed: &str) -> Self {
        guest.root("systemctl start gdm").ok();
        Self::with_list(guest, not_listed)
    }

    /// The greeter that comes once the session has ended.
    #[track_caller]
    pub(crate) fn greeter_again(guest: &'a Guest) -> Self {
        // The one that opened the session outlives its beginning, and shows its list once more.
        heavy::wait_for(guest, &format!("! {{ {GREETER}; }}"));
        heavy::log_out(guest);
        heavy::wait_for(guest, GREETER);
        Self::with_list(guest, NOT_LISTED)
    }

    #[track_caller]
    fn with_list(guest: &'a Guest, not_listed: &str) -> Self {
        heavy::wait_for_picture(guest);
        list(guest, not_listed);
        Self { guest, texts: guest.announcements(SHELL) }
    }

    /// The desktop that comes after signing in, once the greeter is gone.
    #[track_caller]
    pub(crate) fn desktop(guest: &'a Guest) -> Self {
        heavy::wait_for(guest, &format!("pgrep -u alice -x gnome-shell && ! {{ {GREETER}; }}"));
        let is_menu = |element: &Element| element.role == "menu";
        expect_element(PATIENCE, "the menu of the desktop", || guest.elements(SHELL, PATIENCE), is_menu);
        Self { guest, texts: guest.announcements(SHELL) }
    }

    /// Waits for the list of users.
    #[track_caller]
    pub(crate) fn list(&self) {
        list(self.guest, NOT_LISTED);
    }

    /// Chooses alice, the only user.
    #[track_caller]
    pub(crate) fn choose_alice(&self) {
        self.guest.display().press(&["ret"]);
    }

    /// Waits for a field that takes an answer.
    #[track_caller]
    pub(crate) fn prompt(&self) -> Element {
        let is_field = |element: &Element| {
            element.role == "password text" && element.focused && element.sensitive && element.text.is_empty()
        };
        let is_drawn = |element: &Element| element.area().is_some_and(|area| self.is_drawn(area));
        let like = |element: &Element| is_field(element) && is_drawn(element);
        expect_element(SOON, "a field for an answer", || self.elements(), like)
    }

    /// Whether there is something to be seen at a place, which is one to a screen reader before it is drawn, and while the lock screen is dark: it
    /// goes dark again while a busy machine reads the screen once more, so that it is looked at right after it was woken.
    fn is_drawn(&self, area: Area) -> bool {
        let display = self.guest.display();
        let start = Instant::now();
        while start.elapsed() < WOKEN {
            if display.picture().crop(area).colours() > 1 {
                return true;
            }
            display.press(&["shift"]);
            thread::sleep(Duration::from_millis(500));
        }
        false
    }

    /// Waits until the shell says this.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) {
        self.texts.expect(words, SOON);
    }

    /// Waits until these words are on the screen, and there is something to be seen at the place.
    #[track_caller]
    pub(crate) fn shows(&self, words: &str) {
        let has_words = |element: &Element| element.text.contains(words);
        let element = expect_element(SOON, words, || self.elements(), has_words);
        self.guest.display().expect(&element);
    }

    /// Locks the screen and waits for the prompt behind the clock.
    #[track_caller]
    pub(crate) fn lock(&self) {
        heavy::lock(self.guest);
        let start = Instant::now();
        while self.guest.display().picture().colours() < 2 {
            assert!(start.elapsed() < SOON, "the screen stays dark for {SOON:?}");
            self.guest.display().press(&["shift"]);
            thread::sleep(Duration::from_secs(2));
        }
        // The shell of GNOME 48 says it to nobody: it is there, transparent until the screen has been left alone for a while.
        let is_hint = |element: &Element| element.text.contains("Click or press a key");
        expect_element(SOON, "the clock of the lock screen", || self.elements(), is_hint);
        self.guest.display().press(&["ret"]);
        self.prompt();
    }

    /// What the shell shows now.
    fn elements(&self) -> Vec<Element> {
        self.guest.elements(SHELL, PATIENCE)
    }

    /// Keeps a picture of the prompt, if that is asked for.
    pub(crate) fn keep(&self, name: &str) {
        pictures::keep(self.guest, PROMPT, name);
    }
}

/// Waits for the list of users, with alice in it.
#[track_caller]
fn list(guest: &Guest, not_listed: &str) {
    let has_list = |element: &Element| element.text == not_listed;
    expect_element(PATIENCE, "the list of users", || guest.elements(SHELL, PATIENCE), has_list);
}
