//! What comes out: results on stdout, as text for a person or as one JSON object; everything else on stderr.

pub(crate) mod diagnosis;
mod human;
pub(crate) mod json;
pub(crate) mod key_care;
mod paint;
pub(crate) mod pam;
pub(crate) mod recovery;
pub(crate) mod rehearsal;
mod table;
mod time;

use std::ffi::OsString;
use std::io::{self, Write as _};

use clap::error::ErrorKind;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::error::{Error, Report};
use crate::exit::Exit;
use paint::Paint;
use passkey_core::escape::{Escaped, is_dangerous};

pub(crate) use human::Human;

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
    pub(crate) fn result(self, result: &(impl Human + Serialize)) -> Result<(), Error> {
        // Some results are secret.
        let text =
            Zeroizing::new(if self.json { json_text(result) } else { result.human(Paint::for_stdout()) });
        plain(&text)
    }

    /// Writes why the command failed, and gives its exit code.
    pub(crate) fn error(self, report: &Report) -> Exit {
        if self.json {
            // There is nothing to be done about a stdout that fails as well.
            let _ = io::stdout().lock().write_all(json_text(&json::Failure::from(report)).as_bytes());
        } else {
            to_stderr(&error_text(report, Paint::for_stderr()));
        }
        report.exit
    }
}

/// Writes a text to stdout as it is: a result that is nothing else.
pub(crate) fn plain(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        // Whoever was reading has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(Error::Stdout),
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

/// Writes what is wrong with the command line, or the help that it asks for.
pub(crate) fn usage(refusal: &clap::Error, arguments: &[OsString]) -> Exit {
    let is_help = matches!(
        refusal.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if is_help {
        // Help that somebody closed is no failure.
        let _ = refusal.print();
        return if refusal.exit_code() == 0 { Exit::Done } else { Exit::Usage };
    }
    if arguments.iter().any(|argument| argument == "--json") {
        return Output::new(true).error(&usage_report(refusal));
    }
    to_stderr(&usage_text(refusal, Paint::for_stderr()));
    Exit::Usage
}

/// clap's own words: it repeats what was typed, which may have come from anywhere.
fn usage_text(refusal: &clap::Error, paint: Paint) -> String {
    let text = refusal.render().to_string();
    let lines = text.lines().map(|line| match line.strip_prefix("error:") {
        Some(rest) => format!("{}{}\n", paint.error("error:"), Escaped::text(rest)),
        None => format!("{}\n", Escaped::text(line)),
    });
    lines.collect()
}

fn usage_report(refusal: &clap::Error) -> Report {
    let text = refusal.render().to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let message = lines.next().unwrap_or_default();
    Report {
        exit: Exit::Usage,
        code: "usage",
        message: message.strip_prefix("error: ").unwrap_or(message).to_owned(),
        hint: lines.find_map(|line| line.strip_prefix("tip: ")).map(str::to_owned),
    }
}

fn error_text(report: &Report, paint: Paint) -> String {
    let mut text = format!("{} {}\n", paint.error("error:"), Escaped::text(&report.message));
    if let Some(hint) = &report.hint {
        text.extend([paint.hint("hint:"), format!(" {}\n", Escaped::text(hint))]);
    }
    text
}

/// One object on lines of its own, with a line end.
fn json_text(result: &impl Serialize) -> String {
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

fn to_stderr(text: &str) {
    // A person who closed stderr does not want to hear it.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests;
