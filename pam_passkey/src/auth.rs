//! The way of one sign-in: arguments, configuration, user, passkeys, ceremony, state, log.

use std::ffi::CStr;
use std::fmt;
use std::time::Instant;

use ctap::Secret;
use pam::constants::PamResultCode;
use passkey_core::account::{Account, UserDatabase as _};
use passkey_core::ceremony::{
    Attempt, LinuxPlatform, Passkey, SignIn, SignInError, TokenError, Wanted, sign_in,
};
use passkey_core::config::{Arguments, Config, Policy, Remote, Unenrolled};
use passkey_core::store::{CredentialFile, Loaded, StateUpdate, Store};
use passkey_core::time;
use passkey_core::verify::Verified;

use crate::audit::Record;
use crate::conversation::{PamConversation, Verbosity};
use crate::ffi::{InterruptGuard, NotSet, NotText, Pam, Severity, SystemUsers};
use crate::outcome::Outcome;
use crate::recovery::{self, RecoveryCodes};
use crate::remote::Origin;
use crate::users::{LoadedState, Users};
use passkey_core::escape::Escaped;

/// Damaged entries of a credential file that are named in the log one by one.
const MAX_DAMAGE_LINES: usize = 8;

/// Signs a person in, leaves a line in the log, tells them how it ended unless they know, and gives the PAM code.
pub(crate) fn authenticate(pam: &mut Pam<'_>, arguments: &[&CStr]) -> PamResultCode {
    let start = Instant::now();
    let record = Record {
        service: pam.service(),
        ruser: pam.ruser(),
        tty: pam.tty(),
        rhost: pam.rhost(),
        ..Record::default()
    };
    let mut context = SignInContext { record, verbosity: Verbosity::default(), interrupt: None };
    let outcome = attempt(pam, arguments, &mut context).unwrap_or_else(|outcome| outcome);
    let SignInContext { record, verbosity, interrupt } = context;
    let row = outcome.row();
    // First the log: an application may take its time over a message.
    pam.log(row.severity, &record.line(&outcome, &row, start.elapsed()));
    // Whoever called it off by ending the application has waited for as long as this.
    drop(interrupt);
    verbosity.conclude(pam, &row.sentence);
    row.code
}

/// What is needed of a sign-in when it has ended.
struct SignInContext {
    /// For the log.
    record: Record,
    /// For the person.
    verbosity: Verbosity,
    /// Signals that would end the host are held back as long as this lives.
    interrupt: Option<InterruptGuard>,
}

/// `Ok` where the person is let in.
fn attempt(pam: &mut Pam<'_>, arguments: &[&CStr], context: &mut SignInContext) -> Result<Outcome, Outcome> {
    let arguments =
        Arguments::parse(arguments.iter().map(|argument| argument.to_bytes())).map_err(Outcome::Arguments)?;
    let config = arguments.config.load().map_err(|error| Outcome::Config(Box::new(error)))?;
    let policy = config.policy(&context.record.service, &arguments.settings);
    context.verbosity = Verbosity { quiet: policy.quiet, debug: policy.debug, concluded: false };
    if policy.debug {
        pam.log(Severity::Debug, &format!("configuration {}, {policy:?}", arguments.config.path().display()));
    }

    let store = Store::new(&config);
    match pam.user() {
        Ok(None) if policy.usernameless => anybody(pam, &config, &store, &policy, context),
        Ok(_) | Err(NotText) => somebody(pam, &store, &policy, context),
    }
}

/// Signs in the user whom the application names.
fn somebody(
    pam: &mut Pam<'_>,
    store: &Store,
    policy: &Policy,
    context: &mut SignInContext,
) -> Result<Outcome, Outcome> {
    let account = account(pam)?;
    context.record.user = Some(account.name.clone());
    let loaded = store.load(&account).map_err(|error| Outcome::Store(Box::new(error)))?;
    let Some(Loaded { path, file }) = loaded.filter(|loaded| !loaded.file.is_unenrolled()) else {
        return Err(unenrolled(pam, policy));
    };
    // Only now: a user without passkeys may pass by from wherever they come.
    refuse_remote(pam, policy)?;
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
    let LoadedState { state, complaint } = LoadedState::of(store, &account, policy.counter)?;
    if let Some(complaint) = complaint {
        pam.log(Severity::Warning, &complaint);
    }
    let passkeys = Passkey::enabled(&file, &state);
    let codes = RecoveryCodes::of(pam, store, &account, policy);
    let wanted = Wanted::Passkeys(&passkeys);
    let mut attempt = ceremony(pam, policy, wanted, codes.is_some(), context)?;
    let typed = attempt.recovery_code.take();
    match (conclude(pam, store, &account, attempt, context), codes) {
        (Ok(verified), _) => Ok(Outcome::Verified(Box::new(verified))),
        (Err(Outcome::Failed(error)), Some(codes)) if typed.is_some() || recovery::leaves_no_key(error) => {
            // No key is in use any more: whoever is asked for a code can leave as the host has it.
            context.interrupt = None;
            let redeemed = codes.instead_of(error, typed, pam, &mut context.verbosity)?;
            // No key has signed anybody in.
            (context.record.key, context.record.passkey) = (None, None);
            Ok(Outcome::Recovered(Box::new(redeemed)))
        }
        (Err(outcome), _) => Err(outcome),
    }
}

/// Signs in whoever the key says it belongs to.
fn anybody(
    pam: &mut Pam<'_>,
    config: &Config,
    store: &Store,
    policy: &Policy,
    context: &mut SignInContext,
) -> Result<Outcome, Outcome> {
    refuse_remote(pam, policy)?;
    let rp_id = config.rp_id_for_enrolment().map_err(Outcome::NoRpId)?;
    let users = Users::new(store, policy.counter);
    let wanted = Wanted::Anyone { rp_id: &rp_id, directory: &users };
    let mut attempt = ceremony(pam, policy, wanted, false, context)?;
    for complaint in users.complaints() {
        pam.log(Severity::Warning, &complaint);
    }
    context.record.key.clone_from(&attempt.key);
    let Some(account) = attempt.account.take() else {
        // Nobody signed in; if that is because a file could not be read, it must not look like a stranger.
        return Err(match (attempt.result, users.into_error()) {
            (Err(SignInError::UnknownAccount), Some(error)) => error,
            (Err(error), _) => Outcome::Failed(error),
            (Ok(_), _) => Outcome::UserNotSet,
        });
    };
    context.record.user = Some(account.name.clone());
    let verified = conclude(pam, store, &account, attempt, context)?;
    pam.set_user(&account.name).map_err(|NotSet| Outcome::UserNotSet)?;
    Ok(Outcome::Verified(Box::new(verified)))
}

/// Writes down what is to be remembered and logged of an attempt.
fn conclude(
    pam: &Pam<'_>,
    store: &Store,
    account: &Account,
    attempt: Attempt,
    context: &mut SignInContext,
) -> Result<Verified, Outcome> {
    remember(pam, store, account, &attempt, context.verbosity);
    let record = &mut context.record;
    record.key = attempt.key;
    record.passkey = attempt.passkey;
    let verified = attempt.result.map_err(Outcome::Failed)?;
    // What signed is what is named, whatever the key was thought to hold.
    record.passkey = Some(verified.credential().clone());
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
        Ok(Some(name)) => {
            SystemUsers.by_name(&name).map_err(Outcome::UserDatabase)?.ok_or(Outcome::UnknownUser)
        }
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

/// Signals that would end the host are held back from here on.
fn ceremony(
    pam: &Pam<'_>,
    policy: &Policy,
    wanted: Wanted<'_>,
    takes_recovery_code: bool,
    context: &mut SignInContext,
) -> Result<Attempt, Outcome> {
    if !pam.can_converse() {
        return Err(Outcome::NoConversation);
    }
    // An application that echoes one answer to every prompt would burn the tries of the key with the password.
    let password: Option<Secret> = pam.authtok();
    let request = SignIn { wanted, policy, forbidden_pin: password.as_ref(), takes_recovery_code };
    let interrupt = &*context.interrupt.insert(InterruptGuard::new().map_err(Outcome::NoInterrupt)?);
    let trace = |step: fmt::Arguments<'_>| pam.log(Severity::Debug, &step.to_string());
    let mut platform = LinuxPlatform::new(Some(interrupt.fd()));
    if context.verbosity.debug {
        platform = platform.traced(&trace);
    }
    let mut person = PamConversation::new(pam, interrupt, context.verbosity, takes_recovery_code);
    let attempt = sign_in(&mut platform, &mut person, &request);
    if let Err(SignInError::Interrupted | SignInError::Pin(TokenError::Interrupted)) = attempt.result {
        // It has done what it was meant for, and should not end the host as well.
        interrupt.take();
    }
    Ok(attempt)
}

/// Writes down what the attempt has shown. That it cannot be written keeps nobody out.
fn remember(pam: &Pam<'_>, store: &Store, account: &Account, attempt: &Attempt, verbosity: Verbosity) {
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
        Ok(StateUpdate::HeldBack) if verbosity.debug => {
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
