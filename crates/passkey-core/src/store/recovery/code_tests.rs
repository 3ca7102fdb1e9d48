use super::*;

fn secret(text: &str) -> Secret {
    Secret::new(text.as_bytes().to_vec())
}

fn code(bytes: [u8; SECRET_LEN]) -> Code {
    Code(Secret::new(bytes.to_vec()))
}

fn text(code: &Code) -> String {
    String::from_utf8(code.text().as_bytes().to_vec()).unwrap()
}

fn read(text: &str) -> Option<Code> {
    match Code::read(&secret(text)) {
        Reading::Code(code) => Some(code),
        Reading::Mistyped | Reading::NoCode => None,
    }
}

/// Computed by another program.
const VECTORS: [([u8; SECRET_LEN], &str); 4] = [
    ([0; 10], "0000-0000-0000-0000-07A4"),
    ([0xFF; 10], "ZZZZ-ZZZZ-ZZZZ-ZZZZ-021T"),
    ([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "000G-40R4-0M30-E209-3Y15"),
    ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "0410-6105-0R3G-G28A-S14E"),
];

#[test]
fn the_text_is_this() {
    for (bytes, expected) in VECTORS {
        assert_eq!(text(&code(bytes)), expected);
        assert_eq!(read(expected), Some(code(bytes)));
    }
}

#[test]
fn it_is_read_however_it_is_written() {
    let expected = Some(code([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    for written in [
        "000G-40R4-0M30-E209-3Y15",
        "000g-40r4-0m30-e209-3y15",
        "000G40R40M30E2093Y15",
        " 000G 40R4 0M30 E209 3Y15 ",
        "OOOG-4or4-oM3O-E2O9-3YI5",
        "000G-40R4-0M30-E209-3Yl5",
        "0-0-0-G-4-0-R-4-0-M-3-0-E-2-0-9-3-Y-1-5",
    ] {
        assert_eq!(read(written), expected, "{written}");
    }
}

#[test]
fn no_single_slip_makes_another_code() {
    let right = "0410-6105-0R3G-G28A-S14E";
    for position in (0..right.len()).filter(|position| !right[*position..].starts_with('-')) {
        for symbol in ALPHABET {
            let mut wrong = right.as_bytes().to_vec();
            wrong[position] = *symbol;
            let wrong = Secret::new(wrong);
            if wrong != secret(right) {
                assert!(matches!(Code::read(&wrong), Reading::Mistyped), "{position} {symbol}");
            }
        }
        let mut missing = right.to_owned();
        missing.remove(position);
        assert!(matches!(Code::read(&secret(&missing)), Reading::Mistyped), "{missing}");
        let mut doubled = right.to_owned();
        doubled.insert(position, 'Z');
        assert!(matches!(Code::read(&secret(&doubled)), Reading::Mistyped), "{doubled}");
    }
}

#[test]
fn neighbours_that_changed_places_are_noticed() {
    let right = text(&code([0x5A, 0x13, 0xC7, 0x20, 0x9E, 0x41, 0xB6, 0x77, 0x08, 0xFD])).replace('-', "");
    for position in 0..right.len() - 1 {
        let mut swapped = right.clone().into_bytes();
        swapped.swap(position, position + 1);
        if swapped != right.as_bytes() {
            assert!(matches!(Code::read(&Secret::new(swapped)), Reading::Mistyped), "{position}");
        }
    }
}

#[test]
fn pins_and_passwords_are_no_codes() {
    let long = "0".repeat(10_000);
    for typed in [
        "",
        "-",
        "1234",
        "123456",
        "1234567890123456",
        "12345678901234567890",
        "abcdefghjkmnpqrstvwx",
        "correct horse battery",
        "correct horse battery staple",
        "hunter2-hunter2-hunter2",
        "0410-6105-0R3G-G28A-S14E!",
        "0410_6105_0R3G_G28A_S14E",
        "0410-6105-0R3G-G28A-S14E0410-6105-0R3G-G28A-S14E",
        "041061050R3GG28A",
        "ÄÖÜ-1234-5678-90AB-CDEF",
        "0410\n6105\n0R3G\nG28A\nS14E",
        &long,
    ] {
        assert!(matches!(Code::read(&secret(typed)), Reading::NoCode), "{typed}");
    }
    assert!(matches!(Code::read(&Secret::new(vec![0xFF; 20])), Reading::NoCode));
}

#[test]
fn codes_differ_and_read_back() {
    let codes: Vec<Code> = (0..100).map(|_| Code::random().unwrap()).collect();
    for (index, code) in codes.iter().enumerate() {
        assert_eq!(read(&text(code)).as_ref(), Some(code));
        assert!(!codes[..index].contains(code));
    }
}

#[test]
fn nobody_sees_one_by_accident() {
    assert_eq!(format!("{:?}", code([7; 10])), "Code(Secret(..))");
}
