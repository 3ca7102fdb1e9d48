//! A key's protocol: CTAP2, or U2F alone.

use crate::credential::Credential;
use ctap::cose::PublicKey;
use ctap::hid::{Command, HidError};
use ctap::u2f;
use ctap::{Info, ReplyError, Status};

/// One key's protocol.
#[derive(Clone, Debug)]
pub(crate) enum Protocol {
    /// CTAP2, and what the key says of itself.
    Ctap2(Box<Info>),
    /// U2F (CTAP1) only.
    U2f,
}

// Some keys say that they speak CTAP2, and do not: they do not know getInfo (YubiKey 4 FIPS).
impl Protocol {
    /// What a key speaks, by its reply to getInfo and by whether it says that it speaks U2F.
    pub(crate) fn by_info(payload: &[u8], speaks_u2f: bool) -> Result<Self, ReplyError> {
        match Info::parse(payload) {
            Ok(info) => Ok(Self::Ctap2(Box::new(info))),
            Err(ReplyError::Status(Status::INVALID_COMMAND)) if speaks_u2f => Ok(Self::U2f),
            Err(error) => Err(error),
        }
    }

    /// What a key speaks that has answered getInfo with `CTAPHID_ERROR`; that error where nothing follows from it.
    pub(crate) fn by_refusal(error: HidError, speaks_u2f: bool) -> Result<Self, HidError> {
        if error == HidError::INVALID_COMMAND && speaks_u2f { Ok(Self::U2f) } else { Err(error) }
    }

    /// What a CTAP2 key says of itself.
    pub(crate) fn info(&self) -> Option<&Info> {
        match self {
            Self::Ctap2(info) => Some(info),
            Self::U2f => None,
        }
    }
}

/// A request in the language of the key it is for.
pub(crate) struct Message {
    pub(crate) command: Command,
    pub(crate) payload: Vec<u8>,
    /// It is sent once, whatever becomes of it: it holds a PIN.
    pub(crate) once: bool,
}

impl Message {
    pub(crate) fn ctap2(payload: Vec<u8>) -> Self {
        Self { command: Command::Cbor, payload, once: false }
    }

    /// Asks for what there is to show.
    pub(crate) fn show() -> Self {
        Self { command: Command::Show, payload: Vec::new(), once: false }
    }

    pub(crate) fn u2f(payload: Vec<u8>) -> Self {
        Self { command: Command::Msg, payload, once: false }
    }
}

/// Whether a U2F key could have made it: ECDSA over P-256 is all they sign with, and their messages carry no longer id.
pub(crate) fn fits_u2f(credential: &Credential) -> bool {
    matches!(credential.public_key, PublicKey::Es256 { .. })
        && credential.id.as_bytes().len() <= u2f::MAX_KEY_HANDLE_LEN
}
