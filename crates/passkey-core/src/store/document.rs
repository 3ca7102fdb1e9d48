//! The frame of the store's files: a version, a count, a head, and one table for each entry, such as `[[credential]]`.
//!
//! A file that is cut short must not pass for one with fewer entries, hence the count. An entry that is not
//! understood costs nothing but itself, and its text is kept.

use std::fmt;

use toml::de::{DeArray, DeTable, DeValue};

use crate::toml_text::{LineCounter, line_of, quoted, syntax_message};

/// The version that is written, and the only one there is.
const VERSION: i64 = 1;
/// The name of the tables of passkeys.
pub(super) const CREDENTIAL: &str = "credential";

/// Why a file as a whole is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatError {
    /// The line, counted from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong and what to do, in words.
    pub message: String,
}

impl FormatError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { line: None, message: message.into() }
    }
}

/// Why one entry is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryError {
    /// A key that every entry has is not there.
    Missing(&'static str),
    /// A key's value is not of its shape.
    BadValue(&'static str),
    /// A key that is not known. It might restrict what the passkey may do, so it is not passed over.
    UnknownKey(String),
    /// The algorithm that is named is not that of the public key.
    AlgorithmMismatch,
    /// An entry before it has the same id.
    SameId,
    /// An entry before it has the same name.
    SameName,
}

impl fmt::Display for EntryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(key) => write!(f, "`{key}` is missing"),
            Self::BadValue(key) => write!(f, "`{key}` is not understood"),
            Self::UnknownKey(key) => write!(f, "unknown key `{key}`"),
            Self::AlgorithmMismatch => f.write_str("`algorithm` is not that of `public_key`"),
            Self::SameId => f.write_str("an entry before it has the same `id`"),
            Self::SameName => f.write_str("an entry before it has the same `name`"),
        }
    }
}

impl std::error::Error for EntryError {}

/// An entry that was not understood and is passed over, kept as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedEntry {
    /// The line of its header, such as `[[credential]]`, counted from 1.
    pub line: usize,
    /// Its name, where that could be read. Not checked: escape it before showing it.
    pub name: Option<String>,
    /// Its id, where that could be read, as it stands there.
    pub id: Option<String>,
    /// What is wrong with it.
    pub reason: EntryError,
    /// Its text from the header to the next one.
    pub(super) text: String,
}

/// Reads a file: `head` takes the keys of the top, `entry` makes something of each entry under `[[name]]`, and `accept`
/// says whether it can stand beside those accepted before it. The time is proportional to the text, whatever is in it, if
/// that of `accept` does not depend on how many there are.
pub(super) fn read<H, E>(
    text: &str,
    name: &'static str,
    head: impl Fn(&mut Fields<'_>) -> Result<H, EntryError>,
    entry: impl Fn(&mut Fields<'_>) -> Result<E, EntryError>,
    mut accept: impl FnMut(&E) -> Result<(), EntryError>,
) -> Result<(H, Vec<E>, Vec<SkippedEntry>), FormatError> {
    let mut top = None;
    let mut entries = Vec::new();
    let skipped = read_each(
        text,
        name,
        &mut |fields| {
            top = Some(head(fields)?);
            Ok(())
        },
        &mut |fields| {
            let read = entry(fields)?;
            fields.finish()?;
            accept(&read)?;
            entries.push(read);
            Ok(())
        },
    )?;
    let top = top.ok_or_else(|| FormatError::new("the file has no head"))?;
    Ok((top, entries, skipped))
}

/// What [`read`] is for all kinds of files: the same code, there once.
fn read_each(
    text: &str,
    name: &'static str,
    head: &mut dyn FnMut(&mut Fields<'_>) -> Result<(), EntryError>,
    entry: &mut dyn FnMut(&mut Fields<'_>) -> Result<(), EntryError>,
) -> Result<Vec<SkippedEntry>, FormatError> {
    let table = DeTable::parse(text).map_err(|error| FormatError {
        line: error.span().map(|span| line_of(text, span.start)),
        message: format!("not valid TOML: {}", syntax_message(&error)),
    })?;
    let mut top = Fields::new(table.get_ref());
    check_version(&mut top)?;
    let nothing = DeArray::new();
    let found = match top.take(name) {
        None => &nothing,
        Some(DeValue::Array(entries)) => entries,
        Some(_) => return Err(headers_only(name)),
    };
    check_count(&mut top, found.len())?;
    head(&mut top)
        .and_then(|()| top.finish())
        .map_err(|error| FormatError::new(format!("{error}: restore the file from a copy")))?;

    let starts: Vec<usize> = found.iter().map(|entry| entry.span().start).collect();
    let ends = starts.iter().copied().skip(1).chain([text.len()]);
    let mut lines = LineCounter::new(text);
    let mut skipped = Vec::new();
    for ((value, start), end) in found.iter().zip(starts.iter().copied()).zip(ends) {
        // Written in any other way an entry has no text of its own that could be kept.
        let own =
            text.get(start..end).filter(|own| own.starts_with("[[")).ok_or_else(|| headers_only(name))?;
        let DeValue::Table(table) = value.get_ref() else { return Err(headers_only(name)) };
        if let Err(reason) = entry(&mut Fields::new(table)) {
            let field = |key| Fields::new(table).text(key).ok().map(str::to_owned);
            let (line, name, id) = (lines.line_of(start), field("name"), field("id"));
            skipped.push(SkippedEntry { line, name, id, reason, text: own.to_owned() });
        }
    }
    Ok(skipped)
}

fn check_version(top: &mut Fields<'_>) -> Result<(), FormatError> {
    match top.integer("version") {
        Ok(VERSION) => Ok(()),
        Ok(version) if version > VERSION => {
            Err(FormatError::new(format!("written in the newer format {version}: update this software")))
        }
        Ok(_) | Err(_) => {
            Err(FormatError::new("`version` is missing or wrong: restore the file from a copy"))
        }
    }
}

/// The count may be left out by hand where there are entries. An empty file has to say that it is empty.
fn check_count(top: &mut Fields<'_>, found: usize) -> Result<(), FormatError> {
    let count =
        top.optional(|top| top.integer("count")).map_err(|error| FormatError::new(error.to_string()))?;
    match count {
        None if found > 0 => Ok(()),
        None => {
            Err(FormatError::new("no entries and no `count = 0`: part of the file is missing, restore it"))
        }
        Some(count) if usize::try_from(count) == Ok(found) => Ok(()),
        Some(count) => Err(FormatError::new(format!(
            "`count` is {count}, yet there are {found} entries: restore what is missing, or correct `count`"
        ))),
    }
}

fn headers_only(name: &str) -> FormatError {
    FormatError::new(format!("write every entry as a table of its own under [[{name}]]"))
}

/// Writes the beginning of a file.
pub(super) fn write_head(comment: &str, count: usize) -> String {
    format!("# {comment}\nversion = {VERSION}\ncount = {count}\n")
}

/// Writes the header of an entry, `[[name]]`.
pub(super) fn write_header(text: &mut String, name: &str) {
    text.extend(["\n[[", name, "]]\n"]);
}

/// Writes the line `key = value`.
pub(super) fn write_line(text: &mut String, key: &str, value: &str) {
    text.extend([key, " = ", value, "\n"]);
}

/// Writes the line `key = "value"`.
pub(super) fn write_text(text: &mut String, key: &str, value: &str) {
    write_line(text, key, &quoted(value));
}

/// Writes the entries that were not understood, as they stood.
pub(super) fn write_skipped(text: &mut String, skipped: &[SkippedEntry]) {
    for entry in skipped {
        text.push('\n');
        text.push_str(entry.text.trim_end());
        text.push('\n');
    }
}

/// What has been seen before among the entries of a file, such as ids: the same code for all of them, there once. A sorted list,
/// searched by halves: adding moves what sorts after it, a few milliseconds for as many passkeys as fit in a file, and a tree would
/// be five kilobytes of code.
#[derive(Default)]
pub(super) struct Seen(Vec<Vec<u8>>);

impl Seen {
    pub(super) fn contains(&self, bytes: &[u8]) -> bool {
        self.place(bytes).is_ok()
    }

    /// Whether it is new.
    pub(super) fn insert(&mut self, bytes: &[u8]) -> bool {
        match self.place(bytes) {
            Ok(_) => false,
            Err(place) => {
                self.0.insert(place, bytes.to_vec());
                true
            }
        }
    }

    /// Where it is, or where it belongs.
    fn place(&self, bytes: &[u8]) -> Result<usize, usize> {
        self.0.binary_search_by(|seen| seen.as_slice().cmp(bytes))
    }
}

/// The keys of one table, each to be taken once; what is left over at the end is not known.
pub(super) struct Fields<'a> {
    table: &'a DeTable<'a>,
    taken: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    fn new(table: &'a DeTable<'a>) -> Self {
        Self { table, taken: Vec::new() }
    }

    fn take(&mut self, key: &'static str) -> Option<&'a DeValue<'a>> {
        self.taken.push(key);
        self.table.get(key).map(toml::Spanned::get_ref)
    }

    fn required(&mut self, key: &'static str) -> Result<&'a DeValue<'a>, EntryError> {
        self.take(key).ok_or(EntryError::Missing(key))
    }

    /// The text of `key`.
    pub(super) fn text(&mut self, key: &'static str) -> Result<&'a str, EntryError> {
        match self.required(key)? {
            DeValue::String(text) => Ok(text),
            _ => Err(EntryError::BadValue(key)),
        }
    }

    /// The text of `key`, understood by `parse`.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, EntryError> {
        parse(self.text(key)?).ok_or(EntryError::BadValue(key))
    }

    /// The switch `key`.
    pub(super) fn switch(&mut self, key: &'static str) -> Result<bool, EntryError> {
        match self.required(key)? {
            DeValue::Boolean(on) => Ok(*on),
            _ => Err(EntryError::BadValue(key)),
        }
    }

    /// The whole number `key`.
    pub(super) fn integer(&mut self, key: &'static str) -> Result<i64, EntryError> {
        match self.required(key)? {
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).map_err(|_| EntryError::BadValue(key))
            }
            _ => Err(EntryError::BadValue(key)),
        }
    }

    /// The whole number `key` as a type that holds what it can be.
    pub(super) fn number<T: TryFrom<i64>>(&mut self, key: &'static str) -> Result<T, EntryError> {
        T::try_from(self.integer(key)?).map_err(|_| EntryError::BadValue(key))
    }

    /// The list of texts `key`.
    pub(super) fn texts(&mut self, key: &'static str) -> Result<Vec<&'a str>, EntryError> {
        let DeValue::Array(list) = self.required(key)? else { return Err(EntryError::BadValue(key)) };
        list.iter()
            .map(|item| match item.get_ref() {
                DeValue::String(text) => Ok(text.as_ref()),
                _ => Err(EntryError::BadValue(key)),
            })
            .collect()
    }

    /// The table `key`, read to its last key.
    pub(super) fn table<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, EntryError>,
    ) -> Result<T, EntryError> {
        let DeValue::Table(table) = self.required(key)? else { return Err(EntryError::BadValue(key)) };
        let mut fields = Self::new(table);
        let value = read(&mut fields)?;
        fields.finish()?;
        Ok(value)
    }

    /// `None` where the first key that `read` asks for is not there.
    pub(super) fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, EntryError>,
    ) -> Result<Option<T>, EntryError> {
        let before = self.taken.len();
        match read(self) {
            Ok(value) => Ok(Some(value)),
            Err(EntryError::Missing(key)) if self.taken.get(before) == Some(&key) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn finish(&self) -> Result<(), EntryError> {
        let known = |key: &str| self.taken.contains(&key);
        match self.table.keys().find(|key| !known(key.get_ref())) {
            None => Ok(()),
            Some(key) => Err(EntryError::UnknownKey(crate::config::readable(key.get_ref()))),
        }
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
