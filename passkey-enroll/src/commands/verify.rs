//! `verify`: a sign-in under a service's policy, without signing in to anything.

use jiff::Timestamp;
use passkey_core::ceremony::{Attempt, Passkey, SignIn, System, Wanted, sign_in};
use passkey_core::config::{CounterPolicy, Policy, Settings};
use passkey_core::store::{CredentialFile, Loaded, State, StateUpdate};
use passkey_core::verify::Verified;

use super::Context;
use crate::cli::Verify;
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::output::{
    self,
    json::{CounterWarning, Named, Plugged, Rehearsed},
};
use crate::person::Enrollee;

pub(super) fn run(context: &Context, arguments: &Verify) -> Result<(), Error> {
    let policy =
        context.config.policy(arguments.service.as_deref().unwrap_or_default(), &Settings::default());
    let loaded = context.load_enrolled()?;
    if loaded.file.enabled().next().is_none() {
        return Err(none_usable(context, &loaded));
    }
    let state = state(context, policy.counter)?;
    let (attempt, asked) = ceremony(&policy, &loaded.file, &state, arguments.pin.pin_stdin)?;
    let recorded = remember(context, &attempt);
    let verified = attempt.result.map_err(|error| Error::SignIn { error, asked })?;
    if let Some(warning) = verified.counter_warning() {
        output::warning(&format!(
            "the key's counter did not rise (stored {}, received {}): there may be a copy of the key.",
            warning.stored, warning.received
        ));
    }
    context.output.result(&Rehearsed {
        user: context.user(),
        service: arguments.service.clone(),
        verified: true,
        credential: named(&verified),
        user_verified: verified.user_verified(),
        sign_count: verified.sign_count(),
        counter_warning: verified
            .counter_warning()
            .map(|warning| CounterWarning { stored: warning.stored, received: warning.received }),
        key: attempt.key.as_ref().map(Plugged::from),
        recorded,
    })
}

fn none_usable(context: &Context, loaded: &Loaded) -> Error {
    let damage = loaded
        .file
        .skipped
        .first()
        .filter(|_| loaded.file.credentials.is_empty())
        .map(|entry| format!("{}:{}: {}", loaded.path.display(), entry.line, entry.reason));
    Error::NoneUsable { user: context.user(), damage, add: context.add_command() }
}

/// As the module does: where a counter that does not rise denies the sign-in, it must be readable.
fn state(context: &Context, counter: CounterPolicy) -> Result<State, Error> {
    match counter {
        CounterPolicy::Deny => Ok(context.store.load_state(&context.account)?),
        CounterPolicy::Warn => Ok(context.state().unwrap_or_default()),
    }
}

fn ceremony(
    policy: &Policy,
    file: &CredentialFile,
    state: &State,
    pin_stdin: bool,
) -> Result<(Attempt, crate::person::LastQuestion), Error> {
    let passkeys = Passkey::enabled(file, state);
    // A rehearsal uses nothing up.
    let wanted = Wanted::Passkeys(&passkeys);
    let request = SignIn { wanted, policy, forbidden_pin: None, takes_recovery_code: false };
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let mut world = System::new(Some(interrupt.fd()));
    let mut person = Enrollee::new(&interrupt, pin_stdin);
    let attempt = sign_in(&mut world, &mut person, &request);
    Ok((attempt, person.asked()))
}

/// Writes down what the attempt has shown, as the module does; whether that was possible.
fn remember(context: &Context, attempt: &Attempt) -> bool {
    if attempt.result.is_err() && attempt.pin_failed.is_empty() {
        return false;
    }
    let now = Timestamp::now();
    let updated = context.store.update_state(&context.account, |state| {
        for id in &attempt.pin_failed {
            state.record_failure(id, now);
        }
        if let Ok(verified) = &attempt.result {
            state.record_success(&verified.credential().id, verified.sign_count(), now);
        }
    });
    match updated {
        Ok(StateUpdate::Written) => true,
        Ok(StateUpdate::HeldBack) => false,
        Err(error) => {
            output::warning(&format!("counter and last use are not written down: {error}"));
            false
        }
    }
}

fn named(verified: &Verified) -> Named {
    let credential = verified.credential();
    Named { id: credential.id.to_base64url(), name: credential.name.clone() }
}
