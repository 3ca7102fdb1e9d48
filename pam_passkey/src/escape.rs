//! Text of foreign origin, made harmless for a terminal or a log.

use std::fmt::{self, Write as _};

/// The longest line that goes to the log, in characters: rsyslog cuts at 8 KiB, journald at 48.
const MAX_LINE_CHARS: usize = 2000;
/// The longest message: libpam's `PAM_MAX_MSG_SIZE` is 512 bytes.
const MAX_MESSAGE_CHARS: usize = 450;

/// Displays text with control characters, and the invisible ones that reorder a line, written as `\u{..}`, and cut off
/// with `…` at a bound.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Escaped<'a> {
    text: &'a str,
    max_chars: usize,
}

impl<'a> Escaped<'a> {
    /// For one line of the log.
    pub(crate) fn line(text: &'a str) -> Self {
        Self { text, max_chars: MAX_LINE_CHARS }
    }

    /// For a message or a prompt.
    pub(crate) fn message(text: &'a str) -> Self {
        Self { text, max_chars: MAX_MESSAGE_CHARS }
    }

    /// For a name inside a line: at most `max_chars` characters.
    pub(crate) fn name(text: &'a str, max_chars: usize) -> Self {
        Self { text, max_chars }
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut room = self.max_chars;
        for c in self.text.chars() {
            if room == 0 {
                return f.write_char('…');
            }
            room = room.saturating_sub(1);
            if is_dangerous(c) { write!(f, "{}", c.escape_unicode())? } else { f.write_char(c)? }
        }
        Ok(())
    }
}

fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

#[cfg(test)]
#[path = "escape_tests.rs"]
mod tests;
