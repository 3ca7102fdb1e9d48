//! What a service has to show, on its way to a person.

use std::fmt;

use ctap::cbor::{Item, entry};

/// The longest encoding, in bytes.
const MAX_LEN: usize = 4096;

/// Something to show to the person: a sentence, and what a QR code is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown(Vec<u8>);

/// The encoding would be longer than 4096 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {MAX_LEN} bytes to show")
    }
}

impl std::error::Error for TooLong {}

impl Shown {
    /// A sentence, and the URI that is to be scanned.
    ///
    /// # Errors
    /// When the two are too long together.
    pub fn new(text: &str, uri: Option<&str>) -> Result<Self, TooLong> {
        let map = Item::map([entry("text", Item::from(text)), entry("uri", uri.map(Item::from))]);
        let encoded = map.into_bytes();
        if encoded.len() <= MAX_LEN { Ok(Self(encoded)) } else { Err(TooLong) }
    }

    /// The reply to the vendor command.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_is_canonical_and_bounded() {
        let shown = Shown::new("Scan", Some("FIDO:/1")).unwrap();
        assert_eq!(shown.into_bytes(), b"\xa2\x63uri\x67FIDO:/1\x64text\x64Scan");
        assert_eq!(Shown::new("Scan", None).unwrap().into_bytes(), b"\xa1\x64text\x64Scan");
        assert!(Shown::new(&"x".repeat(4096 - 9), None).is_ok());
        assert_eq!(Shown::new(&"x".repeat(4096 - 8), None), Err(TooLong));
    }
}
