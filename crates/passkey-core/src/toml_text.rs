//! Small things that everything reading or writing TOML needs.

use std::fmt::Write as _;

/// The line of a byte offset, counted from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count().saturating_add(1)
}

/// Counts lines for offsets that rise, looking at every byte of the text once.
pub(crate) struct LineCounter<'a> {
    text: &'a str,
    offset: usize,
    line: usize,
}

impl<'a> LineCounter<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, offset: 0, line: 1 }
    }

    /// The line of `offset`, counted from 1, as [`line_of`] gives it. An offset before the last one has that one's line.
    pub(crate) fn line_of(&mut self, offset: usize) -> usize {
        if let Some(passed) = self.text.get(self.offset..offset) {
            self.line = self.line.saturating_add(passed.matches('\n').count());
            self.offset = offset;
        }
        self.line
    }
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
    fn lines_counted_on_the_way_are_the_same() {
        let text = "a\nb\n\nc\n\n\nd";
        for step in 1..=4 {
            let mut lines = LineCounter::new(text);
            for offset in (0..=text.len()).step_by(step) {
                assert_eq!(lines.line_of(offset), line_of(text, offset), "{offset}");
            }
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
