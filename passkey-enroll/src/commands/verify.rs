//! `verify`: a sign-in under a service's policy, without signing in to anything.

use jiff::Timestamp;
use passkey_core::ceremony::{Attempt, LinuxPlatform, Passkey, SignIn, Wanted, sign_in};
use passkey_core::config::{Config, CounterPolicy, Policy, Settings, Unenrolled};
use passkey_core::store::{CredentialFile, Loaded, State, StateUpdate, Store};
use passkey_core::verify::Verified;

use super::Context;
use crate::cli::{Global, Verify};
use crate::error::Error;
use crate::gate::{Asked, Gate};
use crate::interrupt::Interrupt;
use crate::output::{
    self,
    json::{CounterWarning, Named, Plugged},
    rehearsal::{Rehearsed, Rules, ServiceLine},
};
use crate::pam_files::{Place, ServiceFiles, StackError};
use crate::terminal_prompter::TerminalPrompter;

pub(super) fn run(mut context: Context, global: &Global, arguments: &Verify) -> Result<(), Error> {
    let service = arguments.service.as_deref().unwrap_or_default();
    let call = match &arguments.service {
        Some(service) => call(&context.config, &ServiceFiles::of_machine(), service)?,
        None => None,
    };
    let policy = match &call {
        Some(call) => under(&mut context, global, service, call),
        None => context.config.policy(service, &Settings::default()),
    };
    let context = &context;
    let loaded = context.load_enrolled().inspect_err(|error| {
        if policy.unenrolled == Unenrolled::Ignore && matches!(error, Error::NotEnrolled { .. }) {
            output::note(
                "Users without a passkey are passed by here (unenrolled=ignore): the password decides.",
            );
        }
    })?;
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
        rules: Rules::from(&policy),
        line: call.map(|Call { place, arguments, .. }| ServiceLine {
            path: place.path.display().to_string(),
            line: place.line,
            arguments,
        }),
    })
}

/// The call of the module whose arguments count.
#[derive(Debug)]
struct Call {
    place: Place,
    asked: Asked,
    arguments: Vec<String>,
}

/// The first call of the module in the service's PAM files. None, with a warning, where there is none: the rehearsal is worth
/// something even so.
fn call(config: &Config, files: &ServiceFiles, service: &str) -> Result<Option<Call>, Error> {
    // As libpam does.
    let service = service.to_ascii_lowercase();
    let gate = match Gate::of(files, &service, config) {
        Ok(gate) => gate,
        Err(StackError::NoFile(error)) if error.is_missing() => None,
        Err(error) => return Err(Error::ServiceBroken { service, reason: error.to_string() }),
    };
    let Some(gate) = gate else {
        output::warning(&match files.read(&service) {
            Ok((path, _)) => {
                format!("{service} does not ask for passkeys: no pam_passkey.so in {}.", path.display())
            }
            Err(_) => format!("PAM has no file for {service}: only the configuration is rehearsed."),
        });
        return Ok(None);
    };
    let mut passkeys = gate.passkeys.into_iter();
    let Some(first) = passkeys.next() else { return Ok(None) };
    for other in passkeys {
        output::warning(&format!(
            "{service} asks for passkeys more than once: {} is rehearsed, {} is not.",
            first.place, other.place
        ));
    }
    match first.asked {
        Ok(asked) => Ok(Some(Call { place: first.place, asked, arguments: first.arguments })),
        Err(refusal) => Err(Error::ServiceBroken { service, reason: format!("{}: {refusal}", first.place) }),
    }
}

/// The policy of a call. The configuration that it names takes the place of the usual one, unless the caller named one too.
fn under(context: &mut Context, global: &Global, service: &str, call: &Call) -> Policy {
    if let Some(own) = &call.asked.own_config {
        if global.config.is_none() {
            context.store = Store::new(own);
            context.config.clone_from(own);
        } else {
            let path = call.asked.arguments.config.path().display();
            output::warning(&format!(
                "{}: this service has a configuration of its own, {path}; --config takes its place.",
                call.place
            ));
        }
    }
    context.config.policy(service, &call.asked.arguments.settings)
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
) -> Result<(Attempt, crate::terminal_prompter::LastQuestion), Error> {
    let passkeys = Passkey::enabled(file, state);
    // A rehearsal uses nothing up.
    let wanted = Wanted::Passkeys(&passkeys);
    let request = SignIn { wanted, policy, forbidden_pin: None, takes_recovery_code: false };
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let mut platform = LinuxPlatform::new(Some(interrupt.fd()));
    let mut person = TerminalPrompter::new(&interrupt, pin_stdin);
    let attempt = sign_in(&mut platform, &mut person, &request);
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

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
