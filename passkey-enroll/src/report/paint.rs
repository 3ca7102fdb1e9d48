//! Colour, on a terminal whose user does not disable it.

use std::io::{self, IsTerminal as _};

/// Whether to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    /// Escape codes are written.
    Colour,
    /// Text only.
    Plain,
}

impl Paint {
    /// As suits stdout.
    pub(crate) fn for_stdout() -> Self {
        Self::wanted(io::stdout().is_terminal())
    }

    /// As suits stderr.
    pub(crate) fn for_stderr() -> Self {
        Self::wanted(io::stderr().is_terminal())
    }

    fn wanted(is_terminal: bool) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let capable = std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        if is_terminal && capable && !refused { Self::Colour } else { Self::Plain }
    }

    /// What stands above a column, or in front of a value.
    pub(crate) fn heading(self, text: &str) -> String {
        self.sgr("1", text)
    }

    /// What matters less.
    pub(crate) fn faint(self, text: &str) -> String {
        self.sgr("2", text)
    }

    /// Something went well.
    pub(crate) fn success(self, text: &str) -> String {
        self.sgr("32", text)
    }

    /// Something is not as it should be.
    pub(crate) fn warning(self, text: &str) -> String {
        self.sgr("1;33", text)
    }

    /// Something failed.
    pub(crate) fn error(self, text: &str) -> String {
        self.sgr("1;31", text)
    }

    /// What to do.
    pub(crate) fn hint(self, text: &str) -> String {
        self.sgr("1;36", text)
    }

    fn sgr(self, parameters: &str, text: &str) -> String {
        match self {
            Self::Colour => format!("\u{1b}[{parameters}m{text}\u{1b}[0m"),
            Self::Plain => text.to_owned(),
        }
    }
}
