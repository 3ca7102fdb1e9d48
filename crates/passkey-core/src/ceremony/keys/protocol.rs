//! What a key speaks: CTAP2, or U2F alone.

use crate::credential::Credential;
use ctap::Info;
use ctap::cose::PublicKey;
use ctap::hid::Command;
use ctap::u2f;

/// One key's protocol.
#[derive(Clone, Debug)]
pub(crate) enum Protocol {
    /// CTAP2, and what the key says of itself.
    Ctap2(Box<Info>),
    /// U2F (CTAP1) only.
    U2f,
}

impl Protocol {
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

    pub(crate) fn u2f(payload: Vec<u8>) -> Self {
        Self { command: Command::Msg, payload, once: false }
    }
}

/// Whether a U2F key could have made it: ECDSA over P-256 is all they sign with, and their messages carry no longer id.
pub(crate) fn fits_u2f(credential: &Credential) -> bool {
    matches!(credential.public_key, PublicKey::Es256 { .. })
        && credential.id.as_bytes().len() <= u2f::MAX_KEY_HANDLE_LEN
}
