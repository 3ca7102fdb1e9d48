//! Text of foreign origin, made harmless for a terminal or a log.
//!
//! Names come from keys, files, users and hosts. On a terminal a control character is a command, in a log a line end makes another line, and
//! an invisible character can turn the rest of a line around.

use std::fmt::{self, Write as _};

/// The longest line that goes to the log, in characters: rsyslog cuts at 8 KiB, journald at 48.
const MAX_LINE_CHARS: usize = 2000;
/// The longest message: libpam's `PAM_MAX_MSG_SIZE` is 512 bytes.
const MAX_MESSAGE_CHARS: usize = 450;
/// The longest text on a terminal, in characters: more than any path or sentence needs.
const MAX_TEXT_CHARS: usize = 4096;

/// Displays text with control characters, and the invisible ones that reorder a line, written as `\u{..}`, and cut off
/// with `…` at a bound.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a> {
    text: &'a str,
    max_chars: usize,
}

impl<'a> Escaped<'a> {
    /// For one line of the log.
    pub fn line(text: &'a str) -> Self {
        Self { text, max_chars: MAX_LINE_CHARS }
    }

    /// For a message or a prompt.
    pub fn message(text: &'a str) -> Self {
        Self { text, max_chars: MAX_MESSAGE_CHARS }
    }

    /// For a terminal.
    pub fn text(text: &'a str) -> Self {
        Self { text, max_chars: MAX_TEXT_CHARS }
    }

    /// For a name inside a line: at most `max_chars` characters.
    pub fn name(text: &'a str, max_chars: usize) -> Self {
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

/// Whether a terminal or a log would not just show it: control characters, line separators, and the invisible ones that reorder text.
pub fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

#[cfg(test)]
#[path = "escape_tests.rs"]
mod tests;
