//! A service file, line by line.

use super::control::Control;
use super::dialect::{Dialect, Reader};
use super::rule::{self, Facility, Flaw, Include, Parsed, Rule};

/// A service file. The bytes of its lines, one after the other, are the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceFile {
    lines: Vec<Line>,
}

/// A line, with those that it goes on in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The number of its first line, counted from 1.
    pub number: usize,
    /// Its bytes with all line ends.
    pub bytes: Vec<u8>,
    /// What it asks for.
    pub content: Content,
}

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A comment, or an empty line.
    Nothing,
    /// A module is called.
    Rule(Rule),
    /// Another file's lines stand here.
    Include(Include),
    /// libpam does not take it as one would think.
    Flawed {
        /// For what it would be; `None` for whatever is asked for.
        facility: Option<Facility>,
        /// What follows from the failure; `None` where it is a failure in any case.
        control: Option<Control>,
        /// Why.
        flaw: Flaw,
    },
}

impl ServiceFile {
    /// Reads the file's bytes. Every file is one to libpam; what it does not understand is among the lines.
    pub fn parse(bytes: &[u8], dialect: &Dialect) -> Self {
        let mut lines = Vec::new();
        let mut number: usize = 1;
        let mut physical = bytes.split_inclusive(|byte| *byte == b'\n');
        while let Some(first) = physical.next() {
            let mut line = Line { number, bytes: first.to_vec(), content: Content::Nothing };
            let mut piece = Piece::read(first);
            let mut text = piece.text;
            // What the old reader has in its buffer so far, and whether all of it found room.
            let mut used = piece.used;
            let mut fits = first.len() <= Reader::MAX_OLD_LEN;
            number = number.saturating_add(1);
            while piece.ending == Ending::GoesOn {
                let Some(next) = physical.next() else { break };
                line.bytes.extend_from_slice(next);
                number = number.saturating_add(1);
                let goes_on = Piece::read(next);
                fits &= used.saturating_add(next.len()) <= Reader::MAX_OLD_LEN;
                // To the old reader it is not there.
                if dialect.reader == Reader::Old && goes_on.text.trim_matches(BLANKS).is_empty() {
                    continue;
                }
                text.push_str(&goes_on.text);
                used = used.saturating_add(goes_on.used);
                piece.ending = goes_on.ending;
            }
            let is_cut = dialect.reader == Reader::Old && !fits;
            line.content = match piece.ending {
                _ if line.bytes.contains(&0) => unusable(Flaw::Zero),
                _ if is_cut => unusable(Flaw::TooLong),
                Ending::Here => content(&text, dialect),
                Ending::GoesOn => unusable(Flaw::Unfinished),
            };
            lines.push(line);
        }
        Self { lines }
    }

    /// The lines, in order.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|line| line.bytes.iter().copied()).collect()
    }
}

/// What a line that goes on may hold and still be empty.
const BLANKS: [char; 3] = [' ', '\t', '\n'];

/// What counts of a physical line.
struct Piece {
    text: String,
    /// How many bytes of it stay before the next one where it goes on.
    used: usize,
    ending: Ending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Here,
    /// With a backslash: in the next line.
    GoesOn,
}

impl Piece {
    fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        // The backslash becomes a blank.
        let used = bytes.iter().rposition(|byte| *byte == b'\\').map_or(0, |index| index.saturating_add(1));
        match text.split_once('#') {
            Some((before, _)) => Self { text: before.to_owned(), used: 0, ending: Ending::Here },
            None => match text.trim_end_matches(BLANKS).strip_suffix('\\') {
                Some(begun) => Self { text: format!("{begun} "), used, ending: Ending::GoesOn },
                None => Self { text: text.into_owned(), used: 0, ending: Ending::Here },
            },
        }
    }
}

/// A line that ends everything.
fn unusable(flaw: Flaw) -> Content {
    Content::Flawed { facility: None, control: None, flaw }
}

fn content(text: &str, dialect: &Dialect) -> Content {
    match rule::parse(text, dialect) {
        None => Content::Nothing,
        Some(Parsed::Rule(rule)) => Content::Rule(rule),
        Some(Parsed::Include(include)) => Content::Include(include),
        Some(Parsed::Flawed(facility, control, flaw)) => Content::Flawed { facility, control, flaw },
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
