//! Whether a key holds one of the passkeys, found out without a touch.

use super::{
    AllowListBatch, AssertionRequest, Ceremony, Credential, Info, KeyId, Method, Platform, Prompter,
    Protocol, ReplyError, SignInError, Status, Step, VecDeque, Wanted, allow_list, get_assertion, uv_method,
};

impl<'a, W: Platform, P: Prompter> Ceremony<'a, W, P> {
    /// What the key says of itself decides what it is asked next.
    pub(super) fn on_info(&mut self, key: KeyId, payload: &[u8]) -> Result<(), SignInError> {
        let info = match Info::parse(payload) {
            Ok(info) => info,
            Err(error) => {
                self.turn_away(key, error.into());
                return Ok(());
            }
        };
        if let Wanted::Anyone { .. } = self.request.wanted {
            self.discover(key, info);
            return Ok(());
        }
        let batches: VecDeque<AllowListBatch> = allow_list::cut(&self.credentials, &info).into();
        let method = uv_method::choose(self.request.policy.verification, &info, false);
        let alone = self.pool.count() == 1 && batches.len() == 1 && !self.has_hidden();
        let Some(candidate) = self.candidates.get_mut(key) else { return Ok(()) };
        candidate.protocol = Some(Protocol::Ctap2(Box::new(info)));
        candidate.batches = batches;
        match method {
            // Nothing to ask for but a touch, and no other key that could be meant.
            Ok(Method::None) if alone => return self.begin_touch(key),
            Ok(method) => candidate.method = method,
            // It matters only if the key holds a passkey.
            Err(impossible) => candidate.impossible = Some(impossible),
        }
        self.search(key)
    }

    /// The key holds what is in its first batch, or may do.
    pub(super) fn found(&mut self, key: KeyId) {
        let Some(candidate) = self.candidates.get_mut(key) else { return };
        match candidate.impossible {
            Some(impossible) => self.turn_away(key, SignInError::CannotVerifyUser(impossible)),
            None => candidate.step = Step::Ready,
        }
    }

    /// Whether a passkey is asked for that shows itself only after user verification.
    fn has_hidden(&self) -> bool {
        self.credentials.iter().any(|credential| insists(credential))
    }

    /// Asks silently for the next batch of the list; past the last batch the key is let go.
    pub(super) fn search(&mut self, key: KeyId) -> Result<(), SignInError> {
        let Some(candidate) = self.candidates.get_mut(key) else { return Ok(()) };
        if candidate.batches.is_empty() {
            self.try_hidden(key);
            return Ok(());
        }
        candidate.step = Step::Searching;
        self.request_assertion(key, false)
    }

    /// Passkeys that do not show themselves without user verification (credProtect level 3) may still be on a key of the
    /// model that made them.
    fn try_hidden(&mut self, key: KeyId) {
        let Some(candidate) = self.candidates.get_mut(key) else { return };
        let Some(info) = candidate.info() else { return self.dismiss(key) };
        let hidden: VecDeque<AllowListBatch> = allow_list::cut(&self.credentials, info)
            .into_iter()
            .filter_map(|batch| {
                let possible = |index: &usize| {
                    self.credentials.get(*index).is_some_and(|c| insists(c) && c.aaguid == info.aaguid)
                };
                let indexes: Vec<usize> = batch.0.into_iter().filter(possible).collect();
                (!indexes.is_empty()).then_some(AllowListBatch(indexes))
            })
            .collect();
        if hidden.is_empty() {
            return self.dismiss(key);
        }
        match uv_method::choose(self.request.policy.verification, info, true) {
            Ok(method) => {
                candidate.method = method;
                candidate.batches = hidden;
                candidate.step = Step::Ready;
            }
            Err(impossible) => self.turn_away(key, SignInError::CannotVerifyUser(impossible)),
        }
    }

    /// The reply to the silent request. It is verified like any other: only the key that holds the passkey can sign,
    /// so no other one can elicit a PIN.
    pub(super) fn on_found(&mut self, key: KeyId, payload: &[u8]) -> Result<(), SignInError> {
        let response = match get_assertion::Response::parse(payload) {
            Ok(response) => response,
            Err(ReplyError::Status(status)) => return self.on_not_found(key, status),
            Err(error) => {
                self.turn_away(key, error.into());
                return Ok(());
            }
        };
        let verified = self.question(key).map(|question| question.verify(&response));
        match verified {
            None => {}
            Some(Err(error)) => self.turn_away(key, SignInError::Rejected(error)),
            Some(Ok(facts)) => {
                let found = &facts.credential().id;
                let index = self.credentials.iter().position(|credential| credential.id == *found);
                if let (Some(candidate), Some(index)) = (self.candidates.get_mut(key), index) {
                    candidate.batches = VecDeque::from([AllowListBatch(vec![index])]);
                    self.found(key);
                }
            }
        }
        Ok(())
    }

    fn on_not_found(&mut self, key: KeyId, status: Status) -> Result<(), SignInError> {
        let Some(candidate) = self.candidates.get_mut(key) else { return Ok(()) };
        match status {
            Status::NO_CREDENTIALS | Status::INVALID_CREDENTIAL => {
                candidate.batches.pop_front();
                self.search(key)
            }
            // The key takes less than it said: halve the list.
            Status::LIMIT_EXCEEDED | Status::REQUEST_TOO_LARGE | Status::INVALID_LENGTH => {
                match candidate.batches.pop_front() {
                    Some(AllowListBatch(mut indexes)) if indexes.len() > 1 => {
                        let rest = indexes.split_off(indexes.len() / 2);
                        candidate.batches.push_front(AllowListBatch(rest));
                        candidate.batches.push_front(AllowListBatch(indexes));
                    }
                    _ => {}
                }
                self.search(key)
            }
            // It does not answer silently: only the touch will tell. A PIN is asked for on the model's word alone.
            Status::UP_REQUIRED
            | Status::UNSUPPORTED_OPTION
            | Status::INVALID_OPTION
            | Status::PUAT_REQUIRED
            | Status::OPERATION_DENIED => {
                let made_one = self.may_have_made_one(key);
                let Some(candidate) = self.candidates.get_mut(key) else { return Ok(()) };
                if candidate.method == Method::Pin && !made_one {
                    candidate.batches.pop_front();
                    return self.search(key);
                }
                self.found(key);
                Ok(())
            }
            status => {
                self.turn_away(key, SignInError::Refused(status));
                Ok(())
            }
        }
    }

    /// Whether the key is of a model that made one of the passkeys in its first batch.
    fn may_have_made_one(&self, key: KeyId) -> bool {
        let Some((candidate, info)) = self.candidates.get(key).and_then(|c| Some((c, c.info()?))) else {
            return false;
        };
        let made_by = |batch| self.in_batch(batch).iter().any(|credential| credential.aaguid == info.aaguid);
        candidate.batches.front().is_some_and(made_by)
    }

    /// What the key was asked last.
    pub(super) fn question(&self, key: KeyId) -> Option<&AssertionRequest<'a>> {
        self.candidates.get(key)?.question.as_ref()
    }

    pub(super) fn in_batch(&self, batch: &AllowListBatch) -> Vec<&'a Credential> {
        batch.0.iter().filter_map(|index| self.credentials.get(*index).copied()).collect()
    }
}

/// Whether the passkey answers only after user verification (credProtect level 3, CTAP 2.1 §12.1).
fn insists(credential: &Credential) -> bool {
    credential.cred_protect == Some(3)
}

impl From<ReplyError> for SignInError {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::Status(status) => Self::Refused(status),
            ReplyError::Malformed(_) => Self::Malformed,
        }
    }
}
