//! The person at the terminal, as the ceremonies see them.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use passkey_core::ceremony::{Notice, Person, PinAnswer, PinPrompt, PinReason};
use passkey_core::messages;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use crate::interrupt::Interrupt;
use crate::terminal::{self, Line, Terminal};

/// How often the prompt moves.
const TICK: Duration = Duration::from_millis(100);

/// The person at the terminal.
#[derive(Debug)]
pub(crate) struct Enrollee<'i> {
    interrupt: &'i Interrupt,
    prompt: LivingPrompt,
    pin: PinSource,
    asked: LastQuestion,
}

/// Where PINs come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PinSource {
    /// The terminal, as often as need be.
    Terminal,
    /// The first line of stdin, once: a script has no better answer the second time.
    Stdin,
    /// Nowhere (any more).
    Nowhere,
}

/// The last question for a PIN: it tells what became of the answer before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LastQuestion {
    /// Why it was asked; `None` where none was.
    pub(crate) reason: Option<PinReason>,
    /// Wrong PINs that the key would still take.
    pub(crate) retries_left: Option<u8>,
}

impl<'i> Enrollee<'i> {
    /// `pin_stdin`: the PIN comes from stdin, not from the terminal.
    pub(crate) fn new(interrupt: &'i Interrupt, pin_stdin: bool) -> Self {
        let pin = if pin_stdin { PinSource::Stdin } else { PinSource::Terminal };
        Self { interrupt, prompt: LivingPrompt::new(), pin, asked: LastQuestion::default() }
    }

    /// What they were asked last.
    pub(crate) fn asked(&self) -> LastQuestion {
        self.asked
    }

    fn read_pin(&mut self, question: &str) -> io::Result<Option<Line>> {
        match self.pin {
            PinSource::Nowhere => Ok(None),
            PinSource::Stdin => {
                self.pin = PinSource::Nowhere;
                terminal::secret_from_stdin(self.interrupt).map(Some)
            }
            PinSource::Terminal => {
                Terminal::open().map(|mut terminal| terminal.ask_secret(question, self.interrupt)).transpose()
            }
        }
    }
}

impl Person for Enrollee<'_> {
    fn tell(&mut self, notice: &Notice) {
        let sentence = messages::notice(notice);
        if waits(notice) { self.prompt.show(&sentence) } else { self.prompt.say(&sentence) }
    }

    fn ask_pin(&mut self, prompt: &PinPrompt<'_>) -> PinAnswer {
        self.prompt.clear();
        self.asked = LastQuestion { reason: Some(prompt.reason), retries_left: prompt.retries_left };
        match self.read_pin(&messages::pin_prompt(prompt)) {
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
        | Notice::TouchKey
        | Notice::TouchToChoose
        | Notice::UseFingerprint
        | Notice::FingerprintAgain { .. }
        | Notice::KeyRemoved => true,
        Notice::FingerprintLocked => false,
    }
}

/// One line on stderr that moves while something is waited for, and is gone afterwards. Where stderr is no terminal, each
/// sentence is a line of its own.
#[derive(Debug)]
struct LivingPrompt {
    moves: bool,
    bar: Option<ProgressBar>,
}

impl LivingPrompt {
    fn new() -> Self {
        // The second is true as well for a terminal that cannot move its cursor.
        Self { moves: io::stderr().is_terminal() && !ProgressDrawTarget::stderr().is_hidden(), bar: None }
    }

    /// Shows a sentence for as long as it holds.
    fn show(&mut self, sentence: &str) {
        if self.moves {
            self.bar.get_or_insert_with(spinner).set_message(sentence.to_owned());
        } else {
            line(sentence);
        }
    }

    /// Says a sentence that stays.
    fn say(&mut self, sentence: &str) {
        self.clear();
        line(sentence);
    }

    /// Takes away what is shown.
    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for LivingPrompt {
    fn drop(&mut self) {
        self.clear();
    }
}

fn spinner() -> ProgressBar {
    // The console of the kernel has few characters.
    let ticks = if std::env::var_os("TERM").is_some_and(|term| term == "linux") {
        r"|/-\ "
    } else {
        "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "
    };
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        bar.set_style(style.tick_chars(ticks));
    }
    bar.enable_steady_tick(TICK);
    bar
}

fn line(sentence: &str) {
    // A person who closed stderr does not want to hear it.
    let _ = writeln!(io::stderr(), "{sentence}");
}
