//! Finds where a DER structure ends: certificates and signatures follow each other without a length of their own.

use crate::cbor::Malformed;

const SEQUENCE: u8 = 0x30;

/// Splits the SEQUENCE that `bytes` begins with, head included, from what follows it (X.690 §8.1, §10.1).
pub(super) fn split_sequence(bytes: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let (head_len, content_len) = match bytes {
        [SEQUENCE, len @ 0..=0x7f, ..] => (2_usize, usize::from(*len)),
        [SEQUENCE, 0x81, len @ 0x80..=0xff, ..] => (3, usize::from(*len)),
        [SEQUENCE, 0x82, high @ 1..=0xff, low, ..] => (4, usize::from(u16::from_be_bytes([*high, *low]))),
        // Begins well and ends before its length does.
        [] | [SEQUENCE] | [SEQUENCE, 0x81 | 0x82] | [SEQUENCE, 0x82, _] => {
            return Err(Malformed::Truncated);
        }
        [SEQUENCE, ..] => return Err(Malformed::Invalid),
        _ => return Err(Malformed::Type),
    };
    bytes.split_at_checked(head_len.saturating_add(content_len)).ok_or(Malformed::Truncated)
}

/// Checks that `bytes` are one SEQUENCE and nothing else.
pub(super) fn only_sequence(bytes: &[u8]) -> Result<&[u8], Malformed> {
    match split_sequence(bytes)? {
        (sequence, []) => Ok(sequence),
        _ => Err(Malformed::TrailingBytes),
    }
}
