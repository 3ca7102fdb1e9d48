//! A service file, line by line.

use super::control::Control;
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
    pub fn parse(bytes: &[u8]) -> Self {
        let mut lines = Vec::new();
        let mut number: usize = 1;
        let mut physical = bytes.split_inclusive(|byte| *byte == b'\n');
        while let Some(first) = physical.next() {
            let mut line = Line { number, bytes: first.to_vec(), content: Content::Nothing };
            let (mut text, mut ending) = logical(first);
            number = number.saturating_add(1);
            while ending == Ending::GoesOn {
                let Some(next) = physical.next() else { break };
                line.bytes.extend_from_slice(next);
                number = number.saturating_add(1);
                let (more, next_ending) = logical(next);
                text.push_str(&more);
                ending = next_ending;
            }
            line.content = match ending {
                Ending::Here => content(&text),
                Ending::GoesOn => Content::Flawed { facility: None, control: None, flaw: Flaw::Unfinished },
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Here,
    /// With a backslash: in the next line.
    GoesOn,
}

/// What counts of a line, and whether that is all.
///
/// An empty line or a comment ends a line that goes on, as from Linux-PAM 1.7 on; before, it was passed over.
fn logical(bytes: &[u8]) -> (String, Ending) {
    // To C, a text ends with a zero.
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = String::from_utf8_lossy(bytes);
    match text.split_once('#') {
        Some((before, _)) => (before.to_owned(), Ending::Here),
        None => match text.trim_end_matches([' ', '\t', '\n']).strip_suffix('\\') {
            Some(begun) => (format!("{begun} "), Ending::GoesOn),
            None => (text.into_owned(), Ending::Here),
        },
    }
}

fn content(text: &str) -> Content {
    match rule::parse(text) {
        None => Content::Nothing,
        Some(Parsed::Rule(rule)) => Content::Rule(rule),
        Some(Parsed::Include(include)) => Content::Include(include),
        Some(Parsed::Flawed(facility, control, flaw)) => Content::Flawed { facility, control, flaw },
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
