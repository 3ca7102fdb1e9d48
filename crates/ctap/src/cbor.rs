//! The CTAP2 canonical CBOR encoding form (CTAP 2.1 §8): strict reading and writing, for either side.
//!
//! Reading refuses indefinite lengths, numbers and lengths in more bytes than they need, tags, and maps with the same key
//! twice. It takes map keys in any order, since keys in use get the order wrong and nothing hangs on it. Nothing is
//! allocated by a length that is merely claimed.

mod reader;
mod writer;

pub(crate) use writer::command;

pub use reader::{Key, Reader};
pub use writer::{Item, entry};

use std::fmt;

/// What is wrong with a reply that is no valid CBOR of the expected shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// It ends too early.
    Truncated,
    /// A value has another type than the specification gives it.
    Type,
    /// Maps or arrays are nested deeper than the specification allows.
    Depth,
    /// A map has the same key twice.
    Duplicate,
    /// Something follows after the end.
    TrailingBytes,
    /// A required member is missing.
    Missing,
    /// A string or list is longer than it can sensibly be.
    TooLong,
    /// Anything else: a value out of range, an unknown encoding.
    Invalid,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "it ends too early",
            Self::Type => "a value has the wrong type",
            Self::Depth => "it is nested too deeply",
            Self::Duplicate => "a map key occurs twice",
            Self::TrailingBytes => "bytes follow after its end",
            Self::Missing => "a required member is missing",
            Self::TooLong => "a value is too long",
            Self::Invalid => "a value is invalid",
        })
    }
}

impl std::error::Error for Malformed {}

#[cfg(test)]
#[path = "cbor_tests.rs"]
mod tests;
