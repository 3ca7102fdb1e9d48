//! TOML, and the line of an error in it.

use toml::Spanned;
use toml::de::DeTable;

/// The line, counted from 1, where it is known, and the message.
pub(crate) type Wrong = (Option<usize>, String);

/// The table that the text is.
pub(crate) fn table(text: &str) -> Result<Spanned<DeTable<'_>>, Wrong> {
    DeTable::parse(text).map_err(|error| {
        let message: String = error.message().chars().filter(|c| !c.is_control()).take(200).collect();
        (error.span().map(|span| line(text, span.start)), format!("not valid TOML: {message}"))
    })
}

/// The line, counted from 1, of a byte of the text.
pub(crate) fn line(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count().saturating_add(1)
}
