//! The course of one sign-in: arguments, configuration, user, and the steps of [`passkey_core::session`] with what PAM adds to them.

use std::ffi::CStr;
use std::fmt;
use std::time::{Duration, Instant};

use ctap::Secret;
use pam::constants::PamResultCode;
use passkey_core::account::{Account, UserDatabase as _};
use passkey_core::ceremony::{LinuxPlatform, Notice, SignInError, TokenError};
use passkey_core::config::{Arguments, Config, KeyringPolicy, Policy, Remote, Unenrolled};
use passkey_core::host::{Answers, Cue, FailureCode, Host};
use passkey_core::messages;
use passkey_core::session::{Complaint, Ended, Failed, FindError, LoginPassword, NotReady, Proved, Session};
use passkey_core::store::{RecordError, Store};
use passkey_core::verify::VerifyError;

use crate::audit::Record;
use crate::conversation::{PamConversation, Verbosity};
use crate::ffi::{InterruptGuard, NotSet, NotText, Pam, Severity, SystemUsers};
use crate::gdm::{Exchange, Typed};
use crate::host;
use crate::outcome::{Outcome, Row, Sentence};
use crate::recovery::{self, RecoveryCodes};
use crate::remote::Origin;

/// Signs a person in, leaves a line in the log, tells them how it ended unless they know, and gives the PAM code.
pub(crate) fn authenticate(pam: &mut Pam<'_>, arguments: &[&CStr]) -> PamResultCode {
    let mut context = SignInContext::new(pam);
    let outcome = attempt(pam, arguments, &mut context).unwrap_or_else(|outcome| outcome);
    let row = context.row(&outcome);
    // First the log: an application may take its time over a message.
    context.audit(pam, &row);
    if let Outcome::Verified(signed_in) = &outcome {
        for complaint in signed_in.complaints() {
            context.log(pam, complaint);
        }
        if let LoginPassword::Unwrapped(password) = signed_in.login_password() {
            // If libpam does not take it, what would have opened the keyring asks for it.
            let _ = pam.set_authtok(password);
        }
    }
    let SignInContext { verbosity, interrupt, handed_on, .. } = context;
    // A caller that ended the application to cancel has waited for as long as this.
    drop(interrupt);
    if row.code == PamResultCode::PAM_SUCCESS {
        if verbosity.host.cue == Cue::TakenDown && !verbosity.quiet {
            pam.tell("");
        }
        verbosity.conclude(pam, &row.sentence);
    } else {
        verbosity.conclude_failure(pam, &row.sentence);
        if let Some(password) = handed_on {
            // If libpam does not take it, the module after this one asks for it, as it would have.
            let _ = pam.set_authtok(&password);
        }
    }
    row.code
}

/// The code that a host is given. Only failures have another one.
fn code_at(host: &Host, code: PamResultCode) -> PamResultCode {
    let code = match code {
        PamResultCode::PAM_AUTHINFO_UNAVAIL => host.unavailable,
        PamResultCode::PAM_MAXTRIES => host.max_tries,
        code => return code,
    };
    match code {
        FailureCode::AuthinfoUnavail => PamResultCode::PAM_AUTHINFO_UNAVAIL,
        FailureCode::CredInsufficient => PamResultCode::PAM_CRED_INSUFFICIENT,
        FailureCode::MaxTries => PamResultCode::PAM_MAXTRIES,
    }
}

/// What is needed of a sign-in when it has ended.
struct SignInContext {
    start: Instant,
    /// For the log.
    record: Record,
    /// Whether the log has the line of this sign-in.
    audited: bool,
    /// For the person.
    verbosity: Verbosity,
    /// Signals that would end the host are held back as long as this lives.
    interrupt: Option<InterruptGuard>,
    /// GDM's exchange, in place of prompts.
    exchange: Option<Exchange>,
    /// The password, where the person has typed it to this module and no other has it.
    handed_on: Option<Secret>,
}

impl SignInContext {
    fn new(pam: &Pam<'_>) -> Self {
        let record = Record {
            service: pam.service(),
            ruser: pam.ruser(),
            tty: pam.tty(),
            rhost: pam.rhost(),
            ..Record::default()
        };
        let host = Host::of(&record.service, host::program().as_deref());
        Self {
            start: Instant::now(),
            record,
            audited: false,
            verbosity: Verbosity::at(host),
            interrupt: None,
            exchange: None,
            handed_on: None,
        }
    }

    /// That of the outcome, with the code that the host is given.
    fn row(&self, outcome: &Outcome) -> Row {
        let row = outcome.row();
        Row { code: code_at(self.verbosity.host, row.code), ..row }
    }

    /// Writes the line of this sign-in, unless the log has it.
    fn audit(&mut self, pam: &Pam<'_>, row: &Row) {
        if !std::mem::replace(&mut self.audited, true) {
            pam.log(row.severity, &self.record.line(row, self.start.elapsed()));
        }
    }

    fn log(&self, pam: &Pam<'_>, complaint: &Complaint) {
        match complaint {
            Complaint::HeldBack if self.verbosity.debug => pam.log(Severity::Debug, &complaint.to_string()),
            Complaint::HeldBack => {}
            Complaint::Damaged { .. }
            | Complaint::CounterUnreadable(_)
            | Complaint::CounterNotGreater { .. }
            | Complaint::NotRecorded(_)
            | Complaint::NotLearnt(_)
            | Complaint::KeyringUnreadable(_)
            | Complaint::KeyringShut { .. } => pam.log(Severity::Warning, &complaint.to_string()),
        }
    }
}

/// `Ok` where the person is let in.
fn attempt(pam: &mut Pam<'_>, arguments: &[&CStr], context: &mut SignInContext) -> Result<Outcome, Outcome> {
    let arguments =
        Arguments::parse(arguments.iter().map(|argument| argument.to_bytes())).map_err(Outcome::Arguments)?;
    let config = arguments.config.load().map_err(|error| Outcome::Config(Box::new(error)))?;
    let host = context.verbosity.host;
    let mut policy = config.policy_of_host(&context.record.service, host, &arguments.settings);
    let Policy { quiet, debug, host, .. } = policy;
    context.verbosity = Verbosity { quiet, debug, ..Verbosity::at(host) };
    if policy.debug {
        pam.log(Severity::Debug, &format!("configuration {}, {policy:?}", arguments.config.path().display()));
    }

    let is_named = !policy.usernameless || pam.user() != Ok(None);
    context.exchange = Exchange::offered(&policy).filter(|_| is_named);
    if context.exchange.is_some() {
        // gnome-shell itself waits, and begins another sign-in when a key is plugged in.
        policy.wait_for_key = Duration::ZERO;
    }

    let store = Store::new(&config);
    let session = Session { store: &store, users: &SystemUsers, policy: &policy };
    match pam.user() {
        Ok(None) if policy.usernameless => anybody(pam, &config, &session, context),
        Ok(_) | Err(NotText) => somebody(pam, &session, context),
    }
}

/// Signs in the user whom the application names.
fn somebody(
    pam: &mut Pam<'_>,
    session: &Session<'_>,
    context: &mut SignInContext,
) -> Result<Outcome, Outcome> {
    let (account, typed) = account(pam)?;
    context.record.name(&account, Some(&typed));
    let Some(enrolled) = session.find(&account).map_err(not_found)? else {
        return Err(unenrolled(pam, session.policy));
    };
    context.record.name(enrolled.account(), Some(&typed));
    // Another name of the same user id may have another password.
    let is_own = enrolled.account().name == account.name;
    let keyring = if is_own { session.policy.keyring } else { KeyringPolicy::Off };
    let policy = Policy { keyring, ..session.policy.clone() };
    let session = &Session { policy: &policy, ..*session };
    // Only now: a user without passkeys may pass by from wherever they come.
    refuse_remote(pam, session.policy)?;
    for complaint in enrolled.damage() {
        context.log(pam, &complaint);
    }
    let (ready, complaints) = session.ready(enrolled).map_err(not_ready)?;
    for complaint in &complaints {
        context.log(pam, complaint);
    }
    // GDM's exchange has no place for them.
    let codes = match &context.exchange {
        Some(_) => None,
        None => RecoveryCodes::of(pam, session.store, ready.account(), session.policy),
    };
    let takes_code = codes.is_some();
    let ended = with_keys(pam, takes_code, context, |platform, prompter, password| {
        session.sign_in(ready, platform, prompter, password, takes_code)
    })?;
    match ended.result {
        Ok(proved) => record(pam, session, proved, context),
        Err(failed) if has_password(pam, &failed, context) => {
            record_failure(pam, session, &failed, context);
            Err(Outcome::PasswordGiven)
        }
        Err(failed) => match codes {
            Some(codes) if failed.recovery_code.is_some() || recovery::leaves_no_key(failed.error) => {
                recover(pam, session, failed, &codes, context)
            }
            Some(_) | None => Err(fail(pam, session, &failed, context)),
        },
    }
}

/// Signs in the user whom the key names.
fn anybody(
    pam: &mut Pam<'_>,
    config: &Config,
    session: &Session<'_>,
    context: &mut SignInContext,
) -> Result<Outcome, Outcome> {
    refuse_remote(pam, session.policy)?;
    let rp_id = config.rp_id_for_enrolment().map_err(Outcome::NoRpId)?;
    let ended = with_keys(pam, false, context, |platform, prompter, password| {
        session.sign_in_anyone(&rp_id, platform, prompter, password)
    })?;
    match ended.result {
        Ok(proved) => {
            context.record.name(proved.account(), None);
            pam.set_user(&proved.account().name).map_err(|NotSet| Outcome::UserNotSet)?;
            record(pam, session, proved, context)
        }
        // The sign-in failed; if a file could not be read, the person must not be taken for a stranger.
        Err(Failed { unread: Some(error), .. }) => Err(not_found(error)),
        Err(failed) => Err(fail(pam, session, &failed, context)),
    }
}

/// Whether the person has given the password in GDM's exchange: so far, or when they are shown why no key can be used.
fn has_password(pam: &Pam<'_>, failed: &Failed, context: &mut SignInContext) -> bool {
    let Some(exchange) = &mut context.exchange else { return false };
    if context.handed_on.is_none() {
        let Row { code, sentence, .. } = Outcome::Failed(failed.error).row();
        let why = match (code, sentence) {
            (_, _) if failed.error == SignInError::NoKey => messages::notice(&Notice::InsertKey),
            (
                PamResultCode::PAM_AUTHINFO_UNAVAIL | PamResultCode::PAM_MAXTRIES,
                Sentence::Info(why) | Sentence::Error(why),
            ) => why,
            // gnome-shell begins again by itself.
            (_, Sentence::None | Sentence::Info(_) | Sentence::Error(_)) => return false,
        };
        // No key is in use any more.
        context.interrupt = None;
        match exchange.without_key(pam, &why) {
            Typed::Password(password) => context.handed_on = Some(password),
            Typed::Pin(_) | Typed::Nothing | Typed::None => {}
        }
    }
    context.handed_on.is_some()
}

/// Puts the sign-in on record, and its line in the log when [`Session::record`] says so.
fn record(
    pam: &Pam<'_>,
    session: &Session<'_>,
    proved: Proved,
    context: &mut SignInContext,
) -> Result<Outcome, Outcome> {
    let service = context.record.service.clone();
    let signed_in = session.record(proved, Some(&service), |_, verified| {
        context.record.prove(verified);
        context.audit(pam, &Row::verified());
    });
    let signed_in = signed_in.map_err(|error| {
        // Whatever the log has so far.
        context.audited = false;
        not_recorded(error)
    })?;
    Ok(Outcome::Verified(Box::new(signed_in)))
}

/// Puts the failure in the log, and what it has shown on record.
fn fail(pam: &Pam<'_>, session: &Session<'_>, failed: &Failed, context: &mut SignInContext) -> Outcome {
    let outcome = Outcome::Failed(failed.error);
    context.audit(pam, &context.row(&outcome));
    record_failure(pam, session, failed, context);
    outcome
}

fn record_failure(pam: &Pam<'_>, session: &Session<'_>, failed: &Failed, context: &SignInContext) {
    if let Some(complaint) = session.record_failure(failed) {
        context.log(pam, &complaint);
    }
}

/// Takes a recovery code in place of a key that cannot be used.
fn recover(
    pam: &Pam<'_>,
    session: &Session<'_>,
    mut failed: Failed,
    codes: &RecoveryCodes<'_>,
    context: &mut SignInContext,
) -> Result<Outcome, Outcome> {
    // No key is in use any longer: the prompt for a code can be cancelled as the host allows.
    context.interrupt = None;
    let typed = failed.recovery_code.take();
    if typed.is_none() {
        // The person may end the host at the prompt, and the line of this sign-in with it.
        let Row { severity, reason, .. } = Outcome::Failed(failed.error).row();
        pam.log(
            severity,
            &format!("user={:?}: {reason}; a recovery code can be typed instead", codes.user()),
        );
    }
    record_failure(pam, session, &failed, context);
    let redeemed = codes.instead_of(failed.error, typed, pam, &mut context.verbosity)?;
    // No key has signed in.
    (context.record.key, context.record.passkey) = (None, None);
    Ok(Outcome::Recovered(Box::new(redeemed)))
}

/// Who signs in, and the name that the application gave for it. Where it has given none, it asks as it always does.
fn account(pam: &mut Pam<'_>) -> Result<(Account, String), Outcome> {
    match pam.settled_user() {
        Ok(Some(typed)) => {
            let found = SystemUsers.by_name(&typed).map_err(Outcome::UserDatabase)?;
            found.map(|account| (account, typed)).ok_or(Outcome::UnknownUser)
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

fn not_found(error: FindError) -> Outcome {
    match error {
        FindError::Store(error) => Outcome::Store(Box::new(error)),
        FindError::Users(error) => Outcome::UserDatabase(error),
    }
}

fn not_ready(reason: NotReady) -> Outcome {
    match reason {
        NotReady::AllDisabled => Outcome::AllDisabled,
        NotReady::AllDamaged { path, first } => Outcome::AllDamaged {
            path: path.display().to_string(),
            reason: format!("line {}: {}", first.line, first.reason),
        },
        NotReady::State(error) => Outcome::Store(Box::new(error)),
    }
}

fn not_recorded(error: RecordError) -> Outcome {
    match error {
        RecordError::CounterNotGreater(counters) => {
            Outcome::Failed(SignInError::Rejected(VerifyError::CounterNotGreater(counters)))
        }
        RecordError::Store(error) => Outcome::Store(Box::new(error)),
    }
}

/// Runs a ceremony with the keys and the person at this machine, and notes what it has shown for the log. Signals that would end the
/// host are held back from here on.
fn with_keys<'h>(
    pam: &Pam<'h>,
    takes_recovery_code: bool,
    context: &mut SignInContext,
    ceremony: impl FnOnce(&mut LinuxPlatform<'_>, &mut PamConversation<'_, 'h>, Option<&Secret>) -> Ended,
) -> Result<Ended, Outcome> {
    if !pam.can_converse() {
        return Err(Outcome::NoConversation);
    }
    // An application that echoes one answer to every prompt would burn the tries of the key with the password.
    let password: Option<Secret> = pam.authtok();
    let interrupt = &*context.interrupt.insert(InterruptGuard::new().map_err(Outcome::NoInterrupt)?);
    let trace = |step: fmt::Arguments<'_>| pam.log(Severity::Debug, &step.to_string());
    let mut platform = LinuxPlatform::new(Some(interrupt.fd()));
    if context.verbosity.debug {
        platform = platform.traced(&trace);
    }
    let (verbosity, exchange) = (context.verbosity, context.exchange.take());
    let has_password = password.is_some();
    let mut prompter =
        PamConversation::new(pam, interrupt, verbosity, takes_recovery_code, has_password, exchange);
    let mut ended = ceremony(&mut platform, &mut prompter, password.as_ref());
    context.verbosity = prompter.verbosity;
    context.exchange = prompter.exchange;
    context.handed_on = match context.verbosity.host.answers {
        Answers::Once => prompter.password,
        Answers::Fresh => prompter.password.filter(|_| context.exchange.is_some()),
        // The next module gets the same line.
        Answers::Echoed => None,
    };
    if let Err(Failed {
        error: SignInError::Interrupted | SignInError::Pin(TokenError::Interrupted), ..
    }) = &ended.result
    {
        // It has done what it was meant for, and should not end the host as well.
        interrupt.take();
    }
    // Every key is closed from here on.
    drop(platform);
    context.record.key = ended.key.take();
    context.record.passkey = ended.passkey.take();
    for complaint in std::mem::take(&mut ended.complaints) {
        context.log(pam, &complaint);
    }
    Ok(ended)
}
