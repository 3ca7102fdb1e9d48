//! Asking one key for an assertion by some of the passkeys, and holding its reply against what was asked.

use super::world::{NoRandomness, World};
use crate::client_data::{CHALLENGE_LEN, ClientData};
use crate::credential::Credential;
use crate::verify::{AssertionFacts, Expected, VerifyError, verify_assertion};
use ctap::get_assertion;
use ctap::pin_uv_auth::{PinUvAuthProtocol, PinUvAuthToken};

/// How the key is asked.
#[derive(Clone, Copy)]
pub(super) enum Manner<'a> {
    /// Without a touch: the reply shows only that the key holds the passkey.
    Silent,
    /// With a touch, and with user verification by a token or by the key's own sensor (`uv`).
    Touch { uv: bool, token: Option<&'a (PinUvAuthProtocol, PinUvAuthToken)> },
}

/// What was asked, over a challenge of its own. `asked` have one RP ID in common.
pub(super) struct Question<'c> {
    asked: Vec<&'c Credential>,
    client_data: ClientData,
}

impl<'c> Question<'c> {
    /// The question and its request; `None` when nothing is asked for.
    pub(super) fn new(
        asked: Vec<&'c Credential>,
        manner: Manner<'_>,
        world: &mut impl World,
    ) -> Result<Option<(Self, Vec<u8>)>, NoRandomness> {
        let Some(first) = asked.first() else { return Ok(None) };
        let mut challenge = [0; CHALLENGE_LEN];
        world.random(&mut challenge)?;
        let client_data = ClientData::sign_in(&first.rp_id, &challenge);
        let allow_list: Vec<&[u8]> = asked.iter().map(|credential| credential.id.as_bytes()).collect();
        let (up, uv, token) = match manner {
            Manner::Silent => (false, false, None),
            Manner::Touch { uv, token } => (true, uv, token),
        };
        let payload = get_assertion::Request {
            rp_id: &first.rp_id,
            client_data_hash: client_data.hash(),
            allow_list: &allow_list,
            up,
            uv,
            pin_uv_auth: token.map(|(protocol, token)| (*protocol, token.authenticate(client_data.hash()))),
        }
        .encode();
        Ok(Some((Self { asked, client_data }, payload)))
    }

    /// What the reply proves.
    pub(super) fn verify(&self, reply: &get_assertion::Response) -> Result<AssertionFacts<'c>, VerifyError> {
        let rp_id = self.asked.first().map_or("", |credential| &credential.rp_id);
        verify_assertion(&Expected { credentials: &self.asked, rp_id, client_data: &self.client_data }, reply)
    }
}
