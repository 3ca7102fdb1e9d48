//! Bytes as text: one encoder for base64 and hexadecimal. Reading accepts the variants of different programs.

use std::sync::LazyLock;

use data_encoding::{Encoding, HEXLOWER_PERMISSIVE, Specification};

/// Base64 by either alphabet. Padding is taken off before.
static BASE64: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    specification.translate.from.push_str("-_");
    specification.translate.to.push_str("+/");
    specification.encoding().ok()
});

/// Base64 by either alphabet, padded or not.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64.as_ref()?.decode(text.trim_end_matches('=').as_bytes()).ok()
}

/// Base64 with padding, as SSSD and pam_u2f write it.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    data_encoding::BASE64.encode(bytes)
}

/// base64url without padding, as ids are shown and stored.
pub(crate) fn to_base64url(bytes: &[u8]) -> String {
    data_encoding::BASE64URL_NOPAD.encode(bytes)
}

/// Hexadecimal, two digits a byte.
pub(crate) fn hex(text: &str) -> Option<Vec<u8>> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()
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
        assert_eq!((to_base64(&[0xfb, 0xff]), to_base64url(&[0xfb, 0xff])), ("+/8=".into(), "-_8".into()));
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
