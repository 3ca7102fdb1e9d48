//! Signing in without a user name: the key says whose passkeys it holds (WebAuthn Level 3 §7.2, a discoverable credential).
//!
//! There is no passkey that the key could prove to hold before its user is verified, so the person's word counts: the only such key, or
//! the one that they have touched, is asked for its PIN.

use super::super::keys::{KeyId, Message, Platform, Protocol};
use super::super::prompter::{AccountAnswer, Prompter};
use super::super::steps::assertion::AssertionRequest;
use super::super::steps::uv_method::Impossible;
use super::super::user_handle_lookup::UserHandleLookup;
use super::error::{Refusal, SignInError};
use super::state::{Candidate, Claim, Discovered, Discovery, Standing, State};
use super::{Ceremony, Step};
use crate::config::UserVerification;
use crate::credential::{Credential, UserHandle};
use crate::verify::VerifyError;
use ctap::{ReplyError, get_assertion};
use std::collections::VecDeque;

/// Passkeys of one key that are looked at. Each costs a transaction, and a longer list would not be read.
const MAX_DISCOVERED: usize = 16;

impl<'a, W: Platform, P: Prompter> Ceremony<'a, W, P> {
    /// A key that keeps discoverable passkeys may say who is signing in; whether it holds any shows only with its user verified,
    /// since ours are made for that (credProtect, CTAP 2.1 §12.1).
    pub(super) fn discover(&mut self, key: KeyId, protocol: Protocol) {
        let Some(info) = protocol.info().filter(|info| info.options.rk) else { return self.dismiss(key) };
        let standing = match self.method(info, true) {
            Ok(method) => Standing::Claimed(Claim::Discoverable, method),
            // Without credProtect any passkey shows itself, and policy is content with a touch.
            Err(Impossible::NotSetUp | Impossible::NotSupported)
                if self.request.policy.verification != UserVerification::Required
                    && !info.options.always_uv
                    && !info.has_extension("credProtect") =>
            {
                Standing::Undecided
            }
            Err(impossible) => {
                self.findings.remark(SignInError::CannotVerifyUser(impossible));
                return self.dismiss(key);
            }
        };
        let candidate = Candidate::new(self.pool.attachment(key), protocol, VecDeque::new(), standing);
        self.set(key, State::Ready(candidate));
    }

    /// The first assertion: the others, if there are any, are fetched before the person is asked whose they mean.
    pub(super) fn on_discovered(
        &mut self,
        key: KeyId,
        candidate: Candidate<'a>,
        request: AssertionRequest<'a>,
        directory: &dyn UserHandleLookup,
        response: &get_assertion::Response,
    ) -> Step {
        let left = response.number_of_credentials.unwrap_or(1).min(MAX_DISCOVERED).saturating_sub(1);
        let mut discovery = Discovery { request, left, found: Vec::new(), rejected: None };
        self.collect(&mut discovery, directory, response);
        self.collect_more(key, candidate, discovery)
    }

    /// The reply to authenticatorGetNextAssertion (CTAP 2.1 §6.3).
    pub(super) fn on_next_assertion(
        &mut self,
        key: KeyId,
        candidate: Candidate<'a>,
        mut discovery: Discovery<'a>,
        payload: &[u8],
    ) -> Step {
        let super::Wanted::Anyone { directory, .. } = self.request.wanted else { return Ok(None) };
        match get_assertion::Response::parse(payload) {
            Ok(response) => self.collect(&mut discovery, directory, &response),
            // It has fewer than it said.
            Err(ReplyError::Status(_)) => discovery.left = 0,
            Err(error) => {
                self.turn_away(key, None, Refusal::from(error).of_trusted());
                return Ok(None);
            }
        }
        self.collect_more(key, candidate, discovery)
    }

    fn collect_more(&mut self, key: KeyId, candidate: Candidate<'a>, mut discovery: Discovery<'a>) -> Step {
        match discovery.left.checked_sub(1) {
            None => self.conclude(key, candidate, discovery),
            Some(left) => {
                discovery.left = left;
                self.set(key, State::Collecting(candidate, discovery));
                self.send(key, Message::ctap2(get_assertion::next()), false);
                Ok(None)
            }
        }
    }

    /// Keeps what one assertion proves, if it proves anything.
    fn collect(
        &self,
        discovery: &mut Discovery<'a>,
        directory: &dyn UserHandleLookup,
        response: &get_assertion::Response,
    ) {
        match self.holder_of(&discovery.request, directory, response) {
            Ok(Some(discovered)) => discovery.found.push(discovered),
            Ok(None) => {}
            Err(error) => discovery.rejected = Some(error),
        }
    }

    fn holder_of(
        &self,
        request: &AssertionRequest<'a>,
        directory: &dyn UserHandleLookup,
        response: &get_assertion::Response,
    ) -> Result<Option<Discovered>, VerifyError> {
        let handle = response.user.as_ref().and_then(|user| UserHandle::new(user.id.clone()));
        let Some(holder) = handle.and_then(|handle| directory.holder(&handle)) else { return Ok(None) };
        let enabled: Vec<&Credential> = holder.file.enabled().collect();
        let facts = request.verify_among(&enabled, response)?;
        let stored = holder.state.sign_count(&facts.credential().id);
        let verified = self.judge(&facts, stored)?;
        Ok(Some(Discovered { account: holder.account, verified }))
    }

    /// All of the key's passkeys are known: one of them signs in.
    fn conclude(&mut self, key: KeyId, candidate: Candidate<'a>, discovery: Discovery<'a>) -> Step {
        let Discovery { mut found, rejected, .. } = discovery;
        let is_trusted = candidate.is_trusted();
        // It waits for the person's answer, and does not blink.
        self.set(key, State::Ready(candidate));
        let index = match found.as_slice() {
            [] => {
                let reason = rejected.map_or(SignInError::UnknownAccount, SignInError::Rejected);
                if is_trusted {
                    self.turn_away(key, None, reason);
                } else {
                    self.findings.remark(reason);
                    self.dismiss(key);
                }
                return Ok(None);
            }
            [_] => 0,
            several => {
                let accounts: Vec<String> = several.iter().map(|one| one.account.name.clone()).collect();
                self.choose_account(key, &accounts)?
            }
        };
        if index >= found.len() {
            return Err(SignInError::NoAccountChosen);
        }
        let Discovered { account, verified } = found.swap_remove(index);
        self.decide_by(key, None);
        self.account = Some(account);
        Ok(Some(verified))
    }

    fn choose_account(&mut self, key: KeyId, accounts: &[String]) -> Result<usize, SignInError> {
        let answer =
            self.with_the_person(key, |ceremony| ceremony.dialogue.prompter.choose_account(accounts));
        match answer {
            Some(AccountAnswer::Chosen(index)) => Ok(index),
            Some(AccountAnswer::None) => {
                self.decide_by(key, None);
                Err(SignInError::NoAccountChosen)
            }
            Some(AccountAnswer::Interrupted) | None => Err(SignInError::Interrupted),
        }
    }
}
