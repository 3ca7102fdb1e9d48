//! The person at the terminal, as the ceremonies see them.

use ctap::Secret;
use ctap::show::Shown;
use passkey_core::ceremony::{Authenticator, Notice, PinAnswer, PinPrompt, PinReason, Prompter};
use passkey_core::escape::Escaped;
use passkey_core::messages::{self, English};
use std::io::{self, IsTerminal as _};

use crate::terminal::input::{self, Line, Terminal};
use crate::terminal::signals::Interrupt;
use crate::terminal::status_line::LivingPrompt;

/// The person at the terminal.
#[derive(Debug)]
pub(crate) struct TerminalPrompter<'i> {
    interrupt: &'i Interrupt,
    prompt: LivingPrompt,
    pin: PinSource,
    asked: LastQuestion,
}

/// Where PINs come from.
#[derive(Debug)]
enum PinSource {
    /// The terminal, as often as need be.
    Terminal,
    /// The first line of stdin, once: a script has no better answer the second time.
    Stdin,
    /// What was read before, once.
    Given(Secret),
    /// Nowhere (any more).
    Nowhere,
}

/// The last question for a PIN: it tells what became of the answer before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LastQuestion {
    /// Whose PIN was asked for.
    pub(crate) authenticator: Authenticator,
    /// Why it was asked; `None` where none was.
    pub(crate) reason: Option<PinReason>,
    /// Wrong PINs that the key would still take.
    pub(crate) retries_left: Option<u8>,
}

impl<'i> TerminalPrompter<'i> {
    /// `pin_stdin`: the PIN comes from stdin, not from the terminal.
    pub(crate) fn new(interrupt: &'i Interrupt, pin_stdin: bool) -> Self {
        let pin = if pin_stdin { PinSource::Stdin } else { PinSource::Terminal };
        Self { interrupt, prompt: LivingPrompt::new(), pin, asked: LastQuestion::default() }
    }

    /// The next question for a PIN has this answer, and any further one has none.
    pub(crate) fn answer_with(&mut self, pin: Secret) {
        self.pin = PinSource::Given(pin);
    }

    /// Shows a sentence for as long as it holds.
    pub(crate) fn show(&mut self, sentence: &str) {
        self.prompt.show(sentence);
    }

    /// Takes away what is shown.
    pub(crate) fn clear(&mut self) {
        self.prompt.clear();
    }

    /// What they were asked last.
    pub(crate) fn asked(&self) -> LastQuestion {
        self.asked
    }

    fn read_pin(&mut self, question: &str) -> io::Result<Option<Line>> {
        match std::mem::replace(&mut self.pin, PinSource::Nowhere) {
            PinSource::Nowhere => Ok(None),
            PinSource::Stdin => input::secret_from_stdin(self.interrupt).map(Some),
            PinSource::Given(pin) => Ok(Some(Line::Typed(pin))),
            PinSource::Terminal => {
                self.pin = PinSource::Terminal;
                Terminal::open().map(|mut terminal| terminal.ask_secret(question, self.interrupt)).transpose()
            }
        }
    }
}

impl Prompter for TerminalPrompter<'_> {
    fn tell(&mut self, notice: &Notice) {
        let sentence = messages::notice(notice).in_language(&English);
        if waits(notice) { self.prompt.show(&sentence) } else { self.prompt.say(&sentence) }
    }

    fn can_show(&self) -> bool {
        io::stderr().is_terminal()
    }

    fn show(&mut self, shown: &Shown) {
        self.prompt.say(&Escaped::text(&shown.text).to_string());
        for row in shown.drawing.iter().flat_map(|drawing| drawing.as_str().split('\n')) {
            self.prompt.say(row);
        }
    }

    fn ask_pin(&mut self, prompt: &PinPrompt<'_>) -> PinAnswer {
        self.prompt.clear();
        self.asked = LastQuestion {
            authenticator: prompt.authenticator,
            reason: Some(prompt.reason),
            retries_left: prompt.retries_left,
        };
        match self.read_pin(&messages::pin_prompt(prompt).in_language(&English)) {
            Ok(Some(Line::Typed(pin))) if pin.is_empty() => PinAnswer::Empty,
            Ok(Some(Line::Typed(pin))) => PinAnswer::Pin(pin),
            Ok(Some(Line::End)) => PinAnswer::Empty,
            Ok(Some(Line::Interrupted)) => PinAnswer::Interrupted,
            // A terminal that cannot be read is as good as none.
            Ok(None) | Err(_) => PinAnswer::Unavailable,
        }
    }
}

/// Whether something is waited for after this notice, rather than going on at once.
fn waits(notice: &Notice) -> bool {
    match notice {
        Notice::InsertKey
        | Notice::NoPasskeyOnKeys
        | Notice::KeyBusy
        | Notice::KeyUnusable(_)
        | Notice::AskingKey
        | Notice::TouchKey
        | Notice::TouchToChoose
        | Notice::TouchOrWait
        | Notice::UseFingerprint
        | Notice::UseThisFingerprint
        | Notice::TouchOrFingerprint
        | Notice::FingerprintAgain { .. }
        | Notice::KeyRemoved => true,
        Notice::NothingForKey
        | Notice::FingerprintLocked { .. }
        | Notice::ThisFingerprintLocked
        | Notice::KeyLocked(_) => false,
    }
}
