use super::*;

fn typed(text: &str) -> Secret {
    Secret::new(text.as_bytes().to_vec())
}

fn parse(text: &str) -> Result<String, NotAPin> {
    Pin::parse(&typed(text), Pin::MIN_LENGTH).map(|pin| pin.as_str().to_owned())
}

const TOO_SHORT: NotAPin = NotAPin::TooShort { min_length: 4 };

#[test]
fn a_pin_has_its_bounds_in_characters_and_in_bytes() {
    for text in ["1234", "    ", "ключ", "鍵鍵鍵鍵", &"a".repeat(63), &"鍵".repeat(21)] {
        assert_eq!(parse(text).as_deref(), Ok(text));
    }
    for (text, refusal) in [
        ("", TOO_SHORT),
        ("123", TOO_SHORT),
        // Nine bytes, and three characters.
        ("鍵鍵鍵", TOO_SHORT),
        (&"a".repeat(64), NotAPin::TooLong),
        (&"鍵".repeat(22), NotAPin::TooLong),
        (&"a".repeat(100_000), NotAPin::TooLong),
        ("\0", NotAPin::HoldsNul),
        ("1234\0", NotAPin::HoldsNul),
        ("12\x0034", NotAPin::HoldsNul),
    ] {
        assert_eq!(parse(text), Err(refusal), "{text:?}");
    }
    for bytes in [vec![0xff; 8], b"p\xe4sswort".to_vec(), "1234ß".as_bytes()[..5].to_vec()] {
        assert_eq!(Pin::parse(&Secret::new(bytes), 4), Err(NotAPin::NotText));
    }
}

#[test]
fn the_key_may_ask_for_more_and_not_for_less() {
    let parse = |text, min_length| Pin::parse(&typed(text), min_length);
    assert!(parse("123456", 6).is_ok());
    assert_eq!(parse("12345", 6), Err(NotAPin::TooShort { min_length: 6 }));
    assert_eq!(parse("123", 0), Err(TOO_SHORT));
    assert_eq!(parse("", usize::MAX), Err(NotAPin::TooShort { min_length: usize::MAX }));
}

/// However a keyboard, a terminal or a locker composes letters, the key gets the same bytes.
#[test]
fn a_pin_is_sent_in_normalization_form_c() {
    for (typed, sent) in [
        ("pe\u{301}ss", "p\u{e9}ss"),
        ("p\u{e9}ss", "p\u{e9}ss"),
        ("pa\u{308}sse", "pässe"),
        // Singletons: the signs of Kelvin, Ohm and Ångström, a compatibility ideograph.
        ("\u{212a}\u{2126}\u{212b}\u{f900}", "K\u{3a9}\u{c5}\u{8c48}"),
        // Not compatibility forms: those stay what they are.
        ("ﬁ①２ª", "ﬁ①２ª"),
        // Marks in the order of their classes, below before above; those of one class as they come.
        ("123q\u{307}\u{323}", "123q\u{323}\u{307}"),
        ("123s\u{307}\u{323}", "123\u{1e69}"),
        ("123a\u{302}\u{301}", "123\u{1ea5}"),
        ("123a\u{301}\u{302}", "123\u{e1}\u{302}"),
        // Excluded from composition.
        ("123\u{958}", "123\u{915}\u{93c}"),
        // Hangul: two jamo, three, and a syllable with a final one.
        ("\u{1100}\u{1161}가가가", "가가가가"),
        ("\u{1112}\u{1161}\u{11ab}글한글", "한글한글"),
        ("\u{d558}\u{11ab}글한글", "한글한글"),
        // A mark without a letter before it, and a letter that a starter parts from its mark.
        ("\u{301}123", "\u{301}123"),
        ("12a\u{34f}\u{301}", "12a\u{34f}\u{301}"),
    ] {
        assert_eq!(parse(typed).as_deref(), Ok(sent), "{typed:?}");
    }
}

#[test]
fn length_is_counted_after_normalization() {
    // Six code points typed, two of them sent; eight, and four.
    assert_eq!(parse("\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"), Err(TOO_SHORT));
    assert_eq!(parse("e\u{301}".repeat(3).as_str()), Err(TOO_SHORT));
    assert_eq!(parse("e\u{301}".repeat(4).as_str()).as_deref(), Ok("éééé"));
    // 93 bytes typed, 62 of them sent, and one more, and another one.
    let long = "e\u{301}".repeat(31);
    assert_eq!(parse(&long).unwrap().len(), 62);
    assert_eq!(parse(&format!("{long}1")).unwrap().len(), 63);
    assert_eq!(parse(&format!("{long}12")), Err(NotAPin::TooLong));
    // 189 bytes of jamo become 63 of syllables.
    let jamo = "\u{1112}\u{1161}\u{11ab}";
    assert_eq!(parse(&jamo.repeat(21)).as_deref(), Ok("한".repeat(21).as_str()));
    assert_eq!(parse(&format!("{}1", jamo.repeat(21))), Err(NotAPin::TooLong));
    // 33 bytes become 66: these letters are excluded from composition.
    assert_eq!(parse(&"\u{958}".repeat(10)).unwrap().len(), 60);
    assert_eq!(parse(&"\u{958}".repeat(11)), Err(NotAPin::TooLong));
}

/// Yubico's own examples, and what else a touch during the question may leave behind.
#[test]
fn a_one_time_password_is_never_a_pin() {
    const OTP: &str = "cccjgjgkhcbbirdrfdnlnghhfgrtnnlgedjlftrbdeut";
    let upper = OTP.to_uppercase();
    let tab = format!("{OTP}\t");
    let forms = [OTP, &OTP[12..], &format!("cccc{OTP}"), &upper, &tab, &OTP.repeat(2)];
    for form in forms {
        assert_eq!(parse(form), Err(NotAPin::OneTimePassword), "{form}");
        for before in ["12", "123456", "é", "ключ", "\0", &"9".repeat(63), &"9".repeat(100_000)] {
            assert_eq!(parse(&format!("{before}{form}")), Err(NotAPin::OneTimePassword), "{before}{form}");
        }
        let bytes = [&[0xff], form.as_bytes()].concat();
        assert_eq!(Pin::parse(&Secret::new(bytes), 4), Err(NotAPin::OneTimePassword));
        assert_eq!(Pin::parse(&typed(form), 100), Err(NotAPin::OneTimePassword));
    }
    assert_eq!(OTP.len(), 44);
    for length in 4..=44 {
        let refused = Pin::parse(&typed(&OTP[..length]), 4) == Err(NotAPin::OneTimePassword);
        assert_eq!(refused, length >= 32, "{length}");
    }
    // Letters that are not of the alphabet, or not at the end.
    for pin in [&format!("{}a", &OTP[..40]), &format!("{}x{}", &OTP[..31], &OTP[..31]), &format!("{OTP}1")] {
        assert_eq!(parse(pin).as_ref(), Ok(pin));
    }
}

#[test]
fn nobody_sees_one_by_accident() {
    let pin = Pin::parse(&typed("correct horse"), 4).unwrap();
    assert_eq!(format!("{pin:?}"), "Pin(..)");
    assert_eq!(pin.as_bytes(), b"correct horse");
    assert_eq!(pin, Pin::parse(&typed("correct horse"), 4).unwrap());
    assert_ne!(pin, Pin::parse(&typed("correct house"), 4).unwrap());
}
