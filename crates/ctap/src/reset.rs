//! authenticatorReset (CTAP 2.1 §6.6): forgets every passkey, the PIN and the fingerprints, within seconds of plugging in and
//! after a touch.

use crate::cbor::Malformed;
use crate::status::{self, ReplyError};

/// The request as the payload of `CTAPHID_CBOR`.
pub fn request() -> Vec<u8> {
    vec![0x07]
}

/// Judges the payload of the `CTAPHID_CBOR` reply: `Ok` once everything is gone.
///
/// # Errors
/// The authenticator's refusal, or that it says more than there is to say.
pub fn parse(payload: &[u8]) -> Result<(), ReplyError> {
    if status::of(payload)?.is_empty() { Ok(()) } else { Err(Malformed::TrailingBytes.into()) }
}
