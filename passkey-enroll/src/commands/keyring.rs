//! `keyring`: passkeys that unlock the keyring when they sign in without the password.

use ctap::Secret;
use passkey_core::ceremony::LinuxPlatform;
use passkey_core::config::{Policy, Settings};
use passkey_core::credential::Credential;
use passkey_core::session::{Known, NotWrapped, Session, mark};
use passkey_core::store::CredentialFile;
use passkey_core::store::StoreError;
use passkey_core::store::keyring::{Keyring, PasswordMark};

use super::{Context, warn_of_damage};
use crate::account::SystemUsers;
use crate::cli::{self, KeyringCommand, KeyringDisable, KeyringEnable, KeyringRotate, WithKey};
use crate::commands::error::Error;
use crate::commands::results::json::Named;
use crate::commands::results::keyring::{Disabled, Opens, PasskeyStatus, Ready, Status};
use crate::key::ManageError;
use crate::key::Place;
use crate::keyring::KeyringError;
use crate::keyring::password::{self, Checked};
use crate::report;
use crate::report::shell;
use crate::terminal::input::{Line, StdinSecrets, Terminal};
use crate::terminal::prompter::TerminalPrompter;
use crate::terminal::signals::Interrupt;

pub(super) fn run(context: &Context, arguments: &cli::Keyring) -> Result<(), Error> {
    match &arguments.command {
        KeyringCommand::Enable(arguments) => enable(context, arguments),
        KeyringCommand::Disable(arguments) => disable(context, arguments),
        KeyringCommand::Status => status(context),
        KeyringCommand::Rotate(arguments) => rotate(context, arguments),
    }
}

/// What a person types for it, or a script.
pub(super) struct Secrets {
    password: Secret,
    /// The mark of the account's password, from before it was checked.
    marked: Option<PasswordMark>,
    /// The PIN, where it comes from stdin as well.
    pin: Option<Secret>,
}

impl Secrets {
    /// The PIN, where it is not for the terminal.
    pub(super) fn pin(&self) -> Option<Secret> {
        self.pin.clone()
    }
}

/// Whether the caller may do any of this, checked before they are asked for anything.
pub(super) fn check_permitted(context: &Context) -> Result<(), Error> {
    let looked = context.store.update_keyring(&context.account, |_| ());
    looked.map_err(|error| store_error(context, error))
}

/// Has the key of a passkey that has just been made wrap the password.
pub(super) fn enable_new(
    context: &Context,
    credential: &Credential,
    secrets: Secrets,
    with: &WithKey,
) -> Result<(), Error> {
    let file = context.load_enrolled()?.file;
    let name = Some(credential.name.as_str());
    check_able(context, &file, name)?;
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    wrap(context, &interrupt, &file, name, secrets, with).map(drop)
}

fn enable(context: &Context, arguments: &KeyringEnable) -> Result<(), Error> {
    let file = context.load_enrolled()?.file;
    check_permitted(context)?;
    check_able(context, &file, arguments.name.as_deref())?;
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let secrets = secrets(context, &interrupt, arguments.password_stdin, arguments.with.pin.pin_stdin)?;
    let credential = wrap(context, &interrupt, &file, arguments.name.as_deref(), secrets, &arguments.with)?;
    context.output.result(&ready(context, &credential))
}

/// Asks for the login password, and has it checked.
pub(super) fn secrets(
    context: &Context,
    interrupt: &Interrupt,
    password_stdin: bool,
    pin_stdin: bool,
) -> Result<Secrets, Error> {
    let mut stdin = StdinSecrets::new();
    let line = match Terminal::open() {
        _ if password_stdin => stdin.next(interrupt),
        Some(mut terminal) => {
            terminal.ask_secret(&format!("Login password of {}: ", context.account.name), interrupt)
        }
        None => return Err(KeyringError::NobodyToAsk.into()),
    };
    let password = match line.map_err(Error::Terminal)? {
        Line::Typed(password) => password,
        Line::End => return Err(KeyringError::NobodyToAsk.into()),
        Line::Interrupted => return Err(Error::Cancelled),
    };
    let pin = if pin_stdin {
        match stdin.next(interrupt).map_err(Error::Terminal)? {
            Line::Typed(pin) => Some(pin),
            Line::End => None,
            Line::Interrupted => return Err(Error::Cancelled),
        }
    } else {
        None
    };
    let marked = mark(&SystemUsers, &context.account);
    match password::is_password_of(&context.account.name, &password, interrupt) {
        Ok(Checked::Right) => Ok(Secrets { password, marked, pin }),
        Ok(Checked::Wrong) => Err(KeyringError::WrongPassword { user: context.user() }.into()),
        Ok(Checked::Interrupted) => Err(Error::Cancelled),
        Err(error) => Err(KeyringError::Unchecked(error).into()),
    }
}

/// Has the key of a passkey wrap the password: that of this name, or whichever the person uses.
fn wrap(
    context: &Context,
    interrupt: &Interrupt,
    file: &CredentialFile,
    name: Option<&str>,
    secrets: Secrets,
    with: &WithKey,
) -> Result<Credential, Error> {
    let Secrets { password, marked, pin } = secrets;
    // The password has just been typed, and found to be right: the person knows what they type next.
    let known = Known { password: &password, marked, forbidden_pin: None };
    with_key(context, interrupt, with, pin, |session, platform, person| {
        session.wrap(&context.account, file, is_meant(name), &known, platform, person)
    })
}

fn rotate(context: &Context, arguments: &KeyringRotate) -> Result<(), Error> {
    let file = context.load_enrolled()?.file;
    let keyring = load(context)?;
    let name = arguments.name.as_deref();
    check_able(context, &file, name)?;
    let now = mark(&SystemUsers, &context.account);
    let is_fresh = |credential: &&Credential| {
        is_meant(name)(credential)
            && keyring.get(&credential.id).is_some_and(|wrapped| !wrapped.is_stale(now))
    };
    if file.enabled().filter(is_fresh).count() == 0 {
        return Err(nothing_stored(context).into());
    }
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let credential = with_key(context, &interrupt, &arguments.with, None, |session, platform, person| {
        session.rotate(&context.account, &file, is_meant(name), platform, person)
    })?;
    context.output.result(&ready(context, &credential))
}

fn is_meant(name: Option<&str>) -> impl Fn(&Credential) -> bool {
    move |credential| name.is_none_or(|name| credential.name == name)
}

fn ready(context: &Context, credential: &Credential) -> Ready {
    Ready {
        user: context.user(),
        credential: Named { id: credential.id.to_base64url(), name: credential.name.clone() },
    }
}

/// Refuses the impossible before the person is asked for anything.
fn check_able(context: &Context, file: &CredentialFile, name: Option<&str>) -> Result<(), Error> {
    let Some(name) = name else {
        let mut able = file.credentials.iter().filter(|credential| credential.hmac_secret).peekable();
        let disabled = able.peek().map(|first| first.name.clone());
        return match disabled {
            _ if able.any(|credential| credential.enabled) => Ok(()),
            Some(name) => Err(disabled_error(context, &name)),
            None => Err(KeyringError::NoneAble { user: context.user(), add: add_command(context) }.into()),
        };
    };
    let credential = context.named(file, name)?;
    if !credential.enabled {
        return Err(disabled_error(context, name));
    }
    if !credential.hmac_secret {
        return Err(KeyringError::Unable { name: name.to_owned(), add: add_command(context) }.into());
    }
    Ok(())
}

fn disabled_error(context: &Context, name: &str) -> Error {
    let enable = format!("sudo passkey-enroll enable{} {}", context.user_option, shell::quoted(name));
    KeyringError::Disabled { name: name.to_owned(), enable }.into()
}

fn with_key(
    context: &Context,
    interrupt: &Interrupt,
    with: &WithKey,
    pin: Option<Secret>,
    ceremony: impl FnOnce(
        &Session<'_>,
        &mut LinuxPlatform<'_>,
        &mut TerminalPrompter<'_>,
    ) -> Result<Credential, NotWrapped>,
) -> Result<Credential, Error> {
    let policy = Policy {
        timeout: with.timeout(),
        wait_for_key: with.timeout(),
        ..context.config.policy("", &Settings::default())
    };
    let session = Session { store: &context.store, users: &SystemUsers, policy: &policy };
    let place = Place::find(with.device.as_deref(), None, &context.services()).map_err(ManageError::Place)?;
    let mut platform = place.sole_platform(interrupt);
    let mut person = TerminalPrompter::new(interrupt, with.pin.pin_stdin && pin.is_none());
    if let Some(pin) = pin {
        person.answer_with(pin);
    }
    let result = ceremony(&session, &mut platform, &mut person);
    person.clear();
    let asked = person.asked();
    result.map_err(|error| match error {
        NotWrapped::NoPasskey => nothing_stored(context).into(),
        NotWrapped::SignIn(error) => Error::SignIn { error, asked },
        NotWrapped::Withheld(credential) => KeyringError::Withheld { name: credential.name }.into(),
        NotWrapped::NotUnwrapped(credential) => {
            KeyringError::NotUnwrapped { name: credential.name, enable: enable_command(context) }.into()
        }
        NotWrapped::Wrap(error) => KeyringError::Wrap(error).into(),
        NotWrapped::Store(error) => store_error(context, error),
    })
}

fn disable(context: &Context, arguments: &KeyringDisable) -> Result<(), Error> {
    let file = context.load_enrolled()?.file;
    let meant = arguments.name.as_deref().map(|name| context.named(&file, name)).transpose()?;
    let keyring = match context.store.load_keyring(&context.account) {
        // What cannot be read is taken away whole.
        Err(error @ StoreError::Malformed { .. }) if meant.is_none() => {
            report::warning(&error.to_string());
            let removed = context.store.remove_keyring(&context.account);
            removed.map_err(|error| store_error(context, error))?;
            return context.output.result(&Disabled { user: context.user(), passkeys: Vec::new() });
        }
        loaded => loaded.map_err(|error| store_error(context, error))?,
    };
    if keyring.is_empty() {
        return Err(nothing_stored(context).into());
    }
    let named: Vec<&Credential> = meant.map_or_else(|| file.credentials.iter().collect(), |one| vec![one]);
    let taken = context.store.update_keyring(&context.account, |keyring| {
        let had = named.iter().filter(|credential| keyring.get(&credential.id).is_some());
        let taken: Vec<String> = had.map(|credential| credential.name.clone()).collect();
        match meant {
            Some(credential) => drop(keyring.remove(&credential.id)),
            None => keyring.clear(),
        }
        taken
    });
    let passkeys = taken.map_err(|error| store_error(context, error))?;
    if passkeys.is_empty() && meant.is_some() {
        return Err(nothing_stored(context).into());
    }
    context.output.result(&Disabled { user: context.user(), passkeys })
}

fn status(context: &Context) -> Result<(), Error> {
    let loaded = context.load_enrolled()?;
    let keyring = load(context)?;
    let path = context.store.keyring_path(&context.account)?;
    for entry in keyring.skipped() {
        warn_of_damage(&path, entry);
    }
    let now = mark(&SystemUsers, &context.account);
    let passkeys: Vec<PasskeyStatus> = loaded
        .file
        .credentials
        .iter()
        .map(|credential| {
            let wrapped = keyring.get(&credential.id);
            let opens = match wrapped {
                Some(wrapped) if wrapped.is_stale(now) => Opens::Stale,
                Some(_) => Opens::Yes,
                None if credential.hmac_secret => Opens::No,
                None => Opens::Unable,
            };
            PasskeyStatus {
                id: credential.id.to_base64url(),
                name: credential.name.clone(),
                enabled: credential.enabled,
                opens,
                since: wrapped.map(passkey_core::store::keyring::WrappedPassword::made),
            }
        })
        .collect();
    let any = |opens| passkeys.iter().any(|passkey| passkey.enabled && passkey.opens == opens);
    if any(Opens::Stale) {
        report::note(&format!(
            "The password has changed since. Set it up again: {}",
            enable_command(context)
        ));
    } else if !any(Opens::Yes) && any(Opens::No) {
        report::note(&format!("Set it up: {}", enable_command(context)));
    }
    context.output.result(&Status { user: context.user(), passkeys, skipped: keyring.skipped().len() })
}

fn load(context: &Context) -> Result<Keyring, Error> {
    context.store.load_keyring(&context.account).map_err(|error| store_error(context, error))
}

/// A file that is malformed decides nothing about who signs in, and there is no copy of it to be kept.
fn store_error(context: &Context, error: StoreError) -> Error {
    match error {
        error @ StoreError::Malformed { .. } => KeyringError::Malformed {
            error: Box::new(error),
            disable: format!("sudo passkey-enroll keyring disable{}", context.user_option),
        }
        .into(),
        error => context.store_error(error),
    }
}

fn nothing_stored(context: &Context) -> KeyringError {
    KeyringError::NothingStored { user: context.user(), enable: enable_command(context) }
}

fn enable_command(context: &Context) -> String {
    format!("sudo passkey-enroll keyring enable{}", context.user_option)
}

fn add_command(context: &Context) -> String {
    format!("{} --keyring", context.add_command())
}
