//! What is to be said, apart from the language that it is said in.

use std::borrow::Cow;

/// A language in which things are said.
pub trait Language {
    /// What `text`, which is English, is in this language; `text` itself where that is not known.
    fn singular(&self, text: &'static str) -> Cow<'static, str>;
    /// As [`singular`](Self::singular), in the form that goes with `number`: English has `one` and `many`, others have more.
    fn plural(&self, one: &'static str, many: &'static str, number: u32) -> Cow<'static, str>;
}

/// The language that everything is written in.
#[derive(Clone, Copy, Debug)]
pub struct English;

impl Language for English {
    fn singular(&self, text: &'static str) -> Cow<'static, str> {
        text.into()
    }

    fn plural(&self, one: &'static str, many: &'static str, number: u32) -> Cow<'static, str> {
        if number == 1 { one.into() } else { many.into() }
    }
}

/// An entry of the catalogue: English, with names in braces for what is known only later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    pub(super) text: &'static str,
    /// For other numbers than one; both forms name the number.
    pub(super) plural: Option<&'static str>,
}

impl Message {
    pub(super) const fn new(text: &'static str) -> Self {
        Self { text, plural: None }
    }

    pub(super) const fn counted(text: &'static str, plural: &'static str) -> Self {
        Self { text, plural: Some(plural) }
    }
}

/// Something to say: a message, and what goes into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    message: Message,
    values: Vec<(&'static str, Value)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Number(u32),
    Text(String),
    Phrase(Phrase),
}

impl From<Message> for Phrase {
    fn from(message: Message) -> Self {
        Self { message, values: Vec::new() }
    }
}

impl Phrase {
    /// The words, in `language`.
    ///
    /// A translation is data. Only what its original names is put into it, and where it does not name the same things it is not
    /// used: the person reads English rather than a gap.
    pub fn in_language(&self, language: &dyn Language) -> String {
        let translated = self.words(language);
        if names(&translated) == names(self.message.text) {
            self.fill(&translated, language)
        } else {
            self.fill(&self.words(&English), language)
        }
    }

    fn words(&self, language: &dyn Language) -> Cow<'static, str> {
        let Message { text, plural } = self.message;
        match plural {
            None => language.singular(text),
            Some(plural) => language.plural(text, plural, self.number()),
        }
    }

    /// The number that a message with a plural is about: it holds only one.
    fn number(&self) -> u32 {
        let number = |(_, value): &(_, Value)| match value {
            Value::Number(number) => Some(*number),
            Value::Text(_) | Value::Phrase(_) => None,
        };
        self.values.iter().find_map(number).unwrap_or_default()
    }

    /// Goes through the text once, so that braces in a value are nothing but braces.
    fn fill(&self, text: &str, language: &dyn Language) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some(Gap { before, name, after }) = next_gap(rest) {
            filled.push_str(before);
            match self.values.iter().find(|(known, _)| *known == name) {
                Some((_, Value::Number(number))) => filled.push_str(&number.to_string()),
                Some((_, Value::Text(text))) => filled.push_str(text),
                Some((_, Value::Phrase(phrase))) => filled.push_str(&phrase.in_language(language)),
                None => {}
            }
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    pub(super) fn number_of(self, name: &'static str, number: impl Into<u32>) -> Self {
        self.with(name, Value::Number(number.into()))
    }

    pub(super) fn text_of(self, name: &'static str, text: String) -> Self {
        self.with(name, Value::Text(text))
    }

    pub(super) fn phrase_of(self, name: &'static str, phrase: Self) -> Self {
        self.with(name, Value::Phrase(phrase))
    }

    fn with(mut self, name: &'static str, value: Value) -> Self {
        self.values.push((name, value));
        self
    }
}

/// The first name in braces: lower-case letters. Any other brace is text.
struct Gap<'a> {
    before: &'a str,
    name: &'a str,
    after: &'a str,
}

fn next_gap(text: &str) -> Option<Gap<'_>> {
    text.match_indices('{').find_map(|(at, _)| {
        let (before, rest) = text.split_at_checked(at)?;
        let (name, after) = rest.strip_prefix('{')?.split_once('}')?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase());
        is_name.then_some(Gap { before, name, after })
    })
}

/// The names in braces, sorted.
pub(super) fn names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(Gap { name, after, .. }) = next_gap(rest) {
        // They are few, and the code of a sort is large.
        names.insert(names.partition_point(|known| *known <= name), name);
        rest = after;
    }
    names
}

#[cfg(test)]
#[path = "phrase_tests.rs"]
mod tests;
