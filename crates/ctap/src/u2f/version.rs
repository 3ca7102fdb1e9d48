//! The version message (U2F Raw Message Formats §6).

use super::apdu::{self, ins};
use super::reply::{self, ReplyError};
use crate::cbor::Malformed;

/// The request.
pub fn request() -> Vec<u8> {
    apdu::plain(ins::VERSION)
}

/// Checks that a reply says `U2F_V2`, the only version there is.
///
/// # Errors
/// When the key refuses, or says something else.
pub fn parse(payload: &[u8]) -> Result<(), ReplyError> {
    if reply::data(payload)? == b"U2F_V2" { Ok(()) } else { Err(Malformed::Invalid.into()) }
}
