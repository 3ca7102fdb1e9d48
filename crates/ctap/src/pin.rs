//! What may be sent to a key as a PIN (CTAP 2.1 §6.5.1): one rule for signing in, for enrolment and for the care of keys.

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::nfc::nfc;
use crate::secret::Secret;

/// Modhex, the alphabet of Yubico's one-time passwords: letters that are in the same place on most keyboards.
const MODHEX: &[u8] = b"cbdefghijklnrtuv";
/// The shortest one-time password, in characters: a public id of no bytes, and 16 bytes encrypted. Most have 44.
const MIN_OTP_LEN: usize = 32;
/// What is longer than this, in bytes, is too long in Normalization Form C as well, which is at least a quarter as long.
const MAX_TYPED_LEN: usize = 4 * Pin::MAX_LEN + 3;

/// A PIN that may be sent to a key: in Normalization Form C, at least 4 code points and at most 63 bytes of UTF-8, without NUL.
///
/// Wiped when dropped, compared in constant time, never printed.
#[derive(Clone)]
pub struct Pin(Zeroizing<String>);

/// Why something that was typed is no PIN. It must not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAPin {
    /// It ends in what a security key types when it is touched at the wrong moment.
    OneTimePassword,
    /// It is not UTF-8.
    NotText,
    /// It holds a NUL, which keys take for the end of a PIN (CTAP 2.1 §6.5.5.5).
    HoldsNul,
    /// It has fewer code points than a PIN.
    TooShort {
        /// The fewest, in code points.
        min_length: usize,
    },
    /// It has more than [`Pin::MAX_LEN`] bytes.
    TooLong,
}

impl fmt::Display for NotAPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneTimePassword => f.write_str("the security key itself typed it"),
            Self::NotText => f.write_str("it is not text"),
            Self::HoldsNul => f.write_str("it contains a NUL character"),
            Self::TooShort { min_length } => write!(f, "it has fewer than {min_length} characters"),
            Self::TooLong => write!(f, "it has more than {} bytes", Pin::MAX_LEN),
        }
    }
}

impl std::error::Error for NotAPin {}

impl Pin {
    /// The shortest PIN of any key, in code points.
    pub const MIN_LENGTH: usize = 4;
    /// The longest PIN, in bytes.
    pub const MAX_LEN: usize = 63;

    /// Takes what was typed for a PIN, in Normalization Form C. Where a PIN is set or changed, `min_length` is the key's
    /// [`min_pin_length`](crate::Info::min_pin_length), in code points; where one is verified, [`Pin::MIN_LENGTH`], since
    /// it may be older than the key's present rule. Less than that is never accepted.
    ///
    /// # Errors
    /// Why it is no PIN. What ends in a one-time password is one, whatever else is wrong with it.
    pub fn parse(typed: &Secret, min_length: usize) -> Result<Self, NotAPin> {
        let bytes = typed.as_bytes();
        if ends_in_one_time_password(bytes) {
            return Err(NotAPin::OneTimePassword);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| NotAPin::NotText)?;
        if bytes.contains(&0) {
            return Err(NotAPin::HoldsNul);
        }
        if bytes.len() > MAX_TYPED_LEN {
            return Err(NotAPin::TooLong);
        }
        let characters = nfc(text);
        if characters.iter().map(|character| character.len_utf8()).sum::<usize>() > Self::MAX_LEN {
            return Err(NotAPin::TooLong);
        }
        let min_length = min_length.max(Self::MIN_LENGTH);
        if characters.len() < min_length {
            return Err(NotAPin::TooShort { min_length });
        }
        let mut pin = Zeroizing::new(String::with_capacity(Self::MAX_LEN));
        characters.iter().for_each(|character| pin.push(*character));
        Ok(Self(pin))
    }

    /// The PIN itself, in UTF-8.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The PIN itself, as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// For what takes a PIN as it was typed.
impl From<&Pin> for Secret {
    fn from(pin: &Pin) -> Self {
        Self::new(pin.as_bytes().to_vec())
    }
}

/// In time that depends on the lengths only.
impl PartialEq for Pin {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl Eq for Pin {}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

/// A key that is touched during the question types its password behind what the person had typed already, in capitals where
/// Caps Lock is on, and may be set up to type a tab as well.
fn ends_in_one_time_password(typed: &[u8]) -> bool {
    let letters = typed.trim_ascii_end().iter().rev();
    letters.take_while(|byte| MODHEX.contains(&byte.to_ascii_lowercase())).count() >= MIN_OTP_LEN
}

#[cfg(test)]
#[path = "pin_tests.rs"]
mod tests;
