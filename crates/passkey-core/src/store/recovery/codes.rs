//! A user's recovery codes, as the file holds them.

use std::{fmt, time::Duration};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ctap::Secret;
use jiff::Timestamp;

use super::Code;
use super::hash::{Cost, HASH_LEN, Hasher, SALT_LEN};
use super::limit::Limit;
use crate::random::{self, NoRandomness};
use crate::store::document::{self, EntryError, Fields, FormatError, SkippedEntry, write_line, write_text};
use crate::time;

/// How many codes a set has.
const SET: usize = 10;
/// The name of the tables of codes.
const CODE: &str = "code";
/// The first line of a file.
const COMMENT: &str = "Recovery codes, hashed with Argon2id. Use `passkey-enroll recovery` to change them.";
/// What `used` says of a code that can be used.
const NEVER: &str = "never";

/// A set of recovery codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codes {
    made: Timestamp,
    pub(super) salt: [u8; SALT_LEN],
    pub(super) cost: Cost,
    pub(super) limit: Limit,
    entries: Vec<Hashed>,
    /// Entries that were not understood. They are written back as they stood.
    skipped: Vec<SkippedEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Hashed {
    /// No secret, but compared like one.
    hash: Secret,
    used: Option<Timestamp>,
}

/// What a code turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// None of the set.
    None,
    /// One that is used up.
    Used,
    /// The one at this place.
    Unused(usize),
}

impl Codes {
    /// A new set, and the codes themselves, which are nowhere else.
    ///
    /// # Errors
    /// When the machine lacks randomness or memory.
    pub fn new(now: Timestamp) -> Result<(Self, Vec<Code>), NewCodesError> {
        Self::with_cost(now, Cost::NEW)
    }

    pub(super) fn with_cost(now: Timestamp, cost: Cost) -> Result<(Self, Vec<Code>), NewCodesError> {
        let mut salt = [0; SALT_LEN];
        random::fill(&mut salt).map_err(NewCodesError::Random)?;
        let mut hasher = Hasher::new(&cost).map_err(|_| NewCodesError::NoMemory)?;
        let mut codes = Vec::with_capacity(SET);
        let mut entries = Vec::with_capacity(SET);
        for _ in 0..SET {
            let code = Code::random().map_err(NewCodesError::Random)?;
            let hash = hasher.hash(&code, &salt).ok_or(NewCodesError::NoMemory)?;
            entries.push(Hashed { hash, used: None });
            codes.push(code);
        }
        let set = Self { made: now, salt, cost, limit: Limit::default(), entries, skipped: Vec::new() };
        Ok((set, codes))
    }

    /// When the codes were made.
    pub fn made(&self) -> Timestamp {
        self.made
    }

    /// How many there are, used or not.
    pub fn total(&self) -> usize {
        self.entries.len()
    }

    /// How many can be used.
    pub fn left(&self) -> usize {
        self.entries.iter().filter(|code| code.used.is_none()).count()
    }

    /// When one was used last.
    pub fn last_used(&self) -> Option<Timestamp> {
        self.entries.iter().filter_map(|code| code.used).max()
    }

    /// Wrong codes since the last right one.
    pub fn failures(&self) -> u32 {
        self.limit.failures
    }

    /// For how long codes are refused; `None` also if the clock has been set back since, when the next try
    /// restarts the wait.
    pub fn locked_for(&self, now: Timestamp) -> Option<Duration> {
        self.limit.wait(now).filter(|_| !self.limit.clock_was_set_back(now))
    }

    /// Until when no code is looked at.
    pub fn locked_until(&self, now: Timestamp) -> Option<Timestamp> {
        let wait = self.limit.wait(now)?;
        Timestamp::from_second(now.as_second().saturating_add_unsigned(wait.as_secs())).ok()
    }

    /// Entries that were not understood.
    pub fn skipped(&self) -> &[SkippedEntry] {
        &self.skipped
    }

    /// Finds the code that has this hash. Every one is looked at, in a time that does not tell which it is.
    pub(super) fn find(&self, hash: Option<&Secret>) -> Match {
        let mut found = Match::None;
        for (index, code) in self.entries.iter().enumerate() {
            let same = hash.is_some_and(|hash| code.hash == *hash);
            found = match (same, code.used, found) {
                // A copied entry does not make a used code valid again.
                (true, Some(_), _) | (true, None, Match::Used) => Match::Used,
                (true, None, Match::None | Match::Unused(_)) => Match::Unused(index),
                (false, ..) => found,
            };
        }
        found
    }

    /// Marks a code as used. A right code makes up for the wrong ones before it.
    pub(super) fn use_up(&mut self, index: usize, now: Timestamp) {
        if let Some(code) = self.entries.get_mut(index) {
            code.used = Some(now);
        }
        self.limit = Limit::default();
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// When the file as a whole is not understood; a single entry that is not is passed over.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let (head, entries, skipped) = document::read(text, CODE, read_head, read_code, |_| Ok(()))?;
        let (made, salt, cost, limit) = head;
        Ok(Self { made, salt, cost, limit, entries, skipped })
    }

    /// The text of the file.
    pub fn encode(&self) -> String {
        let count = self.entries.len().saturating_add(self.skipped.len());
        let mut text = document::write_head(COMMENT, count);
        write_text(&mut text, "made", &time::format(self.made));
        write_text(&mut text, "salt", &base64(&self.salt));
        write_line(&mut text, "memory_kib", &self.cost.memory_kib.to_string());
        write_line(&mut text, "passes", &self.cost.passes.to_string());
        write_line(&mut text, "lanes", &self.cost.lanes.to_string());
        self.limit.write(&mut text);
        for code in &self.entries {
            // `used` is the last: an entry that was cut short is never taken for an unused code.
            let used = code.used.map_or_else(|| NEVER.to_owned(), time::format);
            document::write_header(&mut text, CODE);
            write_text(&mut text, "hash", &base64(code.hash.as_bytes()));
            write_text(&mut text, "used", &used);
        }
        document::write_skipped(&mut text, &self.skipped);
        text
    }
}

type Head = (Timestamp, [u8; SALT_LEN], Cost, Limit);

fn read_head(fields: &mut Fields<'_>) -> Result<Head, EntryError> {
    let made = fields.parsed("made", time::parse)?;
    let salt = fields.parsed("salt", |text| Base64UrlUnpadded::decode_vec(text).ok()?.try_into().ok())?;
    let cost = Cost {
        memory_kib: fields.number("memory_kib")?,
        passes: fields.number("passes")?,
        lanes: fields.number("lanes")?,
    };
    if !cost.is_bearable() {
        return Err(EntryError::BadValue("memory_kib"));
    }
    Ok((made, salt, cost, Limit::read(fields)?))
}

fn read_code(fields: &mut Fields<'_>) -> Result<Hashed, EntryError> {
    let hash = fields.parsed("hash", |text| {
        Base64UrlUnpadded::decode_vec(text).ok().filter(|hash| hash.len() == HASH_LEN)
    })?;
    let used = fields.parsed("used", |text| match text {
        NEVER => Some(None),
        moment => time::parse(moment).map(Some),
    })?;
    Ok(Hashed { hash: Secret::new(hash), used })
}

fn base64(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// Why no codes can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewCodesError {
    /// The kernel gives no randomness.
    Random(NoRandomness),
    /// There is no memory to hash them.
    NoMemory,
}

impl fmt::Display for NewCodesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random(error) => write!(f, "{error}"),
            Self::NoMemory => f.write_str("no memory to hash recovery codes"),
        }
    }
}

impl std::error::Error for NewCodesError {}

#[cfg(test)]
#[path = "codes_tests.rs"]
mod tests;
