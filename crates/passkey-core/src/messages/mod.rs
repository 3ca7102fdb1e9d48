//! What the person at the machine is told: one sentence for each situation, in plain words, shared by the module and the command.
//!
//! The sentences are in one table, and a [`Phrase`] is one of them with what goes into it. In which [`Language`] it is said is
//! decided by who says it. Several sentences in one prompt are put together, parts of a sentence never: every language has an
//! order of its own.

mod phrase;
mod pin;
mod recovery;
mod table;

pub use phrase::{English, Language, Message, Phrase};
pub use pin::{
    PASSWORD_NEXT, PinQuestion, Said, last_words, pin_prompt, pin_prompt_short, pin_question, pin_reason,
};
pub use recovery::{
    FEW_CODES, NotACode, not_a_code, notice_before_code, recovery_codes_left, recovery_locked,
    recovery_prompt, redeem_error,
};
pub use table::{
    ALL_DISABLED, BROKEN, KEYRING_CONFIRM, KEYRING_STALE, KEYRING_UPDATED, NO_PIN_BUT_FINGER, NO_PIN_NEEDED,
    NOT_ENROLLED, PASSKEY, PASSWORD, PIN_FIRST, STORE_BROKEN,
};

use crate::ceremony::{Impossible, KeyError, Lock, Notice, SignInError, TokenError};
use crate::escape::Escaped;
use crate::session::Shut;
use crate::verify::VerifyError;
use table as say;

/// A key's name in a sentence is as long as that, in characters.
const SHOWN_NAME_CHARS: usize = 40;

/// The sentence for a notice.
pub fn notice(notice: &Notice) -> Phrase {
    match notice {
        Notice::InsertKey => say::INSERT_KEY.into(),
        Notice::NoPasskeyOnKeys => say::FOREIGN_KEY_SO_FAR.into(),
        Notice::KeyBusy => say::KEY_BUSY.into(),
        Notice::KeyUnusable(error) => waits_for(*error).into(),
        Notice::AskingKey => say::ASKING_KEY.into(),
        Notice::TouchKey => say::TOUCH.into(),
        Notice::TouchToChoose => say::TOUCH_TO_CHOOSE.into(),
        Notice::TouchOrWait => say::TOUCH_OR_WAIT.into(),
        Notice::NothingForKey => say::NOTHING_FOR_KEY.into(),
        Notice::UseFingerprint => say::USE_FINGERPRINT.into(),
        Notice::UseThisFingerprint => say::USE_THIS_FINGERPRINT.into(),
        Notice::TouchOrFingerprint => say::TOUCH_OR_FINGERPRINT.into(),
        Notice::FingerprintAgain { left: None } => say::FINGERPRINT_AGAIN.into(),
        Notice::FingerprintAgain { left: Some(0 | 1) } => say::FINGERPRINT_LAST_TRY.into(),
        Notice::FingerprintAgain { left: Some(left) } => {
            Phrase::from(say::FINGERPRINT_AGAIN_COUNTED).number_of("left", *left)
        }
        Notice::FingerprintLocked { key: None } => say::FINGERPRINT_LOCKED.into(),
        Notice::FingerprintLocked { key: Some(key) } => named(say::FINGERPRINT_LOCKED_OF, key),
        Notice::ThisFingerprintLocked => say::THIS_FINGERPRINT_LOCKED.into(),
        Notice::KeyRemoved => say::KEY_REMOVED.into(),
        Notice::KeyLocked(Lock::Pin) => say::PIN_LOCKED.into(),
        Notice::KeyLocked(Lock::PinForGood) => say::PIN_BLOCKED.into(),
        Notice::KeyLocked(Lock::Sensor) => say::SENSOR_LOCKED.into(),
        Notice::KeyLocked(Lock::ThisComputer) => say::THIS_COMPUTER_LOCKED.into(),
    }
}

/// The message about the key of this name, which may be any text.
fn named(message: Message, name: &str) -> Phrase {
    Phrase::from(message).text_of("key", Escaped::name(name, SHOWN_NAME_CHARS).to_string())
}

/// What is said of a key that cannot be used, while that may still change.
fn waits_for(error: KeyError) -> Message {
    match error {
        KeyError::Silent | KeyError::Stuck | KeyError::Garbled(_) | KeyError::Refused(_) => say::REPLUG_KEY,
        KeyError::Busy => say::KEY_BUSY,
        KeyError::Unplugged => say::KEY_REMOVED,
        KeyError::CannotOpen
        | KeyError::Hidden
        | KeyError::NoDescriptors
        | KeyError::NoProtocol
        | KeyError::NoRandomness => key_unusable(error),
    }
}

fn one_after_the_other(first: Phrase, second: Phrase) -> Phrase {
    Phrase::from(say::TWO_SENTENCES).phrase_of("first", first).phrase_of("second", second)
}

/// The question which of several accounts to sign in to, the `question`th of them: no two are the same.
pub fn account_prompt(accounts: &[String], question: u8) -> Phrase {
    let numbered: Vec<String> =
        accounts.iter().zip(1u8..).map(|(account, number)| format!("{number} {account}")).collect();
    let prompt = match question {
        0 | 1 => say::ACCOUNT_FIRST.into(),
        2 => say::ACCOUNT_AGAIN.into(),
        number => Phrase::from(say::ACCOUNT_ATTEMPT).number_of("number", number),
    };
    prompt.text_of("list", numbered.join(", "))
}

/// The sentence for a sign-in that came to nothing; `None` where the person knows, because it was their own doing.
pub fn sign_in_error(error: &SignInError) -> Option<Phrase> {
    let message = match error {
        SignInError::NoKey => say::NO_KEY,
        SignInError::ForeignKeys => say::FOREIGN_KEY,
        SignInError::NotOnThisComputer => say::NOT_ON_THIS_COMPUTER,
        SignInError::ThisComputerUnusable(_) | SignInError::ThisComputerRefused(_) => {
            say::THIS_COMPUTER_UNUSABLE
        }
        SignInError::KeyBusy => say::KEY_STAYED_BUSY,
        SignInError::KeyUnusable(error) => key_unusable(*error),
        SignInError::NothingDiscoverable => say::NOTHING_DISCOVERABLE,
        SignInError::UnknownAccount => say::UNKNOWN_ACCOUNT,
        SignInError::NoTouch => say::NO_TOUCH,
        SignInError::Declined => say::DECLINED,
        SignInError::Interrupted | SignInError::NoAccountChosen => return None,
        SignInError::CannotVerifyUser(impossible) => cannot_verify_user(*impossible),
        SignInError::Pin(error) => return pin_error(*error),
        SignInError::TooManyPasskeys => say::TOO_MANY_PASSKEYS,
        SignInError::Rejected(VerifyError::CounterNotGreater(_)) => say::COPIED,
        SignInError::Rejected(_) => say::REJECTED,
        SignInError::Refused(_) | SignInError::RefusedU2f(_) => say::KEY_REFUSED,
        SignInError::Malformed => say::KEY_GARBLED,
        SignInError::NoRandomness => say::NO_RANDOMNESS,
    };
    Some(message.into())
}

/// The sentence for a PIN or fingerprint that came to nothing; `None` where it was the person's own doing.
pub fn pin_error(error: TokenError) -> Option<Phrase> {
    let message = match error {
        TokenError::AttemptsUsedUp { retries_left: Some(left) } => {
            return Some(Phrase::from(say::PIN_WRONG_TOO_COUNTED).number_of("left", left));
        }
        TokenError::AttemptsUsedUp { retries_left: None } => say::PIN_WRONG_TOO,
        TokenError::PinLocked => say::PIN_LOCKED,
        TokenError::PinBlocked => say::PIN_BLOCKED,
        TokenError::ThisComputerLocked => say::THIS_COMPUTER_LOCKED,
        TokenError::PinMustChange => say::PIN_MUST_CHANGE,
        TokenError::PinNotSet => say::PIN_NOT_SET,
        TokenError::SensorLocked => say::SENSOR_LOCKED,
        TokenError::NeverAPin => say::NEVER_A_PIN,
        TokenError::Empty | TokenError::Unavailable | TokenError::Interrupted | TokenError::RecoveryCode => {
            return None;
        }
        TokenError::NoRandomness => say::NO_RANDOMNESS,
        TokenError::Refused(_) | TokenError::Malformed => say::PIN_UNCHECKED,
    };
    Some(message.into())
}

/// The sentence after a sign-in that does not open the keyring, although the account has it set up.
pub fn keyring_shut(shut: Shut) -> Phrase {
    let message = match shut {
        Shut::OtherPasskey => say::KEYRING_OTHER_PASSKEY,
        Shut::Unable => say::KEYRING_UNABLE,
        Shut::Stale => KEYRING_STALE,
        Shut::Withheld | Shut::NotUnwrapped | Shut::Unreadable => say::KEYRING_SHUT,
    };
    message.into()
}

fn key_unusable(error: KeyError) -> Message {
    match error {
        KeyError::Unplugged => say::KEY_UNPLUGGED,
        KeyError::CannotOpen | KeyError::Hidden => say::KEY_NOT_ALLOWED,
        KeyError::NoDescriptors => say::NO_DESCRIPTORS,
        KeyError::NoProtocol => say::NO_PROTOCOL,
        KeyError::Silent | KeyError::Stuck => say::KEY_SILENT,
        KeyError::Busy => say::KEY_STAYED_BUSY,
        KeyError::Garbled(_) | KeyError::Refused(_) => say::KEY_GARBLED,
        KeyError::NoRandomness => say::NO_RANDOMNESS,
    }
}

fn cannot_verify_user(impossible: Impossible) -> Message {
    match impossible {
        Impossible::NotSetUp => say::PIN_NOT_SET,
        Impossible::NotSupported => say::VERIFICATION_UNSUPPORTED,
        Impossible::U2fOnly => say::KEY_TOO_OLD,
        Impossible::PinMustChange => say::PIN_MUST_CHANGE,
    }
}

#[cfg(test)]
mod catalogue_tests;
#[cfg(test)]
mod mod_tests;
