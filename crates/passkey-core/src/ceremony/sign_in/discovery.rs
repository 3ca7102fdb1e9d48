//! Signing in without a user name: the key says whose passkeys it holds (WebAuthn Level 3 §7.2, a discoverable credential).

use super::super::prompter::AccountAnswer;
use super::{
    Ceremony, Credential, Impossible, Info, KeyId, Message, Method, Platform, Prompter, Protocol, ReplyError,
    SignInError, Step, UserVerification, Verified, VerifyError, Wanted, get_assertion, uv_method,
};
use crate::ceremony::user_handle_lookup::UserHandleLookup;
use crate::config::Account;
use crate::credential::UserHandle;

/// Passkeys of one key that are looked at. Each costs a transaction, and nobody reads a longer list.
const MAX_DISCOVERED: usize = 16;

/// What one key's discoverable passkeys have proved so far.
#[derive(Default)]
pub(super) struct Discovery {
    found: Vec<Discovered>,
    /// What was wrong with an assertion for somebody who is known here.
    rejected: Option<VerifyError>,
}

/// Somebody who would be signed in.
struct Discovered {
    account: Account,
    verified: Verified,
}

impl<W: Platform, P: Prompter> Ceremony<'_, W, P> {
    /// A key that keeps discoverable passkeys may say who is signing in; whether it holds any shows only with its user verified,
    /// since ours are made for that (credProtect, CTAP 2.1 §12.1).
    pub(super) fn discover(&mut self, key: KeyId, info: Info) {
        if !info.options.rk {
            return self.dismiss(key);
        }
        let method = match uv_method::choose(self.request.policy.verification, &info, true) {
            Ok(method) => method,
            // Without credProtect any passkey shows itself, and policy is content with a touch.
            Err(Impossible::NotSetUp | Impossible::NotSupported)
                if self.request.policy.verification != UserVerification::Required
                    && !info.options.always_uv
                    && !info.extensions.iter().any(|extension| extension == "credProtect") =>
            {
                Method::None
            }
            Err(impossible) => return self.turn_away(key, SignInError::CannotVerifyUser(impossible)),
        };
        if let Some(candidate) = self.candidates.get_mut(key) {
            candidate.protocol = Some(Protocol::Ctap2(Box::new(info)));
            candidate.method = method;
            candidate.step = Step::Ready;
        }
    }

    /// The first assertion: the others, if there are any, are fetched before the person is asked whose they mean.
    pub(super) fn on_discovered(
        &mut self,
        key: KeyId,
        directory: &dyn UserHandleLookup,
        response: &get_assertion::Response,
    ) -> Result<Option<Verified>, SignInError> {
        let others = response.number_of_credentials.unwrap_or(1).min(MAX_DISCOVERED).saturating_sub(1);
        self.collect(key, directory, response);
        self.collect_more(key, others)
    }

    /// The reply to authenticatorGetNextAssertion (CTAP 2.1 §6.3).
    pub(super) fn on_next_assertion(
        &mut self,
        key: KeyId,
        left: usize,
        payload: &[u8],
    ) -> Result<Option<Verified>, SignInError> {
        let Wanted::Anyone { directory, .. } = self.request.wanted else { return Ok(None) };
        match get_assertion::Response::parse(payload) {
            Ok(response) => self.collect(key, directory, &response),
            // It has fewer than it said.
            Err(ReplyError::Status(_)) => return self.collect_more(key, 0),
            Err(error) => {
                self.turn_away(key, error.into());
                return Ok(None);
            }
        }
        self.collect_more(key, left)
    }

    fn collect_more(&mut self, key: KeyId, left: usize) -> Result<Option<Verified>, SignInError> {
        match left.checked_sub(1) {
            None => self.conclude(key),
            Some(after) => {
                if let Some(candidate) = self.candidates.get_mut(key) {
                    candidate.step = Step::Collecting { left: after };
                }
                self.send(key, Message::ctap2(get_assertion::next()), false);
                Ok(None)
            }
        }
    }

    /// Keeps what one assertion proves, if it proves anything.
    fn collect(&mut self, key: KeyId, directory: &dyn UserHandleLookup, response: &get_assertion::Response) {
        let found = self.holder_of(key, directory, response);
        let Some(candidate) = self.candidates.get_mut(key) else { return };
        match found {
            Ok(Some(discovered)) => candidate.discovery.found.push(discovered),
            Ok(None) => {}
            Err(error) => candidate.discovery.rejected = Some(error),
        }
    }

    fn holder_of(
        &self,
        key: KeyId,
        directory: &dyn UserHandleLookup,
        response: &get_assertion::Response,
    ) -> Result<Option<Discovered>, VerifyError> {
        let handle = response.user.as_ref().and_then(|user| UserHandle::new(user.id.clone()));
        let (Some(question), Some(handle)) = (self.question(key), handle) else { return Ok(None) };
        let Some(holder) = directory.holder(&handle) else { return Ok(None) };
        let enabled: Vec<&Credential> = holder.file.enabled().collect();
        let facts = question.verify_among(&enabled, response)?;
        let stored = holder.state.sign_count(&facts.credential().id);
        let verified = self.judge(&facts, stored)?;
        Ok(Some(Discovered { account: holder.account, verified }))
    }

    /// All of the key's passkeys are known: one of them signs in.
    fn conclude(&mut self, key: KeyId) -> Result<Option<Verified>, SignInError> {
        let Some(candidate) = self.candidates.get_mut(key) else { return Ok(None) };
        let Discovery { mut found, rejected } = std::mem::take(&mut candidate.discovery);
        let index = match found.as_slice() {
            [] => {
                self.turn_away(key, rejected.map_or(SignInError::UnknownAccount, SignInError::Rejected));
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
        self.decide_by(key);
        self.decision.passkey = Some(verified.credential().clone());
        self.account = Some(account);
        Ok(Some(verified))
    }

    fn choose_account(&mut self, key: KeyId, accounts: &[String]) -> Result<usize, SignInError> {
        let answer = self.with_the_person(key, |ceremony| ceremony.dialogue.person.choose_account(accounts));
        match answer {
            Some(AccountAnswer::Chosen(index)) => Ok(index),
            Some(AccountAnswer::None) => {
                self.decide_by(key);
                Err(SignInError::NoAccountChosen)
            }
            Some(AccountAnswer::Interrupted) | None => Err(SignInError::Interrupted),
        }
    }
}
