//! Asking one key for an assertion, and checking its reply against the request.

use super::super::keys::Message;
use super::super::keys::{NoRandomness, Platform};
use super::super::standing::Trusted;
use crate::client_data::{CHALLENGE_LEN, ClientData};
use crate::credential::Credential;
use crate::verify::{AssertionFacts, Expected, VerifyError, verify_assertion};
use ctap::get_assertion;
use ctap::hmac_secret::Input;
use ctap::pin_uv_auth::{PinUvAuthProtocol, PinUvAuthToken};
use ctap::u2f::{self, authenticate::Control};
use sha2::{Digest as _, Sha256};

/// A pinUvAuthToken and the protocol that it belongs to.
pub(crate) type Token = (PinUvAuthProtocol, PinUvAuthToken);

/// What is asked of the person.
#[derive(Clone, Copy)]
pub(crate) enum UserPresence<'a> {
    /// Nothing: the reply shows only that the key holds the passkey.
    Silent,
    /// A touch; with a token their verification, which has been, counts.
    Touch(Option<&'a Token>),
    /// Their finger on the sensor of a key that may be asked for it (the `uv` option).
    Sensor(#[expect(dead_code, reason = "it is what permits the request")] &'a Trusted<'a>),
}

impl UserPresence<'_> {
    /// The options `up` and `uv`.
    pub(crate) fn options(self) -> (bool, bool) {
        match self {
            Self::Silent => (false, false),
            Self::Touch(_) => (true, false),
            Self::Sensor(_) => (true, true),
        }
    }

    /// The parameter that proves the token's possession, over the client data.
    pub(crate) fn pin_uv_auth(self, client_data_hash: &[u8; 32]) -> Option<(PinUvAuthProtocol, Vec<u8>)> {
        match self {
            Self::Touch(Some((protocol, token))) => Some((*protocol, token.authenticate(client_data_hash))),
            Self::Silent | Self::Touch(None) | Self::Sensor(_) => None,
        }
    }
}

/// What was asked, over a challenge of its own.
pub(crate) struct AssertionRequest<'c> {
    /// All with this RP ID. None of them: whatever discoverable passkeys the key has for it.
    asked: Vec<&'c Credential>,
    rp_id: &'c str,
    client_data: ClientData,
}

impl<'c> AssertionRequest<'c> {
    /// The question of a CTAP2 key whether it holds one of `asked`, who have one RP ID in common, and its request; `None` when
    /// nothing is asked for.
    pub(crate) fn new(
        asked: Vec<&'c Credential>,
        presence: UserPresence<'_>,
        platform: &mut impl Platform,
    ) -> Result<Option<(Self, Message)>, NoRandomness> {
        Self::with_salts(asked, presence, None, platform)
    }

    /// As [`new`](Self::new), and what the key makes of these salts.
    pub(crate) fn with_salts(
        asked: Vec<&'c Credential>,
        presence: UserPresence<'_>,
        salts: Option<&Input>,
        platform: &mut impl Platform,
    ) -> Result<Option<(Self, Message)>, NoRandomness> {
        let Some(first) = asked.first() else { return Ok(None) };
        let rp_id = first.rp_id.as_str();
        Self::of_ctap2(rp_id, asked, presence, salts, platform).map(Some)
    }

    /// The question of a CTAP2 key which discoverable passkeys it has for `rp_id`, and its request.
    pub(crate) fn discover(
        rp_id: &'c str,
        presence: UserPresence<'_>,
        platform: &mut impl Platform,
    ) -> Result<(Self, Message), NoRandomness> {
        Self::of_ctap2(rp_id, Vec::new(), presence, None, platform)
    }

    fn of_ctap2(
        rp_id: &'c str,
        asked: Vec<&'c Credential>,
        presence: UserPresence<'_>,
        hmac_secret: Option<&Input>,
        platform: &mut impl Platform,
    ) -> Result<(Self, Message), NoRandomness> {
        let question = Self::over_a_challenge(rp_id, asked, platform)?;
        let allow_list: Vec<&[u8]> =
            question.asked.iter().map(|credential| credential.id.as_bytes()).collect();
        let (up, uv) = presence.options();
        let client_data_hash = question.client_data.hash();
        let payload = get_assertion::Request {
            rp_id,
            client_data_hash,
            allow_list: &allow_list,
            hmac_secret,
            up,
            uv,
            pin_uv_auth: presence.pin_uv_auth(client_data_hash),
        }
        .encode();
        Ok((question, Message::ctap2(payload)))
    }

    /// The question of a U2F key about one passkey, and its request; `None` for one that U2F cannot name.
    pub(crate) fn u2f(
        asked: &'c Credential,
        control: Control,
        platform: &mut impl Platform,
    ) -> Result<Option<(Self, Message)>, NoRandomness> {
        let question = Self::over_a_challenge(&asked.rp_id, vec![asked], platform)?;
        let request = u2f::authenticate::Request {
            control,
            challenge: question.client_data.hash(),
            application: &question.application(),
            key_handle: asked.id.as_bytes(),
        };
        let payload = request.encode();
        Ok(payload.map(|payload| (question, Message::u2f(payload))))
    }

    fn over_a_challenge(
        rp_id: &'c str,
        asked: Vec<&'c Credential>,
        platform: &mut impl Platform,
    ) -> Result<Self, NoRandomness> {
        let mut challenge = [0; CHALLENGE_LEN];
        platform.random(&mut challenge)?;
        Ok(Self { asked, rp_id, client_data: ClientData::sign_in(rp_id, &challenge) })
    }

    /// U2F's application parameter.
    fn application(&self) -> [u8; 32] {
        Sha256::digest(self.rp_id).into()
    }

    /// The reply of a U2F key to the question with [`Control::EnforceUserPresence`], as a CTAP2 key would have given it.
    pub(crate) fn u2f_reply(&self, payload: &[u8]) -> Result<get_assertion::Response, u2f::ReplyError> {
        let response = u2f::authenticate::Response::parse(payload)?;
        let key_handle = self.asked.first().map_or(&[][..], |credential| credential.id.as_bytes());
        Ok(response.into_assertion(&self.application(), key_handle)?)
    }

    /// What the reply proves.
    pub(crate) fn verify(&self, reply: &get_assertion::Response) -> Result<AssertionFacts<'c>, VerifyError> {
        self.verify_among(&self.asked, reply)
    }

    /// What the reply to [`discover`](Self::discover) proves of the user whose passkeys these are.
    pub(crate) fn verify_among<'o>(
        &self,
        credentials: &[&'o Credential],
        reply: &get_assertion::Response,
    ) -> Result<AssertionFacts<'o>, VerifyError> {
        verify_assertion(&Expected { credentials, rp_id: self.rp_id, client_data: &self.client_data }, reply)
    }
}
