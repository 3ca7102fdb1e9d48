//! What a ceremony does with each key, in words for a log: commands and statuses by name, never what they carry.

use super::event::Event;
use super::platform::KeyId;
use super::protocol::Message;
use ctap::hid::Command;
use ctap::u2f::StatusWord;
use ctap::{ReplyError, Status, status};
use std::fmt;

/// A request on its way to a key.
pub(crate) struct Sent<'a>(pub(crate) KeyId, pub(crate) &'a Message);

impl fmt::Display for Sent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(KeyId(key), Message { command, payload, .. }) = self;
        write!(f, "key {key} is asked ")?;
        // The code of a CTAP2 command comes first, that of a U2F one second (its class before it).
        let code = if *command == Command::Msg { payload.get(1) } else { payload.first() };
        match (*command, code) {
            (Command::Cbor, Some(0x01)) => f.write_str("authenticatorMakeCredential"),
            (Command::Cbor, Some(0x02)) => f.write_str("authenticatorGetAssertion"),
            (Command::Cbor, Some(0x04)) => f.write_str("authenticatorGetInfo"),
            (Command::Cbor, Some(0x06)) => f.write_str("authenticatorClientPIN"),
            (Command::Cbor, Some(0x08)) => f.write_str("authenticatorGetNextAssertion"),
            (Command::Cbor, Some(0x0b)) => f.write_str("authenticatorSelection"),
            (Command::Msg, Some(0x01)) => f.write_str("U2F_REGISTER"),
            (Command::Msg, Some(0x02)) => f.write_str("U2F_AUTHENTICATE"),
            (command, code) => write!(f, "{command:?} {code:02x?}"),
        }
    }
}

/// Something that happened on the keys. `u2f` is true for the reply of a key that speaks nothing else.
pub(crate) struct Happened<'a> {
    pub(crate) event: &'a Event,
    pub(crate) u2f: bool,
}

impl fmt::Display for Happened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.event {
            Event::Opened(KeyId(key)) => write!(f, "key {key} is open"),
            Event::Reply(KeyId(key), payload, _) if self.u2f => {
                let word = payload.last_chunk::<2>().map(|word| StatusWord(u16::from_be_bytes(*word)));
                write!(f, "key {key} answers {} bytes, {word:?}", payload.len())
            }
            Event::Reply(KeyId(key), payload, _) => {
                let status = match status::of(payload) {
                    Ok(_) => Status::OK,
                    Err(ReplyError::Status(status)) => status,
                    Err(ReplyError::Malformed(malformed)) => {
                        return write!(f, "key {key} answers {} bytes: {malformed}", payload.len());
                    }
                };
                write!(f, "key {key} answers {} bytes, {status}", payload.len())
            }
            Event::UserPresenceNeeded(KeyId(key)) => write!(f, "key {key} waits for a touch"),
            Event::Refused(KeyId(key), error) => write!(f, "key {key} does not take that: {error}"),
            Event::Stuck(KeyId(key)) => write!(f, "key {key} has been busy for long, and with nobody"),
            Event::Busy(KeyId(key)) => write!(f, "key {key} is held by another program"),
            Event::Lost(KeyId(key), _, loss) => write!(f, "key {key} is lost: {loss:?}"),
            Event::Interrupted => f.write_str("the person gave up"),
            Event::Elapsed => f.write_str("time has passed"),
        }
    }
}
