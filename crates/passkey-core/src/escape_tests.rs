use super::*;

#[test]
fn ordinary_text_stays_as_it_is() {
    for text in ["", "Touch your security key.", "Schlüssel – 鍵 \"x\" \\ '%s'"] {
        assert_eq!(Escaped::line(text).to_string(), text);
        assert_eq!(Escaped::message(text).to_string(), text);
        assert_eq!(Escaped::text(text).to_string(), text);
    }
}

#[test]
fn nothing_can_begin_a_line_or_steer_a_terminal() {
    for (text, escaped) in [
        ("a\nb", r"a\u{a}b"),
        ("\r\x1b[2Jx", r"\u{d}\u{1b}[2Jx"),
        ("tab\tnul\0del\x7f", r"tab\u{9}nul\u{0}del\u{7f}"),
        ("\u{9b}31m", r"\u{9b}31m"),
        ("abc\u{202e}fed", r"abc\u{202e}fed"),
        ("\u{2028}\u{feff}\u{200d}", r"\u{2028}\u{feff}\u{200d}"),
    ] {
        assert_eq!(Escaped::line(text).to_string(), escaped);
    }
}

#[test]
fn length_is_bounded_in_characters() {
    assert_eq!(Escaped::name("äöü", 3).to_string(), "äöü");
    assert_eq!(Escaped::name("äöüß", 3).to_string(), "äöü…");
    assert_eq!(Escaped::line(&"x".repeat(100_000)).to_string().chars().count(), MAX_LINE_CHARS + 1);
    assert_eq!(Escaped::name("anything", 0).to_string(), "…");
}
