//! A screen reader: what programs with windows tell people who cannot see them, by AT-SPI. That is their own word for what they show,
//! and where; a picture of the place says whether it is there to be seen.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::PATIENCE;
use crate::guest::Guest;
use crate::picture::Area;

/// Of `image/`, and where the guest has it; it needs the packages `python3-gi`, `gir1.2-atspi-2.0` and `at-spi2-core`.
pub(crate) const SCRIPT: &str = "screen-reader";
pub(crate) const READER: &str = "/guest/screen-reader";

/// Something on the screen.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Element {
    /// What kind of thing it is, as AT-SPI calls it: `label`, `password text`, `push button`.
    pub role: String,
    /// Its words.
    pub text: String,
    /// Whether it has the focus of the keyboard.
    pub focused: bool,
    /// Whether it can be used.
    pub sensitive: bool,
    x: i32,
    y: i32,
    width: i32,
    height: i32,
}

impl Element {
    /// Where it is on the screen; `None`: nowhere.
    pub fn area(&self) -> Option<Area> {
        let part = |length: i32| usize::try_from(length).ok();
        let area =
            Area { x: part(self.x)?, y: part(self.y)?, width: part(self.width)?, height: part(self.height)? };
        (area.width > 0 && area.height > 0).then_some(area)
    }
}

fn parse(text: &str) -> Vec<Element> {
    text.lines().map(|line| serde_json::from_str(line).expect("an element a line")).collect()
}

/// Waits until one of the elements that are shown is like this.
///
/// # Panics
/// When none is within `patience`; says what is shown.
#[track_caller]
pub fn expect_element(
    patience: Duration,
    name: &str,
    shown: impl Fn() -> Vec<Element>,
    like: impl Fn(&Element) -> bool,
) -> Element {
    let start = Instant::now();
    loop {
        let elements = shown();
        if let Some(element) = elements.iter().find(|element| like(element)) {
            return element.clone();
        }
        assert!(
            start.elapsed() < patience,
            "'{name}' is not shown within {patience:?}, but:\n{}",
            elements.iter().map(|element| format!("{element:?}")).collect::<Vec<_>>().join("\n")
        );
        thread::sleep(Duration::from_millis(200));
    }
}

/// What a program shows now, read from the start, for one that does not tell a screen reader of every change; nothing while it is too busy
/// to say.
///
/// # Panics
/// When the guest does not answer within `patience`.
#[track_caller]
pub(crate) fn read_anew(guest: &Guest, program: &str, patience: Duration) -> Vec<Element> {
    let command =
        format!("{READER} start {program} >&2 && cat /run/screen-reader/{program}; {READER} stop {program}");
    parse(&guest.run("root", &command, b"", patience).stdout)
}

/// Every text that the labels of one program come to show, from when it is listened to, as long as it runs: also what is shown for a moment
/// only.
pub struct Announcements<'a> {
    guest: &'a Guest,
    program: String,
    /// How many have been looked at.
    passed: Cell<usize>,
}

impl<'a> Announcements<'a> {
    #[track_caller]
    pub(crate) fn listen(guest: &'a Guest, program: &str) -> Self {
        guest.run("root", &format!("{READER} listen {program}"), b"", 3 * PATIENCE).ok();
        Self { guest, program: program.to_owned(), passed: Cell::new(0) }
    }

    /// Waits for a text that has these words, after those that have been waited for before.
    ///
    /// # Panics
    /// When there is none within `patience`; says what there was.
    #[track_caller]
    pub fn expect(&self, words: &str, patience: Duration) {
        let start = Instant::now();
        loop {
            let heard = self.all();
            let new = heard.iter().enumerate().skip(self.passed.get());
            if let Some((index, _)) = new.into_iter().find(|(_, text)| text.contains(words)) {
                self.passed.set(index + 1);
                return;
            }
            assert!(
                start.elapsed() < patience,
                "'{words}' is not said within {patience:?}, of {} texts after the first {}: {heard:#?}\n{}",
                heard.len(),
                self.passed.get(),
                self.logged()
            );
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// What our own programs have logged of late.
    #[track_caller]
    fn logged(&self) -> String {
        self.guest.root("grep -E 'pam_passkey|passkey-' /var/log/syslog | tail -n 20").stdout
    }

    /// All so far.
    ///
    /// # Panics
    /// When the guest is gone.
    #[track_caller]
    pub fn all(&self) -> Vec<String> {
        let text = self.guest.root(&format!("cat /run/screen-reader/{}.said", self.program)).ok();
        text.lines().map(|line| serde_json::from_str(line).expect("a string a line")).collect()
    }
}

/// Reads the windows of one program until it is dropped.
pub struct ScreenReader<'a> {
    guest: &'a Guest,
    program: String,
}

impl<'a> ScreenReader<'a> {
    #[track_caller]
    pub(crate) fn start(guest: &'a Guest, program: &str) -> Self {
        let reader = Self { guest, program: program.to_owned() };
        // It waits for the program, and for its first window.
        guest.run("root", &format!("{READER} start {program}"), b"", 3 * PATIENCE).ok();
        reader
    }

    /// All that the program shows.
    ///
    /// # Panics
    /// When the guest is gone.
    #[track_caller]
    pub fn elements(&self) -> Vec<Element> {
        parse(&self.guest.root(&format!("cat /run/screen-reader/{}", self.program)).stdout)
    }

    /// Waits until something is shown that has these words.
    ///
    /// # Panics
    /// When it is not within [`PATIENCE`]; says what is shown.
    #[track_caller]
    pub fn expect(&self, words: &str) -> Element {
        self.expect_that(words, |element| element.text.contains(words))
    }

    /// Waits for something that is like this.
    ///
    /// # Panics
    /// As [`ScreenReader::expect`] does.
    #[track_caller]
    pub fn expect_that(&self, name: &str, like: impl Fn(&Element) -> bool) -> Element {
        expect_element(PATIENCE, name, || self.elements(), like)
    }
}

impl Drop for ScreenReader<'_> {
    fn drop(&mut self) {
        self.guest.root(&format!("{READER} stop {}", self.program));
    }
}
