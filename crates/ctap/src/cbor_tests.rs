use super::*;
use crate::vectors::hex;

fn skip(bytes: &[u8]) -> Result<(), Malformed> {
    Reader::whole(bytes, Reader::skip)
}

fn read_map(bytes: &[u8]) -> Result<(), Malformed> {
    Reader::whole(bytes, |reader| reader.map(|_, value| value.skip()))
}

/// A value inside `levels` arrays.
fn nested(head: u8, levels: usize) -> Vec<u8> {
    [vec![head; levels], vec![0x00]].concat()
}

#[test]
fn writes_the_shortest_form() {
    for (n, expected) in [
        (0, "00"),
        (0x17, "17"),
        (0x18, "1818"),
        (0xff, "18ff"),
        (0x100, "190100"),
        (0xffff, "19ffff"),
        (0x1_0000, "1a00010000"),
        (0xffff_ffff, "1affffffff"),
        (0x1_0000_0000, "1b0000000100000000"),
        (i64::MAX, "1b7fffffffffffffff"),
        (-1, "20"),
        (-7, "26"),
        (-24, "37"),
        (-25, "3818"),
        (-257, "390100"),
        (i64::MIN, "3b7fffffffffffffff"),
    ] {
        assert_eq!(Item::from(n).into_bytes(), hex(expected), "{n}");
    }
    for (length, head) in
        [(0, "40"), (23, "57"), (24, "5818"), (255, "58ff"), (256, "590100"), (65536, "5a00010000")]
    {
        let bytes = vec![0xaa; length];
        assert_eq!(Item::from(bytes.as_slice()).into_bytes(), [hex(head), bytes].concat());
    }
    assert_eq!(Item::from("ü").into_bytes(), hex("62c3bc"));
    assert_eq!(Item::from(false).into_bytes(), hex("f4"));
    assert_eq!(Item::from(true).into_bytes(), hex("f5"));
    assert_eq!(Item::array((0..24).map(Item::from)).into_bytes().get(..2), Some([0x98, 24].as_slice()));
}

/// The order that CTAP 2.1 §8 gives: by major type, then the shorter key, then by bytes.
#[test]
fn writes_map_keys_in_canonical_order() {
    let mut members = Vec::new();
    for n in [100, -1, 10, -100, 23, 24, 255, 256, 0] {
        members.push(entry(n, Item::from(0)));
    }
    for text in ["type", "b", "aa", "z", "id", ""] {
        members.push(entry(text, Item::from(0)));
    }
    members.push(None);
    let mut written = Vec::new();
    Reader::whole(&Item::map(members).into_bytes(), |reader| {
        reader.map(|key, value| {
            written.push(match key {
                Key::Int(n) => n.to_string(),
                Key::Text(text) => text.to_owned(),
                Key::Other => panic!("neither number nor text"),
            });
            value.skip()
        })
    })
    .unwrap();
    let expected =
        ["0", "10", "23", "24", "100", "255", "256", "-1", "-100", "", "b", "z", "aa", "id", "type"];
    assert_eq!(written, expected);
}

#[test]
fn leaves_out_what_is_none() {
    assert_eq!(command(0x06, [entry(1, None), entry(2, Item::from(7))]), hex("06 a1 02 07"));
    assert_eq!(command(0x0b, []), hex("0b a0"));
}

#[test]
fn reads_what_is_well_formed() {
    for good in [
        "00",
        "17",
        "1818",
        "1903e8",
        "1a000f4240",
        "1bffffffffffffffff",
        "20",
        "3863",
        "3bffffffffffffffff",
        "40",
        "4401020304",
        "60",
        "6449455446",
        "80",
        "83010203",
        "a0",
        "a201020304",
        "a26161016162820203",
        "f4",
        "f5",
        "f6",
        "f7",
        "f90000",
        "fa47c35000",
        "fb3ff199999999999a",
        // Text need not be UTF-8 to be passed over.
        "62c328",
    ] {
        assert_eq!(skip(&hex(good)), Ok(()), "{good}");
    }
}

#[test]
fn refuses_what_is_not_canonical() {
    use Malformed::{Duplicate, Invalid, TooLong, TrailingBytes, Truncated};
    for (bad, why) in [
        ("", Truncated),
        // Longer than needed.
        ("1800", Invalid),
        ("1817", Invalid),
        ("1900ff", Invalid),
        ("1a0000ffff", Invalid),
        ("1b00000000ffffffff", Invalid),
        ("3800", Invalid),
        ("3900ff", Invalid),
        ("5800", Invalid),
        ("58170000000000000000000000000000000000000000000000", Invalid),
        ("590001aa", Invalid),
        ("7800", Invalid),
        ("790001 61", Invalid),
        ("9800", Invalid),
        ("980100", Invalid),
        ("b800", Invalid),
        ("b8010000", Invalid),
        // Indefinite lengths.
        ("5f4100ff", Invalid),
        ("7f6161ff", Invalid),
        ("9f00ff", Invalid),
        ("bf0000ff", Invalid),
        ("ff", Invalid),
        // Tags and simple values that are not assigned.
        ("c000", Invalid),
        ("d81800", Invalid),
        ("e0", Invalid),
        ("f3", Invalid),
        ("f818", Invalid),
        ("f8ff", Invalid),
        // Reserved.
        ("1c", Invalid),
        ("3d", Invalid),
        ("5e", Invalid),
        ("7c", Invalid),
        ("9d", Invalid),
        ("be", Invalid),
        ("fc", Invalid),
        // Cut off.
        ("18", Truncated),
        ("1901", Truncated),
        ("38", Truncated),
        ("42ff", Truncated),
        ("6261", Truncated),
        ("78", Truncated),
        ("82 00", Truncated),
        ("a1 00", Truncated),
        ("a1", Truncated),
        ("f900", Truncated),
        ("fa000000", Truncated),
        ("fb00000000000000", Truncated),
        // Claims far beyond what is there.
        ("5bffffffffffffffff", Truncated),
        ("5affffffff00", Truncated),
        ("7bffffffffffffffff", TooLong),
        ("7a7fffffff61", TooLong),
        ("79ffff61", Truncated),
        ("9bffffffffffffffff", Truncated),
        ("9a7fffffff00", Truncated),
        ("bbffffffffffffffff", Truncated),
        ("ba7fffffff0000", Truncated),
        // A key twice, at whatever level.
        ("a201000100", Duplicate),
        ("81a2616100616101", Duplicate),
        // More than one value.
        ("0000", TrailingBytes),
        ("a000", TrailingBytes),
    ] {
        assert_eq!(skip(&hex(bad)), Err(why), "{bad}");
    }
    for (bad, why) in [
        ("a2 01 00 01 00", Duplicate),
        ("a2 6161 00 6161 01", Duplicate),
        ("a3 20 00 01 00 20 00", Duplicate),
        ("a2 4101 00 4101 00", Duplicate),
        // The same number in two ways: refused as such.
        ("a2 01 00 1801 00", Invalid),
        ("bbffffffffffffffff", TooLong),
        ("b841", TooLong),
        ("80", Malformed::Type),
        ("bf0000ff", Invalid),
        ("a1 a100 00", Truncated),
    ] {
        assert_eq!(read_map(&hex(bad)), Err(why), "{bad}");
    }
}

#[test]
fn keys_of_any_kind_and_order_are_read() {
    let mut keys = Vec::new();
    let bytes = hex("a6 20 00 01 00 6161 00 1bffffffffffffffff 00 4101 00 61ff 00");
    Reader::whole(&bytes, |reader| {
        reader.map(|key, value| {
            keys.push(key);
            value.skip()
        })
    })
    .unwrap();
    assert_eq!(keys, [Key::Int(-1), Key::Int(1), Key::Text("a"), Key::Other, Key::Other, Key::Other]);
}

#[test]
fn nesting_is_bounded() {
    for head in [0x81, 0x82, 0x98] {
        assert_ne!(skip(&nested(head, 5000)), Ok(()));
    }
    assert_eq!(skip(&nested(0x81, 8)), Ok(()));
    assert_eq!(skip(&nested(0x81, 9)), Err(Malformed::Depth));
    assert_eq!(skip(&nested(0x81, 7600)), Err(Malformed::Depth));
    // Maps as the key of a map, and as the value under key 0.
    assert_eq!(skip(&[vec![0xa1; 7600], vec![0; 7600]].concat()), Err(Malformed::Depth));
    assert_eq!(skip(&hex("a100").repeat(7600)), Err(Malformed::Depth));
}

#[test]
fn typed_readers_take_their_type_only() {
    let values =
        ["05", "24", "4105", "6105", "8105", "a10505", "f5", "f6", "f95000", "1bffffffffffffffff"].map(hex);
    let accepted = |read: &dyn Fn(&mut Reader<'_>) -> Result<(), Malformed>| -> Vec<usize> {
        (0..values.len()).filter(|index| Reader::whole(&values[*index], read).is_ok()).collect()
    };
    assert_eq!(accepted(&|reader| reader.unsigned::<u64>().map(drop)), [0, 9]);
    assert_eq!(accepted(&|reader| reader.unsigned::<u8>().map(drop)), [0]);
    assert_eq!(accepted(&|reader| reader.int().map(drop)), [0, 1]);
    assert_eq!(accepted(&|reader| reader.bytes().map(drop)), [2]);
    assert_eq!(accepted(&|reader| reader.text().map(drop)), [3]);
    assert_eq!(accepted(&|reader| reader.text_bytes().map(drop)), [3]);
    assert_eq!(accepted(&|reader| reader.array(9, Reader::skip)), [4]);
    assert_eq!(accepted(&|reader| reader.map(|_, value| value.skip())), [5]);
    assert_eq!(accepted(&|reader| reader.bool().map(drop)), [6]);
}

#[test]
fn lists_and_strings_are_bounded() {
    let list = hex("83 00 00 00");
    let read = |max| Reader::whole(&list, |reader| reader.array(max, |element| element.int().map(drop)));
    assert_eq!(read(3), Ok(()));
    assert_eq!(read(2), Err(Malformed::TooLong));
    let bytes = hex("43 010203");
    let read = |max| Reader::whole(&bytes, |reader| reader.bytes_up_to(max).map(<[u8]>::len));
    assert_eq!((read(3), read(2)), (Ok(3), Err(Malformed::TooLong)));
    let text = hex("63 616263");
    let read = |max| Reader::whole(&text, |reader| reader.text_up_to(max).map(str::len));
    assert_eq!((read(3), read(2)), (Ok(3), Err(Malformed::TooLong)));
    assert_eq!(Reader::whole(&bytes, Reader::array_of_bytes::<3>), Ok([1, 2, 3]));
    assert_eq!(Reader::whole(&bytes, Reader::array_of_bytes::<4>), Err(Malformed::Invalid));
}

#[test]
fn text_is_utf8_where_it_is_read_as_text() {
    for (bytes, expected) in [
        (hex("60"), Ok("")),
        (hex("62c3bc"), Ok("ü")),
        ([hex("78c8"), vec![b'x'; 200]].concat(), Ok(str::from_utf8(&[b'x'; 200]).unwrap())),
        (hex("61c3"), Err(Malformed::Invalid)),
        (hex("62c328"), Err(Malformed::Invalid)),
        (hex("63eda080"), Err(Malformed::Invalid)),
        (hex("62c080"), Err(Malformed::Invalid)),
    ] {
        assert_eq!(Reader::whole(&bytes, Reader::text), expected);
    }
    assert_eq!(Reader::whole(&hex("61c3"), Reader::text_bytes), Ok([0xc3].as_slice()));
}

#[test]
fn raw_values_are_exactly_what_was_there() {
    let bytes = hex("a201820203fb3ff199999999999a4100");
    let mut values = Vec::new();
    Reader::whole(&bytes, |reader| {
        reader.map(|_, value| {
            values.push(value.raw()?);
            Ok(())
        })
    })
    .unwrap();
    assert_eq!(values, [hex("820203"), hex("4100")]);
}
