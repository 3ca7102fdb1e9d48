//! The question for a PIN, and what stands around it.

use super::{Message, Phrase, named, one_after_the_other, table as say};
use crate::ceremony::{Authenticator, PinPrompt, PinReason};
use crate::host::{Host, LastWords, PromptLength, Shows};

pub use say::PASSWORD_NEXT;

/// How something is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// As information.
    Info(Phrase),
    /// As what went wrong.
    Error(Phrase),
}

/// The question for a PIN, as a host can ask it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinQuestion {
    /// What is said before it.
    pub before: Option<Said>,
    /// The prompt.
    pub prompt: Phrase,
}

/// The question for a PIN in one prompt. No two questions of one ceremony are the same, since some programs answer a question that
/// they have seen before with the same answer.
pub fn pin_prompt(prompt: &PinPrompt<'_>) -> Phrase {
    let named = prompt.shown_name.is_some();
    let message = match (prompt.question, prompt.takes_recovery_code, named) {
        (question, takes_code, _) if prompt.authenticator == Authenticator::ThisComputer => {
            this_computers(question, takes_code)
        }
        (0 | 1, false, false) => say::PIN_FIRST,
        (0 | 1, true, false) => say::PIN_OR_CODE_FIRST,
        (0 | 1, false, true) => say::PIN_OF_FIRST,
        (0 | 1, true, true) => say::PIN_OR_CODE_OF_FIRST,
        (2, false, false) => say::PIN_AGAIN,
        (2, true, false) => say::PIN_OR_CODE_AGAIN,
        (2, false, true) => say::PIN_OF_AGAIN,
        (2, true, true) => say::PIN_OR_CODE_OF_AGAIN,
        (_, false, false) => say::PIN_ATTEMPT,
        (_, true, false) => say::PIN_OR_CODE_ATTEMPT,
        (_, false, true) => say::PIN_OF_ATTEMPT,
        (_, true, true) => say::PIN_OR_CODE_OF_ATTEMPT,
    };
    let question = about(message, prompt);
    let question = if prompt.question > 2 { question.number_of("number", prompt.question) } else { question };
    in_front(prompt, Some(question)).unwrap_or_else(|| message.into())
}

/// The question for the PIN of this computer, in one prompt.
fn this_computers(question: u8, takes_recovery_code: bool) -> Message {
    match (question, takes_recovery_code) {
        (0 | 1, false) => say::THIS_PIN_FIRST,
        (0 | 1, true) => say::THIS_PIN_OR_CODE_FIRST,
        (2, false) => say::THIS_PIN_AGAIN,
        (2, true) => say::THIS_PIN_OR_CODE_AGAIN,
        (_, false) => say::THIS_PIN_ATTEMPT,
        (_, true) => say::THIS_PIN_OR_CODE_ATTEMPT,
    }
}

/// The question for a PIN at `host`: where prompts are not shown, a message says what is asked for; where they are cut off, it says
/// why.
pub fn pin_question(prompt: &PinPrompt<'_>, host: &Host) -> PinQuestion {
    let said: fn(Phrase) -> Said = if prompt.reason == PinReason::First { Said::Info } else { Said::Error };
    match (host.shows, host.prompts) {
        (Shows::Messages, PromptLength::Any | PromptLength::Short) => PinQuestion {
            before: in_front(prompt, Some(announcement(prompt))).map(said),
            prompt: pin_prompt(prompt),
        },
        (Shows::Everything, PromptLength::Short) => {
            // A name may be of any length, and there is no room for whose PIN it is beside a recovery code.
            let is_unnamed =
                prompt.authenticator == Authenticator::ThisComputer && prompt.takes_recovery_code;
            let announced = (prompt.shown_name.is_some() || is_unnamed).then(|| announcement(prompt));
            let short = match (prompt.takes_recovery_code, prompt.authenticator) {
                (true, _) => say::PIN_OR_CODE_SHORT,
                (false, Authenticator::SecurityKey | Authenticator::Guiding) => say::PIN_FIRST,
                (false, Authenticator::ThisComputer) => say::THIS_PIN_FIRST,
            };
            PinQuestion { before: in_front(prompt, announced).map(said), prompt: short.into() }
        }
        (Shows::Everything, PromptLength::Any)
        | (Shows::Nothing, PromptLength::Any | PromptLength::Short) => {
            PinQuestion { before: None, prompt: pin_prompt(prompt) }
        }
    }
}

/// The question for a PIN without what was wrong with the last one.
pub fn pin_prompt_short(prompt: &PinPrompt<'_>) -> Phrase {
    let message = match (prompt.authenticator, prompt.shown_name) {
        (Authenticator::ThisComputer, _) => say::THIS_PIN_FIRST,
        (Authenticator::SecurityKey | Authenticator::Guiding, Some(_)) => say::PIN_OF_FIRST,
        (Authenticator::SecurityKey | Authenticator::Guiding, None) => say::PIN_FIRST,
    };
    about(message, prompt)
}

/// What was wrong with the last PIN, and how many tries are left.
pub fn pin_reason(prompt: &PinPrompt<'_>) -> Option<Phrase> {
    (prompt.reason != PinReason::First).then(|| in_front(prompt, None)).flatten()
}

/// How a sign-in that came to nothing ends at `host`. Where prompts are not shown, the field that was for the PIN is the password's
/// next, and the last message would be taken for its label.
pub fn last_words(said: Option<Said>, has_announced: bool, host: &Host) -> Option<Said> {
    let is_error = matches!(said, Some(Said::Error(_)));
    let phrase = said.map(|(Said::Info(phrase) | Said::Error(phrase))| phrase);
    let phrase = match (phrase, host.shows) {
        (Some(phrase), Shows::Messages) => one_after_the_other(phrase, PASSWORD_NEXT.into()),
        (None, Shows::Messages) if has_announced => PASSWORD_NEXT.into(),
        (phrase, Shows::Everything | Shows::Messages | Shows::Nothing) => phrase?,
    };
    Some(match (host.last_words, is_error) {
        (LastWords::Error, _) | (LastWords::Either, true) => Said::Error(phrase),
        (LastWords::Info, _) | (LastWords::Either, false) => Said::Info(phrase),
    })
}

/// What is asked for, in a sentence.
fn announcement(prompt: &PinPrompt<'_>) -> Phrase {
    let message = match (prompt.takes_recovery_code, prompt.shown_name.is_some()) {
        (false, _) if prompt.authenticator == Authenticator::ThisComputer => say::THIS_PIN_ANNOUNCED,
        (true, _) if prompt.authenticator == Authenticator::ThisComputer => say::THIS_PIN_OR_CODE_ANNOUNCED,
        (false, false) => say::PIN_ANNOUNCED,
        (true, false) => say::PIN_OR_CODE_ANNOUNCED,
        (false, true) => say::PIN_OF_ANNOUNCED,
        (true, true) => say::PIN_OR_CODE_OF_ANNOUNCED,
    };
    about(message, prompt)
}

/// The message about the key that is asked about. This computer needs no name.
fn about(message: Message, prompt: &PinPrompt<'_>) -> Phrase {
    let name = prompt.shown_name.filter(|_| prompt.authenticator != Authenticator::ThisComputer);
    name.map_or_else(|| message.into(), |name| named(message, name))
}

/// Why it is asked again and how many tries are left, and after that the `question`.
fn in_front(prompt: &PinPrompt<'_>, question: Option<Phrase>) -> Option<Phrase> {
    let here = prompt.authenticator == Authenticator::ThisComputer;
    let why: Option<Phrase> = match prompt.reason {
        PinReason::First => None,
        PinReason::Wrong => Some(say::PIN_WRONG.into()),
        PinReason::NotAPin { min_length } => {
            let length = u32::try_from(min_length).unwrap_or(u32::MAX);
            Some(Phrase::from(say::NOT_A_PIN).number_of("length", length))
        }
        PinReason::ThatWasAOneTimePassword => Some(say::THAT_WAS_A_ONE_TIME_PASSWORD.into()),
        PinReason::ThatWasThePassword if here => Some(say::THAT_WAS_THE_PASSWORD_HERE.into()),
        PinReason::ThatWasThePassword => Some(say::THAT_WAS_THE_PASSWORD.into()),
        PinReason::ThatWasARecoveryCode if here => Some(say::THAT_WAS_A_RECOVERY_CODE_HERE.into()),
        PinReason::ThatWasARecoveryCode => Some(say::THAT_WAS_A_RECOVERY_CODE.into()),
        PinReason::MistypedRecoveryCode => Some(say::RECOVERY_MISTYPED.into()),
    };
    let warning = match (prompt.retries_left, prompt.reason) {
        (Some(0 | 1), _) => Some(if here { say::LAST_TRY_HERE } else { say::LAST_TRY }.into()),
        (Some(left @ (2 | 3)), _) => {
            let few = if here { say::FEW_TRIES_LEFT_HERE } else { say::FEW_TRIES_LEFT };
            Some(Phrase::from(few).number_of("left", left))
        }
        (None, _) | (Some(_), PinReason::First) => None,
        (
            Some(left),
            PinReason::Wrong
            | PinReason::NotAPin { .. }
            | PinReason::ThatWasAOneTimePassword
            | PinReason::ThatWasThePassword
            | PinReason::ThatWasARecoveryCode
            | PinReason::MistypedRecoveryCode,
        ) => Some(Phrase::from(say::TRIES_LEFT).number_of("left", left)),
    };
    let sentences = [why, warning, question].into_iter().flatten();
    // The first of them stands outermost, as translators find them.
    sentences.rev().reduce(|rest, sentence| one_after_the_other(sentence, rest))
}

#[cfg(test)]
#[path = "pin_tests.rs"]
mod tests;
