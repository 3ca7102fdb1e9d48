//! Output: results on stdout, as text for a person or as one JSON object; everything else on stderr.
//!
//! - [`Output`], [`Human`]: results. [`Exit`]: how the command ends.
//! - [`ErrorReport`]: an error as it comes out. What an error means stands beside its enum.
//! - `paint`, `table`, `time`: how text looks.

mod exit;
pub(crate) mod paint;
pub(crate) mod shell;
pub(crate) mod table;
pub(crate) mod time;

use std::io::{self, Write as _};

use passkey_core::escape::{Escaped, is_dangerous};
use serde::Serialize;
use zeroize::Zeroizing;

pub use exit::Exit;
pub(crate) use paint::Paint;

/// A result that can be read by a person.
pub(crate) trait Human {
    /// The text, with its line ends. What is of foreign origin in it is escaped.
    fn human(&self, paint: Paint) -> String;
}

/// An error as it comes out: for scripts, and for a person. Text of foreign origin in it is not escaped yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErrorReport {
    /// The exit code.
    pub(crate) exit: Exit,
    /// A word for scripts, finer than the exit code.
    pub(crate) code: &'static str,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do.
    pub(crate) hint: Option<String>,
}

impl ErrorReport {
    pub(crate) fn new(exit: Exit, code: &'static str, message: impl Into<String>) -> Self {
        Self { exit, code, message: message.into(), hint: None }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(crate) fn cancelled() -> Self {
        Self::new(Exit::Cancelled, "cancelled", "Cancelled.")
    }
}

/// An error.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Failure {
    error: FailureBody,
}

#[derive(Clone, Debug, Serialize)]
struct FailureBody {
    code: &'static str,
    message: String,
    hint: Option<String>,
}

impl From<&ErrorReport> for Failure {
    fn from(report: &ErrorReport) -> Self {
        let ErrorReport { code, message, hint, .. } = report.clone();
        Self { error: FailureBody { code, message, hint } }
    }
}

/// The result cannot be written to stdout.
#[derive(Debug)]
pub(crate) struct StdoutError(pub(crate) io::Error);

/// How results come out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    /// As JSON, or as text.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Writes a command's result to stdout.
    pub(crate) fn result<E: From<StdoutError>>(self, result: &(impl Human + Serialize)) -> Result<(), E> {
        // Some results are secret.
        let text =
            Zeroizing::new(if self.json { json_text(result) } else { result.human(Paint::for_stdout()) });
        plain(&text)
    }

    /// Writes why the command failed, and gives its exit code.
    pub(crate) fn error(self, report: &ErrorReport) -> Exit {
        if self.json {
            // There is nothing to be done about a stdout that fails as well.
            let _ = io::stdout().lock().write_all(json_text(&Failure::from(report)).as_bytes());
        } else {
            to_stderr(&error_text(report, Paint::for_stderr()));
        }
        report.exit
    }
}

/// Writes a text to stdout as it is: a result that is nothing else.
pub(crate) fn plain<E: From<StdoutError>>(text: &str) -> Result<(), E> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        // The reader has closed the pipe.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| StdoutError(error).into()),
    }
}

/// Tells the person something that is not the result.
pub(crate) fn note(sentence: &str) {
    to_stderr(&format!("{}\n", Escaped::text(sentence)));
}

/// Shows a person something that is not the result, on lines of its own.
pub(crate) fn block(text: &impl Human) {
    to_stderr(&text.human(Paint::for_stderr()));
}

/// Warns of something that did not keep the command from doing its work.
pub(crate) fn warning(sentence: &str) {
    to_stderr(&format!("{} {}\n", Paint::for_stderr().warning("warning:"), Escaped::text(sentence)));
}

pub(crate) fn error_text(report: &ErrorReport, paint: Paint) -> String {
    let mut text = format!("{} {}\n", paint.error("error:"), Escaped::text(&report.message));
    if let Some(hint) = &report.hint {
        text.extend([paint.hint("hint:"), format!(" {}\n", Escaped::text(hint))]);
    }
    text
}

/// One object on lines of its own, with a line end.
pub(crate) fn json_text(result: &impl Serialize) -> String {
    // Serialising to a string fails only for maps whose keys are no text; there are none.
    let json = serde_json::to_string_pretty(result).unwrap_or_default();
    let mut text = String::with_capacity(json.len().saturating_add(1));
    for c in json.chars() {
        // Inside a string, since JSON itself knows no such characters but for the line ends between its elements.
        if is_dangerous(c) && c != '\n' {
            let mut units = [0; 2];
            text.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            text.push(c);
        }
    }
    text.push('\n');
    text
}

pub(crate) fn to_stderr(text: &str) {
    // A person who closed stderr does not want to hear it.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
