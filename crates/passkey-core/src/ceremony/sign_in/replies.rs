//! What one key is asked, and what its replies mean for it.

use super::super::choice::{self, Choice};
use super::{
    Candidate, Ceremony, Impossible, Info, KeyId, Manner, Method, Next, NoRandomness, Notice, Permissions,
    Person, Piece, PinRules, Question, REPEAT_DELAY, ReplyError, Requirements, SignInError, Status, Step,
    TokenError, TokenFlow, UserVerification, Verified, World, allow_list, get_assertion, user_verification,
    verify,
};
use crate::credential::Credential;
use std::collections::VecDeque;

/// Fingerprints that may fail on a key without tokens before its PIN is asked for.
const SENSOR_TRIES: u8 = 3;

impl<'a, W: World, P: Person> Ceremony<'a, W, P> {
    /// Takes the reply of one key; the proof if it is one.
    pub(super) fn on_reply(&mut self, key: KeyId, payload: &[u8]) -> Result<Option<Verified>, SignInError> {
        let Some(candidate) = self.candidates.get(&key) else { return Ok(None) };
        match candidate.step {
            Step::Identifying => self.on_info(key, payload)?,
            Step::Searching => self.on_found(key, payload)?,
            Step::Choosing => self.on_chosen(key, payload),
            Step::Verifying(_) => self.on_token_reply(key, payload)?,
            Step::Touching { .. } => return self.on_assertion(key, payload),
            // The reply to something that was taken back.
            Step::Ready | Step::Pausing { .. } => {}
        }
        Ok(None)
    }

    fn on_info(&mut self, key: KeyId, payload: &[u8]) -> Result<(), SignInError> {
        let info = match Info::parse(payload) {
            Ok(info) => info,
            Err(error) => {
                self.turn_away(key, error.into());
                return Ok(());
            }
        };
        let pieces: VecDeque<Piece> = allow_list::cut(&self.credentials, &info).into();
        let method = user_verification::choose(self.request.policy.verification, &info, false);
        let alone = self.fleet.count() == 1 && pieces.len() == 1 && !self.has_hidden();
        let Some(candidate) = self.candidates.get_mut(&key) else { return Ok(()) };
        candidate.info = Some(info);
        candidate.pieces = pieces;
        match method {
            // Nothing to ask for but a touch, and no other key that could be meant.
            Ok(Method::None) if alone => return self.begin_touch(key),
            Ok(method) => candidate.method = method,
            // It matters only if the key holds a passkey.
            Err(impossible) => candidate.impossible = Some(impossible),
        }
        self.search(key)
    }

    /// The key holds what is in its first piece, or may do.
    fn found(&mut self, key: KeyId) {
        let Some(candidate) = self.candidates.get_mut(&key) else { return };
        match candidate.impossible {
            Some(impossible) => self.turn_away(key, SignInError::CannotVerifyUser(impossible)),
            None => candidate.step = Step::Ready,
        }
    }

    /// Whether a passkey is asked for that shows itself only after user verification.
    fn has_hidden(&self) -> bool {
        self.credentials.iter().any(|credential| insists(credential))
    }

    /// Asks silently for the next piece of the list; past the last piece the key is let go.
    fn search(&mut self, key: KeyId) -> Result<(), SignInError> {
        let Some(candidate) = self.candidates.get_mut(&key) else { return Ok(()) };
        if candidate.pieces.is_empty() {
            self.try_hidden(key);
            return Ok(());
        }
        candidate.step = Step::Searching;
        self.request_assertion(key, false)
    }

    /// Passkeys that do not show themselves without user verification (credProtect level 3) may still be on a key of the
    /// model that made them.
    fn try_hidden(&mut self, key: KeyId) {
        let Some(candidate) = self.candidates.get_mut(&key) else { return };
        let Some(info) = &candidate.info else { return };
        let hidden: VecDeque<Piece> = allow_list::cut(&self.credentials, info)
            .into_iter()
            .filter_map(|piece| {
                let possible = |index: &usize| {
                    self.credentials.get(*index).is_some_and(|c| insists(c) && c.aaguid == info.aaguid)
                };
                let indexes: Vec<usize> = piece.0.into_iter().filter(possible).collect();
                (!indexes.is_empty()).then_some(Piece(indexes))
            })
            .collect();
        if hidden.is_empty() {
            return self.dismiss(key);
        }
        match user_verification::choose(self.request.policy.verification, info, true) {
            Ok(method) => {
                candidate.method = method;
                candidate.pieces = hidden;
                candidate.step = Step::Ready;
            }
            Err(impossible) => self.turn_away(key, SignInError::CannotVerifyUser(impossible)),
        }
    }

    /// The reply to the silent request. It is verified like any other: only the key that holds the passkey can sign,
    /// so no other one can elicit a PIN.
    fn on_found(&mut self, key: KeyId, payload: &[u8]) -> Result<(), SignInError> {
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
                if let (Some(candidate), Some(index)) = (self.candidates.get_mut(&key), index) {
                    candidate.pieces = VecDeque::from([Piece(vec![index])]);
                    self.found(key);
                }
            }
        }
        Ok(())
    }

    fn on_not_found(&mut self, key: KeyId, status: Status) -> Result<(), SignInError> {
        let Some(candidate) = self.candidates.get_mut(&key) else { return Ok(()) };
        match status {
            Status::NO_CREDENTIALS | Status::INVALID_CREDENTIAL => {
                candidate.pieces.pop_front();
                self.search(key)
            }
            // The key takes less than it said: halve the list.
            Status::LIMIT_EXCEEDED | Status::REQUEST_TOO_LARGE | Status::INVALID_LENGTH => {
                match candidate.pieces.pop_front() {
                    Some(Piece(mut indexes)) if indexes.len() > 1 => {
                        let rest = indexes.split_off(indexes.len() / 2);
                        candidate.pieces.push_front(Piece(rest));
                        candidate.pieces.push_front(Piece(indexes));
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
                let Some(candidate) = self.candidates.get_mut(&key) else { return Ok(()) };
                if candidate.method == Method::Pin && !made_one {
                    candidate.pieces.pop_front();
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

    /// Whether the key is of a model that made one of the passkeys in its first piece.
    fn may_have_made_one(&self, key: KeyId) -> bool {
        let Some(Candidate { info: Some(info), pieces, .. }) = self.candidates.get(&key) else {
            return false;
        };
        pieces.front().is_some_and(|piece| self.in_piece(piece).iter().any(|c| c.aaguid == info.aaguid))
    }

    /// What the key was asked last.
    fn question(&self, key: KeyId) -> Option<&Question<'a>> {
        self.candidates.get(&key)?.question.as_ref()
    }

    fn in_piece(&self, piece: &Piece) -> Vec<&'a Credential> {
        piece.0.iter().filter_map(|index| self.credentials.get(*index).copied()).collect()
    }

    /// Sends a getAssertion for the candidate's first piece.
    fn request_assertion(&mut self, key: KeyId, touch: bool) -> Result<(), SignInError> {
        let Some(candidate) = self.candidates.get(&key) else { return Ok(()) };
        let Some(piece) = candidate.pieces.front() else { return Ok(()) };
        let asked = self.in_piece(piece);
        let manner = if touch {
            let uv = candidate.method == Method::BuiltIn { token: false };
            Manner::Touch { uv, token: candidate.token.as_ref() }
        } else {
            Manner::Silent
        };
        let question = Question::new(asked, manner, self.fleet.world());
        let Some((question, payload)) = question.map_err(|NoRandomness| SignInError::NoRandomness)? else {
            return Ok(());
        };
        if let Some(candidate) = self.candidates.get_mut(&key) {
            candidate.question = Some(question);
        }
        self.send(key, payload, touch);
        Ok(())
    }

    /// Asks one key for the assertion proper.
    pub(super) fn begin_touch(&mut self, key: KeyId) -> Result<(), SignInError> {
        let cue_at = self.cue_at();
        let Some(candidate) = self.candidates.get_mut(&key) else { return Ok(()) };
        let by_sensor = candidate.method == Method::BuiltIn { token: false };
        candidate.step = Step::Touching { cue_at: (!by_sensor).then_some(cue_at) };
        if by_sensor {
            self.tell(Notice::UseFingerprint);
        }
        self.request_assertion(key, true)
    }

    /// Makes a key blink so that the person can say that it is the one they mean.
    pub(super) fn begin_choice(&mut self, key: KeyId) {
        let Some(candidate) = self.candidates.get_mut(&key) else { return };
        let Some(info) = &candidate.info else { return };
        let payload = choice::request(info);
        candidate.step = Step::Choosing;
        self.send(key, payload, true);
    }

    fn on_chosen(&mut self, key: KeyId, payload: &[u8]) {
        let until = self.fleet.now().saturating_add(REPEAT_DELAY);
        let Some(candidate) = self.candidates.get_mut(&key) else { return };
        match choice::reply(payload) {
            Choice::Touched => {
                candidate.step = Step::Ready;
                self.chosen = Some(key);
            }
            Choice::Again => candidate.step = Step::Pausing { until },
            Choice::Declined => self.turn_away(key, SignInError::Declined),
            Choice::Failed(error) => self.turn_away(key, error.into()),
        }
    }

    /// Starts getting a token from one key.
    pub(super) fn begin_token(&mut self, key: KeyId, by_sensor: bool) -> Result<(), SignInError> {
        let name = self.fleet.plugged(key).map_or_else(String::new, |key| key.name.clone());
        let Some(candidate) = self.candidates.get(&key) else { return Ok(()) };
        let (Some(info), Some(piece)) = (&candidate.info, candidate.pieces.front()) else { return Ok(()) };
        let doubtful =
            piece.0.iter().any(|index| self.request.passkeys.get(*index).is_some_and(|p| p.pin_failed));
        let rules = PinRules {
            attempts: self.request.policy.pin_attempts,
            forbidden: self.request.forbidden_pin,
            doubtful,
        };
        let credentials = self.in_piece(piece);
        let rp_id = credentials.first().map_or("", |credential| credential.rp_id.as_str());
        let Some((flow, next)) = TokenFlow::start(&name, info, Permissions::GA, rp_id, by_sensor, rules)
        else {
            self.turn_away(key, SignInError::CannotVerifyUser(Impossible::NotSupported));
            return Ok(());
        };
        if let Some(candidate) = self.candidates.get_mut(&key) {
            candidate.step = Step::Verifying(Box::new(flow));
        }
        self.follow(key, next)
    }

    fn on_token_reply(&mut self, key: KeyId, payload: &[u8]) -> Result<(), SignInError> {
        let Some(Candidate { step: Step::Verifying(flow), .. }) = self.candidates.get_mut(&key) else {
            return Ok(());
        };
        let next = flow.on_reply(payload, self.fleet.world(), self.dialogue.person);
        self.follow(key, next)
    }

    /// Does what the token flow says.
    fn follow(&mut self, key: KeyId, mut next: Next) -> Result<(), SignInError> {
        if matches!(next, Next::Ask) {
            next = self.ask(key);
        }
        match next {
            Next::Send { payload, touch } => {
                self.send(key, payload, touch);
                Ok(())
            }
            Next::Ask => Ok(()),
            Next::Done(token) => {
                let Some(candidate) = self.candidates.get_mut(&key) else { return Ok(()) };
                if let Step::Verifying(flow) = &candidate.step {
                    candidate.token = Some((flow.protocol(), token));
                }
                self.begin_touch(key)
            }
            Next::Failed(error) => self.on_no_token(key, error),
        }
    }

    /// Asks the person for the PIN. The time that they take does not count.
    fn ask(&mut self, key: KeyId) -> Next {
        self.quieten_others(key);
        if self.fleet.is_interrupted() {
            return Next::Failed(TokenError::Interrupted);
        }
        let asked_at = self.fleet.now();
        let Some(Candidate { step: Step::Verifying(flow), .. }) = self.candidates.get_mut(&key) else {
            return Next::Ask;
        };
        let next = flow.ask(self.fleet.world(), self.dialogue.person);
        // Whatever was told before the question may be told again after it.
        self.dialogue.move_on();
        let taken = self.fleet.now().saturating_sub(asked_at);
        self.deadline = self.deadline.saturating_add(taken);
        self.wait_until = self.wait_until.saturating_add(taken);
        next
    }

    fn on_no_token(&mut self, key: KeyId, error: TokenError) -> Result<(), SignInError> {
        self.remember_wrong_pin(key);
        self.turn_away(key, SignInError::Pin(error));
        match error {
            // The person's word, or nobody to ask: no other key changes that.
            TokenError::Empty
            | TokenError::Unavailable
            | TokenError::Interrupted
            | TokenError::NeverAPin
            | TokenError::AttemptsUsedUp { .. }
            | TokenError::NoRandomness => Err(SignInError::Pin(error)),
            TokenError::PinLocked
            | TokenError::PinBlocked
            | TokenError::PinMustChange
            | TokenError::PinNotSet
            | TokenError::SensorLocked
            | TokenError::Refused(_)
            | TokenError::Malformed => Ok(()),
        }
    }

    /// Notes that the last PIN typed for the key's passkeys was wrong, if one was typed.
    fn remember_wrong_pin(&mut self, key: KeyId) {
        let Some(candidate) = self.candidates.get(&key) else { return };
        let Step::Verifying(flow) = &candidate.step else { return };
        let Some(piece) = candidate.pieces.front() else { return };
        if flow.wrong_pins() > 0 {
            let ids = self.in_piece(piece).into_iter().map(|credential| credential.id.clone());
            self.pin_failed.extend(ids.collect::<Vec<_>>());
        }
    }

    /// The reply to the assertion proper.
    fn on_assertion(&mut self, key: KeyId, payload: &[u8]) -> Result<Option<Verified>, SignInError> {
        let response = match get_assertion::Response::parse(payload) {
            Ok(response) => response,
            Err(ReplyError::Status(status)) => return self.on_no_assertion(key, status).map(|()| None),
            Err(error) => {
                self.turn_away(key, error.into());
                return Ok(None);
            }
        };
        let judged = self.question(key).map(|question| {
            let facts = question.verify(&response)?;
            let known =
                self.request.passkeys.iter().find(|known| known.credential.id == facts.credential().id);
            verify::judge(
                &facts,
                &Requirements {
                    user_verification: match self.request.policy.verification {
                        UserVerification::Required => verify::UserVerification::Required,
                        UserVerification::Preferred | UserVerification::Discouraged => {
                            verify::UserVerification::NotRequired
                        }
                    },
                    stored_sign_count: known.and_then(|known| known.sign_count),
                    counter: self.request.policy.counter,
                },
            )
        });
        match judged {
            None => Ok(None),
            Some(Ok(verified)) => {
                self.decided_by = self.fleet.plugged(key).cloned();
                Ok(Some(verified))
            }
            Some(Err(error)) => {
                self.turn_away(key, SignInError::Rejected(error));
                Ok(None)
            }
        }
    }

    fn on_no_assertion(&mut self, key: KeyId, status: Status) -> Result<(), SignInError> {
        let until = self.fleet.now().saturating_add(REPEAT_DELAY);
        let Some(candidate) = self.candidates.get_mut(&key) else { return Ok(()) };
        match status {
            Status::NO_CREDENTIALS | Status::INVALID_CREDENTIAL => {
                candidate.pieces.pop_front();
                if candidate.pieces.is_empty() {
                    self.dismiss(key);
                    return Ok(());
                }
                self.begin_touch(key)
            }
            Status::USER_ACTION_TIMEOUT | Status::ACTION_TIMEOUT | Status::UP_REQUIRED => {
                candidate.step = Step::Pausing { until };
                Ok(())
            }
            Status::UV_INVALID | Status::UV_BLOCKED | Status::OPERATION_DENIED
                if candidate.method == Method::BuiltIn { token: false } =>
            {
                self.on_sensor_failed(key, status);
                Ok(())
            }
            // It wants its user verified after all.
            Status::PUAT_REQUIRED | Status::UV_INVALID if candidate.token.is_none() => {
                let Some(info) = &candidate.info else { return Ok(()) };
                match user_verification::choose(UserVerification::Required, info, true) {
                    Ok(method) if method != candidate.method => {
                        candidate.method = method;
                        candidate.step = Step::Ready;
                    }
                    Ok(_) => self.turn_away(key, SignInError::Refused(status)),
                    Err(impossible) => self.turn_away(key, SignInError::CannotVerifyUser(impossible)),
                }
                Ok(())
            }
            Status::OPERATION_DENIED => {
                self.turn_away(key, SignInError::Declined);
                Ok(())
            }
            status => {
                self.turn_away(key, SignInError::Refused(status));
                Ok(())
            }
        }
    }

    /// A fingerprint was not recognised by a key without tokens: once more, or the PIN.
    fn on_sensor_failed(&mut self, key: KeyId, status: Status) {
        let until = self.fleet.now().saturating_add(REPEAT_DELAY);
        let Some(candidate) = self.candidates.get_mut(&key) else { return };
        candidate.sensor_failures = candidate.sensor_failures.saturating_add(1);
        if status != Status::UV_BLOCKED && candidate.sensor_failures < SENSOR_TRIES {
            candidate.step = Step::Pausing { until };
            return self.tell(Notice::FingerprintAgain { left: None });
        }
        match candidate.info.as_ref().map(user_verification::pin) {
            Some(Ok(method)) => {
                candidate.method = method;
                candidate.step = Step::Ready;
                self.tell(Notice::FingerprintLocked);
            }
            _ => self.turn_away(key, SignInError::Pin(TokenError::SensorLocked)),
        }
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
