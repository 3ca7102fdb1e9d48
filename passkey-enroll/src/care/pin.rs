//! PINs on their way to a key.

use std::fmt;

use ctap::Secret;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// The longest PIN, in bytes of UTF-8 (CTAP 2.1 §6.5.1). `ctap-hid-fido2` panics on more.
pub(crate) const MAX_PIN_LEN: usize = 63;
/// The shortest PIN of any key, in characters.
pub(crate) const MIN_PIN_CHARS: usize = 4;

/// A PIN that can be sent: at least [`MIN_PIN_CHARS`] characters and at most [`MAX_PIN_LEN`] bytes. Wiped when dropped, never
/// printed.
#[derive(Clone)]
pub(crate) struct Pin(Zeroizing<String>);

/// Why something is no PIN, or none for this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PinUnfit {
    /// It has fewer characters than this key takes.
    TooShort {
        /// The fewest.
        min_chars: usize,
    },
    /// It has more bytes than any key takes.
    TooLong,
    /// It is no text, or holds a NUL.
    NotText,
}

impl fmt::Display for PinUnfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { min_chars } => write!(f, "it has fewer than {min_chars} characters"),
            Self::TooLong => write!(f, "it has more than {MAX_PIN_LEN} bytes"),
            Self::NotText => f.write_str("it is no plain text"),
        }
    }
}

impl Pin {
    /// What was typed, where it has at least `min_chars` characters.
    ///
    /// # Errors
    /// Why it cannot be a PIN.
    pub(crate) fn new(typed: &Secret, min_chars: usize) -> Result<Self, PinUnfit> {
        let text = std::str::from_utf8(typed.as_bytes()).map_err(|_| PinUnfit::NotText)?;
        Self::check(text, min_chars)?;
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    fn check(text: &str, min_chars: usize) -> Result<(), PinUnfit> {
        // Keys take the first NUL for the end (CTAP 2.1 §6.5.5.5).
        if text.contains('\0') {
            return Err(PinUnfit::NotText);
        }
        if text.len() > MAX_PIN_LEN {
            return Err(PinUnfit::TooLong);
        }
        let min_chars = min_chars.max(MIN_PIN_CHARS);
        if text.chars().count() < min_chars { Err(PinUnfit::TooShort { min_chars }) } else { Ok(()) }
    }

    /// The same for our own ceremonies.
    pub(crate) fn secret(&self) -> Secret {
        Secret::new(self.0.as_bytes().to_vec())
    }

    /// The PIN itself.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

impl PartialEq for Pin {
    /// In time that depends on the lengths only.
    fn eq(&self, other: &Self) -> bool {
        self.secret() == other.secret()
    }
}

impl Serialize for Pin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Pin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Self::check(&text, MIN_PIN_CHARS).map_err(serde::de::Error::custom)?;
        Ok(Self(text))
    }
}

#[cfg(test)]
#[path = "pin_tests.rs"]
mod tests;
