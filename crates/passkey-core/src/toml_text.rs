//! Small things that everything reading or writing TOML needs.

use std::fmt::Write as _;

/// The line of a byte offset, counted from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count().saturating_add(1)
}

/// What a TOML error says, on one line and without anything a terminal would obey.
pub(crate) fn syntax_message(error: &toml::de::Error) -> String {
    let message: String =
        error.message().chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` as a TOML string with its quotes, on one line.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len().saturating_add(2));
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\0'..='\u{1f}' | '\u{7f}' => {
                // Writing to a String cannot fail.
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_from_one() {
        let text = "a\nb\n\nc";
        for (offset, line) in [(0, 1), (1, 1), (2, 2), (4, 3), (5, 4), (99, 4)] {
            assert_eq!(line_of(text, offset), line, "{offset}");
        }
    }

    #[test]
    fn whatever_is_quoted_reads_back() {
        for text in
            ["", "plain", "a\"b\\c", "it's \"both\"", "'''", "\"\"\"", "ü\u{1}\u{7f}\u{85}", "a\nb\r\tc"]
        {
            let document = format!("x = {}\n", quoted(text));
            assert_eq!(document.lines().count(), 1, "{document}");
            let table = toml::de::DeTable::parse(&document).unwrap();
            assert_eq!(table.get_ref()["x"].get_ref().as_str(), Some(text));
        }
    }
}
