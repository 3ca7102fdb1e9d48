//! A remote authenticator shows the person what to do: a code for their phone to scan.
//!
//! It cannot say silently whether it holds a passkey. The superuser has put it there, so it is asked for the passkeys that can be
//! reached the way it reaches them, for one assertion with its user verified, and never for a PIN.

use super::super::keys::{KeyId, Message, Platform, Protocol};
use super::super::prompter::Prompter;
use super::super::standing::{Trusted, Vouched};
use super::super::steps::allow_list;
use super::super::steps::uv_method::Method;
use super::state::{Candidate, Standing, State, UserCheck};
use super::{Ceremony, SignInError};
use ctap::show::Shown;

impl<'a, W: Platform, P: Prompter> Ceremony<'a, W, P> {
    /// Lets a service in that has something to show, if there is a way to show it.
    pub(super) fn admit_guiding(&mut self, key: KeyId, protocol: Protocol) {
        let Some(info) = protocol.info() else { return self.dismiss(key) };
        let mut credentials = self.credentials_for(key);
        credentials.retain(|one| one.transports.iter().any(|transport| info.transports.contains(transport)));
        let vouched = Vouched::of_service(self.pool.attachment(key), &credentials);
        let Some(vouched) = vouched.filter(|_| self.dialogue.prompter.can_show()) else {
            // It is as if it were not there.
            self.forget(key);
            return self.pool.release(key);
        };
        let batches = allow_list::cut(&credentials, info).into();
        let standing = Standing::Trusted(UserCheck::new(Trusted::Vouched(vouched), Method::None));
        let candidate = Candidate::new(self.pool.attachment(key), protocol, batches, standing);
        self.set(key, State::Ready(candidate));
    }

    /// Asks what there is to show: a code that was shown before is no longer good.
    pub(super) fn begin_showing(&mut self, key: KeyId, mut candidate: Candidate<'a>) {
        self.begin_person(&mut candidate);
        self.set(key, State::Showing(candidate));
        self.send(key, Message::show(), false);
    }

    /// Shows it, and asks for the assertion that the person gives elsewhere.
    pub(super) fn on_shown(
        &mut self,
        key: KeyId,
        candidate: Candidate<'a>,
        payload: &[u8],
    ) -> Result<(), SignInError> {
        let Ok(shown) = Shown::parse(payload) else {
            self.turn_away(key, None, SignInError::Malformed);
            return Ok(());
        };
        self.dialogue.prompter.show(&shown);
        self.dialogue.move_on();
        self.begin_touch(key, candidate)
    }
}
