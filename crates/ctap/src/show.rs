//! What an authenticator that is a service has to show to its person, such as a code to scan: a vendor command of CTAPHID (CTAP 2.1
//! §11.2.9.2), described in `docs/protocol.md`.

use crate::cbor::{Key, Malformed, Reader};

/// The longest reply, in bytes.
pub const MAX_LEN: usize = 4096;
/// The largest drawing: rows, and characters in each. A code of the largest size that one can scan off a screen is smaller.
const MAX_ROWS: usize = 48;
const MAX_COLUMNS: usize = 96;
/// The characters of a drawing: halves of a square above and below, both, none.
const CELLS: [char; 4] = [' ', '\u{2580}', '\u{2584}', '\u{2588}'];

/// What is to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// A sentence: foreign text, to be escaped before it is shown.
    pub text: String,
    /// What a code that is drawn holds, for programs that draw one themselves: foreign text too.
    pub uri: Option<String>,
    /// The code, drawn.
    pub drawing: Option<Drawing>,
}

/// A picture of half blocks, which cannot be anything else: rows of at most 96 of the four characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing(String);

impl Drawing {
    /// The rows, an end of line between each two; `None` for what is no such picture.
    pub fn new(rows: &str) -> Option<Self> {
        let mut count = 0_usize;
        for row in rows.split('\n') {
            count = count.saturating_add(1);
            let fits = row.chars().count() <= MAX_COLUMNS && row.chars().all(|cell| CELLS.contains(&cell));
            if !fits || count > MAX_ROWS {
                return None;
            }
        }
        Some(Self(rows.to_owned()))
    }

    /// The rows, an end of line between each two.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Shown {
    /// Parses the reply.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(reply: &[u8]) -> Result<Self, Malformed> {
        if reply.len() > MAX_LEN {
            return Err(Malformed::TooLong);
        }
        Reader::whole(reply, |reader| {
            let mut shown = Self::default();
            let mut has_text = false;
            reader.map(|key, value| {
                match key {
                    Key::Text("text") => {
                        has_text = true;
                        value.text()?.clone_into(&mut shown.text);
                    }
                    Key::Text("uri") => shown.uri = Some(value.text()?.to_owned()),
                    Key::Text("drawing") => {
                        shown.drawing = Some(Drawing::new(value.text()?).ok_or(Malformed::Invalid)?);
                    }
                    _ => value.skip()?,
                }
                Ok(())
            })?;
            if has_text { Ok(shown) } else { Err(Malformed::Missing) }
        })
    }
}

#[cfg(test)]
#[path = "show_tests.rs"]
mod tests;
