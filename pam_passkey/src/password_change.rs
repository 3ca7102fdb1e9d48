//! The account's password was changed: the one that is wrapped for the keyring is out of date.
//!
//! It decides nothing, and the change of the password stands whatever happens here. Where the person is there with the key, the new
//! password is wrapped at once; else what is wrapped is marked, so that the next sign-in says what to do.

use std::ffi::CStr;
use std::io::IsTerminal as _;
use std::time::Duration;

use ctap::Secret;
use passkey_core::account::{Account, UserDatabase as _};
use passkey_core::ceremony::{LinuxPlatform, Platform as _, SignInError, TokenError};
use passkey_core::config::{Arguments, Policy, Remote};
use passkey_core::credential::Credential;
use passkey_core::host::Host;
use passkey_core::messages;
use passkey_core::session::{Known, NotWrapped, Session, find_passkeys, include_services, mark};
use passkey_core::store::keyring::{Keyring, PasswordMark};
use passkey_core::store::{CredentialFile, Store};

use crate::conversation::{PamConversation, Verbosity};
use crate::ffi::{InterruptGuard, Pam, Severity, SystemUsers};
use crate::host;
use crate::outcome::Sentence;
use crate::remote::Origin;

/// To be called before the password is changed: notes which one it is.
pub(crate) fn begin(pam: &mut Pam<'_>) {
    let Ok(Some(typed)) = pam.user() else { return };
    let Ok(Some(account)) = SystemUsers.by_name(&typed) else { return };
    if let Some(before) = mark(&SystemUsers, &account) {
        // Without it, the password cannot be wrapped again.
        let _ = pam.keep(before.to_bytes());
    }
}

/// Whether the password is another one now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// It is: the shadow database says so.
    Seen,
    /// It is not: the change was refused, and libpam has called the module all the same.
    None,
    /// Not known here, as with a directory's password: it may be.
    Unknown,
}

impl Change {
    fn between(before: Option<PasswordMark>, now: Option<PasswordMark>) -> Self {
        match (before, now) {
            (Some(before), Some(now)) if before == now => Self::None,
            (Some(_), Some(_)) => Self::Seen,
            (Some(_) | None, _) => Self::Unknown,
        }
    }
}

/// To be called once the password is another one.
pub(crate) fn follow(pam: &mut Pam<'_>, arguments: &[&CStr]) {
    if let Err(problem) = try_follow(pam, arguments) {
        pam.log(Severity::Warning, &format!("the keyring is not told of the new password: {problem}"));
    }
}

fn try_follow(pam: &mut Pam<'_>, arguments: &[&CStr]) -> Result<(), String> {
    let arguments = Arguments::parse(arguments.iter().map(|argument| argument.to_bytes()))
        .map_err(|error| error.to_string())?;
    let config = arguments.config.load().map_err(|error| error.to_string())?;
    let service = pam.service();
    let host = Host::of(&service, host::program().as_deref());
    let policy = config.policy_of_host(&service, host, &arguments.settings);
    // For a key that is plugged in later, there is the command.
    let policy = Policy { wait_for_key: Duration::ZERO, ..policy };
    let Ok(Some(typed)) = pam.user() else { return Ok(()) };
    let Some(account) = SystemUsers.by_name(&typed).map_err(|error| error.to_string())? else {
        return Ok(());
    };
    let change = Change::between(pam.kept().map(PasswordMark::from_bytes), mark(&SystemUsers, &account));
    if change == Change::None {
        return Ok(());
    }
    let store = Store::new(&config);
    let found = find_passkeys(&store, &SystemUsers, &account).map_err(|error| error.to_string())?;
    let Some((enrolled, loaded)) = found else { return Ok(()) };
    let keyring = store.load_keyring(&enrolled).map_err(|error| error.to_string())?;
    let now = mark(&SystemUsers, &enrolled);
    if keyring.is_empty() || keyring.entries().iter().all(|wrapped| wrapped.is_of(now)) {
        return Ok(());
    }
    // First, so that it holds whatever becomes of the rest.
    store.update_keyring(&enrolled, Keyring::mark_stale).map_err(|error| error.to_string())?;
    let session = Session { store: &store, users: &SystemUsers, policy: &policy };
    // What was to be the password is not known to be it otherwise.
    let is_sure = change == Change::Seen
        && enrolled == account
        && !policy.quiet
        && is_person_there(pam, &account, &policy);
    let rewrapped = match pam.authtok().filter(|_| is_sure) {
        Some(password) => wrap_anew(pam, &session, &enrolled, &loaded.file, &keyring, &password)?,
        None => false,
    };
    let sentence = if rewrapped { messages::KEYRING_UPDATED } else { messages::KEYRING_STALE };
    if is_theirs(&account) {
        let verbosity = Verbosity { quiet: policy.quiet, ..Verbosity::at(host) };
        verbosity.conclude(pam, &Sentence::Info(sentence.into()));
    }
    Ok(())
}

/// Whether the person themselves sits at this machine's terminal, to whom a question can be put. Desktops change a password through a program
/// that knows the questions of one module, and answer no other; and root, who changes it for another user, does not have their key.
fn is_person_there(pam: &mut Pam<'_>, account: &Account, policy: &Policy) -> bool {
    let is_here = policy.remote == Remote::Allow || Origin::of(pam).remote_sign().is_none();
    is_here && is_theirs(account) && pam.can_converse() && std::io::stdin().is_terminal()
}

/// Whether the person changes their own password. Others hear nothing of their keyring.
fn is_theirs(account: &Account) -> bool {
    rustix::process::getuid().as_raw() == account.uid
}

/// Whether the new password is wrapped for a passkey that had the old one.
fn wrap_anew(
    pam: &Pam<'_>,
    session: &Session<'_>,
    account: &Account,
    file: &CredentialFile,
    keyring: &Keyring,
    password: &Secret,
) -> Result<bool, String> {
    let host = session.policy.host;
    let verbosity =
        Verbosity { quiet: session.policy.quiet, debug: session.policy.debug, ..Verbosity::at(host) };
    let interrupt = InterruptGuard::new().map_err(|error| error.to_string())?;
    let mut platform = LinuxPlatform::new(Some(interrupt.fd()));
    let is_wrapped = |credential: &Credential| keyring.get(&credential.id).is_some();
    include_services(&mut platform, account, file.enabled().filter(|credential| is_wrapped(credential)));
    if !platform.plugged().is_ok_and(|keys| !keys.is_empty()) {
        return Ok(false);
    }
    verbosity.conclude(pam, &Sentence::Info(messages::KEYRING_CONFIRM.into()));
    let mut person = PamConversation::new(pam, &interrupt, verbosity, false, true, None);
    let known = Known { password, marked: mark(&SystemUsers, account), forbidden_pin: Some(password) };
    match session.wrap(account, file, is_wrapped, &known, &mut platform, &mut person) {
        Ok(_) => Ok(true),
        Err(NotWrapped::SignIn(error)) => {
            if let SignInError::Interrupted | SignInError::Pin(TokenError::Interrupted) = error {
                // It was meant for this, and the host has its password.
                interrupt.take();
            }
            if let Some(sentence) = messages::sign_in_error(&error).filter(|_| error != SignInError::NoKey) {
                verbosity.conclude(pam, &Sentence::Error(sentence));
            }
            Ok(false)
        }
        Err(NotWrapped::NoPasskey | NotWrapped::Withheld(_)) => Ok(false),
        Err(error @ (NotWrapped::NotUnwrapped(_) | NotWrapped::Wrap(_) | NotWrapped::Store(_))) => {
            Err(error.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shadow_database_shows_a_change() {
        let mark = PasswordMark::of_field;
        for (before, now, expected) in [
            (mark(b"$y$one$salthash"), mark(b"$y$two$salthash"), Change::Seen),
            (mark(b"$y$one$salthash"), mark(b"$y$one$salthash"), Change::None),
            (mark(b"$y$one$salthash"), mark(b"!$y$one$salthash"), Change::None),
            (mark(b"*"), mark(b"*"), Change::Unknown),
            (None, mark(b"$y$one$salthash"), Change::Unknown),
            (mark(b"$y$one$salthash"), None, Change::Unknown),
            (None, None, Change::Unknown),
        ] {
            assert_eq!(Change::between(before, now), expected);
        }
    }
}
