//! Getting a pinUvAuthToken from one key: by the PIN, or by the key's own sensor with the PIN to fall back on.
//!
//! CTAP 2.1 §6.5.5. This is where a PIN is treated as the precious thing it is: never sent when it cannot be one, never when it
//! is the account's password or a recovery code, never twice for one typing, and never without saying how many tries are left
//! once one has failed.

use super::super::keys::Platform;
use super::super::prompter::{Lock, Notice, PinAnswer, PinPrompt, PinReason, Prompter};
use super::uv_method;
use crate::store::recovery::{Code, Reading};
use ctap::client_pin::{self, Permissions};
use ctap::pin_uv_auth::{PinUvAuthProtocol, PinUvAuthToken, Session};
use ctap::{Info, Pin, ReplyError, Secret, Status};
use std::time::Duration;

/// Fingerprints that may fail before the PIN is asked for, should the key itself not say stop.
const SENSOR_TRIES: u8 = 3;

/// Why no token could be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// As many wrong PINs as the ceremony allows.
    AttemptsUsedUp {
        /// Wrong PINs that the key will still take.
        retries_left: Option<u8>,
    },
    /// No further PIN until the key has been unplugged and plugged in again (`PIN_AUTH_BLOCKED`).
    PinLocked,
    /// No PIN is taken any more; only a reset helps (`PIN_BLOCKED`).
    PinBlocked,
    /// The PIN must be changed before the key can be used.
    PinMustChange,
    /// The key has no PIN.
    PinNotSet,
    /// The fingerprint reader is locked and there is no PIN to fall back on.
    SensorLocked,
    /// The person typed nothing.
    Empty,
    /// There is nobody to ask.
    Unavailable,
    /// The person gave up.
    Interrupted,
    /// What was typed never was a PIN that could be sent.
    NeverAPin,
    /// A recovery code was typed in its place, where one is taken.
    RecoveryCode,
    /// The kernel gave no randomness.
    NoRandomness,
    /// The key refused with this status.
    Refused(Status),
    /// The key's answer is no valid reply.
    Malformed,
}

impl TokenError {
    /// What of the key is locked, if that is why.
    pub(crate) fn lock(self) -> Option<Lock> {
        match self {
            Self::PinLocked => Some(Lock::Pin),
            Self::PinBlocked => Some(Lock::PinForGood),
            Self::SensorLocked => Some(Lock::Sensor),
            Self::AttemptsUsedUp { .. }
            | Self::PinMustChange
            | Self::PinNotSet
            | Self::Empty
            | Self::Unavailable
            | Self::Interrupted
            | Self::NeverAPin
            | Self::RecoveryCode
            | Self::NoRandomness
            | Self::Refused(_)
            | Self::Malformed => None,
        }
    }
}

/// What the ceremony should do next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Send this `CTAPHID_CBOR` request and come back with the reply. `touch` is true when the key waits for a person meanwhile.
    Send { payload: Vec<u8>, touch: bool },
    /// Nobody came to the sensor in the key's own time: call [`PinUvTokenFlow::resume`] after a pause.
    Later,
    /// Call [`PinUvTokenFlow::ask`], once nothing is locked or in flight: the person may take their time.
    Ask,
    /// Here it is.
    Done(PinUvAuthToken),
    /// There will be none.
    Failed(TokenError),
}

/// Limits and facts that hold for the whole ceremony.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PinRules<'a> {
    /// Wrong PINs allowed in the ceremony.
    pub(crate) attempts: u8,
    /// A PIN that must never be sent: the password that an earlier module got.
    pub(crate) forbidden: Option<&'a Secret>,
    /// Whether a recovery code is taken in place of a PIN. It is sent in no case.
    pub(crate) takes_recovery_code: bool,
}

enum State {
    Retries,
    KeyAgreement,
    PinToken,
    SensorToken,
    SensorRetries,
}

pub(crate) struct PinUvTokenFlow<'a> {
    key_name: String,
    protocol: PinUvAuthProtocol,
    /// The permissions and RP ID that the token is bound to, where the key knows permissions.
    binding: Option<(Permissions, String)>,
    /// Whether there is a PIN to fall back on when the sensor gives up.
    pin_usable: bool,
    rules: PinRules<'a>,
    state: State,
    session: Option<Session>,
    by_sensor: bool,
    sensor_failures: u8,
    told_sensor: bool,
    resume_at: Option<Duration>,
    attempts_left: u8,
    questions: u8,
    reason: PinReason,
    retries_left: Option<u8>,
    wrong_pins: u8,
    recovery_code: Option<Code>,
}

impl<'a> PinUvTokenFlow<'a> {
    /// A flow for one key and its first request. `None` when the key offers no PIN/UV auth protocol that we know.
    pub(crate) fn start(
        key_name: &str,
        info: &Info,
        permissions: Permissions,
        rp_id: &str,
        by_sensor: bool,
        rules: PinRules<'a>,
    ) -> Option<(Self, Next)> {
        let protocol = *info.pin_uv_auth_protocols.first()?;
        let mut flow = Self {
            key_name: key_name.to_owned(),
            protocol,
            binding: info.options.pin_uv_auth_token.then(|| (permissions, rp_id.to_owned())),
            pin_usable: uv_method::pin(info).is_ok(),
            rules,
            state: State::KeyAgreement,
            session: None,
            by_sensor,
            sensor_failures: 0,
            told_sensor: false,
            resume_at: None,
            attempts_left: rules.attempts,
            questions: 0,
            reason: PinReason::First,
            retries_left: None,
            wrong_pins: 0,
            recovery_code: None,
        };
        let first = flow.begin();
        Some((flow, first))
    }

    /// The protocol that the token belongs to.
    pub(crate) fn protocol(&self) -> PinUvAuthProtocol {
        self.protocol
    }

    /// Goes on counting questions where another flow of the same ceremony has stopped.
    pub(crate) fn count_from(&mut self, questions: u8) {
        self.questions = questions;
    }

    /// How many questions the ceremony has asked.
    pub(crate) fn questions(&self) -> u8 {
        self.questions
    }

    /// Whether the key waits for a finger on its sensor.
    pub(crate) fn waits_for_person(&self) -> bool {
        matches!(self.state, State::SensorToken)
    }

    /// How many PINs the key has refused.
    pub(crate) fn wrong_pins(&self) -> u8 {
        self.wrong_pins
    }

    /// The recovery code that was typed ([`TokenError::RecoveryCode`]).
    pub(crate) fn take_recovery_code(&mut self) -> Option<Code> {
        self.recovery_code.take()
    }

    /// Takes the reply to the last [`Next::Send`].
    pub(crate) fn on_reply(
        &mut self,
        payload: &[u8],
        platform: &mut impl Platform,
        person: &mut impl Prompter,
    ) -> Next {
        let reply = client_pin::Response::parse(payload);
        match (&self.state, reply) {
            (State::Retries, Ok(response)) => self.on_retries(&response),
            // The counter is for the person's information: a key that does not tell it is used without.
            (State::Retries, Err(_)) => self.request_key_agreement(),
            (State::KeyAgreement, Ok(response)) => self.on_key_agreement(&response, platform, person),
            (State::PinToken | State::SensorToken, Ok(response)) => self.on_token(&response),
            (State::PinToken, Err(ReplyError::Status(status))) => self.on_pin_refused(status),
            (State::SensorToken, Err(ReplyError::Status(status))) => self.on_sensor_refused(status, person),
            (State::SensorRetries, reply) => {
                self.on_sensor_retries(reply.ok().and_then(|response| response.uv_retries), person)
            }
            (State::KeyAgreement, Err(ReplyError::Status(status))) => failed_with(status),
            (_, Err(ReplyError::Malformed(_))) => Next::Failed(TokenError::Malformed),
        }
    }

    fn begin(&mut self) -> Next {
        // Tries may have been lost on another machine: nobody types a PIN without knowing that it is the last one.
        if self.by_sensor { self.request_key_agreement() } else { self.request_retries() }
    }

    fn request_retries(&mut self) -> Next {
        self.state = State::Retries;
        send(&client_pin::Request::PinRetries { protocol: self.protocol })
    }

    fn request_key_agreement(&mut self) -> Next {
        self.state = State::KeyAgreement;
        send(&client_pin::Request::KeyAgreement { protocol: self.protocol })
    }

    fn on_retries(&mut self, response: &client_pin::Response) -> Next {
        self.retries_left = response.pin_retries;
        if self.retries_left == Some(0) {
            return Next::Failed(TokenError::PinBlocked);
        }
        if response.power_cycle_state == Some(true) {
            return Next::Failed(TokenError::PinLocked);
        }
        if self.attempts_left == 0 {
            return Next::Failed(TokenError::AttemptsUsedUp { retries_left: self.retries_left });
        }
        // The key has made a new key agreement key after the wrong PIN (CTAP 2.1 §6.5.5.7).
        self.request_key_agreement()
    }

    fn on_key_agreement(
        &mut self,
        response: &client_pin::Response,
        platform: &mut impl Platform,
        person: &mut impl Prompter,
    ) -> Next {
        let Some(peer) = &response.key_agreement else { return Next::Failed(TokenError::Malformed) };
        match with_randomness(platform, |random| Session::agree(self.protocol, peer, random)) {
            Err(error) => return Next::Failed(error),
            Ok(Err(_)) => return Next::Failed(TokenError::Malformed),
            Ok(Ok(session)) => self.session = Some(session),
        }
        if self.by_sensor { self.request_sensor_token(person) } else { Next::Ask }
    }

    /// Asks until there is something that can be sent, or no answer will come. Waits for the person.
    pub(crate) fn ask(&mut self, platform: &mut impl Platform, person: &mut impl Prompter) -> Next {
        while self.attempts_left > 0 {
            self.questions = self.questions.saturating_add(1);
            let answer = person.ask_pin(&PinPrompt {
                key_name: &self.key_name,
                reason: self.reason,
                retries_left: self.retries_left,
                question: self.questions,
                takes_recovery_code: self.rules.takes_recovery_code,
            });
            let pin = match answer {
                PinAnswer::Pin(pin) => pin,
                PinAnswer::Empty => return Next::Failed(TokenError::Empty),
                PinAnswer::Unavailable => return Next::Failed(TokenError::Unavailable),
                PinAnswer::Interrupted => return Next::Failed(TokenError::Interrupted),
            };
            self.attempts_left = self.attempts_left.saturating_sub(1);
            match (Code::read(&pin), self.rules.takes_recovery_code) {
                (Reading::Code(code), true) => {
                    self.recovery_code = Some(code);
                    return Next::Failed(TokenError::RecoveryCode);
                }
                (Reading::Code(_), false) => self.reason = PinReason::ThatWasARecoveryCode,
                // Only where somebody may have meant a code: it could be the PIN.
                (Reading::Mistyped, true) if !self.is_password(&pin) => {
                    self.reason = PinReason::MistypedRecoveryCode;
                }
                (Reading::Mistyped | Reading::NoCode, _) => match self.fit(&pin) {
                    Err(reason) => self.reason = reason,
                    Ok(pin) => return self.request_pin_token(&pin, platform),
                },
            }
        }
        Next::Failed(TokenError::NeverAPin)
    }

    /// What may be sent to the key, or why this must not be.
    fn fit(&self, typed: &Secret) -> Result<Pin, PinReason> {
        if self.is_password(typed) {
            return Err(PinReason::ThatWasThePassword);
        }
        Pin::parse(typed, Pin::MIN_LENGTH).map_err(PinReason::from)
    }

    fn is_password(&self, typed: &Secret) -> bool {
        self.rules.forbidden.is_some_and(|password| password == typed)
    }

    fn request_pin_token(&mut self, pin: &Pin, platform: &mut impl Platform) -> Next {
        // A session serves one PIN: a wrong one makes the key forget it.
        let Some(session) = self.session.take() else { return Next::Failed(TokenError::Malformed) };
        let pin_hash_enc = match with_randomness(platform, |random| session.pin_hash_enc(pin, random)) {
            Ok(encrypted) => encrypted,
            Err(error) => return Next::Failed(error),
        };
        self.state = State::PinToken;
        let next = send(&match &self.binding {
            Some((permissions, rp_id)) => client_pin::Request::PinTokenWithPermissions {
                session: &session,
                pin_hash_enc: &pin_hash_enc,
                permissions: *permissions,
                rp_id: Some(rp_id),
            },
            None => client_pin::Request::PinToken { session: &session, pin_hash_enc: &pin_hash_enc },
        });
        self.session = Some(session);
        next
    }

    fn on_token(&mut self, response: &client_pin::Response) -> Next {
        let token = self.session.take().zip(response.pin_uv_auth_token.as_deref());
        match token.map(|(session, token)| session.open_token(token)) {
            Some(Ok(token)) => Next::Done(token),
            Some(Err(_)) | None => Next::Failed(TokenError::Malformed),
        }
    }

    fn on_pin_refused(&mut self, status: Status) -> Next {
        if let Status::PIN_INVALID | Status::PIN_AUTH_BLOCKED | Status::PIN_BLOCKED = status {
            self.wrong_pins = self.wrong_pins.saturating_add(1);
        }
        match status {
            Status::PIN_INVALID => {
                self.reason = PinReason::Wrong;
                self.request_retries()
            }
            status => failed_with(status),
        }
    }

    fn request_sensor_token(&mut self, person: &mut impl Prompter) -> Next {
        let (Some(session), Some((permissions, rp_id))) = (&self.session, &self.binding) else {
            return Next::Failed(TokenError::Malformed);
        };
        if !std::mem::replace(&mut self.told_sensor, true) {
            person.tell(&Notice::UseFingerprint);
        }
        self.state = State::SensorToken;
        let request = client_pin::Request::UvToken { session, permissions: *permissions, rp_id: Some(rp_id) };
        Next::Send { payload: request.encode(), touch: true }
    }

    fn on_sensor_refused(&mut self, status: Status, person: &mut impl Prompter) -> Next {
        match status {
            Status::UV_INVALID => {
                self.sensor_failures = self.sensor_failures.saturating_add(1);
                self.state = State::SensorRetries;
                send(&client_pin::Request::UvRetries { protocol: self.protocol })
            }
            Status::UV_BLOCKED => self.fall_back_to_pin(person),
            // The ceremony's deadline decides how often to ask again.
            Status::USER_ACTION_TIMEOUT | Status::ACTION_TIMEOUT => Next::Later,
            status => failed_with(status),
        }
    }

    /// Notes when to [`resume`](Self::resume).
    pub(crate) fn pause_until(&mut self, at: Duration) {
        self.resume_at = Some(at);
    }

    /// When to resume, if a pause is being made.
    pub(crate) fn resume_at(&self) -> Option<Duration> {
        self.resume_at
    }

    /// The pause after [`Next::Later`] is over: the sensor is asked for again.
    pub(crate) fn resume(&mut self, person: &mut impl Prompter) -> Next {
        self.resume_at = None;
        self.request_sensor_token(person)
    }

    fn on_sensor_retries(&mut self, left: Option<u8>, person: &mut impl Prompter) -> Next {
        if left == Some(0) || self.sensor_failures >= SENSOR_TRIES {
            return self.fall_back_to_pin(person);
        }
        person.tell(&Notice::FingerprintAgain { left });
        self.request_sensor_token(person)
    }

    fn fall_back_to_pin(&mut self, person: &mut impl Prompter) -> Next {
        if !self.pin_usable {
            return Next::Failed(TokenError::SensorLocked);
        }
        person.tell(&Notice::FingerprintLocked);
        self.by_sensor = false;
        self.begin()
    }
}

fn send(request: &client_pin::Request<'_>) -> Next {
    Next::Send { payload: request.encode(), touch: false }
}

fn failed_with(status: Status) -> Next {
    Next::Failed(match status {
        Status::PIN_AUTH_BLOCKED => TokenError::PinLocked,
        Status::PIN_BLOCKED => TokenError::PinBlocked,
        Status::PIN_NOT_SET => TokenError::PinNotSet,
        Status::PIN_POLICY_VIOLATION => TokenError::PinMustChange,
        status => TokenError::Refused(status),
    })
}

/// Runs `f` with a source of randomness, and takes its result back if the kernel had none.
fn with_randomness<T>(
    platform: &mut impl Platform,
    f: impl FnOnce(&mut dyn FnMut(&mut [u8])) -> T,
) -> Result<T, TokenError> {
    let mut failed = false;
    let result = f(&mut |bytes| failed |= platform.random(bytes).is_err());
    if failed { Err(TokenError::NoRandomness) } else { Ok(result) }
}
