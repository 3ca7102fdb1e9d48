//! The person at the machine, reached through libpam's conversation.

use std::thread;

use ctap::Secret;
use ctap::show::Shown;
use passkey_core::ceremony::{
    AccountAnswer, Invitation, Invited, Notice, PinAnswer, PinPrompt, Prompter, account_index,
};
use passkey_core::escape::Escaped;
use passkey_core::host::{Answers, Host, Pictures, Shows};
use passkey_core::messages::{self, Phrase, PinQuestion, Said};

use crate::ffi::{Answer, Catalogue, InterruptGuard, Pam, Severity};
use crate::gdm::{Exchange, Typed};
use crate::outcome::Sentence;

/// The person whom the application talks to.
pub(crate) struct PamConversation<'a, 'h> {
    pam: &'a Pam<'h>,
    interrupt: &'a InterruptGuard,
    pub(crate) verbosity: Verbosity,
    takes_recovery_code: bool,
    /// Whether an earlier module has got the password.
    has_password: bool,
    /// GDM's exchange, in place of prompts.
    pub(crate) exchange: Option<Exchange>,
    /// What was typed in place of a PIN and is the password.
    pub(crate) password: Option<Secret>,
}

/// How often the account is asked for.
const ACCOUNT_QUESTIONS: u8 = 3;

/// So few tries are told of before the next PIN; where that cannot be read, there is no next one.
pub(crate) const FEW_TRIES: u8 = 3;

/// How much is said, and logged, and what the host makes of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verbosity {
    /// Prompts and errors only.
    pub(crate) quiet: bool,
    /// Every step to the log.
    pub(crate) debug: bool,
    /// What has been said already and bears on the last words.
    pub(crate) told: Told,
    /// The program that talks to the person.
    pub(crate) host: &'static Host,
}

/// What has been said before the last words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Nothing that bears on them.
    Nothing,
    /// That a field without a label is for the PIN.
    Field,
    /// How it ended, before a question that changed nothing.
    Ending,
}

impl<'a, 'h> PamConversation<'a, 'h> {
    pub(crate) fn new(
        pam: &'a Pam<'h>,
        interrupt: &'a InterruptGuard,
        verbosity: Verbosity,
        takes_recovery_code: bool,
        has_password: bool,
        exchange: Option<Exchange>,
    ) -> Self {
        Self { pam, interrupt, verbosity, takes_recovery_code, has_password, exchange, password: None }
    }
}

impl Verbosity {
    /// For a sign-in that has only begun.
    pub(crate) fn at(host: &'static Host) -> Self {
        Self { quiet: false, debug: false, told: Told::Nothing, host }
    }

    /// Says how it ended.
    pub(crate) fn conclude(self, pam: &Pam<'_>, sentence: &Sentence) {
        say(pam, self.host, self.ending(sentence));
    }

    /// As [`conclude`](Self::conclude), for a sign-in that came to nothing: what the host asks next is not for the key. Stays while they are
    /// read, where the host has to be kept from giving up.
    pub(crate) fn conclude_failure(self, pam: &Pam<'_>, sentence: &Sentence) {
        let said = messages::last_words(self.ending(sentence), self.told != Told::Nothing, self.host);
        let stay =
            said.as_ref().map(|(Said::Info(phrase) | Said::Error(phrase))| self.host.stay(&words(phrase)));
        say(pam, self.host, said);
        thread::sleep(stay.unwrap_or_default());
    }

    fn ending(self, sentence: &Sentence) -> Option<Said> {
        match sentence {
            Sentence::None => None,
            Sentence::Info(_) | Sentence::Error(_) if self.told == Told::Ending => None,
            Sentence::Info(_) if self.quiet => None,
            Sentence::Info(phrase) => Some(Said::Info(phrase.clone())),
            Sentence::Error(phrase) => Some(Said::Error(phrase.clone())),
        }
    }
}

impl Prompter for PamConversation<'_, '_> {
    fn tell(&mut self, notice: &Notice) {
        if self.verbosity.debug {
            self.pam.log(Severity::Debug, &format!("notice {notice:?}"));
        }
        if self.exchange.as_mut().is_some_and(|exchange| exchange.spares(notice)) {
            return;
        }
        let text = words(&if self.takes_recovery_code {
            messages::notice_before_code(notice)
        } else {
            messages::notice(notice)
        });
        let host = self.verbosity.host;
        self.interrupt.lifted_unless_pressed(|| {
            if is_locking(notice) {
                in_lines(host, &text, |line| self.pam.complain(line));
            } else if !self.verbosity.quiet {
                in_lines(host, &text, |line| self.pam.tell(line));
            }
        });
    }

    /// The prompt is the host's: while it waits, Ctrl-C does what it always does there.
    fn ask_pin(&mut self, prompt: &PinPrompt<'_>) -> PinAnswer {
        if let Some(exchange) = &mut self.exchange {
            let typed = self.interrupt.lifted(|| exchange.ask_pin(self.pam, prompt));
            return match typed {
                Typed::Pin(pin) => PinAnswer::Pin(pin),
                Typed::Nothing => PinAnswer::Empty,
                Typed::None => PinAnswer::Unavailable,
                Typed::Password(password) => {
                    self.password = Some(password);
                    PinAnswer::Password
                }
            };
        }
        let host = self.verbosity.host;
        if let Some(left @ ..=FEW_TRIES) = prompt.retries_left
            && (host.shows == Shows::Nothing || host.answers != Answers::Fresh)
        {
            let reason = "this program cannot say so before the PIN is typed: none is asked for";
            self.pam.log(Severity::Warning, &format!("only {left} more wrong PINs are taken, and {reason}"));
            return PinAnswer::Unavailable;
        }
        let PinQuestion { before, prompt: question } = messages::pin_question(prompt, host);
        if before.is_some() {
            self.verbosity.told = Told::Field;
        }
        let question = words(&question);
        let answer = self.interrupt.lifted(|| {
            say(self.pam, host, before);
            self.pam.ask_secret(&question)
        });
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
            Answer::Given(password) if self.is_password(&password) => {
                self.password = Some(password);
                PinAnswer::Password
            }
            Answer::Given(pin) => PinAnswer::Pin(pin),
            Answer::Empty => PinAnswer::Empty,
            Answer::Missing | Answer::Failed => PinAnswer::Unavailable,
        }
    }

    fn can_show(&self) -> bool {
        self.verbosity.host.pictures == Pictures::Shown && !self.verbosity.quiet && self.exchange.is_none()
    }

    fn show(&mut self, shown: &Shown) {
        let text = Escaped::message(&shown.text).to_string();
        self.interrupt.lifted_unless_pressed(|| {
            self.pam.tell(&text);
            // Line by line: applications need take no message longer than 512 bytes (PAM_MAX_MSG_SIZE).
            for row in shown.drawing.iter().flat_map(|drawing| drawing.as_str().split('\n')) {
                self.pam.tell(row);
            }
        });
    }

    fn begins_with_invitation(&self) -> bool {
        self.exchange.is_some()
    }

    fn invite(&mut self, invitation: Invitation) -> Invited {
        let Some(exchange) = &mut self.exchange else { return Invited::Accepted };
        match self.interrupt.lifted(|| exchange.invite(self.pam, invitation)) {
            Typed::Pin(_) | Typed::Nothing => Invited::Accepted,
            Typed::None => Invited::Unavailable,
            Typed::Password(password) => {
                self.password = Some(password);
                Invited::Password
            }
        }
    }

    fn choose_account(&mut self, accounts: &[String]) -> AccountAnswer {
        for question in 1..=ACCOUNT_QUESTIONS {
            let prompt = words(&messages::account_prompt(accounts, question));
            let host = self.verbosity.host;
            match self.interrupt.lifted(|| {
                label(self.pam, host, &prompt);
                self.pam.ask_openly(&prompt)
            }) {
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

impl PamConversation<'_, '_> {
    /// Whether what was typed counts as the password, where one line is all that the host has to give and no module before has got it: a
    /// PIN has nothing but digits there, since a password would cost a try at every sign-in.
    fn is_password(&self, typed: &Secret) -> bool {
        match self.verbosity.host.answers {
            Answers::Fresh => false,
            Answers::Echoed | Answers::Once => {
                !self.has_password && !typed.as_bytes().iter().all(u8::is_ascii_digit)
            }
        }
    }
}

/// Says what a prompt is for, where it is not shown itself.
pub(crate) fn label(pam: &Pam<'_>, host: &Host, prompt: &str) {
    match host.shows {
        Shows::Messages => pam.tell(prompt.trim_end_matches([' ', ':'])),
        Shows::Everything | Shows::Nothing => {}
    }
}

/// Says it, as a message of its kind.
fn say(pam: &Pam<'_>, host: &Host, said: Option<Said>) {
    match said {
        None => {}
        Some(Said::Info(phrase)) => in_lines(host, &words(&phrase), |line| pam.tell(line)),
        Some(Said::Error(phrase)) => in_lines(host, &words(&phrase), |line| pam.complain(line)),
    }
}

/// Each line is a message of its own: a line break inside one would be escaped like any other control character.
fn in_lines(host: &Host, text: &str, say: impl FnMut(&str)) {
    host.in_lines(text.to_owned()).lines().for_each(say);
}

/// What is said is said in the language of the host.
pub(crate) fn words(phrase: &Phrase) -> String {
    phrase.in_language(&Catalogue::open())
}

/// Something was locked: said even when the module should be quiet, in the way that applications keep visible.
fn is_locking(notice: &Notice) -> bool {
    match notice {
        Notice::FingerprintLocked { .. } | Notice::ThisFingerprintLocked | Notice::KeyLocked(_) => true,
        Notice::InsertKey
        | Notice::NoPasskeyOnKeys
        | Notice::KeyBusy
        | Notice::KeyUnusable(_)
        | Notice::AskingKey
        | Notice::TouchKey
        | Notice::TouchToChoose
        | Notice::TouchOrWait
        | Notice::NothingForKey
        | Notice::UseFingerprint
        | Notice::UseThisFingerprint
        | Notice::TouchOrFingerprint
        | Notice::FingerprintAgain { .. }
        | Notice::KeyRemoved => false,
    }
}

#[cfg(test)]
#[path = "conversation_tests.rs"]
mod tests;
