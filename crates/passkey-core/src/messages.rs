//! What the person at the machine is told: one sentence for each situation, in plain words, shared by the module and the command.

use std::time::Duration;

use crate::ceremony::{Impossible, Notice, PinPrompt, PinReason, SignInError, TokenError};
use crate::store::recovery::RedeemError;

/// The sentence for a notice.
pub fn notice(notice: &Notice) -> String {
    match notice {
        Notice::InsertKey => "Plug in your security key.".into(),
        Notice::NoPasskeyOnKeys => {
            "The security key that is plugged in holds no passkey for this account. Plug in yours.".into()
        }
        Notice::KeyBusy => "Another program is using the security key. Waiting for it.".into(),
        Notice::TouchKey => "Touch your security key.".into(),
        Notice::TouchToChoose => "Touch the security key that you want to use.".into(),
        Notice::UseFingerprint => "Put your finger on the reader of your security key.".into(),
        Notice::FingerprintAgain { left: None } => "The fingerprint was not recognised. Try again.".into(),
        Notice::FingerprintAgain { left: Some(left) } => {
            format!("The fingerprint was not recognised. Try again: {}.", tries(*left))
        }
        Notice::FingerprintLocked => "The security key takes no more fingerprints. Use its PIN.".into(),
        Notice::KeyRemoved => "The security key was removed. Plug it in again.".into(),
    }
}

/// The question for a PIN. No two questions of one ceremony are the same, since some programs answer a question that they have
/// seen before with the same answer.
pub fn pin_prompt(prompt: &PinPrompt<'_>) -> String {
    let warning = match prompt.retries_left {
        Some(1) => " This is the last try before the security key locks itself for good.".into(),
        Some(left @ 0..=3) => {
            format!(" Careful: {} before the security key locks itself for good.", tries(left))
        }
        Some(left) => match prompt.reason {
            PinReason::First => String::new(),
            PinReason::Wrong
            | PinReason::NotAPin { .. }
            | PinReason::ThatWasThePassword
            | PinReason::ThatWasARecoveryCode
            | PinReason::MistypedRecoveryCode => {
                format!(" {}.", capitalised(&tries(left)))
            }
        },
        None => String::new(),
    };
    let question = match prompt.reason {
        PinReason::First if warning.is_empty() => return "PIN of your security key: ".into(),
        PinReason::First => "The PIN of your security key is needed.".into(),
        PinReason::Wrong => "That PIN was wrong.".into(),
        PinReason::NotAPin { min_length } => {
            format!("That cannot be the PIN: it has at least {min_length} characters.")
        }
        PinReason::ThatWasThePassword => "That is your password, not the PIN of your security key.".into(),
        PinReason::ThatWasARecoveryCode => {
            "That is a recovery code, not the PIN of your security key.".into()
        }
        PinReason::MistypedRecoveryCode => MISTYPED_RECOVERY_CODE.into(),
    };
    let again = match prompt.question {
        0 | 1 => "PIN: ".into(),
        2 => "PIN of your security key, again: ".into(),
        n => format!("PIN of your security key, attempt {n}: "),
    };
    format!("{question}{warning} {again}")
}

/// The question which of several accounts to sign in to; `again` after an answer that named none of them.
pub fn account_prompt(accounts: &[String], again: bool) -> String {
    let numbered: Vec<String> =
        accounts.iter().zip(1u8..).map(|(account, number)| format!("{number} {account}")).collect();
    let list = numbered.join(", ");
    if again {
        format!("Please type the number or the name of one of these accounts: {list}. ")
    } else {
        format!("Which account? {list}: ")
    }
}

/// The sentence for a sign-in that came to nothing; `None` where the person knows, because it was their own doing.
pub fn sign_in_error(error: &SignInError) -> Option<String> {
    Some(match error {
        SignInError::NoKey => "No security key was plugged in.".into(),
        SignInError::ForeignKeys => "The security key holds no passkey for this account.".into(),
        SignInError::KeyUnusable(_) => {
            "The security key does not answer. Unplug it and plug it in again.".into()
        }
        SignInError::NothingDiscoverable => {
            "This security key has no passkey that could say who you are.".into()
        }
        SignInError::UnknownAccount => {
            "The passkey on this security key belongs to no account on this computer.".into()
        }
        SignInError::NoTouch => "The security key was not touched in time.".into(),
        SignInError::Declined => "Signing in was refused on the security key.".into(),
        SignInError::Interrupted
        | SignInError::NoAccountChosen
        | SignInError::Pin(TokenError::Empty | TokenError::Unavailable | TokenError::Interrupted) => {
            return None;
        }
        SignInError::CannotVerifyUser(impossible) => cannot_verify_user(*impossible).into(),
        SignInError::Pin(error) => pin_error(*error)?,
        SignInError::Rejected(_) => "The security key's answer is not valid for this account.".into(),
        SignInError::Refused(_) | SignInError::RefusedU2f(_) | SignInError::Malformed => {
            "The security key could not sign in. Unplug it, plug it in again and try once more.".into()
        }
        SignInError::NoRandomness => "This computer could not sign in: it has no randomness to give.".into(),
    })
}

/// The sentence for a key that cannot verify its user.
pub fn cannot_verify_user(impossible: Impossible) -> &'static str {
    match impossible {
        Impossible::NotSetUp => {
            "This sign-in needs the PIN of your security key, and it has none yet. Set one first."
        }
        Impossible::NotSupported => {
            "This sign-in needs a PIN or a fingerprint, and this security key can do neither. Use another one."
        }
        Impossible::PinMustChange => {
            "The PIN of your security key must be changed before the key can be used again."
        }
    }
}

/// The sentence for a PIN or fingerprint that came to nothing; `None` where it was the person's own doing.
pub fn pin_error(error: TokenError) -> Option<String> {
    Some(match error {
        TokenError::AttemptsUsedUp { retries_left: Some(left) } => {
            format!("That PIN was wrong, too. The security key takes {left} more before it locks itself.")
        }
        TokenError::AttemptsUsedUp { retries_left: None } => "That PIN was wrong, too.".into(),
        TokenError::PinLocked => {
            "The security key takes no PIN for now. Unplug it, plug it in again and try once more.".into()
        }
        TokenError::PinBlocked => {
            "The PIN of the security key is blocked for good: the key can only be reset, and loses its passkeys.".into()
        }
        TokenError::PinMustChange => cannot_verify_user(Impossible::PinMustChange).into(),
        TokenError::PinNotSet => cannot_verify_user(Impossible::NotSetUp).into(),
        TokenError::SensorLocked => {
            "The security key takes no more fingerprints, and it has no PIN to fall back on.".into()
        }
        TokenError::NeverAPin => "No PIN was sent to the security key.".into(),
        TokenError::Empty
        | TokenError::Unavailable
        | TokenError::Interrupted
        | TokenError::RecoveryCode => return None,
        TokenError::NoRandomness | TokenError::Refused(_) | TokenError::Malformed => {
            "The security key could not check the PIN. Unplug it, plug it in again and try once more.".into()
        }
    })
}

/// What is said of a recovery code with a slip in it.
pub const MISTYPED_RECOVERY_CODE: &str = "That recovery code has a typing mistake.";
/// What is said of something else in its place.
pub const NO_RECOVERY_CODE: &str = "That is not a recovery code.";

/// The question for a recovery code, after the sentence on the answer before it. As with PINs, no two of one sign-in are the same.
pub fn recovery_prompt(before: &str, question: u8) -> String {
    match question {
        0 | 1 => "Recovery code (Enter to go on without): ".into(),
        2 => format!("{before} Recovery code, again (Enter to go on without): "),
        n => format!("{before} Recovery code, attempt {n} (Enter to go on without): "),
    }
}

/// The sentence for a recovery code that is not accepted.
pub fn redeem_error(error: &RedeemError) -> String {
    if let Some(wait) = error.locked_for() {
        return recovery_locked(wait);
    }
    match error {
        RedeemError::Wrong { .. } | RedeemError::Locked { .. } => "That recovery code is wrong.".into(),
        RedeemError::Used { .. } => "That recovery code has been used before.".into(),
        RedeemError::NoCodes => "This account has no recovery codes.".into(),
        RedeemError::NoMemory => "This computer has no memory to check the recovery code.".into(),
        RedeemError::Store(_) => {
            "The recovery code was not accepted: it could not be marked as used. The system log says more."
                .into()
        }
    }
}

/// The sentence for recovery codes that are not taken for a while.
pub fn recovery_locked(wait: Duration) -> String {
    match wait.as_secs().div_ceil(60) {
        0 | 1 => "Too many wrong recovery codes. They are taken again in a minute.".into(),
        minutes => format!("Too many wrong recovery codes. They are taken again in {minutes} minutes."),
    }
}

/// The sentence after a recovery code was accepted; `None` where there are plenty left.
pub fn recovery_codes_left(left: usize) -> Option<String> {
    let stock = match left {
        0 => "That was your last recovery code.".into(),
        1 => "1 recovery code is left.".into(),
        2 | 3 => format!("{left} recovery codes are left."),
        _ => return None,
    };
    Some(format!("{stock} Make new ones with: sudo passkey-enroll recovery new"))
}

fn tries(left: u8) -> String {
    match left {
        0 => "no tries left".into(),
        1 => "1 try left".into(),
        n => format!("{n} tries left"),
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
}

#[cfg(test)]
#[path = "messages_tests.rs"]
mod tests;
