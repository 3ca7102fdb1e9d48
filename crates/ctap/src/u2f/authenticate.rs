//! Authentication (U2F Raw Message Formats §5).

use super::apdu::{self, ins};
use super::der;
use super::reply::{self, ReplyError, StatusWord};
use crate::authenticator_data::AuthenticatorData;
use crate::cbor::Malformed;
use crate::get_assertion;

/// What the key is to do (§5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Only say whether the key handle is its own; [`is_own`] reads the reply.
    CheckOnly,
    /// Sign after a touch.
    EnforceUserPresence,
    /// Sign with or without a touch. Keys of early versions do not know it.
    DontEnforceUserPresence,
}

impl Control {
    fn byte(self) -> u8 {
        match self {
            Self::CheckOnly => 0x07,
            Self::EnforceUserPresence => 0x03,
            Self::DontEnforceUserPresence => 0x08,
        }
    }
}

/// An authentication request. With [`Control::EnforceUserPresence`] the key answers
/// [`CONDITIONS_NOT_SATISFIED`](StatusWord::CONDITIONS_NOT_SATISFIED) until a person has touched it; the request is then to be
/// sent again.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What to do.
    pub control: Control,
    /// SHA-256 of the client data.
    pub challenge: &'a [u8; 32],
    /// SHA-256 of the RP ID.
    pub application: &'a [u8; 32],
    /// The credential id.
    pub key_handle: &'a [u8],
}

impl Request<'_> {
    /// The payload of a `CTAPHID_MSG` request. `None` for a key handle that is empty or longer than [`MAX_KEY_HANDLE_LEN`](super::MAX_KEY_HANDLE_LEN): no U2F
    /// key has made it.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let len = u8::try_from(self.key_handle.len()).ok().filter(|len| *len > 0)?;
        let data = [self.challenge.as_slice(), self.application, &[len], self.key_handle].concat();
        apdu::with_data(ins::AUTHENTICATE, self.control.byte(), &data)
    }
}

/// Whether the reply to a [`Control::CheckOnly`] request says that the key handle is the key's own.
///
/// # Errors
/// Any other status word; [`Malformed::Invalid`] for a key that signed what it was only to look at.
pub fn is_own(payload: &[u8]) -> Result<bool, ReplyError> {
    match reply::split(payload)?.1 {
        StatusWord::CONDITIONS_NOT_SATISFIED => Ok(true),
        // Some keys take only key handles of the length that they make themselves.
        StatusWord::WRONG_DATA | StatusWord::WRONG_LENGTH => Ok(false),
        StatusWord::NO_ERROR => Err(Malformed::Invalid.into()),
        status => Err(ReplyError::Status(status)),
    }
}

/// A signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Whether the key was touched.
    pub user_present: bool,
    /// The key's signature counter.
    pub counter: u32,
    /// ECDSA signature over [`authenticator_data`](Self::authenticator_data) and the challenge, DER; not checked.
    pub signature: Vec<u8>,
}

impl Response {
    /// Parses the payload of a `CTAPHID_MSG` reply.
    ///
    /// # Errors
    /// The status word, or what is wrong with the reply. Bits of the user presence byte that U2F reserves must be 0: in
    /// authenticator data they would claim more than a U2F key can know, such as a verified user.
    pub fn parse(payload: &[u8]) -> Result<Self, ReplyError> {
        let (&presence, rest) = reply::data(payload)?.split_first().ok_or(Malformed::Truncated)?;
        let (&counter, rest) = rest.split_first_chunk::<4>().ok_or(Malformed::Truncated)?;
        let user_present = match presence {
            0 => false,
            1 => true,
            _ => return Err(Malformed::Invalid.into()),
        };
        let signature = der::only_sequence(rest)?.to_vec();
        Ok(Self { user_present, counter: u32::from_be_bytes(counter), signature })
    }

    /// `application ‖ user presence ‖ counter`, which is authenticator data (CTAP 2.1 §7.3, WebAuthn Level 3 §6.1). The signature
    /// is over this and the challenge, as in CTAP2.
    pub fn authenticator_data(&self, application: &[u8; 32]) -> Vec<u8> {
        [application.as_slice(), &[u8::from(self.user_present)], &self.counter.to_be_bytes()].concat()
    }

    /// The reply that a CTAP2 authenticator would have given (CTAP 2.1 §7.3), for the one credential that was asked for.
    ///
    /// # Errors
    /// None that a parsed reply could cause.
    pub fn into_assertion(
        self,
        application: &[u8; 32],
        key_handle: &[u8],
    ) -> Result<get_assertion::Response, Malformed> {
        Ok(get_assertion::Response {
            credential_id: Some(key_handle.to_vec()),
            authenticator_data: AuthenticatorData::parse(&self.authenticator_data(application))?,
            signature: self.signature,
            user: None,
            number_of_credentials: None,
            user_selected: false,
        })
    }
}

#[cfg(test)]
#[path = "authenticate_tests.rs"]
mod tests;
