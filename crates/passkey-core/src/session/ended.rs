//! How a ceremony ended, and what is left when that is on record.

use super::{Complaint, FindError, LoginPassword};
use crate::{
    account::Account,
    ceremony::{Attempt, KeySecret, PluggedKey, SignInError},
    credential::{Credential, CredentialId},
    store::{keyring::Keyring, recovery::Code},
    verify::{CounterWarning, Verified},
};

/// How a ceremony ended.
#[derive(Debug)]
#[must_use]
pub struct Ended {
    /// The proof that is to be recorded, or why there is none.
    pub result: Result<Proved, Failed>,
    /// The key that decided it, where one did.
    pub key: Option<PluggedKey>,
    /// The passkey that this key has proved to hold.
    pub passkey: Option<Credential>,
    /// What was found odd on the way.
    pub complaints: Vec<Complaint>,
}

impl Ended {
    pub(super) fn new(attempt: Attempt, account: Option<Account>, keyring: Option<Keyring>) -> Self {
        let Attempt {
            result,
            account: _,
            key,
            passkey,
            pin_failed: wrong_pins,
            answers_silently,
            recovery_code,
            secret,
        } = attempt;
        let failed =
            |error, account, wrong_pins| Failed { error, recovery_code, unread: None, account, wrong_pins };
        let (result, passkey) = match (result, account) {
            (Ok(verified), Some(account)) => {
                // What signed is what is named, whatever the key was thought to hold.
                let passkey = Some(verified.credential().clone());
                (Ok(Proved { account, verified, wrong_pins, answers_silently, secret, keyring }), passkey)
            }
            // A passkey of no account proves nothing.
            (Ok(_), None) => (Err(failed(SignInError::UnknownAccount, None, wrong_pins)), None),
            (Err(error), account) => (Err(failed(error, account, wrong_pins)), passkey),
        };
        Self { result, key, passkey, complaints: Vec::new() }
    }
}

/// A passkey of the account has signed. It is a sign-in when it is on record: [`Session::record`](super::Session::record).
#[derive(Debug)]
#[must_use]
pub struct Proved {
    pub(super) account: Account,
    pub(super) verified: Verified,
    /// The passkeys for whose key a wrong PIN was typed, without a right one after it.
    pub(super) wrong_pins: Vec<CredentialId>,
    /// Whether the key of a passkey answers a silent assertion (`up` = false; CTAP 2.1, section 6.2) for it.
    pub(super) answers_silently: Option<(CredentialId, bool)>,
    /// What its key made of the salts.
    pub(super) secret: KeySecret,
    /// What is wrapped for the account; `None` where it cannot be read.
    pub(super) keyring: Option<Keyring>,
}

impl Proved {
    /// Who would be signed in.
    pub fn account(&self) -> &Account {
        &self.account
    }
}

/// The ceremony came to nothing.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub error: SignInError,
    /// The recovery code that was typed in place of a PIN, not looked at yet.
    pub recovery_code: Option<Code>,
    /// Why a user could not be looked up, where that may be why the passkeys on the key seem to be unknown.
    pub unread: Option<FindError>,
    pub(super) account: Option<Account>,
    /// As in [`Proved`].
    pub(super) wrong_pins: Vec<CredentialId>,
}

/// The proof that an account has signed in with a passkey, and that this is on record as far as policy asks. Made by
/// [`Session::record`](super::Session::record) alone.
#[derive(Debug)]
#[must_use]
pub struct SignedIn {
    pub(super) account: Account,
    pub(super) verified: Verified,
    pub(super) counter_warning: Option<CounterWarning>,
    pub(super) is_recorded: bool,
    pub(super) complaints: Vec<Complaint>,
    pub(super) login_password: LoginPassword,
}

impl SignedIn {
    /// Who has signed in.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The signature that was verified.
    pub fn verified(&self) -> &Verified {
        &self.verified
    }

    /// A counter that did not rise, where policy only warns of it, as compared when it was recorded.
    pub fn counter_warning(&self) -> Option<CounterWarning> {
        self.counter_warning
    }

    /// Whether counter and last use are on the disk.
    pub fn is_recorded(&self) -> bool {
        self.is_recorded
    }

    /// What there is for the modules that open the keyring.
    pub fn login_password(&self) -> &LoginPassword {
        &self.login_password
    }

    /// What was found odd in the record.
    pub fn complaints(&self) -> &[Complaint] {
        &self.complaints
    }
}
