use super::*;
use crate::cbor::{Item, entry};

fn reply(text: Option<&str>, uri: Option<&str>, drawing: Option<&str>) -> Vec<u8> {
    let item = |text: Option<&str>| text.map(Item::from);
    Item::map([entry("text", item(text)), entry("uri", item(uri)), entry("drawing", item(drawing))])
        .into_bytes()
}

#[test]
fn a_sentence_is_all_it_takes() {
    let shown = Shown::parse(&reply(Some("Scan this with your phone."), None, None)).unwrap();
    assert_eq!(shown, Shown { text: "Scan this with your phone.".to_owned(), uri: None, drawing: None });
    assert_eq!(Shown::parse(&reply(None, Some("FIDO:/1"), None)), Err(Malformed::Missing));
    assert_eq!(Shown::parse(&[]), Err(Malformed::Truncated));
    assert_eq!(Shown::parse(&[0xa1, 0x64, b't', b'e', b'x', b't', 0x01]), Err(Malformed::Type));
}

#[test]
fn a_drawing_is_half_blocks_and_nothing_else() {
    let rows = "█▀▀█\n▄  ▄";
    let shown = Shown::parse(&reply(Some("Scan"), Some("FIDO:/1"), Some(rows))).unwrap();
    assert_eq!(shown.uri.as_deref(), Some("FIDO:/1"));
    assert_eq!(shown.drawing.as_ref().map(Drawing::as_str), Some(rows));
    for hostile in ["█\u{1b}[2J", "█x", "█\r█", "█\t", "█\u{a0}", &"█".repeat(97), &"\n".repeat(48)]
    {
        assert_eq!(Shown::parse(&reply(Some("Scan"), None, Some(hostile))), Err(Malformed::Invalid));
    }
}

#[test]
fn it_is_bounded() {
    let long = "x".repeat(MAX_LEN);
    assert_eq!(Shown::parse(&reply(Some(&long), None, None)), Err(Malformed::TooLong));
}

#[test]
fn every_cut_and_every_other_bit_is_read_without_a_panic() {
    let whole = reply(Some("Scan"), Some("FIDO:/123"), Some("█▀\n ▄"));
    for len in 0..whole.len() {
        assert!(Shown::parse(&whole[..len]).is_err(), "{len}");
        for bit in 0..8 {
            let mut other = whole.clone();
            other[len] ^= 1 << bit;
            let _ = Shown::parse(&other);
        }
    }
}
