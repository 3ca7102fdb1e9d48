//! What a person sees on a terminal, and everything they have seen.

use std::num::NonZeroU16;

use vte::{Parser, Perform};

/// Both views of the same bytes.
pub(crate) struct Screen {
    emulator: vt100::Parser,
    plain: Parser,
    transcript: Transcript,
}

/// Printed text with its line ends, without colours and cursor movements.
#[derive(Default)]
struct Transcript(String);

impl Perform for Transcript {
    fn print(&mut self, character: char) {
        self.0.push(character);
    }

    fn execute(&mut self, byte: u8) {
        if byte == b'\n' {
            self.0.push('\n');
        }
    }
}

impl Screen {
    pub(crate) fn new((rows, columns): (u16, u16)) -> Self {
        let at_least_one = |number| NonZeroU16::new(number).unwrap_or(NonZeroU16::MIN);
        Self {
            emulator: vt100::Parser::new(at_least_one(rows), at_least_one(columns), 0),
            plain: Parser::new(),
            transcript: Transcript::default(),
        }
    }

    pub(crate) fn process(&mut self, bytes: &[u8]) {
        self.emulator.process(bytes);
        self.plain.advance(&mut self.transcript, bytes);
    }

    /// The screen as it stands, without the empty lines at its end.
    pub(crate) fn contents(&self) -> String {
        self.emulator.screen().contents().trim_end().to_owned()
    }

    pub(crate) fn transcript(&self) -> &str {
        &self.transcript.0
    }
}

#[cfg(test)]
mod tests {
    use super::Screen;

    #[test]
    fn what_is_overwritten_stays_in_the_transcript() {
        let mut screen = Screen::new((4, 20));
        screen.process(b"one\r\n\x1b[31mwait\x1b[0m\r\x1b[Kdone\r\n");
        assert_eq!(screen.contents(), "one\ndone");
        assert_eq!(screen.transcript(), "one\nwaitdone\n");
    }
}
