//! The person at the machine, as a ceremony sees them: it sends them messages, and asks for a PIN or an account.

use super::keys::{Attachment, KeyError};
use ctap::show::Shown;
use ctap::{Info, NotAPin, Pin, Secret};

/// What a person signs in with, as sentences tell it apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Authenticator {
    /// A security key, which can be touched and pulled out.
    #[default]
    SecurityKey,
    /// This computer, which can be neither: its PIN is all it asks for.
    ThisComputer,
    /// Something that shows its person what to do, such as a code for their phone to scan.
    Guiding,
}

impl Authenticator {
    /// By how it belongs to the machine, and what it says of itself: `plat` (CTAP 2.1 §6.4) of a device that was plugged in means nothing.
    pub fn of(attachment: Attachment, info: Option<&Info>) -> Self {
        match attachment {
            Attachment::Service if info.is_some_and(|info| info.options.plat) => Self::ThisComputer,
            Attachment::Service
                if info.is_some_and(|info| info.transports.iter().any(|one| one == "hybrid")) =>
            {
                Self::Guiding
            }
            Attachment::Service | Attachment::Plugged => Self::SecurityKey,
        }
    }
}

/// Something the person should know now. Each is told once, until something else has been told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// No key is plugged in; the ceremony waits for one.
    InsertKey,
    /// Keys are plugged in, but none holds a passkey that is asked for; the ceremony waits for another key.
    NoPasskeyOnKeys,
    /// Another program is using the key; the ceremony waits for it.
    KeyBusy,
    /// The key cannot be used for this reason; the ceremony waits for that to change, or for another key.
    KeyUnusable(KeyError),
    /// The key is being asked for so many passkeys that it takes a while.
    AskingKey,
    /// The key, or one of the keys, that blinks should be touched.
    TouchKey,
    /// Several keys blink, and the person should touch the one they want to use; a PIN is asked for next.
    TouchToChoose,
    /// The key, or one of the keys, that blinks should be touched; in a moment the PIN of this computer is asked for instead.
    TouchOrWait,
    /// The PIN of this computer is asked for next, and nothing typed means that a security key is to be used.
    NothingForKey,
    /// The fingerprint reader on the key waits.
    UseFingerprint,
    /// The fingerprint reader of this computer waits.
    UseThisFingerprint,
    /// It waits, and the key, or one of the keys, that blinks may be touched instead.
    TouchOrFingerprint,
    /// The fingerprint was not recognised; `left` more tries, if the key says so.
    FingerprintAgain {
        /// Tries left before the reader locks.
        left: Option<u8>,
    },
    /// The key's fingerprint reader is locked: the PIN is asked for instead.
    FingerprintLocked {
        /// What to call the key, where the person might think of another one.
        key: Option<String>,
    },
    /// The fingerprint reader of this computer is locked, or cannot be used: its PIN is asked for instead.
    ThisFingerprintLocked,
    /// The key was pulled out in the middle; the ceremony waits for it to come back.
    KeyRemoved,
    /// The key accepts no further tries; the ceremony continues with another one.
    KeyLocked(Lock),
}

/// What of a key is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Its PIN, until it is unplugged and plugged in again.
    Pin,
    /// Its PIN, until it is reset.
    PinForGood,
    /// Its fingerprint reader, and it has no PIN.
    Sensor,
    /// The PIN of this computer, for a while.
    ThisComputer,
}

/// Why a PIN is asked for (again).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinReason {
    /// The first time in this ceremony.
    First,
    /// The last PIN was wrong.
    Wrong,
    /// The last answer cannot be a PIN: too short or too long. It was not sent to the key.
    NotAPin {
        /// The shortest PIN that the key takes, in characters.
        min_length: usize,
    },
    /// The last answer was typed by a security key that was touched at the wrong moment. It was not sent to the key.
    ThatWasAOneTimePassword,
    /// The last answer was the account's password. It was not sent to the key.
    ThatWasThePassword,
    /// The last answer was a recovery code, and none is taken here. It was not sent to the key.
    ThatWasARecoveryCode,
    /// The last answer seems to be a recovery code with a slip in it. It was not sent to the key.
    MistypedRecoveryCode,
}

/// Why what was typed is asked for again.
impl From<NotAPin> for PinReason {
    fn from(not_a_pin: NotAPin) -> Self {
        match not_a_pin {
            NotAPin::OneTimePassword => Self::ThatWasAOneTimePassword,
            // NUL ends what is typed, and text that is no UTF-8 is rare: neither is worth a sentence of its own.
            NotAPin::NotText | NotAPin::HoldsNul | NotAPin::TooLong => {
                Self::NotAPin { min_length: Pin::MIN_LENGTH }
            }
            NotAPin::TooShort { min_length } => Self::NotAPin { min_length },
        }
    }
}

/// A question for the key's PIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinPrompt<'a> {
    /// Whose PIN it is.
    pub authenticator: Authenticator,
    /// The key's name as the device says it: hostile text.
    pub key_name: &'a str,
    /// What the prompt should call the key, where the person might think of another one: the name that they gave to its passkey,
    /// or, where that is not known, the device's own.
    pub shown_name: Option<&'a str>,
    /// Whether and why this is another try.
    pub reason: PinReason,
    /// How many wrong PINs the key will still take before it locks for good, where known.
    pub retries_left: Option<u8>,
    /// Counts the questions of this ceremony from 1: some programs answer equal questions with the same answer unasked.
    pub question: u8,
    /// Whether a recovery code is taken as well.
    pub takes_recovery_code: bool,
}

/// What the person answered.
#[derive(Debug)]
pub enum PinAnswer {
    /// A PIN was typed.
    Pin(Secret),
    /// Nothing was typed: the person does not want to use the key.
    Empty,
    /// What was typed is the account's password, as far as can be told, and not for the key.
    Password,
    /// There is no person to ask.
    Unavailable,
    /// The person gave up (Ctrl-C).
    Interrupted,
}

/// What is known before the person is asked for anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Whether a key wants its PIN before the touch.
    pub needs_pin: bool,
    /// Whether the fingerprint reader of this computer is all that can be used.
    pub by_finger_alone: bool,
}

/// What the person made of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invited {
    /// They want to use a key.
    Accepted,
    /// They gave the account's password instead.
    Password,
    /// There is no person to ask, or they gave up.
    Unavailable,
}

/// Which account the person chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountAnswer {
    /// The one at this place of the list.
    Chosen(usize),
    /// None of them, or there is no person to ask.
    None,
    /// The person gave up (Ctrl-C).
    Interrupted,
}

/// Which of `accounts` an answer means: its number in the list, counted from 1, or its name. A name that is a number counts as a
/// name.
pub fn account_index(answer: &str, accounts: &[String]) -> Option<usize> {
    let answer = answer.trim();
    accounts.iter().position(|account| account == answer).or_else(|| {
        let number: usize = answer.parse().ok()?;
        number.checked_sub(1).filter(|index| *index < accounts.len())
    })
}

/// The person, and what they were told last: nothing is told twice in a row.
pub(super) struct Dialogue<'a, P: Prompter> {
    pub(super) prompter: &'a mut P,
    told: Option<Notice>,
}

impl<'a, P: Prompter> Dialogue<'a, P> {
    pub(super) fn new(prompter: &'a mut P) -> Self {
        Self { prompter, told: None }
    }

    /// Tells the person something, unless it is what they were told last.
    pub(super) fn tell(&mut self, notice: Notice) {
        if self.told.as_ref() != Some(&notice) {
            self.prompter.tell(&notice);
            self.told = Some(notice);
        }
    }

    pub(super) fn was_told(&self, notice: &Notice) -> bool {
        self.told.as_ref() == Some(notice)
    }

    /// Something else has been said in between: the last notice may be told again.
    pub(super) fn move_on(&mut self) {
        self.told = None;
    }
}

/// The person at the machine.
pub trait Prompter {
    /// Tells the person something. Must not wait for them.
    fn tell(&mut self, notice: &Notice);
    /// Whether a picture can be shown: where none can, nothing that has to show one is asked.
    fn can_show(&self) -> bool {
        false
    }
    /// Shows what an authenticator has to show. Must not wait for the person.
    fn show(&mut self, _shown: &Shown) {}
    /// Whether the person is first shown what they can sign in with: no key blinks before [`invite`](Self::invite), or a question for a
    /// PIN, which stands for it.
    fn begins_with_invitation(&self) -> bool {
        false
    }
    /// Shows what the person can sign in with, and waits until they go on. Called once at most, and only when a key is known to be of use.
    fn invite(&mut self, _invitation: Invitation) -> Invited {
        Invited::Accepted
    }
    /// Asks for a PIN and waits for the answer. No key is locked meanwhile.
    fn ask_pin(&mut self, prompt: &PinPrompt<'_>) -> PinAnswer;
    /// Asks which of several accounts to sign in to and waits for the answer. Only where the key says who is signing in; who never
    /// signs in so need not answer.
    fn choose_account(&mut self, _accounts: &[String]) -> AccountAnswer {
        AccountAnswer::None
    }
}
