//! Managing a security key itself: its PIN, its fingerprints, its settings, the discoverable passkeys on it.
//!
//! - [`ManagedKey`] is one key, selected by the person, and its PIN, asked for as often as it takes.
//! - [`Place`] is where it is: plugged in, or a service of this machine.
//! - `helper` is the process that talks to the key, through `ctap-hid-fido2`.
//! - `new_pin` asks for a new PIN, `error` lists what can go wrong, `explain` says it.

mod error;
mod explain;
mod explain_this_computer;
mod helper;
mod identity;
mod new_pin;
pub(crate) mod place;

use std::time::Duration;

use ctap::pin_uv_auth::PinUvAuthProtocol;
use ctap::{Info, Pin, Secret, Status};
use passkey_core::ceremony::{
    Authenticator, KeyFailure, LinuxPlatform, Notice, PinAnswer, PinPrompt, PinReason, PluggedKey,
    Prompter as _, Reset, ResetError, ResetStep, SelectedKey, TokenError, reset, select,
};
use passkey_core::store::recovery::{Code, Reading};

use crate::terminal::input::{Line, StdinSecrets};
use crate::terminal::prompter::TerminalPrompter;
use crate::terminal::signals::Interrupt;
use helper::Broken;
use helper::protocol::{Event, Failure, Request};

pub(crate) use error::ManageError;
pub(crate) use explain::report;
pub(crate) use explain_this_computer::report as report_this_computer;
pub(crate) use helper::protocol::{
    Fingerprint, GOOD_SAMPLE, KeyPasskey, NO_SAMPLE, Operation, Outcome, Sample, Setting,
};
pub(crate) use helper::{COMMAND as HELPER_COMMAND, main as helper_main};
pub(crate) use identity::Identity;
pub(crate) use place::{Place, Services};

/// How long the key may take to tell how many tries are left.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Which key to manage, and how it is selected and unlocked.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// Where it is.
    pub(crate) place: Place,
    /// How long to wait for the key, or the person, at each step.
    pub(crate) timeout: Duration,
    /// Wrong PINs allowed.
    pub(crate) pin_attempts: u8,
    /// The PIN comes from stdin.
    pub(crate) pin_stdin: bool,
}

/// How the process must talk to the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// As CTAP 2.1 has it.
    Final,
    /// As the preview of CTAP 2.1 had it.
    Preview,
}

/// One key in the hands of its person.
pub(crate) struct ManagedKey<'i> {
    interrupt: &'i Interrupt,
    platform: LinuxPlatform<'i>,
    person: TerminalPrompter<'i>,
    selected: SelectedKey,
    identity: Identity,
    place: Place,
    timeout: Duration,
    entry: PinEntry,
}

/// The entry of the present PIN.
struct PinEntry {
    /// What was typed and not tried yet, or what the key has taken.
    known: Option<Pin>,
    attempts_left: u8,
    questions: u8,
    reason: PinReason,
    retries_left: Option<u8>,
}

impl<'i> ManagedKey<'i> {
    /// Lets the person pick a key.
    pub(crate) fn select(interrupt: &'i Interrupt, selection: &Selection) -> Result<Self, ManageError> {
        let mut platform = selection.place.platform(interrupt);
        let mut person = TerminalPrompter::new(interrupt, selection.pin_stdin);
        let selected = select(&mut platform, &mut person, selection.place.path(), selection.timeout)
            .map_err(ManageError::Select)?
            .ok_or(ManageError::U2fOnly)?;
        person.clear();
        let identity = Identity::of(&selected.key, &platform, &selection.place)
            .ok_or(ManageError::Select(KeyFailure::Unplugged))?;
        let entry = PinEntry {
            known: None,
            attempts_left: selection.pin_attempts,
            questions: 0,
            reason: PinReason::First,
            retries_left: selected.pin_retries,
        };
        let (place, timeout) = (selection.place.clone(), selection.timeout);
        Ok(Self { interrupt, platform, person, selected, identity, place, timeout, entry })
    }

    /// The key, from outside.
    pub(crate) fn key(&self) -> &PluggedKey {
        &self.selected.key
    }

    /// What it says of itself.
    pub(crate) fn info(&self) -> &Info {
        &self.selected.info
    }

    /// Whether it is still this one.
    pub(crate) fn is(&self, identity: Option<&Identity>) -> bool {
        identity == Some(&self.identity)
    }

    /// What sentences call it.
    pub(crate) fn authenticator(&self) -> Authenticator {
        Authenticator::of(self.selected.key.attachment, Some(&self.selected.info))
    }

    /// The platform that the key is in.
    pub(crate) fn platform(&mut self) -> &mut LinuxPlatform<'i> {
        &mut self.platform
    }

    /// The fewest characters of a PIN that the key takes.
    pub(crate) fn min_pin_chars(&self) -> usize {
        self.selected.info.min_pin_length.max(Pin::MIN_LENGTH)
    }

    /// A new PIN, from the terminal or, where `given`, from stdin.
    pub(crate) fn new_pin(&mut self, given: Option<&mut StdinSecrets>) -> Result<Pin, ManageError> {
        let min_chars = self.min_pin_chars();
        match given {
            None => new_pin::ask(self.interrupt, min_chars),
            Some(lines) => Pin::parse(&self.line(lines)?, min_chars).map_err(ManageError::NewPinUnfit),
        }
    }

    /// Gives a key that has no PIN its first one, from the terminal or, where `given`, from stdin.
    pub(crate) fn set_pin(&mut self, given: Option<&mut StdinSecrets>) -> Result<Pin, ManageError> {
        match self.selected.info.options.client_pin {
            None => return Err(ManageError::NoPinSupport),
            Some(true) => return Err(ManageError::PinAlreadySet),
            Some(false) => {}
        }
        let new = self.new_pin(given)?;
        self.without_pin(Operation::SetPin { new: new.clone() })?;
        Ok(new)
    }

    /// The next line of stdin is the present PIN.
    pub(crate) fn old_pin_from(&mut self, lines: &mut StdinSecrets) -> Result<(), ManageError> {
        let typed = self.line(lines)?;
        self.person.answer_with(typed);
        Ok(())
    }

    fn line(&self, lines: &mut StdinSecrets) -> Result<Secret, ManageError> {
        match lines.next(self.interrupt).map_err(ManageError::Terminal)? {
            Line::Typed(typed) => Ok(typed),
            Line::End => Err(ManageError::InputEnded),
            Line::Interrupted => Err(ManageError::Cancelled),
        }
    }

    /// Whether there is a PIN that can be asked for now, to be used.
    pub(crate) fn check_pin(&self) -> Result<(), ManageError> {
        self.check_pin_entry()?;
        if self.selected.info.force_pin_change {
            return Err(self.pin_error(TokenError::PinMustChange));
        }
        Ok(())
    }

    /// Whether there is a PIN that can be asked for now, be it only to change it.
    pub(crate) fn check_pin_entry(&self) -> Result<(), ManageError> {
        let refused = |error| Err(self.pin_error(error));
        match self.selected.info.options.client_pin {
            None => return Err(ManageError::NoPinSupport),
            Some(false) => return refused(TokenError::PinNotSet),
            Some(true) => {}
        }
        if self.entry.retries_left == Some(0) {
            return refused(TokenError::PinBlocked);
        }
        if self.selected.pin_locked {
            return refused(TokenError::PinLocked);
        }
        Ok(())
    }

    /// Asks for the PIN, so that it is there for what comes next.
    pub(crate) fn ask_pin(&mut self) -> Result<(), ManageError> {
        self.entry.known = Some(self.present_pin()?);
        Ok(())
    }

    fn present_pin(&mut self) -> Result<Pin, ManageError> {
        match self.entry.known.take() {
            Some(pin) => Ok(pin),
            None => self.typed_pin(),
        }
    }

    fn typed_pin(&mut self) -> Result<Pin, ManageError> {
        while self.entry.attempts_left > 0 {
            self.entry.questions = self.entry.questions.saturating_add(1);
            let answer = self.person.ask_pin(&PinPrompt {
                authenticator: self.authenticator(),
                shown_name: None,
                key_name: &self.selected.key.name,
                reason: self.entry.reason,
                retries_left: self.entry.retries_left,
                question: self.entry.questions,
                takes_recovery_code: false,
            });
            let typed = match answer {
                PinAnswer::Pin(typed) => typed,
                PinAnswer::Empty => return Err(self.pin_error(TokenError::Empty)),
                PinAnswer::Password => return Err(self.pin_error(TokenError::NeverAPin)),
                PinAnswer::Unavailable => return Err(self.pin_error(TokenError::Unavailable)),
                PinAnswer::Interrupted => return Err(self.pin_error(TokenError::Interrupted)),
            };
            self.entry.attempts_left = self.entry.attempts_left.saturating_sub(1);
            if matches!(Code::read(&typed), Reading::Code(_)) {
                self.entry.reason = PinReason::ThatWasARecoveryCode;
                continue;
            }
            // A PIN may be older than the present rule for new ones.
            match Pin::parse(&typed, Pin::MIN_LENGTH) {
                Ok(pin) => return Ok(pin),
                Err(not_a_pin) => self.entry.reason = not_a_pin.into(),
            }
        }
        Err(self.pin_error(TokenError::NeverAPin))
    }

    /// Runs an operation that needs the PIN; it is asked for first, and again when it was wrong.
    pub(crate) fn with_pin(
        &mut self,
        dialect: Dialect,
        operation: impl Fn(Pin) -> Operation,
        mut on_sample: impl FnMut(&mut TerminalPrompter<'i>, Sample),
    ) -> Result<Outcome, ManageError> {
        loop {
            let pin = self.present_pin()?;
            let operation = operation(pin.clone());
            let kind = OperationKind::of(&operation);
            match self.run(dialect, operation, &mut on_sample) {
                Ok(outcome) => {
                    self.entry.known = Some(pin);
                    return Ok(outcome);
                }
                Err(Broken::Failed(Failure::Status(status))) if Status(status) == Status::PIN_INVALID => {
                    self.count_tries()?;
                }
                Err(broken) => return Err(self.error(kind, broken)),
            }
        }
    }

    /// Runs an operation that needs no PIN but what is in it.
    pub(crate) fn without_pin(&mut self, operation: Operation) -> Result<Outcome, ManageError> {
        let kind = OperationKind::of(&operation);
        self.run(Dialect::Final, operation, &mut |_, _| {}).map_err(|broken| self.error(kind, broken))
    }

    fn run(
        &mut self,
        dialect: Dialect,
        operation: Operation,
        on_sample: &mut impl FnMut(&mut TerminalPrompter<'i>, Sample),
    ) -> Result<Outcome, Broken> {
        let protocols = &self.selected.info.pin_uv_auth_protocols;
        let request = Request {
            of: self.identity.clone(),
            protocol: protocols.first().copied().unwrap_or(PinUvAuthProtocol::One).number(),
            preview: dialect == Dialect::Preview,
            operation,
        };
        let person = &mut self.person;
        let outcome = helper::run(&request, self.interrupt, self.timeout, |event| match event {
            Event::Busy => {
                person.tell(&Notice::KeyBusy);
                false
            }
            Event::Sample(sample) => {
                on_sample(person, *sample);
                // A key that keeps waiting is not a sign of a person.
                sample.status != Some(NO_SAMPLE)
            }
            Event::Done(_) | Event::Failed(_) => false,
        });
        self.person.clear();
        outcome
    }

    /// Wrong PINs that the key still takes, as it said when it was asked last.
    pub(crate) fn pin_retries(&self) -> Option<u8> {
        self.selected.pin_retries
    }

    /// Asks the key again what it says of itself.
    pub(crate) fn ask_again(&mut self) -> Result<(), ManageError> {
        let path = self.selected.key.path.clone();
        let again = select(&mut self.platform, &mut self.person, Some(&path), LOOK_AGAIN)
            .map_err(ManageError::Select)?;
        // Another key at its place may speak U2F only.
        let again =
            again.filter(|again| self.is(Identity::of(&again.key, &self.platform, &self.place).as_ref()));
        let again = again.ok_or(ManageError::Select(KeyFailure::Unplugged))?;
        self.selected = again;
        Ok(())
    }

    /// After a wrong PIN: asks the key how many tries are left, and whether it takes another one now.
    fn count_tries(&mut self) -> Result<(), ManageError> {
        self.ask_again()?;
        self.entry.reason = PinReason::Wrong;
        self.entry.retries_left = self.selected.pin_retries;
        self.check_pin_entry()?;
        if self.entry.attempts_left == 0 {
            let retries_left = self.entry.retries_left;
            return Err(self.pin_error(TokenError::AttemptsUsedUp { retries_left }));
        }
        Ok(())
    }

    /// Resets the key, as the person does what `tell` says.
    pub(crate) fn reset(
        &mut self,
        mut tell: impl FnMut(&mut TerminalPrompter<'i>, ResetStep),
    ) -> Result<(), ResetError> {
        let person = &mut self.person;
        let request = Reset { key: &self.selected.key, info: &self.selected.info, timeout: self.timeout };
        let result = reset(&mut self.platform, &mut |step| tell(person, step), &request);
        self.person.clear();
        result
    }

    fn pin_error(&self, error: TokenError) -> ManageError {
        ManageError::Pin { error, asked: self.person.asked() }
    }

    fn error(&self, kind: OperationKind, broken: Broken) -> ManageError {
        match broken {
            Broken::Interrupted => ManageError::Cancelled,
            Broken::TimedOut => match kind {
                OperationKind::WaitsForTouches => ManageError::NoTouch,
                OperationKind::SetsPin | OperationKind::UsesPin | OperationKind::Configures => {
                    ManageError::TimedOut
                }
            },
            Broken::NoProcess(error) => ManageError::NoProcess(error),
            Broken::Failed(Failure::Status(status)) => self.refusal(kind, Status(status)),
            Broken::Failed(Failure::Gone) => ManageError::Unplugged,
            Broken::Failed(Failure::Denied) => ManageError::Denied,
            Broken::Failed(Failure::CannotOpen) => ManageError::CannotOpen,
            Broken::Failed(Failure::Busy) => ManageError::Busy,
            Broken::Failed(Failure::Garbled) => ManageError::Garbled,
            Broken::Failed(Failure::NameTooLong { max_len }) => ManageError::NameTooLong { max_len },
        }
    }

    fn refusal(&self, kind: OperationKind, status: Status) -> ManageError {
        match (status, kind) {
            (Status::PIN_AUTH_BLOCKED, _) => self.pin_error(TokenError::PinLocked),
            (Status::PIN_BLOCKED, _) => self.pin_error(TokenError::PinBlocked),
            (Status::PIN_NOT_SET, _) => self.pin_error(TokenError::PinNotSet),
            (Status::PIN_POLICY_VIOLATION, OperationKind::SetsPin) => ManageError::NewPinRefused,
            (Status::PIN_POLICY_VIOLATION, OperationKind::UsesPin | OperationKind::WaitsForTouches) => {
                self.pin_error(TokenError::PinMustChange)
            }
            (
                Status::OPERATION_DENIED
                | Status::PIN_POLICY_VIOLATION
                | Status::INVALID_COMMAND
                | Status::INVALID_PARAMETER
                | Status::INVALID_SUBCOMMAND
                | Status::UNSUPPORTED_OPTION,
                OperationKind::Configures,
            ) => ManageError::SettingRefused(status),
            (Status::FP_DATABASE_FULL, _) => ManageError::SensorFull,
            (Status::USER_ACTION_TIMEOUT | Status::ACTION_TIMEOUT, _) => ManageError::NoTouch,
            (Status::OPERATION_DENIED, _) => ManageError::Declined,
            (status, _) => ManageError::Refused(status),
        }
    }
}

/// What an operation needs of the person, which decides the words about its failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OperationKind {
    SetsPin,
    UsesPin,
    WaitsForTouches,
    Configures,
}

impl OperationKind {
    fn of(operation: &Operation) -> Self {
        match operation {
            Operation::SetPin { .. } | Operation::ChangePin { .. } => Self::SetsPin,
            Operation::AddFingerprint { .. } => Self::WaitsForTouches,
            Operation::Configure { .. } => Self::Configures,
            Operation::VerifyPin { .. }
            | Operation::Fingerprints { .. }
            | Operation::RenameFingerprint { .. }
            | Operation::RemoveFingerprint { .. }
            | Operation::Passkeys { .. }
            | Operation::RemovePasskey { .. } => Self::UsesPin,
        }
    }
}
