//! Text of foreign origin, made harmless for a terminal.
//!
//! Names come from keys, files, users and hosts. On a terminal a control character is a command, and an invisible one can turn
//! the rest of the line around.

use std::fmt::{self, Write as _};

/// The longest text that is shown, in characters: more than any path or sentence needs.
const MAX_CHARS: usize = 4096;

/// Displays `text` with dangerous characters written as `\u{..}`, and cut off with `…` where it is endless.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chars = self.0.chars();
        for c in chars.by_ref().take(MAX_CHARS) {
            if is_dangerous(c) { write!(f, "{}", c.escape_unicode())? } else { f.write_char(c)? }
        }
        if chars.next().is_some() { f.write_char('…') } else { Ok(()) }
    }
}

/// Control characters, line separators, and the invisible characters that reorder text.
pub(crate) fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

#[cfg(test)]
#[path = "escape_tests.rs"]
mod tests;
