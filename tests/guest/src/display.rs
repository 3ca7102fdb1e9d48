//! A person before a guest's screen: what it shows, its keyboard and its pointer.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::PATIENCE;
use crate::guest::Guest;
use crate::monitor::Monitor;
use crate::picture::Picture;
use crate::reader::Element;

/// How long a key is held down: longer than a keyboard's contacts bounce, shorter than it takes a key to repeat.
const HELD: Duration = Duration::from_millis(15);
/// As far as a pointer goes, whatever the screen's size.
const POINTER_RANGE: usize = 0x7fff;

/// The screen, the keyboard and the pointer of a guest.
pub struct Display<'a> {
    guest: &'a Guest,
}

impl<'a> Display<'a> {
    pub(crate) fn new(guest: &'a Guest) -> Self {
        Self { guest }
    }

    /// Types printable ASCII on an American keyboard, one key after the other.
    ///
    /// # Panics
    /// When it has no such keys, or the guest no display.
    #[track_caller]
    pub fn type_text(&self, text: &str) {
        for character in text.chars() {
            let (shift, key) =
                key(character).unwrap_or_else(|| panic!("no key of the keyboard types {character:?}"));
            if shift {
                self.press(&["shift", key]);
            } else {
                self.press(&[key]);
            }
        }
    }

    /// Types a line and presses Enter.
    ///
    /// # Panics
    /// As [`Display::type_text`] does.
    #[track_caller]
    pub fn type_line(&self, line: &str) {
        self.type_text(line);
        self.press(&["ret"]);
    }

    /// Presses keys in this order and lets go of them in the other, by QEMU's names: `["ctrl", "alt", "f7"]`.
    ///
    /// # Panics
    /// When there is no key of that name, or no display.
    #[track_caller]
    pub fn press(&self, keys: &[&str]) {
        let events = |keys: &mut dyn Iterator<Item = &&str>, down: bool| -> Value {
            keys.map(|key| {
                json!({ "type": "key", "data": { "down": down, "key": { "type": "qcode", "data": key } } })
            })
            .collect()
        };
        self.input(&events(&mut keys.iter(), true));
        thread::sleep(HELD);
        self.input(&events(&mut keys.iter().rev(), false));
        thread::sleep(HELD);
    }

    /// Moves the pointer to a pixel.
    ///
    /// # Panics
    /// When there is no display.
    #[track_caller]
    pub fn point_at(&self, (x, y): (usize, usize)) {
        let (width, height) = self.picture().size();
        let axis = |axis: &str, at: usize, of: usize| json!({ "type": "abs", "data": { "axis": axis, "value": at * POINTER_RANGE / of } });
        self.input(&json!([axis("x", x, width), axis("y", y, height)]));
        thread::sleep(HELD);
    }

    /// Moves the pointer to a pixel and presses its left button.
    ///
    /// # Panics
    /// When there is no display.
    #[track_caller]
    pub fn click(&self, at: (usize, usize)) {
        self.point_at(at);
        for down in [true, false] {
            self.input(&json!([{ "type": "btn", "data": { "down": down, "button": "left" } }]));
            thread::sleep(HELD);
        }
    }

    /// What the screen shows now.
    ///
    /// # Panics
    /// When there is no display.
    #[track_caller]
    pub fn picture(&self) -> Picture {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        self.monitor(|monitor| monitor.screendump(file.path()));
        let bytes = std::fs::read(file.path()).expect("what QEMU has written");
        Picture::from_ppm(&bytes).unwrap_or_else(|reason| panic!("{reason}"))
    }

    /// Waits until the screen shows something at the place where a program says that an element is; the picture.
    ///
    /// # Panics
    /// When the place stays empty for [`PATIENCE`].
    #[track_caller]
    pub fn expect(&self, element: &Element) -> Picture {
        let area = element.area().unwrap_or_else(|| panic!("{element:?} has no place"));
        let start = Instant::now();
        loop {
            let picture = self.picture();
            if picture.crop(area).colours() > 1 {
                return picture;
            }
            assert!(start.elapsed() < PATIENCE, "the place of {element:?} stays empty for {PATIENCE:?}");
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// What the screen shows once it has not changed for so long. A cursor that blinks is a change.
    ///
    /// # Panics
    /// When it has not come to rest within [`PATIENCE`].
    #[track_caller]
    pub fn at_rest(&self, still: Duration) -> Picture {
        let start = Instant::now();
        let mut picture = self.picture();
        let mut since = Instant::now();
        while since.elapsed() < still {
            assert!(start.elapsed() < PATIENCE, "the screen is not at rest within {PATIENCE:?}");
            thread::sleep(Duration::from_millis(100));
            let next = self.picture();
            if next != picture {
                picture = next;
                since = Instant::now();
            }
        }
        picture
    }

    #[track_caller]
    fn input(&self, events: &Value) {
        self.monitor(|monitor| monitor.input(events));
    }

    #[track_caller]
    fn monitor(&self, action: impl FnOnce(&mut Monitor) -> Result<(), String>) {
        let done = self.guest.inner.machine.monitor(action);
        done.unwrap_or_else(|reason| panic!("the display: {reason}; the guest was built with one?"));
    }
}

/// Whether Shift has to be held, and QEMU's name of the key.
fn key(character: char) -> Option<(bool, &'static str)> {
    const LETTERS: [&str; 26] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t",
        "u", "v", "w", "x", "y", "z",
    ];
    const OTHERS: [(char, char, &str); 21] = [
        ('1', '!', "1"),
        ('2', '@', "2"),
        ('3', '#', "3"),
        ('4', '$', "4"),
        ('5', '%', "5"),
        ('6', '^', "6"),
        ('7', '&', "7"),
        ('8', '*', "8"),
        ('9', '(', "9"),
        ('0', ')', "0"),
        ('-', '_', "minus"),
        ('=', '+', "equal"),
        ('[', '{', "bracket_left"),
        (']', '}', "bracket_right"),
        (';', ':', "semicolon"),
        ('\'', '"', "apostrophe"),
        ('`', '~', "grave_accent"),
        ('\\', '|', "backslash"),
        (',', '<', "comma"),
        ('.', '>', "dot"),
        ('/', '?', "slash"),
    ];
    if character == ' ' {
        return Some((false, "spc"));
    }
    let letter = LETTERS.iter().find(|letter| letter.starts_with(character.to_ascii_lowercase()));
    if let Some(letter) = letter {
        return Some((character.is_ascii_uppercase(), letter));
    }
    OTHERS
        .iter()
        .find(|(plain, shifted, _)| [plain, shifted].contains(&&character))
        .map(|(_, shifted, key)| (*shifted == character, *key))
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn characters_are_on_their_keys() {
        assert_eq!(key('a'), Some((false, "a")));
        assert_eq!(key('Z'), Some((true, "z")));
        assert_eq!(key('0'), Some((false, "0")));
        assert_eq!(key('?'), Some((true, "slash")));
        assert_eq!(key(' '), Some((false, "spc")));
        assert_eq!(key('é'), None);
        assert_eq!(key('\n'), None);
    }
}
