use super::*;

#[test]
fn nothing_that_a_terminal_obeys_comes_through() {
    for (hostile, shown) in [
        ("\u{1b}[31mred", "\\u{1b}[31mred"),
        ("two\nlines\r", "two\\u{a}lines\\u{d}"),
        ("\u{9b}2J", "\\u{9b}2J"),
        ("del\u{7f}", "del\\u{7f}"),
        ("gpj.\u{202e}exe", "gpj.\\u{202e}exe"),
        ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
        ("a\u{2028}b", "a\\u{2028}b"),
        ("Schlüssel 鍵 🔑", "Schlüssel 鍵 🔑"),
        ("", ""),
    ] {
        assert_eq!(Escaped(hostile).to_string(), shown);
    }
}

#[test]
fn endless_text_is_cut() {
    let text = "x".repeat(10_000);
    let shown = Escaped(&text).to_string();
    assert_eq!(shown.chars().count(), MAX_CHARS + 1);
    assert!(shown.ends_with('…'));
    let just_fits = "x".repeat(MAX_CHARS);
    assert_eq!(Escaped(&just_fits).to_string(), just_fits);
}
