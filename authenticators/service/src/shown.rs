//! The content that a service shows to a person: a sentence, and a code to scan.

use std::fmt;

use ctap::cbor::{Item, entry};
use ctap::show::{Drawing, MAX_LEN};
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// Something to show to the person: a sentence, and what a QR code is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown(Vec<u8>);

/// It would be longer than [`MAX_LEN`] bytes, or the code larger than one can scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {MAX_LEN} bytes to show")
    }
}

impl std::error::Error for TooLong {}

impl Shown {
    /// A sentence, and the URI that is to be scanned, which is drawn as a QR code as well.
    ///
    /// # Errors
    /// When they are too long together.
    pub fn new(text: &str, uri: Option<&str>) -> Result<Self, TooLong> {
        let drawing = uri.map(|uri| draw(uri).ok_or(TooLong)).transpose()?;
        let map = Item::map([
            entry("text", Item::from(text)),
            entry("uri", uri.map(Item::from)),
            entry("drawing", drawing.as_ref().map(|drawing| Item::from(drawing.as_str()))),
        ]);
        let encoded = map.into_bytes();
        if encoded.len() <= MAX_LEN { Ok(Self(encoded)) } else { Err(TooLong) }
    }

    /// The reply to the vendor command.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// The QR code of a URI in half blocks, light on a dark terminal, with the quiet zone that scanners want.
fn draw(uri: &str) -> Option<Drawing> {
    let code = QrCode::with_error_correction_level(uri, EcLevel::L).ok()?;
    let rows = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .quiet_zone(true)
        .build();
    Drawing::new(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_is_canonical_and_bounded() {
        assert_eq!(Shown::new("Scan", None).unwrap().into_bytes(), b"\xa1\x64text\x64Scan");
        assert!(Shown::new(&"x".repeat(4096 - 9), None).is_ok());
        assert_eq!(Shown::new(&"x".repeat(4096 - 8), None), Err(TooLong));
    }

    /// As long as those of the hybrid transport are (CTAP 2.2 §11.5.1).
    #[test]
    fn a_uri_is_drawn_and_read_back() {
        let uri = format!("FIDO:/{}", "0123456789".repeat(18));
        let shown = Shown::new("Scan this with your phone.", Some(&uri)).unwrap().into_bytes();
        let read = ctap::show::Shown::parse(&shown).unwrap();
        assert_eq!(
            (read.text.as_str(), read.uri.as_deref()),
            ("Scan this with your phone.", Some(uri.as_str()))
        );
        let drawing = read.drawing.unwrap();
        let rows: Vec<&str> = drawing.as_str().split('\n').collect();
        let columns = rows[0].chars().count();
        assert!(rows.iter().all(|row| row.chars().count() == columns), "{rows:?}");
        assert_eq!(rows.len(), columns.div_ceil(2), "two squares above each other in each character");
        assert!(columns < 80, "{columns} columns");
        assert_eq!(Shown::new("Scan", Some(&"x".repeat(2000))), Err(TooLong));
    }
}
