//! Errors of the command line.

use std::ffi::OsString;

use clap::error::ErrorKind;
use passkey_core::escape::Escaped;

use crate::report::{ErrorReport, Exit, Output, Paint, to_stderr};

/// Writes what is wrong with the command line, or the help that it asks for.
pub(crate) fn usage(refusal: &clap::Error, arguments: &[OsString]) -> Exit {
    let is_help = matches!(
        refusal.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if is_help {
        // Help whose reader closed the pipe is not a failure.
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
pub(crate) fn usage_text(refusal: &clap::Error, paint: Paint) -> String {
    let text = refusal.render().to_string();
    let lines = text.lines().map(|line| match line.strip_prefix("error:") {
        Some(rest) => format!("{}{}\n", paint.error("error:"), Escaped::text(rest)),
        None => format!("{}\n", Escaped::text(line)),
    });
    lines.collect()
}

pub(crate) fn usage_report(refusal: &clap::Error) -> ErrorReport {
    let text = refusal.render().to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let message = lines.next().unwrap_or_default();
    ErrorReport {
        exit: Exit::Usage,
        code: "usage",
        message: message.strip_prefix("error: ").unwrap_or(message).to_owned(),
        hint: lines.find_map(|line| line.strip_prefix("tip: ")).map(str::to_owned),
    }
}
