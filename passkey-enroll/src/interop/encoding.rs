//! Bytes as text, in the many ways of the programs that wrote it.

use base64ct::{Base64Unpadded, Encoding as _};

/// Base64 by either alphabet, padded or not.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let standard: String = text
        .trim_end_matches('=')
        .chars()
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    Base64Unpadded::decode_vec(&standard).ok()
}

/// Hexadecimal, two digits a byte.
pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits?;
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs
        .map(|pair| match pair {
            [high, low] => Some((high << 4) | low),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_alphabet_with_and_without_padding() {
        for text in ["+/8=", "-_8=", "+/8", "-_8", "-/8"] {
            assert_eq!(base64(text), Some(vec![0xfb, 0xff]), "{text}");
        }
        for text in ["+/9", "a", "a b=", "=", "\n", "+/8=x", "ä"] {
            assert_ne!(base64(text), Some(vec![0xfb, 0xff]), "{text}");
        }
        assert_eq!(base64("a"), None);
        assert_eq!(base64(""), Some(Vec::new()));
    }

    #[test]
    fn two_digits_a_byte() {
        assert_eq!(hex("00fF10"), Some(vec![0, 0xff, 0x10]));
        assert_eq!(hex(""), Some(Vec::new()));
        for text in ["0", "0g", "+1", "0x00", "é0", " 0"] {
            assert_eq!(hex(text), None, "{text}");
        }
    }
}
