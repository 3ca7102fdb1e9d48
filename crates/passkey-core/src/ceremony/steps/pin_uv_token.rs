//! Getting a pinUvAuthToken from one key: by the PIN, or by the key's own sensor (CTAP 2.1 §6.5.5).
//!
//! This is where a PIN is treated as the precious thing it is: asked for and sent only where the key is [`Trusted`], never sent when it
//! cannot be one, never when it is the account's password or a recovery code, never twice for one typing, and never without saying how
//! many tries are left once one has failed.

use super::super::keys::{Message, NoRandomness, Platform, with_randomness};
use super::super::prompter::{Authenticator, Lock, Notice, PinAnswer, PinPrompt, PinReason};
use super::super::standing::Trusted;
use super::assertion::Token;
use super::timing::OWN_TIMEOUT;
use crate::store::recovery::{Code, Reading};
use ctap::client_pin::{self, Permissions};
use ctap::pin_uv_auth::{PinUvAuthProtocol, Session};
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
    /// This computer takes no PIN for a while: its lock opens with time.
    ThisComputerLocked,
    /// The PIN must be changed before the key can be used.
    PinMustChange,
    /// The key has no PIN.
    PinNotSet,
    /// The fingerprint reader is locked and there is no PIN to fall back on.
    SensorLocked,
    /// The person typed nothing.
    Empty,
    /// There is no person to ask.
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
            Self::ThisComputerLocked => Some(Lock::ThisComputer),
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

/// Questions for a PIN in one ceremony, whatever is answered: what a key types by itself costs no attempt.
const MAX_QUESTIONS: u8 = 10;

/// What is left of the PINs that a person may type in one ceremony, over all keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PinBudget {
    attempts_left: u8,
    questions: u8,
}

impl PinBudget {
    pub(crate) fn new(attempts: u8) -> Self {
        Self { attempts_left: attempts, questions: 0 }
    }

    fn is_used_up(self) -> bool {
        self.attempts_left == 0 || self.questions >= MAX_QUESTIONS
    }
}

/// What holds for every PIN of the ceremony.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PinRules<'a> {
    /// A PIN that must never be sent: the password that an earlier module got.
    pub(crate) forbidden: Option<&'a Secret>,
    /// Whether a recovery code is taken in place of a PIN. It is sent in no case.
    pub(crate) takes_recovery_code: bool,
}

/// The key as the person may know it.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyName {
    /// What the device calls itself: hostile text.
    pub(crate) device: String,
    /// What prompts call it, where the person might think of another one.
    pub(crate) shown: Option<String>,
}

/// What a token is for.
pub(crate) struct TokenRequest<'r> {
    pub(crate) permissions: Permissions,
    pub(crate) rp_id: &'r str,
    /// By the key's own sensor; else by the PIN.
    pub(crate) by_sensor: bool,
}

/// How far a flow has come.
#[derive(Debug)]
pub(crate) enum Progress {
    /// A request is under way: come back with its reply.
    Sent,
    /// The sensor was not used in the key's own time: call [`PinUvTokenFlow::resume`] after a pause.
    Pause,
    /// Here it is, and the secret that was agreed on with the key for it.
    Done(Token, Box<Session>),
    /// The sensor is blocked, and there is a PIN.
    SensorGaveUp,
    /// The sensor of this computer, which may be out of reach, was not used, and there is a PIN.
    SensorUnused,
    /// There will be none.
    Failed(TokenError),
}

/// The ceremony, as a flow for one of its keys sees it.
pub(crate) trait TokenHost {
    type Platform: Platform;

    fn platform(&mut self) -> &mut Self::Platform;
    fn budget(&mut self) -> &mut PinBudget;
    /// Sends the key a request. With `touch` it waits for a person meanwhile.
    fn send(&mut self, message: Message, touch: bool);
    fn tell(&mut self, notice: Notice);
    /// What it is.
    fn authenticator(&self) -> Authenticator;
    /// What the key is called now.
    fn key_name(&mut self) -> KeyName;
    /// Asks the person, with no key locked or blinking meanwhile.
    fn ask_pin(&mut self, prompt: &PinPrompt<'_>) -> PinAnswer;
}

enum State {
    /// getPINRetries is under way.
    Retries,
    /// getKeyAgreement is under way, for this PIN or for the sensor.
    KeyAgreement(Option<Pin>),
    /// The key decides on the PIN.
    PinToken(Session),
    /// The key waits for a finger.
    SensorToken(Session),
    /// getUVRetries is under way.
    SensorRetries(Session),
    /// The sensor was not used.
    Paused(Session),
    /// It has come to its end.
    Ended,
}

pub(crate) struct PinUvTokenFlow<'a> {
    protocol: PinUvAuthProtocol,
    /// The permissions and RP ID that the token is bound to, where the key knows permissions.
    binding: Option<(Permissions, String)>,
    /// Whether there is a PIN to fall back on when the sensor gives up.
    pin_usable: bool,
    rules: PinRules<'a>,
    state: State,
    by_sensor: bool,
    sensor_failures: u8,
    told_sensor: bool,
    reason: PinReason,
    retries_left: Option<u8>,
    wrong_pins: u8,
    recovery_code: Option<Code>,
}

impl<'a> PinUvTokenFlow<'a> {
    /// Begins a flow for a key that is trusted. `None` when the key offers no PIN/UV auth protocol that we know.
    pub(crate) fn start(
        _trusted: &Trusted<'_>,
        info: &Info,
        request: &TokenRequest<'_>,
        rules: PinRules<'a>,
        host: &mut impl TokenHost,
    ) -> Option<(Self, Progress)> {
        let TokenRequest { permissions, rp_id, by_sensor } = *request;
        let mut flow = Self {
            protocol: *info.pin_uv_auth_protocols.first()?,
            binding: info.options.pin_uv_auth_token.then(|| (permissions, rp_id.to_owned())),
            pin_usable: super::uv_method::pin(info).is_ok(),
            rules,
            state: State::Ended,
            by_sensor,
            sensor_failures: 0,
            told_sensor: false,
            reason: PinReason::First,
            retries_left: None,
            wrong_pins: 0,
            recovery_code: None,
        };
        // Tries may have been used up on another machine: a person is warned before the last one.
        let first =
            if by_sensor { flow.request_key_agreement(None, host) } else { flow.request_retries(host) };
        Some((flow, first))
    }

    /// Whether the key waits for a finger on its sensor.
    pub(crate) fn waits_for_person(&self) -> bool {
        matches!(self.state, State::SensorToken(_) | State::Paused(_))
    }

    /// Whether it is the sensor that is asked, rather than the person for a PIN.
    pub(crate) fn is_by_sensor(&self) -> bool {
        self.by_sensor
    }

    /// Whether a finger has been tried.
    pub(crate) fn has_seen_finger(&self) -> bool {
        self.sensor_failures > 0
    }

    /// How many PINs the key has refused.
    pub(crate) fn wrong_pins(&self) -> u8 {
        self.wrong_pins
    }

    /// The recovery code that was typed ([`TokenError::RecoveryCode`]).
    pub(crate) fn take_recovery_code(&mut self) -> Option<Code> {
        self.recovery_code.take()
    }

    /// Takes the reply to the last request, which the key took so long to give.
    pub(crate) fn on_reply(&mut self, payload: &[u8], took: Duration, host: &mut impl TokenHost) -> Progress {
        let progress = self.advance(payload, took, host);
        match (&progress, host.authenticator()) {
            (
                Progress::Failed(TokenError::PinLocked | TokenError::PinBlocked),
                Authenticator::ThisComputer,
            ) => Progress::Failed(TokenError::ThisComputerLocked),
            (_, Authenticator::ThisComputer | Authenticator::SecurityKey | Authenticator::Guiding) => {
                progress
            }
        }
    }

    fn advance(&mut self, payload: &[u8], took: Duration, host: &mut impl TokenHost) -> Progress {
        let reply = client_pin::Response::parse(payload);
        match (std::mem::replace(&mut self.state, State::Ended), reply) {
            (State::Retries, Ok(response)) => self.on_retries(&response, host),
            // The counter is for the person's information: a key that does not tell it is used without.
            (State::Retries, Err(_)) => self.ask(host),
            (State::KeyAgreement(pin), Ok(response)) => self.on_key_agreement(pin, &response, host),
            (State::PinToken(session) | State::SensorToken(session), Ok(response)) => {
                self.on_token(session, &response)
            }
            (State::PinToken(_), Err(ReplyError::Status(status))) => self.on_pin_refused(status, host),
            (State::SensorToken(session), Err(ReplyError::Status(status))) => {
                self.on_sensor_refused(session, status, took, host)
            }
            (State::SensorRetries(session), reply) => {
                let left = reply.ok().and_then(|response| response.uv_retries);
                self.on_sensor_retries(session, left, host)
            }
            (State::KeyAgreement(_), Err(ReplyError::Status(status))) => failed_with(status),
            (_, Err(ReplyError::Malformed(_))) | (State::Paused(_) | State::Ended, _) => {
                Progress::Failed(TokenError::Malformed)
            }
        }
    }

    fn request_retries(&mut self, host: &mut impl TokenHost) -> Progress {
        self.state = State::Retries;
        send(&client_pin::Request::PinRetries { protocol: self.protocol }, host)
    }

    /// The key agreement comes after the PIN was typed: a wrong PIN that another program sends meanwhile makes the key change its own half
    /// (CTAP 2.1 §6.5.5.7.2), and a right one under the old one would be a wrong one.
    fn request_key_agreement(&mut self, pin: Option<Pin>, host: &mut impl TokenHost) -> Progress {
        self.state = State::KeyAgreement(pin);
        send(&client_pin::Request::KeyAgreement { protocol: self.protocol }, host)
    }

    fn on_retries(&mut self, response: &client_pin::Response, host: &mut impl TokenHost) -> Progress {
        self.retries_left = response.pin_retries;
        if self.retries_left == Some(0) {
            return Progress::Failed(TokenError::PinBlocked);
        }
        if response.power_cycle_state == Some(true) {
            return Progress::Failed(TokenError::PinLocked);
        }
        if host.budget().is_used_up() && self.wrong_pins > 0 {
            return Progress::Failed(TokenError::AttemptsUsedUp { retries_left: self.retries_left });
        }
        self.ask(host)
    }

    /// Asks until there is something that can be sent, or no answer will come. Waits for the person.
    fn ask(&mut self, host: &mut impl TokenHost) -> Progress {
        while !host.budget().is_used_up() {
            host.budget().questions = host.budget().questions.saturating_add(1);
            let question = host.budget().questions;
            let name = host.key_name();
            let answer = host.ask_pin(&PinPrompt {
                authenticator: host.authenticator(),
                key_name: &name.device,
                shown_name: name.shown.as_deref(),
                reason: self.reason,
                retries_left: self.retries_left,
                question,
                takes_recovery_code: self.rules.takes_recovery_code,
            });
            let typed = match answer {
                PinAnswer::Pin(typed) => typed,
                PinAnswer::Empty => return Progress::Failed(TokenError::Empty),
                PinAnswer::Password => return Progress::Failed(TokenError::NeverAPin),
                PinAnswer::Unavailable => return Progress::Failed(TokenError::Unavailable),
                PinAnswer::Interrupted => return Progress::Failed(TokenError::Interrupted),
            };
            match self.read(&typed) {
                Typed::Pin(pin) => {
                    spend_attempt(host);
                    return self.request_key_agreement(Some(pin), host);
                }
                Typed::RecoveryCode(code) => {
                    self.recovery_code = Some(code);
                    return Progress::Failed(TokenError::RecoveryCode);
                }
                // No person typed that.
                Typed::Unfit(reason @ PinReason::ThatWasAOneTimePassword) => self.reason = reason,
                Typed::Unfit(reason) => {
                    spend_attempt(host);
                    self.reason = reason;
                }
            }
        }
        Progress::Failed(TokenError::NeverAPin)
    }

    /// What was typed, and why it must not be sent if it must not.
    fn read(&self, typed: &Secret) -> Typed {
        let is_password = self.rules.forbidden.is_some_and(|password| password == typed);
        match (Code::read(typed), self.rules.takes_recovery_code) {
            (Reading::Code(code), true) => return Typed::RecoveryCode(code),
            (Reading::Code(_), false) => return Typed::Unfit(PinReason::ThatWasARecoveryCode),
            _ if is_password => return Typed::Unfit(PinReason::ThatWasThePassword),
            // Only where a person may have meant a code: it could be the PIN.
            (Reading::Mistyped, true) => return Typed::Unfit(PinReason::MistypedRecoveryCode),
            (Reading::Mistyped | Reading::NoCode, _) => {}
        }
        // However its letters are composed.
        let password = self.rules.forbidden.and_then(|password| Pin::parse(password, Pin::MIN_LENGTH).ok());
        match Pin::parse(typed, Pin::MIN_LENGTH) {
            Ok(pin) if password.as_ref() == Some(&pin) => Typed::Unfit(PinReason::ThatWasThePassword),
            Ok(pin) => Typed::Pin(pin),
            Err(error) => Typed::Unfit(error.into()),
        }
    }

    fn on_key_agreement(
        &mut self,
        pin: Option<Pin>,
        response: &client_pin::Response,
        host: &mut impl TokenHost,
    ) -> Progress {
        let Some(peer) = &response.key_agreement else { return Progress::Failed(TokenError::Malformed) };
        let agreed = with_randomness(host.platform(), |random| Session::agree(self.protocol, peer, random));
        let session = match agreed {
            Err(NoRandomness) => return Progress::Failed(TokenError::NoRandomness),
            Ok(Err(_)) => return Progress::Failed(TokenError::Malformed),
            Ok(Ok(session)) => session,
        };
        match pin {
            None if self.by_sensor => self.request_sensor_token(session, host),
            None => Progress::Failed(TokenError::Malformed),
            Some(pin) => self.request_pin_token(session, &pin, host),
        }
    }

    fn request_pin_token(&mut self, session: Session, pin: &Pin, host: &mut impl TokenHost) -> Progress {
        let encrypted = with_randomness(host.platform(), |random| session.pin_hash_enc(pin, random));
        let pin_hash_enc = match encrypted {
            Ok(encrypted) => encrypted,
            Err(NoRandomness) => return Progress::Failed(TokenError::NoRandomness),
        };
        let request = match &self.binding {
            Some((permissions, rp_id)) => client_pin::Request::PinTokenWithPermissions {
                session: &session,
                pin_hash_enc: &pin_hash_enc,
                permissions: *permissions,
                rp_id: Some(rp_id),
            },
            None => client_pin::Request::PinToken { session: &session, pin_hash_enc: &pin_hash_enc },
        };
        host.send(Message { once: true, ..Message::ctap2(request.encode()) }, false);
        self.state = State::PinToken(session);
        Progress::Sent
    }

    fn on_token(&mut self, session: Session, response: &client_pin::Response) -> Progress {
        match response.pin_uv_auth_token.as_deref().map(|token| session.open_token(token)) {
            Some(Ok(token)) => Progress::Done((self.protocol, token), Box::new(session)),
            Some(Err(_)) | None => Progress::Failed(TokenError::Malformed),
        }
    }

    fn on_pin_refused(&mut self, status: Status, host: &mut impl TokenHost) -> Progress {
        if let Status::PIN_INVALID | Status::PIN_AUTH_BLOCKED | Status::PIN_BLOCKED = status {
            self.wrong_pins = self.wrong_pins.saturating_add(1);
        }
        match status {
            Status::PIN_INVALID => {
                self.reason = PinReason::Wrong;
                self.request_retries(host)
            }
            status => failed_with(status),
        }
    }

    fn request_sensor_token(&mut self, session: Session, host: &mut impl TokenHost) -> Progress {
        let Some((permissions, rp_id)) = &self.binding else {
            return Progress::Failed(TokenError::Malformed);
        };
        if !std::mem::replace(&mut self.told_sensor, true) {
            host.tell(finger_notice(host.authenticator()));
        }
        let request =
            client_pin::Request::UvToken { session: &session, permissions: *permissions, rp_id: Some(rp_id) };
        host.send(Message::ctap2(request.encode()), true);
        self.state = State::SensorToken(session);
        Progress::Sent
    }

    fn on_sensor_refused(
        &mut self,
        session: Session,
        status: Status,
        took: Duration,
        host: &mut impl TokenHost,
    ) -> Progress {
        let is_here = host.authenticator() == Authenticator::ThisComputer;
        match status {
            Status::UV_INVALID => {
                self.sensor_failures = self.sensor_failures.saturating_add(1);
                self.state = State::SensorRetries(session);
                send(&client_pin::Request::UvRetries { protocol: self.protocol }, host)
            }
            Status::UV_BLOCKED => self.give_the_sensor_up(),
            // In use, or switched off.
            Status::NOT_ALLOWED if is_here => self.give_the_sensor_up(),
            Status::USER_ACTION_TIMEOUT if is_here && self.pin_usable => Progress::SensorUnused,
            // The ceremony's deadline decides how often to ask again.
            Status::USER_ACTION_TIMEOUT | Status::ACTION_TIMEOUT => {
                self.state = State::Paused(session);
                Progress::Pause
            }
            Status::OPERATION_DENIED if took >= OWN_TIMEOUT => {
                self.state = State::Paused(session);
                Progress::Pause
            }
            status => failed_with(status),
        }
    }

    /// The pause after [`Progress::Pause`] is over: the sensor is asked for again.
    pub(crate) fn resume(&mut self, host: &mut impl TokenHost) -> Progress {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Paused(session) => self.request_sensor_token(session, host),
            _ => Progress::Failed(TokenError::Malformed),
        }
    }

    fn on_sensor_retries(
        &mut self,
        session: Session,
        left: Option<u8>,
        host: &mut impl TokenHost,
    ) -> Progress {
        if left == Some(0) || self.sensor_failures >= SENSOR_TRIES {
            return self.give_the_sensor_up();
        }
        host.tell(Notice::FingerprintAgain { left });
        self.request_sensor_token(session, host)
    }

    fn give_the_sensor_up(&self) -> Progress {
        if self.pin_usable { Progress::SensorGaveUp } else { Progress::Failed(TokenError::SensorLocked) }
    }
}

/// What is said when a finger is waited for.
pub(crate) fn finger_notice(authenticator: Authenticator) -> Notice {
    match authenticator {
        Authenticator::ThisComputer => Notice::UseThisFingerprint,
        Authenticator::SecurityKey | Authenticator::Guiding => Notice::UseFingerprint,
    }
}

/// What is said when the PIN is asked for in place of a finger.
pub(crate) fn locked_notice(authenticator: Authenticator, key: Option<String>) -> Notice {
    match authenticator {
        Authenticator::ThisComputer => Notice::ThisFingerprintLocked,
        Authenticator::SecurityKey | Authenticator::Guiding => Notice::FingerprintLocked { key },
    }
}

/// The answer to a prompt for a PIN.
enum Typed {
    Pin(Pin),
    RecoveryCode(Code),
    Unfit(PinReason),
}

fn spend_attempt(host: &mut impl TokenHost) {
    let budget = host.budget();
    budget.attempts_left = budget.attempts_left.saturating_sub(1);
}

fn send(request: &client_pin::Request<'_>, host: &mut impl TokenHost) -> Progress {
    host.send(Message::ctap2(request.encode()), false);
    Progress::Sent
}

fn failed_with(status: Status) -> Progress {
    Progress::Failed(match status {
        Status::PIN_AUTH_BLOCKED => TokenError::PinLocked,
        Status::PIN_BLOCKED => TokenError::PinBlocked,
        Status::PIN_NOT_SET => TokenError::PinNotSet,
        Status::PIN_POLICY_VIOLATION => TokenError::PinMustChange,
        status => TokenError::Refused(status),
    })
}
