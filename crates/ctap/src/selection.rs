//! authenticatorSelection (CTAP 2.1 §6.9): the key blinks until it is touched, so that a person can say which one they mean.

use crate::cbor::Malformed;
use crate::status::{self, ReplyError};

/// The request as the payload of `CTAPHID_CBOR`.
pub fn request() -> Vec<u8> {
    vec![0x0b]
}

/// Judges the payload of the `CTAPHID_CBOR` reply: `Ok` once the key was touched.
///
/// # Errors
/// The authenticator's refusal, or that it says more than there is to say.
pub fn parse(payload: &[u8]) -> Result<(), ReplyError> {
    if status::of(payload)?.is_empty() { Ok(()) } else { Err(Malformed::TrailingBytes.into()) }
}
