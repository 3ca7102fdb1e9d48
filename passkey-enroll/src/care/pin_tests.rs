use super::*;

fn pin(text: &str, min_chars: usize) -> Result<Pin, PinUnfit> {
    Pin::new(&Secret::new(text.as_bytes().to_vec()), min_chars)
}

#[test]
fn a_pin_has_its_bounds_in_characters_and_in_bytes() {
    assert!(pin("1234", 4).is_ok());
    assert!(pin(&"a".repeat(63), 4).is_ok());
    assert!(pin("ключ", 4).is_ok());
    for (text, min_chars, unfit) in [
        ("", 4, PinUnfit::TooShort { min_chars: 4 }),
        ("123", 4, PinUnfit::TooShort { min_chars: 4 }),
        // Twelve bytes, and three characters.
        ("鍵鍵鍵鍵".get(..9).unwrap(), 4, PinUnfit::TooShort { min_chars: 4 }),
        ("12345", 6, PinUnfit::TooShort { min_chars: 6 }),
        // No key takes fewer than four, whatever it says.
        ("1", 0, PinUnfit::TooShort { min_chars: 4 }),
        (&"a".repeat(64), 4, PinUnfit::TooLong),
        (&"é".repeat(32), 4, PinUnfit::TooLong),
        ("1234\0", 4, PinUnfit::NotText),
    ] {
        assert_eq!(pin(text, min_chars).unwrap_err(), unfit, "{text:?}");
    }
    assert_eq!(Pin::new(&Secret::new(vec![0xff; 8]), 4).unwrap_err(), PinUnfit::NotText);
}

#[test]
fn a_pin_goes_over_the_pipe_and_nowhere_else() {
    let typed = pin("pä\"ss", 4).unwrap();
    assert!(!format!("{typed:?}").contains("ss"));
    let line = serde_json::to_string(&typed).unwrap();
    assert!(serde_json::from_str::<Pin>(&line).unwrap() == typed);
    assert!(pin("other", 4).unwrap() != typed);
    for line in ["\"123\"".to_owned(), format!("\"{}\"", "a".repeat(64)), "1234".to_owned()] {
        assert!(serde_json::from_str::<Pin>(&line).is_err(), "{line}");
    }
}
