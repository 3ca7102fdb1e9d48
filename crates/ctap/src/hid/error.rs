//! What can go wrong on a channel, by whose fault it is.

use std::fmt;

use super::report::{Cid, MAX_MESSAGE_LEN, REPORT_LEN};

/// An error that the key reports (CTAP 2.1 §11.2.9.1.6). Every byte is one; those without a name keep their number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HidError(pub u8);

impl HidError {
    /// The key does not know the command.
    pub const INVALID_COMMAND: Self = Self(0x01);
    /// A parameter is invalid.
    pub const INVALID_PARAMETER: Self = Self(0x02);
    /// The message's length is invalid for the command.
    pub const INVALID_LENGTH: Self = Self(0x03);
    /// A packet came out of sequence.
    pub const INVALID_SEQ: Self = Self(0x04);
    /// The message did not become complete in time.
    pub const MSG_TIMEOUT: Self = Self(0x05);
    /// The key works for another channel.
    pub const CHANNEL_BUSY: Self = Self(0x06);
    /// The command requires a channel lock, or another channel holds it.
    pub const LOCK_REQUIRED: Self = Self(0x0a);
    /// The key does not know the channel.
    pub const INVALID_CHANNEL: Self = Self(0x0b);
    /// Anything else.
    pub const OTHER: Self = Self(0x7f);

    /// The specification's name for the error, if it has one.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::INVALID_COMMAND => "ERR_INVALID_CMD",
            Self::INVALID_PARAMETER => "ERR_INVALID_PAR",
            Self::INVALID_LENGTH => "ERR_INVALID_LEN",
            Self::INVALID_SEQ => "ERR_INVALID_SEQ",
            Self::MSG_TIMEOUT => "ERR_MSG_TIMEOUT",
            Self::CHANNEL_BUSY => "ERR_CHANNEL_BUSY",
            Self::LOCK_REQUIRED => "ERR_LOCK_REQUIRED",
            Self::INVALID_CHANNEL => "ERR_INVALID_CHANNEL",
            Self::OTHER => "ERR_OTHER",
            _ => return None,
        })
    }
}

/// `ERR_CHANNEL_BUSY (0x06)`, or `error 0x99` for one without a name.
impl fmt::Display for HidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} (0x{:02x})", self.0),
            None => write!(f, "error 0x{:02x}", self.0),
        }
    }
}

impl fmt::Debug for HidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for HidError {}

/// What a key sent is no CTAPHID, or no answer to what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FramingError {
    /// A report of this many bytes instead of [`REPORT_LEN`].
    ReportLength(usize),
    /// A message of this many bytes: more than CTAPHID can carry, or not what its command always has.
    MessageLength {
        /// The command byte, without its top bit.
        command: u8,
        /// The length that the packet announces.
        len: usize,
    },
    /// A message began that nothing on this channel calls for.
    UnexpectedCommand(u8),
    /// A continuation packet came with no message to continue.
    UnexpectedContinuation {
        /// Its sequence number.
        seq: u8,
    },
    /// A continuation packet is missing, or came twice.
    Sequence {
        /// The sequence number that was due.
        expected: u8,
        /// The one that came.
        received: u8,
    },
    /// `CTAPHID_INIT` was answered with a channel that cannot be ours.
    InvalidChannel(Cid),
}

impl fmt::Display for FramingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReportLength(len) => write!(f, "a report of {len} bytes instead of {REPORT_LEN}"),
            Self::MessageLength { command, len } => {
                write!(f, "a message of {len} bytes in reply to command 0x{command:02x}")
            }
            Self::UnexpectedCommand(command) => write!(f, "an unexpected message of command 0x{command:02x}"),
            Self::UnexpectedContinuation { seq } => write!(f, "an unexpected continuation packet {seq}"),
            Self::Sequence { expected, received } => {
                write!(f, "continuation packet {received} instead of {expected}")
            }
            Self::InvalidChannel(cid) => write!(f, "an impossible channel id {cid:?}"),
        }
    }
}

impl std::error::Error for FramingError {}

/// Why a request was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// `CTAPHID_INIT` has not been answered yet.
    NotOpen,
    /// Another request is in flight.
    Busy,
    /// The payload has this many bytes, which is more than [`MAX_MESSAGE_LEN`].
    TooLong(usize),
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOpen => f.write_str("the channel is not open"),
            Self::Busy => f.write_str("a request is in flight on the channel"),
            Self::TooLong(len) => write!(f, "a request of {len} bytes; CTAPHID carries {MAX_MESSAGE_LEN}"),
        }
    }
}

impl std::error::Error for RequestError {}
