//! What is said about recovery codes.

use std::time::Duration;

use super::{Phrase, notice, one_after_the_other, table as say};
use crate::ceremony::Notice;
use crate::store::recovery::RedeemError;

/// So few codes are a low stock.
pub const FEW_CODES: usize = 3;

/// What was typed where a recovery code was asked for, and is none that could be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotACode {
    /// It has a slip in it.
    Mistyped,
    /// It is something else.
    Other,
}

/// The sentence for a notice, where a recovery code is asked for if no key comes.
pub fn notice_before_code(before: &Notice) -> Phrase {
    match before {
        Notice::InsertKey | Notice::NoPasskeyOnKeys | Notice::KeyUnusable(_) => {
            one_after_the_other(notice(before), say::RECOVERY_CODE_NEXT.into())
        }
        Notice::KeyBusy
        | Notice::AskingKey
        | Notice::TouchKey
        | Notice::TouchToChoose
        | Notice::TouchOrWait
        | Notice::NothingForKey
        | Notice::UseFingerprint
        | Notice::UseThisFingerprint
        | Notice::TouchOrFingerprint
        | Notice::FingerprintAgain { .. }
        | Notice::FingerprintLocked { .. }
        | Notice::ThisFingerprintLocked
        | Notice::KeyRemoved
        | Notice::KeyLocked(_) => notice(before),
    }
}

/// The question for a recovery code, after the sentence on the answer before it. As with PINs, no two of one sign-in are the same.
pub fn recovery_prompt(before: Option<Phrase>, question: u8) -> Phrase {
    let prompt = match question {
        0 | 1 => say::RECOVERY_FIRST.into(),
        2 => say::RECOVERY_AGAIN.into(),
        number => Phrase::from(say::RECOVERY_ATTEMPT).number_of("number", number),
    };
    match before {
        None => prompt,
        Some(before) => one_after_the_other(before, prompt),
    }
}

/// The sentence for what is no recovery code.
pub fn not_a_code(typed: NotACode) -> Phrase {
    match typed {
        NotACode::Mistyped => say::RECOVERY_MISTYPED.into(),
        NotACode::Other => say::NOT_A_RECOVERY_CODE.into(),
    }
}

/// The sentence for a recovery code that is not accepted.
pub fn redeem_error(error: &RedeemError) -> Phrase {
    if let Some(wait) = error.locked_for() {
        return recovery_locked(wait);
    }
    match error {
        RedeemError::Wrong { .. } | RedeemError::Locked { .. } => say::RECOVERY_WRONG,
        RedeemError::Used { .. } => say::RECOVERY_USED,
        RedeemError::NoCodes => say::NO_RECOVERY_CODES,
        RedeemError::NoMemory => say::RECOVERY_NO_MEMORY,
        RedeemError::Store(_) => say::RECOVERY_NOT_STORED,
    }
    .into()
}

/// The sentence for recovery codes that are not taken for a while.
pub fn recovery_locked(wait: Duration) -> Phrase {
    let minutes = u32::try_from(wait.as_secs().div_ceil(60)).unwrap_or(u32::MAX);
    Phrase::from(say::RECOVERY_LOCKED).number_of("minutes", minutes)
}

/// The sentence after a recovery code was accepted; `None` where there are plenty left.
pub fn recovery_codes_left(left: usize) -> Option<Phrase> {
    if left > FEW_CODES {
        return None;
    }
    Some(match u32::try_from(left) {
        Ok(0) | Err(_) => say::LAST_RECOVERY_CODE.into(),
        Ok(left) => Phrase::from(say::FEW_RECOVERY_CODES).number_of("left", left),
    })
}

#[cfg(test)]
#[path = "recovery_tests.rs"]
mod tests;
