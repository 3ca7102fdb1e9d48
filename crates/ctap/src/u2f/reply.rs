//! Reply APDUs: data, then a status word.

use std::fmt;

use crate::cbor::Malformed;

/// An ISO 7816-4 status word. Every number is one; those that U2F does not use keep theirs.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusWord(pub u16);

impl StatusWord {
    /// Done.
    pub const NO_ERROR: Self = Self(0x9000);
    /// A touch is needed first.
    pub const CONDITIONS_NOT_SATISFIED: Self = Self(0x6985);
    /// The key handle is not of this key, or not for this application.
    pub const WRONG_DATA: Self = Self(0x6a80);
    /// The request has a wrong length.
    pub const WRONG_LENGTH: Self = Self(0x6700);
    /// The class byte is not supported.
    pub const CLA_NOT_SUPPORTED: Self = Self(0x6e00);
    /// The instruction is not supported.
    pub const INS_NOT_SUPPORTED: Self = Self(0x6d00);

    /// The specification's name for it, if it has one.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::NO_ERROR => "SW_NO_ERROR",
            Self::CONDITIONS_NOT_SATISFIED => "SW_CONDITIONS_NOT_SATISFIED",
            Self::WRONG_DATA => "SW_WRONG_DATA",
            Self::WRONG_LENGTH => "SW_WRONG_LENGTH",
            Self::CLA_NOT_SUPPORTED => "SW_CLA_NOT_SUPPORTED",
            Self::INS_NOT_SUPPORTED => "SW_INS_NOT_SUPPORTED",
            _ => return None,
        })
    }
}

/// `SW_WRONG_DATA (0x6a80)`, or `status word 0x1234` for one without a name.
impl fmt::Display for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} (0x{:04x})", self.0),
            None => write!(f, "status word 0x{:04x}", self.0),
        }
    }
}

impl fmt::Debug for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a reply to a U2F request carries no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyError {
    /// The key refused, and says why.
    Status(StatusWord),
    /// The reply is not what the specification says it should be.
    Malformed(Malformed),
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "the security key answered {status}"),
            Self::Malformed(malformed) => write!(f, "the security key's reply is malformed: {malformed}"),
        }
    }
}

impl std::error::Error for ReplyError {}

impl From<Malformed> for ReplyError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// Parts a reply into its data and its status word.
pub(super) fn split(payload: &[u8]) -> Result<(&[u8], StatusWord), Malformed> {
    let (data, status) = payload.split_last_chunk::<2>().ok_or(Malformed::Truncated)?;
    Ok((data, StatusWord(u16::from_be_bytes(*status))))
}

/// The data of a reply that says [`StatusWord::NO_ERROR`].
pub(super) fn data(payload: &[u8]) -> Result<&[u8], ReplyError> {
    match split(payload)? {
        (data, StatusWord::NO_ERROR) => Ok(data),
        (_, status) => Err(ReplyError::Status(status)),
    }
}
