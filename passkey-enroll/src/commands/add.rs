//! `add`: enrols a passkey.

use std::path::Path;

use attestation::Trust;
use clap::ValueEnum as _;
use ctap::cose::Algorithm;
use ctap::{Pin, Secret};
use jiff::Timestamp;
use passkey_core::attestation::AttestationSummary;
use passkey_core::ceremony::{
    Authenticator, EnrolError, Enrolled, Enrolment, KeyFailure, LinuxPlatform, PluggedKey, enrol,
};
use passkey_core::config::{AttestationPolicy, AttestationRequirement, Config, Settings, UserVerification};
use passkey_core::credential::{self, UserHandle};
use passkey_core::store::{CredentialFile, EditError, StateUpdate, UpdateError};

use super::change::confirm_with;
use super::keyring::Secrets;
use super::{Context, keyring};
use crate::attestation::roots;
use crate::cli::{Add, On, SignatureAlgorithm, WithKey};
use crate::commands::default_name;
use crate::commands::error::Error;
use crate::commands::results::json::{Added, FirstSteps};
use crate::key::{Identity, ManageError, ManagedKey, Place, Selection};
use crate::report::{self, ErrorReport};
use crate::terminal::input::{Line, Terminal};
use crate::terminal::prompter::{LastQuestion, TerminalPrompter};
use crate::terminal::signals::Interrupt;

/// How often the person is asked for one of two numbers.
const MAX_QUESTIONS: usize = 3;

/// Whom the passkey is for.
struct ForWhom<'a> {
    rp_id: &'a str,
    user_handle: &'a UserHandle,
    /// What they have.
    existing: Option<&'a CredentialFile>,
}

pub(super) fn run(context: &Context, arguments: &Add) -> Result<(), Error> {
    let rp_id = match &arguments.rp_id {
        Some(rp_id) => rp_id.clone(),
        None => context.config.rp_id_for_enrolment()?,
    };
    let existing = context.load()?.map(|loaded| loaded.file);
    let user_handle = match &existing {
        Some(file) => file.user_handle.clone(),
        None => UserHandle::random().map_err(|_| no_passkey(EnrolError::NoRandomness))?,
    };
    if let (Some(file), Some(name)) = (&existing, &arguments.name)
        && !is_free(file, name)
    {
        return Err(Error::NameTaken(name.clone()));
    }
    context.check_writable(&user_handle)?;
    let policy = attestation_policy(context, arguments.require_attestation)?;
    let trust = roots::load(&policy, context.owner, now_to_the_second())?;

    let place = find_place(context, arguments)?;
    let secrets = arguments.keyring.keyring.then(|| ask_for_keyring(context, arguments)).transpose()?;
    let for_whom = ForWhom { rp_id: &rp_id, user_handle: &user_handle, existing: existing.as_ref() };
    let pin = secrets.as_ref().and_then(Secrets::pin);
    let mut enrolled = ceremony(context, arguments, &place, &policy, &for_whom, pin)
        .map_err(|error| error.on(place.authenticator()))?;
    enrolled.credential.attestation = Some(judge_origin(&enrolled, place.authenticator(), &policy, &trust)?);
    let sign_count = enrolled.sign_count;
    let (credential, is_first) =
        store(context, arguments.name.as_deref(), &user_handle, enrolled, place.authenticator())?;
    remember(context, &credential, sign_count);
    let first_steps = is_first.then(|| FirstSteps {
        user_option: context.user_option.clone(),
        authenticator: place.authenticator(),
    });
    let keyring = secrets.map(|secrets| open_keyring(context, arguments, &place, &credential, secrets));
    let mut added = context.described(&credential, None);
    added.sign_count = Some(sign_count);
    context.output.result(&Added { user: context.user(), credential: added, keyring, first_steps })
}

/// Where the passkey is to be kept. Without a word on that, the person is asked if there is a choice.
fn find_place(context: &Context, arguments: &Add) -> Result<Place, Error> {
    let services = context.services();
    let (device, on) = (arguments.device.as_deref(), arguments.on);
    if device.is_none() && on.is_none() && !arguments.pin.pin_stdin
        // A security key does where this computer is not set up for passkeys, or not as it should be.
        && let Ok(this_computer) = services.this_computer()
        && let Some(mut terminal) = Terminal::open()
    {
        let interrupt = Interrupt::install().map_err(Error::Signals)?;
        let has_key = hidraw::list().is_ok_and(|listing| !listing.keys.is_empty());
        return match ask_where(&mut terminal, &interrupt, has_key)? {
            On::Usb => Ok(Place::Usb),
            On::ThisComputer => Ok(this_computer),
        };
    }
    Place::find(device, on, &services).map_err(|error| Error::Key(error.into()))
}

/// Enter alone means the security key that is plugged in, or else this computer.
pub(super) fn ask_where(terminal: &mut Terminal, interrupt: &Interrupt, has_key: bool) -> Result<On, Error> {
    let usual = if has_key { On::Usb } else { On::ThisComputer };
    let number = if has_key { "1" } else { "2" };
    let question =
        format!("Where do you want the passkey: 1 on a security key, 2 on this computer? [{number}] ");
    for _ in 0..MAX_QUESTIONS {
        let answer = match terminal.ask(&question, interrupt).map_err(Error::Terminal)? {
            Line::Typed(answer) => answer,
            Line::End | Line::Interrupted => return Err(Error::Cancelled),
        };
        match answer.as_bytes().trim_ascii() {
            b"" => return Ok(usual),
            b"1" => return Ok(On::Usb),
            b"2" => return Ok(On::ThisComputer),
            _ => {}
        }
    }
    Err(Error::Cancelled)
}

/// Asks for the login password before the person goes to any trouble with the key.
fn ask_for_keyring(context: &Context, arguments: &Add) -> Result<Secrets, Error> {
    keyring::check_permitted(context)?;
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    keyring::secrets(context, &interrupt, arguments.keyring.password_stdin, arguments.pin.pin_stdin)
}

/// Has the new passkey open the keyring; whether it does. The passkey is there in any case.
fn open_keyring(
    context: &Context,
    arguments: &Add,
    place: &Place,
    credential: &credential::Credential,
    secrets: Secrets,
) -> bool {
    let device = place.path().map(Path::to_owned);
    let with = WithKey { device, timeout: arguments.timeout, pin: arguments.pin };
    report::note(match place.authenticator() {
        Authenticator::SecurityKey | Authenticator::Guiding => {
            "Now for the keyring, with the same security key."
        }
        Authenticator::ThisComputer => "Now for the keyring, with the same PIN.",
    });
    let enabled = keyring::enable_new(context, credential, secrets, &with);
    if let Err(error) = &enabled {
        let ErrorReport { message, hint, .. } = error.report();
        report::warning(&format!("the keyring is not set up: {message}"));
        if let Some(hint) = hint {
            report::note(&hint);
        }
    }
    enabled.is_ok()
}

fn ceremony(
    context: &Context,
    arguments: &Add,
    place: &Place,
    policy: &AttestationPolicy,
    for_whom: &ForWhom<'_>,
    pin: Option<Secret>,
) -> Result<Enrolled, Error> {
    let ForWhom { rp_id, user_handle, existing } = *for_whom;
    let existing: Vec<&credential::Credential> =
        existing.into_iter().flat_map(|file| &file.credentials).collect();
    let algorithms: Vec<Algorithm> = match arguments.algorithm {
        Some(algorithm) => vec![algorithm.into()],
        None => SignatureAlgorithm::value_variants().iter().map(|algorithm| (*algorithm).into()).collect(),
    };
    let enrolment = Enrolment {
        rp_id,
        user_handle,
        user_name: &context.account.name,
        name: arguments.name.as_deref().unwrap_or_default(),
        added: now_to_the_second(),
        algorithms: &algorithms,
        discoverable: arguments.discoverable,
        verification: match arguments.verification {
            // It makes and signs nothing without its PIN.
            _ if place.authenticator() == Authenticator::ThisComputer => UserVerification::Required,
            Some(verification) => verification.into(),
            // Without its user verified, the key makes another secret.
            None if arguments.keyring.keyring => UserVerification::Required,
            None => strictest(&context.config),
        },
        existing: &existing,
        device: place.path(),
        allowed_aaguids: &policy.allowed_aaguids,
        enterprise_attestation: policy.enterprise,
        pin_attempts: context.config.policy("", &Settings::default()).pin_attempts,
        timeout: arguments.timeout(),
    };
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let mut platform = place.platform(&interrupt);
    let mut person = TerminalPrompter::new(&interrupt, arguments.pin.pin_stdin && pin.is_none());
    if let Some(pin) = pin {
        person.answer_with(pin);
    }
    let made = match enrol(&mut platform, &mut person, &enrolment) {
        Err(EnrolError::PinNotSet(key)) if !arguments.pin.pin_stdin && Terminal::open().is_some() => {
            person.clear();
            let pin = first_pin(&interrupt, arguments, place, &key, &platform)?;
            person.answer_with(Secret::from(&pin));
            // The person has chosen this key, and another one gets no PIN of theirs.
            enrol(&mut platform, &mut person, &Enrolment { device: Some(&key.path), ..enrolment })
        }
        made => made,
    };
    made.map_err(|error| Error::Enrol { error, asked: person.asked() })
}

/// Offers to set a PIN on this `key`, which has none and needs one.
fn first_pin(
    interrupt: &Interrupt,
    arguments: &Add,
    place: &Place,
    key: &PluggedKey,
    platform: &LinuxPlatform<'_>,
) -> Result<Pin, Error> {
    let identity = Identity::of(key, platform, place);
    let question = match place.authenticator() {
        Authenticator::SecurityKey | Authenticator::Guiding => {
            "The security key has no PIN yet, and this passkey needs one. Set one now?"
        }
        Authenticator::ThisComputer => {
            "You have no PIN on this computer yet, and a passkey on it needs one. Set one now?"
        }
    };
    confirm_with(interrupt, question, "yes")?;
    let place = match place {
        Place::Usb | Place::Device(_) => Place::Device(key.path.clone()),
        Place::Service { .. } => place.clone(),
    };
    // No PIN is there to be wrong.
    let selection = Selection { place, timeout: arguments.timeout(), pin_attempts: 0, pin_stdin: false };
    let mut managed = ManagedKey::select(interrupt, &selection)?;
    if !managed.is(identity.as_ref()) {
        return Err(Error::Key(ManageError::Select(KeyFailure::Unplugged)));
    }
    let pin = managed.set_pin(None)?;
    report::note("The PIN is set.");
    Ok(pin)
}

/// What the configuration wants of the key, and what the command line wants beyond it.
fn attestation_policy(context: &Context, require: bool) -> Result<AttestationPolicy, Error> {
    let mut policy = context.attestation.clone();
    if require {
        if !policy.can_trust() {
            return Err(Error::NobodyTrusted);
        }
        policy.require = AttestationRequirement::Trusted;
    }
    Ok(policy)
}

/// Holds what the key has proved of its origin against the policy. Nothing has been stored yet.
fn judge_origin(
    enrolled: &Enrolled,
    authenticator: Authenticator,
    policy: &AttestationPolicy,
    trust: &Trust,
) -> Result<AttestationSummary, Error> {
    let refused = |refusal| Error::AttestationRefused {
        refusal: Box::new(refusal),
        authenticator,
        left_behind: enrolled.credential.discoverable,
    };
    let judgement =
        attestation::judge(&enrolled.attestation, policy, trust, now_to_the_second()).map_err(refused)?;
    for caveat in &judgement.caveats {
        report::warning(&format!("{caveat}."));
    }
    Ok(judgement.summary)
}

/// Stores the new passkey under its final name; whether it is the user's first.
fn store(
    context: &Context,
    name: Option<&str>,
    user_handle: &UserHandle,
    enrolled: Enrolled,
    authenticator: Authenticator,
) -> Result<(credential::Credential, bool), Error> {
    let usual = match authenticator {
        Authenticator::SecurityKey | Authenticator::Guiding => enrolled.key.name.as_str(),
        Authenticator::ThisComputer => default_name::THIS_COMPUTER,
    };
    let mut credential = enrolled.credential;
    let stored = context.store.update_or_create(&context.account, user_handle, |file| {
        // The key gives this handle back at a sign-in without user name: it must be the one on file.
        if credential.discoverable && file.user_handle != *user_handle {
            return Err(Error::EnrolledMeanwhile);
        }
        credential.name = match name {
            // Taken while the person touched the key: too late to ask for another one.
            Some(name) => default_name::unique(name, |name| is_free(file, name)),
            None => default_name::suggest(usual, |name| is_free(file, name)),
        };
        let is_first = file.is_unenrolled();
        file.add(credential.clone()).map_err(|error| match error {
            EditError::SameId => no_passkey(EnrolError::AlreadyEnrolled(None)),
            EditError::Name(_) | EditError::SameName | EditError::NoSuchName => {
                Error::NameTaken(credential.name.clone())
            }
        })?;
        Ok(is_first)
    });
    match stored {
        Ok(is_first) => Ok((credential, is_first)),
        Err(UpdateError::Change(error)) => Err(error),
        Err(UpdateError::Store(error)) => {
            Err(Error::NotStored { credential: Box::new(credential), error: Box::new(error) })
        }
    }
}

/// Writes down where the key's counter begins.
fn remember(context: &Context, credential: &credential::Credential, sign_count: u32) {
    let updated = context
        .store
        .update_state(&context.account, |state| state.record_enrolment(&credential.id, sign_count));
    match updated {
        Ok(StateUpdate::Written | StateUpdate::HeldBack) => {}
        Err(error) => report::warning(&format!("the key's counter is not written down: {error}")),
    }
}

/// Whether no passkey has the name, not even one that could not be read.
pub(super) fn is_free(file: &CredentialFile, name: &str) -> bool {
    file.named(name).is_none() && !file.skipped.iter().any(|entry| entry.name.as_deref() == Some(name))
}

/// What any service of the configuration asks for: a key that cannot do it is better found out now.
pub(super) fn strictest(config: &Config) -> UserVerification {
    config
        .service_names()
        .chain([""])
        .map(|service| config.policy(service, &Settings::default()).verification)
        .max_by_key(|verification| match verification {
            UserVerification::Discouraged => 0,
            UserVerification::Preferred => 1,
            UserVerification::Required => 2,
        })
        .unwrap_or(UserVerification::Discouraged)
}

/// More is not needed, and it reads better in the file.
fn now_to_the_second() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

fn no_passkey(error: EnrolError) -> Error {
    Error::Enrol { error, asked: LastQuestion::default() }
}

#[cfg(test)]
#[path = "add_tests.rs"]
mod tests;
