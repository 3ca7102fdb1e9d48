//! `verify`: tests a sign-in under a service's policy, without signing in to anything.

use std::borrow::Borrow;

use passkey_core::ceremony::{LinuxPlatform, SignInError};
use passkey_core::config::{Config, Policy, Settings, Unenrolled};
use passkey_core::session::{Complaint, Ended, FindError, NotReady, Ready, Session};
use passkey_core::store::{RecordError, Store};
use passkey_core::verify::{Verified, VerifyError};

use super::{Context, warn_of_damage};
use crate::account::SystemUsers;
use crate::cli::{Global, Verify};
use crate::commands::error::Error;
use crate::commands::results::json::{CounterWarning, Named, Plugged};
use crate::commands::results::rehearsal::{Rehearsed, Rules, ServiceLine};
use crate::pam::parse::{Place, ServiceFiles, StackError};
use crate::pam::simulate::{Asked, ServiceAccess};
use crate::report::{self};
use crate::terminal::prompter::{LastQuestion, TerminalPrompter};
use crate::terminal::signals::Interrupt;

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
    let policy = within(policy, arguments);
    let context = &context;
    let session = Session { store: &context.store, users: &SystemUsers, policy: &policy };
    let Some(enrolled) = session.find(&context.account).map_err(not_found)? else {
        if policy.unenrolled == Unenrolled::Ignore {
            report::note(
                "Users without a passkey are passed by here (unenrolled=ignore): the password decides.",
            );
        }
        return Err(context.not_enrolled());
    };
    warn(enrolled.damage());
    let (ready, complaints) = session.ready(enrolled).map_err(|reason| not_ready(context, reason))?;
    warn(complaints);
    let user = ready.account().name.clone();
    let (ended, asked) = ceremony(&session, ready, arguments)?;
    let key = ended.key.as_ref().map(Plugged::from);
    let proved = ended.result.map_err(|failed| {
        warn(session.record_failure(&failed));
        Error::SignIn { error: failed.error, asked }
    })?;
    // It is not logged: this was not a sign-in.
    let signed_in = session.record(proved, None, |_, _| {}).map_err(|error| not_recorded(error, asked))?;
    warn(signed_in.complaints());
    let verified = signed_in.verified();
    context.output.result(&Rehearsed {
        user,
        service: arguments.service.clone(),
        verified: true,
        credential: named(verified),
        user_verified: verified.user_verified(),
        sign_count: verified.sign_count(),
        counter_warning: signed_in
            .counter_warning()
            .map(|warning| CounterWarning { stored: warning.stored, received: warning.received }),
        key,
        recorded: signed_in.is_recorded(),
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
    let gate = match ServiceAccess::asking(files, &service, config) {
        Ok(gate) => gate,
        Err(StackError::NoFile(error)) if error.is_missing() => None,
        Err(error) => return Err(Error::ServiceBroken { service, reason: error.to_string() }),
    };
    let Some(gate) = gate else {
        report::warning(&match files.read(&service) {
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
        report::warning(&format!(
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
            report::warning(&format!(
                "{}: this service has a configuration of its own, {path}; --config takes its place.",
                call.place
            ));
        }
    }
    context.config.policy(service, &call.asked.arguments.settings)
}

/// The policy with the caller's own patience: shorter or longer than the service's.
fn within(policy: Policy, arguments: &Verify) -> Policy {
    let Some(timeout) = arguments.timeout() else { return policy };
    Policy { timeout, wait_for_key: policy.wait_for_key.min(timeout), ..policy }
}

/// Says what is odd. That a process which is not root leaves no record is not.
fn warn<C: Borrow<Complaint>>(complaints: impl IntoIterator<Item = C>) {
    for complaint in complaints {
        match complaint.borrow() {
            Complaint::HeldBack => {}
            Complaint::Damaged { path, entry } => warn_of_damage(path, entry),
            complaint @ (Complaint::CounterUnreadable(_)
            | Complaint::KeyringUnreadable(_)
            | Complaint::KeyringShut { .. }
            | Complaint::CounterNotGreater { .. }
            | Complaint::NotRecorded(_)
            | Complaint::NotLearnt(_)) => report::warning(&complaint.to_string()),
        }
    }
}

fn not_found(error: FindError) -> Error {
    match error {
        FindError::Store(error) => error.into(),
        FindError::Users(error) => Error::Account(error.into()),
    }
}

fn not_ready(context: &Context, reason: NotReady) -> Error {
    let damage = match reason {
        NotReady::AllDisabled => None,
        NotReady::AllDamaged { path, first } => {
            Some(format!("{}:{}: {}", path.display(), first.line, first.reason))
        }
        NotReady::State(error) => return error.into(),
    };
    Error::NoneUsable { user: context.user(), damage, add: context.add_command() }
}

fn not_recorded(error: RecordError, asked: LastQuestion) -> Error {
    match error {
        RecordError::CounterNotGreater(counters) => {
            Error::SignIn { error: SignInError::Rejected(VerifyError::CounterNotGreater(counters)), asked }
        }
        RecordError::Store(error) => error.into(),
    }
}

/// A rehearsal uses no recovery code up.
fn ceremony(session: &Session<'_>, ready: Ready, arguments: &Verify) -> Result<(Ended, LastQuestion), Error> {
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let mut platform = LinuxPlatform::new(Some(interrupt.fd()));
    if let Some(device) = &arguments.device {
        // Links such as those of udev are for people; the keys are known by their nodes.
        platform = platform.only(device.canonicalize().unwrap_or_else(|_| device.clone()));
    }
    let mut prompter = TerminalPrompter::new(&interrupt, arguments.pin.pin_stdin);
    let ended = session.sign_in(ready, &mut platform, &mut prompter, None, false);
    Ok((ended, prompter.asked()))
}

fn named(verified: &Verified) -> Named {
    let credential = verified.credential();
    Named { id: credential.id.to_base64url(), name: credential.name.clone() }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
