//! One sign-in from the enrolled passkeys to its record, as `pam_passkey.so` and `passkey-enroll verify` share it.
//!
//! Each step makes the value that the next one takes, so that none can be left out or done with other facts:
//!
//! 1. [`Session::find`] looks for the passkeys of an [`Account`]: [`Enrolled`].
//! 2. [`Session::ready`] finds those that may sign in, and what is remembered of them: [`Ready`].
//! 3. [`Session::sign_in`] runs the ceremony: [`Ended`], which is [`Proved`] or [`Failed`]. [`Session::sign_in_anyone`] begins here,
//!    where the key says whose passkeys it holds.
//! 4. [`Session::record`] writes the sign-in down: [`SignedIn`], which nothing else makes.
//!
//! It knows no PAM and no terminal. What it finds odd is returned as [`Complaint`]s.

mod complaint;
mod ended;
mod login_password;
mod users;
mod wrapping;

use std::{fmt, io, path::PathBuf};

use ctap::Secret;
use ctap::hmac_secret::Salts;

pub use complaint::Complaint;
pub use ended::{Ended, Failed, Proved, SignedIn};
pub use login_password::{LoginPassword, Shut, mark};
pub use wrapping::{Known, NotWrapped};

use crate::{
    account::{self, Account, UserDatabase},
    ceremony::{Attempt, Passkey, Platform, Prompter, SignIn, SignInError, Wanted, sign_in},
    config::{CounterPolicy, KeyringPolicy, Policy},
    credential::{Credential, CredentialId},
    store::{
        CredentialFile, Loaded, NoteUpdate, RecordError, Recorded, ServiceSignIn, SkippedEntry, State,
        StateUpdate, Store, StoreError, keyring::Keyring,
    },
    time,
    verify::{Verified, VerifyError},
};
use users::EnrolledUsers;

/// Damaged entries of a credential file that are complained of one by one.
const MAX_DAMAGE: usize = 8;

/// What every step of a sign-in needs.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    /// Where passkeys and the record of their use are kept.
    pub store: &'a Store,
    /// Who has an account.
    pub users: &'a dyn UserDatabase,
    /// The rules.
    pub policy: &'a Policy,
}

/// An account with a credential file that holds something. Made by [`Session::find`].
#[derive(Debug)]
pub struct Enrolled {
    account: Account,
    path: PathBuf,
    file: CredentialFile,
}

impl Enrolled {
    /// Whose file it is: files, state and recovery codes go by this name.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The first entries of the file that are passed over.
    pub fn damage(&self) -> impl Iterator<Item = Complaint> {
        self.file
            .skipped
            .iter()
            .take(MAX_DAMAGE)
            .map(|entry| Complaint::Damaged { path: self.path.clone(), entry: entry.clone() })
    }
}

/// An account with at least one passkey that may sign in. Made by [`Session::ready`].
#[derive(Debug)]
pub struct Ready {
    account: Account,
    file: CredentialFile,
    state: State,
    /// `None` where it cannot be read.
    keyring: Option<Keyring>,
}

impl Ready {
    /// Who signs in.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// What an attempt with these passkeys amounts to. [`Session::sign_in`] is the usual way here. A passkey that is not one of
    /// these proves nothing.
    pub fn conclude(self, mut attempt: Attempt) -> Ended {
        let is_ours = |verified: &Verified| self.file.enabled().any(|known| known == verified.credential());
        if attempt.result.as_ref().is_ok_and(|verified| !is_ours(verified)) {
            attempt.result = Err(SignInError::Rejected(VerifyError::CredentialNotAskedFor));
        }
        Ended::new(attempt, Some(self.account), self.keyring)
    }
}

/// Why the passkeys of an account cannot be found.
#[derive(Debug)]
pub enum FindError {
    /// A credential file cannot be read, trusted or understood.
    Store(StoreError),
    /// The user database cannot be asked which accounts share the user id.
    Users(io::Error),
}

impl From<StoreError> for FindError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for FindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Users(error) => write!(f, "the user database cannot be read: {error}"),
        }
    }
}

impl std::error::Error for FindError {}

/// Why an account that has passkeys cannot sign in with any.
#[derive(Debug)]
pub enum NotReady {
    /// All of them are disabled.
    AllDisabled,
    /// All of their entries are damaged.
    AllDamaged {
        /// The credential file.
        path: PathBuf,
        /// The first of the entries.
        first: Box<SkippedEntry>,
    },
    /// The counters have to be compared, and cannot be read.
    State(StoreError),
}

/// The credential file of `account`, or, where that holds nothing, of another account with the same user id, and whose it is:
/// `toor` and `root` are one user to the kernel, so the passkeys of either count. An account with passkeys of its own uses no
/// others, since several people may share a user id. `None` where none of these accounts has a passkey.
///
/// # Errors
/// When that cannot be told.
pub fn find_passkeys(
    store: &Store,
    users: &dyn UserDatabase,
    account: &Account,
) -> Result<Option<(Account, Loaded)>, FindError> {
    let load = |account: &Account| -> Result<_, FindError> {
        let loaded = store.load(account)?.filter(|loaded| !loaded.file.is_unenrolled());
        Ok(loaded.map(|loaded| (account.clone(), loaded)))
    };
    if let Some(found) = load(account)? {
        return Ok(Some(found));
    }
    // Only here, since it costs two more look-ups and a walk through /etc/passwd.
    for other in account::with_same_uid(users, account).map_err(FindError::Users)? {
        if let Some(found) = load(&other)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

impl Session<'_> {
    /// The passkeys that sign `account` in: [`find_passkeys`]. `None` where there are none.
    ///
    /// # Errors
    /// When that cannot be told.
    pub fn find(&self, account: &Account) -> Result<Option<Enrolled>, FindError> {
        let found = find_passkeys(self.store, self.users, account)?;
        Ok(found.map(|(account, Loaded { path, file })| Enrolled { account, path, file }))
    }

    /// The passkeys that may sign in, with what is remembered of them; and complaints, where that cannot be read and the sign-in goes on
    /// without.
    ///
    /// # Errors
    /// When none may sign in, or the counters must be compared and cannot be.
    pub fn ready(&self, enrolled: Enrolled) -> Result<(Ready, Vec<Complaint>), NotReady> {
        let Enrolled { account, path, file } = enrolled;
        if file.enabled().next().is_none() {
            return Err(match file.skipped.into_iter().next() {
                Some(first) if file.credentials.is_empty() => {
                    NotReady::AllDamaged { path, first: Box::new(first) }
                }
                Some(_) | None => NotReady::AllDisabled,
            });
        }
        let (state, complaint) = self.state(&account).map_err(NotReady::State)?;
        let mut complaints: Vec<Complaint> = complaint.into_iter().collect();
        let keyring = self.keyring(&account);
        let keyring = keyring.map_err(|error| complaints.push(Complaint::KeyringUnreadable(error))).ok();
        Ok((Ready { account, file, state, keyring }, complaints))
    }

    /// The account's wrapped passwords, where the service opens keyrings and this process may.
    fn keyring(&self, account: &Account) -> Result<Keyring, StoreError> {
        match self.policy.keyring {
            KeyringPolicy::Off => Ok(Keyring::default()),
            KeyringPolicy::On => match self.store.load_keyring(account) {
                Err(error) if error.is_held_back() => Ok(Keyring::default()),
                loaded => loaded,
            },
        }
    }

    /// What is remembered of the account's passkeys. Where a counter only warns, one that cannot be read only warns as well.
    fn state(&self, account: &Account) -> Result<(State, Option<Complaint>), StoreError> {
        match (self.store.load_state(account), self.policy.counter) {
            (Ok(state), _) => Ok((state, None)),
            (Err(error), CounterPolicy::Deny) => Err(error),
            (Err(error), CounterPolicy::Warn) => {
                Ok((State::default(), Some(Complaint::CounterUnreadable(error))))
            }
        }
    }

    /// Runs the ceremony with the passkeys that are ready. `forbidden_pin` is never sent to a key as its PIN; with
    /// `takes_recovery_code`, a recovery code may be typed in place of a PIN: [`Failed::recovery_code`].
    pub fn sign_in(
        &self,
        ready: Ready,
        platform: &mut impl Platform,
        prompter: &mut impl Prompter,
        forbidden_pin: Option<&Secret>,
        takes_recovery_code: bool,
    ) -> Ended {
        include_services(platform, &ready.account, ready.file.enabled());
        let mut passkeys = Passkey::enabled(&ready.file, &ready.state);
        if let Some(keyring) = ready.keyring.as_ref().filter(|keyring| !keyring.is_empty()) {
            let now = mark(self.users, &ready.account);
            for passkey in &mut passkeys {
                let wrapped = keyring.get(&passkey.credential.id).filter(|wrapped| !wrapped.is_stale(now));
                passkey.salts = wrapped.map(|wrapped| Salts { first: wrapped.salt(), second: None });
            }
        }
        let wanted = Wanted::Passkeys(&passkeys);
        let request = SignIn { wanted, policy: self.policy, forbidden_pin, takes_recovery_code };
        let attempt = sign_in(platform, prompter, &request);
        ready.conclude(attempt)
    }

    /// Runs the ceremony with the discoverable passkeys of any user, made for `rp_id`: the key says who signs in.
    pub fn sign_in_anyone(
        &self,
        rp_id: &str,
        platform: &mut impl Platform,
        prompter: &mut impl Prompter,
        forbidden_pin: Option<&Secret>,
    ) -> Ended {
        let users = EnrolledUsers::new(self);
        let wanted = Wanted::Anyone { rp_id, directory: &users };
        let request = SignIn { wanted, policy: self.policy, forbidden_pin, takes_recovery_code: false };
        let mut attempt = sign_in(platform, prompter, &request);
        let account = attempt.account.take();
        let mut ended = Ended::new(attempt, account, Some(Keyring::default()));
        let (error, complaints) = users.into_findings();
        ended.complaints = complaints;
        if let Err(failed) = &mut ended.result
            && failed.error == SignInError::UnknownAccount
        {
            failed.unread = error;
        }
        ended
    }

    /// Writes a proved sign-in to `service` down (a rehearsal is one to no service), and calls `log` for it at the right moment: before anything is written, so that a line is left
    /// whatever becomes of the process while it writes. Under [`CounterPolicy::Deny`] the record decides, so it comes first.
    ///
    /// # Errors
    /// Under [`CounterPolicy::Deny`] only: the counter did not rise, or cannot be compared and recorded. `log` was not called then.
    pub fn record(
        &self,
        proved: Proved,
        service: Option<&str>,
        log: impl FnOnce(&Account, &Verified),
    ) -> Result<SignedIn, RecordError> {
        let Proved { account, verified, wrong_pins, answers_silently, secret, keyring } = proved;
        let service = service.map(|service| ServiceSignIn {
            service: service.to_owned(),
            pid: std::process::id(),
            time: time::now_precisely(),
        });
        let record = || {
            let id = &verified.credential().id;
            let (count, policy) = (verified.sign_count(), self.policy.counter);
            self.store.record_sign_in(&account, id, count, policy, time::now(), service.as_ref())
        };
        let Recorded { counter_warning, update } = match self.policy.counter {
            CounterPolicy::Deny => {
                let recorded = record()?;
                log(&account, &verified);
                recorded
            }
            CounterPolicy::Warn => {
                log(&account, &verified);
                record()?
            }
        };
        let mut complaints = Vec::new();
        complaints.extend(counter_warning.map(|warning| Complaint::CounterNotGreater {
            passkey: verified.credential().name.clone(),
            warning,
        }));
        let is_recorded = matches!(update, Ok(StateUpdate::Written));
        complaints.extend(Complaint::of_update(update));
        // Where it could not be written at all, one complaint is enough.
        if is_recorded {
            complaints.extend(self.record_wrong_pins(&account, &wrong_pins));
        }
        complaints.extend(self.learn(&account, answers_silently));
        let login_password = LoginPassword::of(keyring.as_ref(), &account, &verified, &secret, self.users);
        if let LoginPassword::Shut(shut) = login_password
            && shut != Shut::Unreadable
        {
            complaints.push(Complaint::KeyringShut { passkey: verified.credential().name.clone(), shut });
        }
        Ok(SignedIn { account, verified, counter_warning, is_recorded, complaints, login_password })
    }

    /// Writes down what a failed sign-in has shown: the passkeys for whose key a wrong PIN was typed. To be called once the failure
    /// is in the log.
    pub fn record_failure(&self, failed: &Failed) -> Option<Complaint> {
        self.record_wrong_pins(failed.account.as_ref()?, &failed.wrong_pins)
    }

    fn record_wrong_pins(&self, account: &Account, ids: &[CredentialId]) -> Option<Complaint> {
        if ids.is_empty() {
            return None;
        }
        let now = time::now();
        Complaint::of_update(self.store.update_state(account, |state| {
            for id in ids {
                state.record_failure(id, now);
            }
        }))
    }

    /// Notes whether the key of a passkey answers a silent assertion for it, where the ceremony has found out.
    fn learn(&self, account: &Account, answers_silently: Option<(CredentialId, bool)>) -> Option<Complaint> {
        let (id, answers) = answers_silently?;
        match self.store.note_answers_silently(account, &id, answers) {
            Ok(NoteUpdate::Written | NoteUpdate::Unchanged | NoteUpdate::HeldBack) => None,
            Err(error) => Some(Complaint::NotLearnt(error)),
        }
    }
}

/// Looks for the services of this machine if the account has passkeys on one: others do not wait for them.
pub fn include_services<'c>(
    platform: &mut impl Platform,
    account: &Account,
    mut passkeys: impl Iterator<Item = &'c Credential>,
) {
    if passkeys.any(Credential::is_on_a_service) {
        platform.include_services(account.uid);
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
