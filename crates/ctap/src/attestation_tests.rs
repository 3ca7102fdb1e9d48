use super::*;
use crate::cbor::{Item, entry};

fn bytes(bytes: &[u8]) -> Item {
    Item::from(bytes)
}

fn statement(members: impl IntoIterator<Item = (&'static str, Item)>) -> Vec<u8> {
    Item::map(members.into_iter().map(|(key, value)| entry(key, value))).into_bytes()
}

fn certificates(count: u8) -> Item {
    Item::array((0..count).map(|n| bytes(&[n])))
}

#[test]
fn the_formats_of_security_keys_are_read() {
    let sig = || ("sig", bytes(b"s"));
    assert_eq!(Statement::parse("none", &statement([])), Ok(Statement::None));
    assert_eq!(
        Statement::parse("packed", &statement([("alg", Item::from(-7)), sig()])),
        Ok(Statement::Packed(Packed { alg: -7, sig: b"s".to_vec(), x5c: vec![] }))
    );
    assert_eq!(
        Statement::parse("packed", &statement([("alg", Item::from(-257)), sig(), ("x5c", certificates(2))])),
        Ok(Statement::Packed(Packed { alg: -257, sig: b"s".to_vec(), x5c: vec![vec![0], vec![1]] }))
    );
    assert_eq!(
        Statement::parse("fido-u2f", &statement([sig(), ("x5c", certificates(1))])),
        Ok(Statement::FidoU2f(FidoU2f { sig: b"s".to_vec(), certificate: vec![0] }))
    );
    for format in ["tpm", "android-key", "android-safetynet", "apple", "compound", "Packed", ""] {
        assert_eq!(Statement::parse(format, b"\xff"), Ok(Statement::Other), "{format}");
    }
}

#[test]
fn what_a_format_does_not_have_is_passed_over() {
    let more = statement([("alg", Item::from(-8)), ("sig", bytes(b"s")), ("ver", Item::from("2.0"))]);
    assert!(matches!(Statement::parse("packed", &more), Ok(Statement::Packed(_))));
}

#[test]
fn statements_that_are_none_are_refused() {
    let (alg, sig) = (|| ("alg", Item::from(-7)), || ("sig", bytes(b"s")));
    for (format, bytes, error) in [
        ("none", statement([sig()]), Malformed::Invalid),
        ("none", b"\x80".to_vec(), Malformed::Type),
        ("none", b"\xa0\x00".to_vec(), Malformed::TrailingBytes),
        ("packed", statement([]), Malformed::Missing),
        ("packed", statement([alg()]), Malformed::Missing),
        ("packed", statement([sig()]), Malformed::Missing),
        ("packed", statement([alg(), sig(), ("x5c", certificates(0))]), Malformed::Missing),
        ("packed", statement([alg(), sig(), ("x5c", certificates(9))]), Malformed::TooLong),
        ("packed", statement([alg(), sig(), ("x5c", bytes(b"c"))]), Malformed::Type),
        ("packed", statement([alg(), ("sig", Item::from("s"))]), Malformed::Type),
        ("packed", statement([("alg", bytes(b"")), sig()]), Malformed::Type),
        ("packed", b"\xa2\x63alg\x26\x63alg\x26".to_vec(), Malformed::Duplicate),
        ("fido-u2f", statement([sig()]), Malformed::Missing),
        ("fido-u2f", statement([("x5c", certificates(1))]), Malformed::Missing),
        ("fido-u2f", statement([sig(), ("x5c", certificates(0))]), Malformed::Missing),
        ("fido-u2f", statement([sig(), ("x5c", certificates(2))]), Malformed::Invalid),
        ("fido-u2f", vec![], Malformed::Truncated),
    ] {
        assert_eq!(Statement::parse(format, &bytes), Err(error), "{format} {bytes:02x?}");
    }
}

#[test]
fn no_cut_of_a_statement_is_one() {
    let whole = statement([("alg", Item::from(-7)), ("sig", bytes(b"s")), ("x5c", certificates(2))]);
    for end in 0..whole.len() {
        assert!(Statement::parse("packed", &whole[..end]).is_err(), "{end}");
    }
}
