//! The secret that a key makes of its passkey's salts (the `hmac-secret` extension, CTAP 2.1 §12.5), with the same touch that signs in.
//!
//! It is asked for only where the key verifies its user: what it makes of the salts without is another secret. Whatever goes wrong with
//! it costs the secret and never the sign-in.

use super::super::keys::{KeyId, Message, NoRandomness, Platform, with_randomness};
use super::super::prompter::Prompter;
use super::super::steps::uv_method::Method;
use super::state::{Candidate, Salted, Standing, State, Touching, UserCheck};
use super::{Ceremony, Wanted};
use crate::verify::Verified;
use ctap::client_pin;
use ctap::get_assertion;
use ctap::hmac_secret::{self, Input, Outputs};
use ctap::pin_uv_auth::{PinUvAuthProtocol, Session};

/// What came of the salts of the passkey that signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySecret {
    /// There were none for it, or its user was not verified.
    NotAsked,
    /// The key gave none, or none that can be read.
    Withheld,
    /// What it made of them.
    Made(Outputs),
}

impl<'a, W: Platform, P: Prompter> Ceremony<'a, W, P> {
    /// What the key is to make a secret of, where it may hold a passkey with salts and verifies its user.
    pub(super) fn salted(&self, candidate: &Candidate<'a>) -> Option<Salted<'a>> {
        let (Standing::Trusted(check), Wanted::Passkeys(passkeys)) =
            (&candidate.standing, self.request.wanted)
        else {
            return None;
        };
        let asked = match check.trusted.proved() {
            Some(proved) => vec![proved],
            None => candidate.asked(),
        };
        let salts_of = |credential| {
            let passkey = passkeys.iter().find(|passkey| passkey.credential == credential)?;
            Some(Salted { credential, salts: passkey.salts? })
        };
        (check.method != Method::None).then(|| asked.into_iter().find_map(salts_of)).flatten()
    }

    /// Agrees on a secret for the salts, where that is still to be done; else gives the candidate back.
    pub(super) fn begin_agreement(&mut self, key: KeyId, candidate: Candidate<'a>) -> Option<Candidate<'a>> {
        let next = match (&candidate.standing, candidate.info()) {
            (Standing::Trusted(check), Some(info)) => check.agreement.next(info),
            _ => None,
        };
        let Some(protocol) = next.filter(|_| self.salted(&candidate).is_some()) else {
            return Some(candidate);
        };
        self.set(key, State::Agreeing(candidate, protocol));
        let request = client_pin::Request::KeyAgreement { protocol };
        self.send(key, Message::ctap2(request.encode()), false);
        None
    }

    /// The reply to [`begin_agreement`](Self::begin_agreement), if it is one.
    pub(super) fn on_agreement(
        &mut self,
        key: KeyId,
        mut candidate: Candidate<'a>,
        protocol: PinUvAuthProtocol,
        payload: Option<&[u8]>,
    ) -> Result<(), NoRandomness> {
        let reply = payload.and_then(|payload| client_pin::Response::parse(payload).ok());
        let session = match reply.and_then(|reply| reply.key_agreement) {
            Some(peer) => {
                with_randomness(self.pool.platform(), |random| Session::agree(protocol, &peer, random))?.ok()
            }
            None => None,
        };
        if let Standing::Trusted(check) = &mut candidate.standing {
            match session {
                Some(session) => check.agreement.agreed(session),
                None => check.agreement.refuse(protocol),
            }
        }
        self.set(key, State::Ready(candidate));
        Ok(())
    }

    /// The salts, encrypted for the key that has agreed on a secret.
    pub(super) fn salts_for(
        &mut self,
        candidate: &Candidate<'a>,
    ) -> Result<Option<(Salted<'a>, Input)>, NoRandomness> {
        let (Some(salted), Some(check)) = (self.salted(candidate), check(candidate)) else { return Ok(None) };
        let Some(session) = check.agreement.session() else { return Ok(None) };
        let input =
            with_randomness(self.pool.platform(), |random| Input::new(session, &salted.salts, random))?;
        Ok(Some((salted, input)))
    }

    /// What the key made of the salts that it was given, now that its passkey has signed it.
    pub(super) fn secret(
        &self,
        candidate: &Candidate<'a>,
        touching: &Touching<'a>,
        response: &get_assertion::Response,
        verified: &Verified,
    ) -> KeySecret {
        // Those of another passkey make another secret, and so does a key without its user's verification.
        let is_salted = |salted: &Salted<'_>| salted.credential == verified.credential();
        let Some(salted) = touching.salted.filter(is_salted) else {
            return match self.salted(candidate).filter(is_salted) {
                Some(_) => KeySecret::Withheld,
                None => KeySecret::NotAsked,
            };
        };
        let session = check(candidate).and_then(|check| check.agreement.session());
        let encrypted = response.authenticator_data.hmac_secret().filter(|_| verified.user_verified());
        match (session, encrypted) {
            (Some(session), Some(encrypted)) => hmac_secret::open(session, &salted.salts, &encrypted)
                .map_or(KeySecret::Withheld, KeySecret::Made),
            (Some(_) | None, _) => KeySecret::Withheld,
        }
    }
}

fn check<'c, 'a>(candidate: &'c Candidate<'a>) -> Option<&'c UserCheck<'a>> {
    match &candidate.standing {
        Standing::Trusted(check) => Some(check),
        Standing::NotAsked | Standing::Undecided | Standing::Claimed(..) => None,
    }
}
