use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::ceremony::{Authenticator, PinPrompt, PinReason};
use crate::store::StoreError;
use crate::store::recovery::RedeemError;
use crate::verify::VerifyError;
use ctap::hid::{FramingError, HidError};
use ctap::u2f::StatusWord;

pub(super) const REASONS: [PinReason; 7] = [
    PinReason::First,
    PinReason::Wrong,
    PinReason::NotAPin { min_length: 4 },
    PinReason::ThatWasAOneTimePassword,
    PinReason::ThatWasThePassword,
    PinReason::ThatWasARecoveryCode,
    PinReason::MistypedRecoveryCode,
];

fn prompt(reason: PinReason, retries_left: Option<u8>, question: u8) -> Phrase {
    prompt_of(Authenticator::SecurityKey, false, reason, retries_left, question)
}

fn prompt_or_code(reason: PinReason, retries_left: Option<u8>, question: u8) -> Phrase {
    prompt_of(Authenticator::SecurityKey, true, reason, retries_left, question)
}

fn prompt_of(
    authenticator: Authenticator,
    takes_recovery_code: bool,
    reason: PinReason,
    retries_left: Option<u8>,
    question: u8,
) -> Phrase {
    pin_prompt(&PinPrompt {
        authenticator,
        key_name: "key",
        shown_name: None,
        reason,
        retries_left,
        question,
        takes_recovery_code,
    })
}

/// What is said of an answer that is no recovery code, or not one that is accepted.
fn refusals() -> [RedeemError; 6] {
    [
        RedeemError::Wrong { locked_for: None },
        RedeemError::Used { locked_for: None },
        RedeemError::Locked { wait: Duration::from_secs(3600) },
        RedeemError::NoCodes,
        RedeemError::NoMemory,
        RedeemError::Store(StoreError::Locked { path: "/".into() }),
    ]
}

fn english(phrase: &Phrase) -> String {
    phrase.in_language(&English)
}

/// Every prompt that a ceremony can come to, and those of a person who never gets it right.
pub(super) fn prompts() -> Vec<Phrase> {
    let mut prompts = Vec::new();
    for reason in REASONS {
        for left in [None, Some(0), Some(1), Some(2), Some(3), Some(4), Some(8)] {
            for of in [Authenticator::SecurityKey, Authenticator::ThisComputer] {
                for takes_code in [false, true] {
                    prompts.extend((1..=8).map(|question| prompt_of(of, takes_code, reason, left, question)));
                }
            }
        }
    }
    prompts.extend((1..=8).map(|question| recovery_prompt(None, question)));
    for before in [NotACode::Mistyped, NotACode::Other] {
        prompts.extend((1..=8).map(|question| recovery_prompt(Some(not_a_code(before)), question)));
    }
    let accounts = ["alice".to_owned(), "bob".to_owned()];
    prompts.extend((1..=8).map(|question| account_prompt(&accounts, question)));
    prompts
}

/// Everything else that is said.
pub(super) fn sentences() -> Vec<Phrase> {
    use SignInError as E;
    use TokenError as T;
    let notices = [
        Notice::InsertKey,
        Notice::NoPasskeyOnKeys,
        Notice::KeyBusy,
        Notice::TouchKey,
        Notice::TouchToChoose,
        Notice::TouchOrWait,
        Notice::NothingForKey,
        Notice::KeyLocked(Lock::ThisComputer),
        Notice::UseFingerprint,
        Notice::UseThisFingerprint,
        Notice::TouchOrFingerprint,
        Notice::FingerprintAgain { left: None },
        Notice::FingerprintAgain { left: Some(1) },
        Notice::FingerprintAgain { left: Some(2) },
        Notice::FingerprintLocked { key: None },
        Notice::ThisFingerprintLocked,
        Notice::KeyRemoved,
    ];
    let errors = [
        E::NoKey,
        E::ForeignKeys,
        E::NotOnThisComputer,
        E::ThisComputerUnusable(KeyError::Silent),
        E::ThisComputerRefused(ctap::Status(0x7f)),
        E::KeyBusy,
        E::KeyUnusable(KeyError::Unplugged),
        E::KeyUnusable(KeyError::CannotOpen),
        E::KeyUnusable(KeyError::Silent),
        E::KeyUnusable(KeyError::Busy),
        E::KeyUnusable(KeyError::Garbled(FramingError::ReportLength(1))),
        E::KeyUnusable(KeyError::Refused(HidError::INVALID_COMMAND)),
        E::KeyUnusable(KeyError::NoRandomness),
        E::NothingDiscoverable,
        E::UnknownAccount,
        E::NoTouch,
        E::Declined,
        E::CannotVerifyUser(Impossible::NotSetUp),
        E::CannotVerifyUser(Impossible::NotSupported),
        E::CannotVerifyUser(Impossible::U2fOnly),
        E::CannotVerifyUser(Impossible::PinMustChange),
        E::Pin(T::AttemptsUsedUp { retries_left: None }),
        E::Pin(T::AttemptsUsedUp { retries_left: Some(1) }),
        E::Pin(T::AttemptsUsedUp { retries_left: Some(5) }),
        E::Pin(T::PinLocked),
        E::Pin(T::PinBlocked),
        E::Pin(T::ThisComputerLocked),
        E::Pin(T::PinMustChange),
        E::Pin(T::PinNotSet),
        E::Pin(T::SensorLocked),
        E::Pin(T::NeverAPin),
        E::Pin(T::NoRandomness),
        E::Pin(T::Refused(ctap::Status(0x7f))),
        E::Pin(T::Malformed),
        E::Rejected(VerifyError::BadSignature),
        E::Refused(ctap::Status(0x7f)),
        E::RefusedU2f(StatusWord::WRONG_LENGTH),
        E::Malformed,
        E::NoRandomness,
    ];
    let ends = [NOT_ENROLLED, ALL_DISABLED, BROKEN, STORE_BROKEN, PASSWORD_NEXT];
    let notices = notices.iter().map(notice);
    let errors = errors.iter().map(|error| sign_in_error(error).unwrap());
    let recovery = refusals().map(|error| redeem_error(&error)).into_iter();
    let left = (0..4).filter_map(recovery_codes_left);
    notices
        .chain([notice_before_code(&Notice::InsertKey)])
        .chain(errors)
        .chain(ends.map(Phrase::from))
        .chain(recovery)
        .chain(left)
        .collect()
}

#[test]
fn the_person_hears_how_many_tries_are_left() {
    for (reason, left, question, expected) in [
        (PinReason::First, None, 1, "PIN of your security key: "),
        (PinReason::First, Some(8), 1, "PIN of your security key: "),
        (
            PinReason::First,
            Some(3),
            1,
            "Careful: 3 tries left before the PIN is blocked for good. PIN of your security key: ",
        ),
        (PinReason::Wrong, Some(7), 2, "That PIN was wrong. 7 tries left. PIN of your security key, again: "),
        (PinReason::Wrong, None, 3, "That PIN was wrong. PIN of your security key, attempt 3: "),
        (
            PinReason::Wrong,
            Some(1),
            2,
            "That PIN was wrong. This is the last try before the PIN is blocked for good. PIN of your security key, again: ",
        ),
        (
            PinReason::NotAPin { min_length: 4 },
            None,
            2,
            "That is too short or too long for a PIN, which has at least 4 characters. PIN of your security key, again: ",
        ),
        (
            PinReason::ThatWasAOneTimePassword,
            Some(8),
            2,
            "Your security key typed that itself. Touch it only when it blinks. 8 tries left. PIN of your security key, again: ",
        ),
        (PinReason::First, Some(8), 2, "PIN of your security key, again: "),
        (
            PinReason::ThatWasARecoveryCode,
            Some(8),
            2,
            "That is a recovery code, not the PIN of your security key. 8 tries left. PIN of your security key, again: ",
        ),
    ] {
        assert_eq!(english(&prompt(reason, left, question)), expected);
    }
    assert_eq!(
        english(&prompt_or_code(PinReason::Wrong, Some(7), 2)),
        "That PIN was wrong. 7 tries left. PIN of your security key, or a recovery code, again: "
    );
}

#[test]
fn the_last_try_is_never_asked_for_without_saying_so() {
    for reason in REASONS {
        for question in 1..4 {
            assert!(english(&prompt(reason, Some(1), question)).contains("This is the last try"));
        }
    }
    let fingerprint = english(&notice(&Notice::FingerprintAgain { left: Some(1) }));
    assert!(fingerprint.contains("this is the last try"), "{fingerprint}");
}

/// Some lockers answer a question that they have seen before with the same answer, unasked.
#[test]
fn no_two_questions_of_a_ceremony_are_the_same() {
    assert_no_two_questions_are_the_same(&English);
}

/// Questions of different numbers differ, whatever they are asked for.
pub(super) fn assert_no_two_questions_are_the_same(language: &dyn Language) {
    let said = |phrase: Phrase| phrase.in_language(language);
    let lefts = [None, Some(1), Some(2), Some(8)];
    for (reason, left) in REASONS.into_iter().flat_map(|reason| lefts.map(|left| (reason, left))) {
        let questions: BTreeSet<String> = (1..=8).map(|number| said(prompt(reason, left, number))).collect();
        assert_eq!(questions.len(), 8, "{questions:?}");
        let questions: BTreeSet<String> =
            (1..=8).map(|number| said(prompt_or_code(reason, left, number))).collect();
        assert_eq!(questions.len(), 8, "{questions:?}");
        // One is not even the end of another one.
        let first = said(prompt(PinReason::First, None, 1));
        assert!((2..=8).all(|number| !said(prompt(reason, left, number)).ends_with(&first)));
    }
    let before = Some(not_a_code(NotACode::Other));
    let questions: BTreeSet<String> =
        (1..=8).map(|number| said(recovery_prompt(before.clone(), number))).collect();
    assert_eq!(questions.len(), 8, "{questions:?}");
    let accounts = ["alice".to_owned()];
    let questions: BTreeSet<String> = (1..=8).map(|number| said(account_prompt(&accounts, number))).collect();
    assert_eq!(questions.len(), 8, "{questions:?}");
}

#[test]
fn accounts_are_numbered() {
    let accounts = ["alice".to_owned(), "{list}".to_owned()];
    assert_eq!(english(&account_prompt(&accounts, 1)), "Which account? 1 alice, 2 {list}: ");
    assert!(english(&account_prompt(&accounts, 2)).starts_with("Please type the number or the name of one"));
}

/// What each mishap has in common with no other one: what to do.
/// Whether the ceremony goes on with another key or not.
#[test]
fn what_is_locked_is_said_in_the_same_words_at_once_and_at_the_end() {
    for (lock, error) in [
        (Lock::Pin, TokenError::PinLocked),
        (Lock::PinForGood, TokenError::PinBlocked),
        (Lock::Sensor, TokenError::SensorLocked),
    ] {
        assert_eq!(Some(notice(&Notice::KeyLocked(lock))), pin_error(error));
    }
}

#[test]
fn each_mishap_has_its_sentence_and_its_remedy() {
    let said = |error: SignInError| english(&sign_in_error(&error).unwrap());
    for (error, remedy) in [
        (SignInError::Pin(TokenError::PinNotSet), "passkey-enroll key pin set"),
        (SignInError::Pin(TokenError::PinMustChange), "passkey-enroll key pin change"),
        (SignInError::Pin(TokenError::PinLocked), "Unplug it, plug it in again"),
        (SignInError::Pin(TokenError::PinBlocked), "another security key, or your password"),
        (SignInError::Pin(TokenError::SensorLocked), "Use another one"),
        (SignInError::CannotVerifyUser(Impossible::NotSupported), "Use another one"),
        (SignInError::CannotVerifyUser(Impossible::U2fOnly), "Use a newer one"),
        (SignInError::ForeignKeys, "Use another one"),
        (SignInError::Pin(TokenError::ThisComputerLocked), "try again later"),
        (SignInError::NotOnThisComputer, "add a new passkey"),
        (SignInError::ThisComputerUnusable(KeyError::Silent), "Use a security key or your password"),
        (SignInError::KeyBusy, "Try again"),
        (SignInError::KeyUnusable(KeyError::Unplugged), "Plug it in"),
        (SignInError::KeyUnusable(KeyError::Silent), "Unplug it"),
        (SignInError::KeyUnusable(KeyError::CannotOpen), "The system log"),
        (SignInError::KeyUnusable(KeyError::Hidden), "The system log"),
    ] {
        assert!(said(error).contains(remedy), "{}", said(error));
    }
    let different: BTreeSet<String> = sentences().iter().map(english).collect();
    // A PIN that is not set, or must be changed, is noticed before or when it is used; no randomness anywhere.
    let same = [
        said(SignInError::Pin(TokenError::PinNotSet)),
        said(SignInError::Pin(TokenError::PinMustChange)),
        said(SignInError::NoRandomness),
        said(SignInError::NoRandomness),
        said(SignInError::KeyUnusable(KeyError::Busy)),
        said(SignInError::Malformed),
        said(SignInError::Malformed),
        said(SignInError::Refused(ctap::Status(0x7f))),
        said(SignInError::Pin(TokenError::Malformed)),
        said(SignInError::ThisComputerUnusable(KeyError::Silent)),
        said(SignInError::Pin(TokenError::ThisComputerLocked)),
    ];
    assert_eq!(different.len(), sentences().len() - same.len());
}

#[test]
fn every_sentence_is_for_a_person() {
    for sentence in sentences().iter().map(english) {
        assert!(sentence.ends_with('.') || sentence.contains(" with: passkey-enroll "), "{sentence}");
    }
    for text in sentences().iter().chain(&prompts()).map(english) {
        assert!(!text.contains(['{', '}', '%', '\n']), "{text}");
        assert!(text.len() < 200, "{text}");
        for jargon in ["CTAP", "FIDO", "U2F", "0x", "credential", "authenticator", "assertion", "token"] {
            assert!(!text.contains(jargon), "{jargon} in {text}");
        }
    }
}
