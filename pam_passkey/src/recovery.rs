//! A recovery code in place of a security key that is lost, broken or locked.

use passkey_core::account::Account;
use passkey_core::ceremony::{KeyError, SignInError, TokenError};
use passkey_core::config::{Policy, Recovery};
use passkey_core::host::Shows;
use passkey_core::messages::{self, NotACode, Phrase};
use passkey_core::store::Store;
use passkey_core::store::recovery::{Code, Codes, Reading, RedeemError, Redeemed};
use passkey_core::time;

use crate::conversation::{Told, Verbosity, label, words};
use crate::ffi::{Answer, Pam, Severity};
use crate::outcome::Outcome;

/// How often a code is asked for in one sign-in.
const QUESTIONS: u8 = 3;

/// A user's recovery codes, where one is taken.
pub(crate) struct RecoveryCodes<'a> {
    store: &'a Store,
    account: Account,
    /// As they were when the sign-in began.
    codes: Codes,
}

impl<'a> RecoveryCodes<'a> {
    /// `None` where policy takes no codes or the user has none left. If they cannot be read, keys still work.
    pub(crate) fn of(pam: &Pam<'_>, store: &'a Store, account: &Account, policy: &Policy) -> Option<Self> {
        if policy.recovery == Recovery::Deny {
            return None;
        }
        match store.load_codes(account) {
            Ok(codes) => codes.filter(|codes| codes.left() > 0).map(|codes| Self {
                store,
                account: account.clone(),
                codes,
            }),
            // A screen locker that runs as its user could not use a code up, so it takes none.
            Err(error) if error.is_not_permitted() && !rustix::process::geteuid().is_root() => {
                if policy.debug {
                    pam.log(Severity::Debug, "no recovery code is taken, since this process is not root");
                }
                None
            }
            Err(error) => {
                pam.log(Severity::Warning, &format!("no recovery code is taken: {error}"));
                None
            }
        }
    }

    /// Whose they are.
    pub(crate) fn user(&self) -> &str {
        &self.account.name
    }

    /// Tries the code that was `typed` in place of a PIN. Without one, asks for one, since no key could be used; if none is given, it
    /// stays with the `error` of the ceremony, which is over: no key is open or locked.
    pub(crate) fn instead_of(
        &self,
        error: SignInError,
        typed: Option<Code>,
        pam: &Pam<'_>,
        verbosity: &mut Verbosity,
    ) -> Result<Redeemed, Outcome> {
        if let Some(code) = typed {
            return self.redeem(&code).map_err(refused);
        }
        let outcome = Outcome::Failed(error);
        // Where prompts are not shown, a message takes the place of the one before.
        let before = match verbosity.host.shows {
            Shows::Messages => messages::sign_in_error(&error),
            Shows::Everything | Shows::Nothing => {
                verbosity.conclude(pam, &outcome.row().sentence);
                None
            }
        };
        verbosity.told = Told::Ending;
        if let Some(wait) = self.codes.locked_for(time::now()) {
            pam.complain(&words(&messages::recovery_locked(wait)));
            return Err(outcome);
        }
        self.ask(outcome, before, pam, verbosity)
    }

    /// Asks until a code is right, none is given, or another one would not be looked at.
    fn ask(
        &self,
        mut outcome: Outcome,
        mut before: Option<Phrase>,
        pam: &Pam<'_>,
        verbosity: &mut Verbosity,
    ) -> Result<Redeemed, Outcome> {
        for question in 1..=QUESTIONS {
            let prompt = words(&messages::recovery_prompt(before.take(), question));
            label(pam, verbosity.host, &prompt);
            let Answer::Given(answer) = pam.ask_secret(&prompt) else { return Err(outcome) };
            before = Some(match Code::read(&answer) {
                Reading::Mistyped => messages::not_a_code(NotACode::Mistyped),
                Reading::NoCode => messages::not_a_code(NotACode::Other),
                Reading::Code(code) => match self.redeem(&code) {
                    Err(error) if error.may_try_again() => {
                        // The line at the end tells of the last one only.
                        pam.log(Severity::Warning, &format!("user={:?}: {error}", self.account.name));
                        let sentence = messages::redeem_error(&error);
                        outcome = refused(error);
                        sentence
                    }
                    settled => {
                        verbosity.told = Told::Field;
                        return settled.map_err(refused);
                    }
                },
            });
        }
        if let Some(sentence) = before {
            pam.complain(&words(&sentence));
        }
        Err(outcome)
    }

    fn redeem(&self, code: &Code) -> Result<Redeemed, RedeemError> {
        self.store.redeem(&self.account, code, time::now())
    }
}

fn refused(error: RedeemError) -> Outcome {
    Outcome::NotRecovered(Box::new(error))
}

/// Whether the ceremony ended for want of a key that can be used, rather than by the person's or a key's word.
pub(crate) fn leaves_no_key(error: SignInError) -> bool {
    use SignInError as E;
    use TokenError as T;
    match error {
        E::NoKey
        | E::ForeignKeys
        | E::NotOnThisComputer
        | E::ThisComputerUnusable(_)
        | E::ThisComputerRefused(_)
        | E::KeyBusy
        | E::TooManyPasskeys
        | E::KeyUnusable(
            KeyError::Unplugged
            | KeyError::CannotOpen
            | KeyError::Hidden
            | KeyError::NoDescriptors
            | KeyError::NoProtocol
            | KeyError::Silent
            | KeyError::Stuck
            | KeyError::Busy
            | KeyError::Garbled(_)
            | KeyError::Refused(_),
        )
        | E::CannotVerifyUser(_)
        | E::Pin(
            T::AttemptsUsedUp { .. }
            | T::PinLocked
            | T::PinBlocked
            | T::ThisComputerLocked
            | T::PinMustChange
            | T::PinNotSet
            | T::SensorLocked
            | T::Refused(_)
            | T::Malformed,
        )
        | E::Refused(_)
        | E::RefusedU2f(_)
        | E::Malformed => true,
        E::NothingDiscoverable
        | E::UnknownAccount
        | E::NoAccountChosen
        | E::KeyUnusable(KeyError::NoRandomness)
        | E::NoTouch
        | E::Declined
        | E::Interrupted
        | E::Pin(
            T::Empty | T::Unavailable | T::Interrupted | T::NeverAPin | T::RecoveryCode | T::NoRandomness,
        )
        | E::Rejected(_)
        | E::NoRandomness => false,
    }
}
