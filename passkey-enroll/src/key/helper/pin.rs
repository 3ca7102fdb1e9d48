//! PINs on their way to the process that talks to the key: text in the request, and judged again where it arrives.

use ctap::{Pin, Secret};
use serde::{Deserialize as _, Deserializer, Serializer, de};

/// Writes the PIN itself.
pub(super) fn serialize<S: Serializer>(pin: &Pin, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(pin.as_str())
}

/// Reads a PIN. Whether the key takes one of its length was seen when it was typed.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Pin, D::Error> {
    let text = Secret::new(String::deserialize(deserializer)?.into_bytes());
    Pin::parse(&text, Pin::MIN_LENGTH).map_err(de::Error::custom)
}

#[cfg(test)]
#[path = "pin_tests.rs"]
mod tests;
