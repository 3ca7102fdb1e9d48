//! The way of one sign-in: arguments, configuration, user, passkeys, ceremony, state, log.

use std::ffi::CStr;
use std::time::Instant;

use ctap::Secret;
use pam::constants::PamResultCode;
use passkey_core::ceremony::{Attempt, Passkey, SignIn, SignInError, System, TokenError, sign_in};
use passkey_core::config::{Config, CounterPolicy, Policy, Remote, Unenrolled};
use passkey_core::store::{Account, CredentialFile, Loaded, State, StateUpdate, Store};
use passkey_core::time;
use passkey_core::verify::Verified;

use crate::args::{Arguments, ConfigPath};
use crate::audit::Record;
use crate::ffi::{self, InterruptGuard, LookupError, NotText, Pam, Severity};
use crate::outcome::Outcome;
use crate::person::{Applicant, Voice};
use crate::remote::Origin;
use passkey_core::escape::Escaped;

/// Damaged entries of a credential file that are named in the log one by one.
const MAX_DAMAGE_LINES: usize = 8;

/// Signs a person in, leaves a line in the log, tells them how it ended unless they know, and gives the PAM code.
pub(crate) fn authenticate(pam: &mut Pam<'_>, arguments: &[&CStr]) -> PamResultCode {
    let start = Instant::now();
    let mut record = Record {
        service: pam.service(),
        ruser: pam.ruser(),
        tty: pam.tty(),
        rhost: pam.rhost(),
        ..Record::default()
    };
    let mut voice = Voice::default();
    let outcome = match attempt(pam, arguments, &mut record, &mut voice) {
        Ok(verified) => Outcome::Verified(Box::new(verified)),
        Err(outcome) => outcome,
    };
    let row = outcome.row();
    // First the log: an application may take its time over a message.
    pam.log(row.severity, &record.line(&outcome, &row, start.elapsed()));
    voice.conclude(pam, &row.sentence);
    row.code
}

fn attempt(
    pam: &mut Pam<'_>,
    arguments: &[&CStr],
    record: &mut Record,
    voice: &mut Voice,
) -> Result<Verified, Outcome> {
    let arguments = Arguments::parse(arguments).map_err(Outcome::Arguments)?;
    let config = match &arguments.config {
        ConfigPath::Default => Config::load(arguments.config.path()),
        ConfigPath::Given(path) => Config::load_existing(path),
    }
    .map_err(|error| Outcome::Config(Box::new(error)))?;
    let policy = config.policy(&record.service, &arguments.settings);
    *voice = Voice { quiet: policy.quiet, debug: policy.debug };
    if policy.debug {
        pam.log(Severity::Debug, &format!("configuration {}, {policy:?}", arguments.config.path().display()));
    }

    let account = account(pam)?;
    record.user = Some(account.name.clone());
    let store = Store::new(&config);
    let loaded = store.load(&account).map_err(|error| Outcome::Store(Box::new(error)))?;
    let Some(Loaded { path, file }) = loaded.filter(|loaded| !loaded.file.is_unenrolled()) else {
        return Err(unenrolled(pam, &policy));
    };
    // Only now: a user without passkeys may pass by from wherever they come.
    refuse_remote(pam, &policy)?;
    warn_of_damage(pam, &path.display().to_string(), &file);
    if file.enabled().next().is_none() {
        return Err(match file.skipped.first() {
            Some(entry) if file.credentials.is_empty() => Outcome::AllDamaged {
                path: path.display().to_string(),
                reason: format!("line {}: {}", entry.line, entry.reason),
            },
            Some(_) | None => Outcome::AllDisabled,
        });
    }
    if !pam.can_converse() {
        return Err(Outcome::NoConversation);
    }

    let state = state(pam, &store, &account, policy.counter)?;
    let attempt = ceremony(pam, &policy, &file, &state, *voice)?;
    remember(pam, &store, &account, &attempt, *voice);
    record.key = attempt.key;
    let verified = attempt.result.map_err(Outcome::Failed)?;
    if let Some(warning) = verified.counter_warning() {
        let name = Escaped::name(&verified.credential().name, 64).to_string();
        pam.log(
            Severity::Warning,
            &format!(
                "the signature counter of passkey {name:?} did not rise (stored {}, received {}): there may be a copy \
                 of its security key",
                warning.stored, warning.received
            ),
        );
    }
    Ok(verified)
}

/// Who signs in. Where nobody has said so yet, the application asks as it always does.
fn account(pam: &mut Pam<'_>) -> Result<Account, Outcome> {
    match pam.settled_user() {
        Ok(Some(name)) => ffi::lookup(&name).map_err(|error| match error {
            LookupError::Unknown => Outcome::UnknownUser,
            LookupError::Failed(error) => Outcome::UserDatabase(error),
        }),
        Ok(None) => Err(Outcome::NoUser),
        Err(NotText) => Err(Outcome::UnknownUser),
    }
}

/// The user has no passkey: that much is certain, since the store was read.
fn unenrolled(pam: &mut Pam<'_>, policy: &Policy) -> Outcome {
    match policy.unenrolled {
        Unenrolled::Ignore => Outcome::NotEnrolledIgnored,
        Unenrolled::Deny => refuse_remote(pam, policy).err().unwrap_or(Outcome::NotEnrolled),
    }
}

fn refuse_remote(pam: &mut Pam<'_>, policy: &Policy) -> Result<(), Outcome> {
    match (Origin::of(pam).remote_sign(), policy.remote) {
        (Some(sign), Remote::Refuse) => Err(Outcome::Remote(sign)),
        (Some(_), Remote::Allow) | (None, Remote::Refuse | Remote::Allow) => Ok(()),
    }
}

fn warn_of_damage(pam: &Pam<'_>, path: &str, file: &CredentialFile) {
    for entry in file.skipped.iter().take(MAX_DAMAGE_LINES) {
        let name = entry.name.as_deref().unwrap_or_default();
        let name = Escaped::name(name, 64);
        pam.log(
            Severity::Warning,
            &format!("{path}:{}: passkey \"{name}\" is passed over: {}", entry.line, entry.reason),
        );
    }
}

/// What is remembered of the passkeys. Where a counter only warns, one that cannot be read only warns as well.
fn state(pam: &Pam<'_>, store: &Store, account: &Account, counter: CounterPolicy) -> Result<State, Outcome> {
    match (store.load_state(account), counter) {
        (Ok(state), _) => Ok(state),
        (Err(error), CounterPolicy::Deny) => Err(Outcome::Store(Box::new(error))),
        (Err(error), CounterPolicy::Warn) => {
            pam.log(Severity::Warning, &format!("the signature counter cannot be compared: {error}"));
            Ok(State::default())
        }
    }
}

fn ceremony(
    pam: &Pam<'_>,
    policy: &Policy,
    file: &CredentialFile,
    state: &State,
    voice: Voice,
) -> Result<Attempt, Outcome> {
    let passkeys = Passkey::enabled(file, state);
    // An application that echoes one answer to every prompt would burn the tries of the key with the password.
    let password: Option<Secret> = pam.authtok();
    let request = SignIn { passkeys: &passkeys, policy, forbidden_pin: password.as_ref() };
    let interrupt = InterruptGuard::new().map_err(Outcome::NoInterrupt)?;
    let mut world = System::new(Some(interrupt.fd()));
    let mut person = Applicant::new(pam, &interrupt, voice);
    let attempt = sign_in(&mut world, &mut person, &request);
    if let Err(SignInError::Interrupted | SignInError::Pin(TokenError::Interrupted)) = attempt.result {
        // It has done what it was meant for, and should not end the host as well.
        interrupt.take();
    }
    Ok(attempt)
}

/// Writes down what the attempt has shown. That it cannot be written keeps nobody out.
fn remember(pam: &Pam<'_>, store: &Store, account: &Account, attempt: &Attempt, voice: Voice) {
    if attempt.result.is_err() && attempt.pin_failed.is_empty() {
        return;
    }
    let now = time::now();
    let updated = store.update_state(account, |state| {
        for id in &attempt.pin_failed {
            state.record_failure(id, now);
        }
        if let Ok(verified) = &attempt.result {
            state.record_success(&verified.credential().id, verified.sign_count(), now);
        }
    });
    match updated {
        Ok(StateUpdate::HeldBack) if voice.debug => {
            pam.log(
                Severity::Debug,
                "counter and last use are not written down, since this process is not root",
            );
        }
        Ok(StateUpdate::Written | StateUpdate::HeldBack) => {}
        Err(error) => {
            pam.log(Severity::Warning, &format!("counter and last use are not written down: {error}"));
        }
    }
}
