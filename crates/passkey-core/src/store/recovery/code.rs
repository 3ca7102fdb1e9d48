//! One recovery code: 80 bits that a person can read, say and type.
//!
//! Twenty symbols of Crockford's base 32 in five groups of four, `7K3M-Q9TX-2B8H-VN5R-0ZAB`. The first sixteen are the
//! secret, the last four follow from it: so a slip is told from a guess, and a code from a PIN, which could well have
//! sixteen letters and digits.

use ctap::Secret;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::random::{self, NoRandomness};

/// Crockford's digits: no I, L and O, which look like 1 and 0, and no U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// The secret's length in bytes.
const SECRET_LEN: usize = 10;
/// The secret's length in symbols of five bits.
const SECRET_SYMBOLS: usize = 16;
/// The whole length in symbols.
const SYMBOLS: usize = 20;
/// Symbols in a group.
const GROUP: usize = 4;
/// So many symbols are taken for a code with a slip in it: one or two too few, wrong or too many.
const NEARLY: std::ops::RangeInclusive<usize> = 18..=22;

/// A recovery code. It does not say whose it is, if it is valid at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code(Secret);

/// A typed text.
#[derive(Debug)]
pub enum Reading {
    /// A recovery code.
    Code(Code),
    /// Most likely a recovery code, with a slip in it. A PIN can look like that too.
    Mistyped,
    /// Something else.
    NoCode,
}

impl Code {
    /// A new code.
    ///
    /// # Errors
    /// When the kernel gives no randomness.
    pub fn random() -> Result<Self, NoRandomness> {
        let mut bytes = vec![0; SECRET_LEN];
        random::fill(&mut bytes)?;
        Ok(Self(Secret::new(bytes)))
    }

    /// Reads what was typed: in either case, with O for 0 and I or L for 1, with hyphens and spaces anywhere or nowhere.
    pub fn read(typed: &Secret) -> Reading {
        let Some(symbols) = symbols(typed) else { return Reading::NoCode };
        if let (SYMBOLS, Some((secret, check))) =
            (symbols.len(), symbols.as_bytes().split_at_checked(SECRET_SYMBOLS))
        {
            let code = Self(packed(secret));
            if code.check().as_bytes() == check {
                return Reading::Code(code);
            }
        }
        let has = |test: fn(&u8) -> bool| typed.as_bytes().iter().any(test);
        if NEARLY.contains(&symbols.len()) && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) {
            Reading::Mistyped
        } else {
            Reading::NoCode
        }
    }

    /// Its text, in groups: ASCII.
    pub fn text(&self) -> Secret {
        let symbols = unpacked(self.0.as_bytes());
        let check = self.check();
        let mut text = Vec::with_capacity(SYMBOLS.saturating_add(SYMBOLS / GROUP));
        for (index, symbol) in symbols.as_bytes().iter().chain(check.as_bytes()).enumerate() {
            if index > 0 && index % GROUP == 0 {
                text.push(b'-');
            }
            text.extend(ALPHABET.get(usize::from(*symbol)));
        }
        Secret::new(text)
    }

    /// What is hashed.
    pub(super) fn secret(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The symbols that follow from the secret: the first twenty bits of its SHA-256.
    fn check(&self) -> Secret {
        let digest = Sha256::digest(self.0.as_bytes());
        let (first, _) = digest.split_at(5);
        Secret::new(unpacked(first).as_bytes().iter().copied().take(GROUP).collect())
    }
}

/// The symbols in what was typed; `None` where there is anything else in it, or more than a code could have. Most likely it was a
/// PIN then: what was read of it is wiped.
fn symbols(typed: &Secret) -> Option<Secret> {
    let mut symbols = Zeroizing::new(Vec::with_capacity(*NEARLY.end()));
    for byte in typed.as_bytes().iter().filter(|byte| !matches!(byte, b' ' | b'-')) {
        if symbols.len() == *NEARLY.end() {
            return None;
        }
        symbols.push(value(*byte)?);
    }
    Some(Secret::new(std::mem::take(&mut *symbols)))
}

fn value(byte: u8) -> Option<u8> {
    let symbol = match byte.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    ALPHABET.iter().zip(0..).find(|(known, _)| **known == symbol).map(|(_, value)| value)
}

/// Eight symbols for every five bytes.
fn unpacked(bytes: &[u8]) -> Secret {
    let mut symbols = Vec::with_capacity(SYMBOLS);
    for chunk in bytes.chunks_exact(5) {
        let bits = chunk.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        symbols.extend([35, 30, 25, 20, 15, 10, 5, 0].map(|shift: u32| low(bits.wrapping_shr(shift) & 0x1F)));
    }
    Secret::new(symbols)
}

/// Five bytes for every eight symbols.
fn packed(symbols: &[u8]) -> Secret {
    let mut bytes = Vec::with_capacity(SECRET_LEN);
    for chunk in symbols.chunks_exact(8) {
        let bits = chunk.iter().fold(0_u64, |bits, symbol| (bits << 5) | u64::from(*symbol));
        bytes.extend([32, 24, 16, 8, 0].map(|shift: u32| low(bits.wrapping_shr(shift) & 0xFF)));
    }
    Secret::new(bytes)
}

/// The lowest byte.
fn low(bits: u64) -> u8 {
    let [byte, ..] = bits.to_le_bytes();
    byte
}

#[cfg(test)]
#[path = "code_tests.rs"]
mod tests;
