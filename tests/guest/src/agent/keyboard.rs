//! The machine's keyboard, on `/dev/uhid`: what it sends reaches the virtual terminal in front, as from a real one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};

const VENDOR: u32 = 0x1209;
const PRODUCT: u32 = 0x0002;
/// As they stand in the name of its folder.
const NUMBERS: &str = ":1209:0002.";

/// `linux/uhid.h`.
const OPEN: u32 = 4;
const CREATE2: u32 = 11;
const INPUT2: u32 = 12;
const MAX_EVENT: usize = 4380;

const DESCRIPTOR_LEN: u16 = 45;
/// A boot keyboard without lamps (HID 1.11, appendix B.1): a byte of modifiers, one that is reserved, six keys.
const REPORT_DESCRIPTOR: [u8; DESCRIPTOR_LEN as usize] = [
    0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, 0x05, 0x07, 0x19, 0xe0, 0x29, 0xe7, 0x15, 0x00, 0x25, 0x01, 0x75,
    0x01, 0x95, 0x08, 0x81, 0x02, 0x95, 0x01, 0x75, 0x08, 0x81, 0x01, 0x95, 0x06, 0x75, 0x08, 0x15, 0x00,
    0x25, 0x65, 0x05, 0x07, 0x19, 0x00, 0x29, 0x65, 0x81, 0x00, 0xc0,
];

const CONTROL: u8 = 0x01;
const SHIFT: u8 = 0x02;
/// What the keys from usage 4 on type on an American keyboard, alone and with Shift (HID usage tables, page 7).
const FIRST_USAGE: u8 = 0x04;
const PLAIN: &[u8] = b"abcdefghijklmnopqrstuvwxyz1234567890\r\x1b\x08\t -=[]\\\0;'`,./";
const SHIFTED: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ!@#$%^&*()\0\0\0\0\0_+{}|\0:\"~<>?";

/// It stays plugged in for as long as the guest runs.
pub(super) struct Keyboard(File);

impl Keyboard {
    /// Returns when the kernel listens to it.
    pub(super) fn plug_in() -> io::Result<Self> {
        let mut uhid = OpenOptions::new().read(true).write(true).open("/dev/uhid")?;
        uhid.write_all(&create())?;
        let mut event = [0; MAX_EVENT];
        while uhid.read(&mut event)? < 4 || event[..4] != OPEN.to_ne_bytes() {}
        // Until its driver is done with probing it, what it sends is lost. This setting waits for the same lock.
        for device in fs::read_dir("/sys/bus/hid/devices")? {
            let device = device?;
            if device.file_name().to_string_lossy().contains(NUMBERS) {
                fs::write(device.path().join("power/control"), "on")?;
            }
        }
        Ok(Self(uhid))
    }

    /// Presses the keys that make `text`, one after the other.
    pub(super) fn press(&mut self, text: &[u8]) -> io::Result<()> {
        for &character in text {
            let (modifiers, usage) = key(character).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidInput, format!("no key types {character:#04x}"))
            })?;
            self.0.write_all(&report(modifiers, usage))?;
            self.0.write_all(&report(0, 0))?;
        }
        Ok(())
    }
}

fn create() -> Vec<u8> {
    let mut event = CREATE2.to_ne_bytes().to_vec();
    let mut name = b"Keyboard of the guest".to_vec();
    name.resize(128 + 64 + 64, 0);
    event.extend(name);
    event.extend(DESCRIPTOR_LEN.to_ne_bytes());
    // USB; version and country say nothing.
    event.extend(3_u16.to_ne_bytes());
    event.extend([VENDOR, PRODUCT, 0x0100, 0].map(u32::to_ne_bytes).concat());
    event.extend(REPORT_DESCRIPTOR);
    event
}

fn report(modifiers: u8, usage: u8) -> Vec<u8> {
    let keys = [modifiers, 0, usage, 0, 0, 0, 0, 0];
    [&INPUT2.to_ne_bytes()[..], &8_u16.to_ne_bytes(), &keys].concat()
}

/// The modifiers and the key that make a character.
fn key(character: u8) -> Option<(u8, u8)> {
    let on = |keys: &[u8], wanted: u8| keys.iter().position(|&key| key == wanted && key != 0);
    let (modifiers, at) = if let Some(at) = on(PLAIN, character) {
        (0, at)
    } else if let Some(at) = on(SHIFTED, character) {
        (SHIFT, at)
    } else {
        (CONTROL, on(PLAIN, character.checked_add(b'a' - 1)?).filter(|_| character < b' ')?)
    };
    Some((modifiers, FIRST_USAGE + u8::try_from(at).ok()?))
}

#[cfg(test)]
mod tests {
    use super::{CONTROL, SHIFT, key};

    #[test]
    fn characters_are_on_their_keys() {
        assert_eq!(key(b'a'), Some((0, 0x04)));
        assert_eq!(key(b'Z'), Some((SHIFT, 0x1d)));
        assert_eq!(key(b'0'), Some((0, 0x27)));
        assert_eq!(key(b'\r'), Some((0, 0x28)));
        assert_eq!(key(b'/'), Some((0, 0x38)));
        assert_eq!(key(b'?'), Some((SHIFT, 0x38)));
        assert_eq!(key(0x03), Some((CONTROL, 0x06)), "Ctrl-C");
        assert_eq!(key(0x00), None);
        assert_eq!(key(0xe9), None);
    }
}
