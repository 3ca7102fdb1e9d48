//! The person at the machine, reached through libpam's conversation.

use passkey_core::ceremony::{AccountAnswer, Notice, PinAnswer, PinPrompt, Prompter, account_index};
use passkey_core::messages::{self, Phrase};

use crate::ffi::{Answer, Catalogue, InterruptGuard, Pam, Severity};
use crate::outcome::Sentence;

/// The person whom the application talks to.
pub(crate) struct PamConversation<'a, 'h> {
    pam: &'a Pam<'h>,
    interrupt: &'a InterruptGuard,
    verbosity: Verbosity,
    takes_recovery_code: bool,
}

/// How often the account is asked for.
const ACCOUNT_QUESTIONS: u8 = 3;

/// How much is said, and logged.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Verbosity {
    /// Prompts and errors only.
    pub(crate) quiet: bool,
    /// Every step to the log.
    pub(crate) debug: bool,
    /// How it ended has been said already, before a question that changed nothing.
    pub(crate) concluded: bool,
}

impl<'a, 'h> PamConversation<'a, 'h> {
    pub(crate) fn new(
        pam: &'a Pam<'h>,
        interrupt: &'a InterruptGuard,
        verbosity: Verbosity,
        takes_recovery_code: bool,
    ) -> Self {
        Self { pam, interrupt, verbosity, takes_recovery_code }
    }
}

impl Verbosity {
    /// Says how it ended.
    pub(crate) fn conclude(self, pam: &Pam<'_>, sentence: &Sentence) {
        match sentence {
            Sentence::None => {}
            Sentence::Info(_) | Sentence::Error(_) if self.concluded => {}
            Sentence::Info(_) if self.quiet => {}
            Sentence::Info(phrase) => pam.tell(&words(phrase)),
            Sentence::Error(phrase) => pam.complain(&words(phrase)),
        }
    }
}

impl Prompter for PamConversation<'_, '_> {
    fn tell(&mut self, notice: &Notice) {
        if self.verbosity.debug {
            self.pam.log(Severity::Debug, &format!("notice {notice:?}"));
        }
        let text = words(&if self.takes_recovery_code {
            messages::notice_before_code(notice)
        } else {
            messages::notice(notice)
        });
        self.interrupt.lifted_unless_pressed(|| {
            if is_locking(notice) {
                self.pam.complain(&text);
            } else if !self.verbosity.quiet {
                self.pam.tell(&text);
            }
        });
    }

    /// The prompt is the host's: while it waits, Ctrl-C does what it always does there.
    fn ask_pin(&mut self, prompt: &PinPrompt<'_>) -> PinAnswer {
        let question = words(&messages::pin_prompt(prompt));
        let answer = self.interrupt.lifted(|| self.pam.ask_secret(&question));
        if self.verbosity.debug {
            let came = match answer {
                Answer::Given(_) => "an answer",
                Answer::Empty => "an empty answer",
                Answer::Missing => "no answer",
                Answer::Failed => "a failure of the conversation",
            };
            self.pam.log(
                Severity::Debug,
                &format!("PIN prompt {} ({:?}): {came}", prompt.question, prompt.reason),
            );
        }
        match answer {
            Answer::Given(pin) => PinAnswer::Pin(pin),
            Answer::Empty => PinAnswer::Empty,
            Answer::Missing | Answer::Failed => PinAnswer::Unavailable,
        }
    }

    fn choose_account(&mut self, accounts: &[String]) -> AccountAnswer {
        for question in 1..=ACCOUNT_QUESTIONS {
            let prompt = words(&messages::account_prompt(accounts, question));
            match self.interrupt.lifted(|| self.pam.ask_openly(&prompt)) {
                Answer::Given(answer) => {
                    let text = std::str::from_utf8(answer.as_bytes()).unwrap_or_default();
                    if let Some(index) = account_index(text, accounts) {
                        return AccountAnswer::Chosen(index);
                    }
                }
                Answer::Empty | Answer::Missing | Answer::Failed => break,
            }
        }
        AccountAnswer::None
    }
}

/// What is said is said in the language of the host.
pub(crate) fn words(phrase: &Phrase) -> String {
    phrase.in_language(&Catalogue::open())
}

/// Something was locked: said even when the module should be quiet, in the way that applications keep visible.
fn is_locking(notice: &Notice) -> bool {
    match notice {
        Notice::FingerprintLocked { .. } | Notice::KeyLocked(_) => true,
        Notice::InsertKey
        | Notice::NoPasskeyOnKeys
        | Notice::KeyBusy
        | Notice::KeyUnusable(_)
        | Notice::AskingKey
        | Notice::TouchKey
        | Notice::TouchToChoose
        | Notice::UseFingerprint
        | Notice::FingerprintAgain { .. }
        | Notice::KeyRemoved => false,
    }
}
