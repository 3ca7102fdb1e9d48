//! `key fingerprint`: the fingerprints on a key.

use ctap::info::Options;
use passkey_core::escape::Escaped;

use super::Context;
use crate::cli::{AddFingerprint, FingerprintCommand, ListOnKey, RemoveFingerprint, RenameFingerprint};
use crate::commands::default_name;
use crate::commands::error::Error;
use crate::commands::results::json::Plugged;
use crate::commands::results::key::{FingerprintAdded, FingerprintRemoved, FingerprintRenamed, Fingerprints};
use crate::key::{
    Dialect, Fingerprint, GOOD_SAMPLE, ManageError, ManagedKey, NO_SAMPLE, Operation, Outcome, Place, Sample,
};
use crate::report::{note, warning};
use crate::terminal::signals::Interrupt;
use crate::util::encoding::to_base64url;

/// What a fingerprint is called that was given no name.
const UNNAMED: &str = "Finger";

pub(super) fn run(context: &Context, place: &Place, command: &FingerprintCommand) -> Result<(), Error> {
    match command {
        FingerprintCommand::List(arguments) => list(context, place, arguments),
        FingerprintCommand::Add(arguments) => add(context, place, arguments),
        FingerprintCommand::Rename(arguments) => rename(context, place, arguments),
        FingerprintCommand::Remove(arguments) => remove(context, place, arguments),
    }
}

/// How the key wants to be asked about fingerprints.
fn dialect(options: &Options) -> Result<Dialect, Error> {
    match (options.bio_enroll, options.user_verification_mgmt_preview) {
        (Some(_), _) => Ok(Dialect::Final),
        (None, Some(_)) => Ok(Dialect::Preview),
        (None, None) => Err(Error::Key(ManageError::NoSensor)),
    }
}

/// The key that the person picks, which has a fingerprint reader and a PIN.
fn select<'i>(
    interrupt: &'i Interrupt,
    selection: &crate::key::Selection,
) -> Result<(ManagedKey<'i>, Dialect), Error> {
    let managed = ManagedKey::select(interrupt, selection)?;
    let dialect = dialect(&managed.info().options)?;
    managed.check_pin()?;
    Ok((managed, dialect))
}

fn listed(managed: &mut ManagedKey<'_>, dialect: Dialect) -> Result<Vec<Fingerprint>, Error> {
    match managed.with_pin(dialect, |pin| Operation::Fingerprints { pin }, |_, _| {})? {
        Outcome::Fingerprints(fingerprints) => Ok(fingerprints),
        Outcome::Done | Outcome::Added { .. } | Outcome::Passkeys(_) => Err(Error::Key(ManageError::Garbled)),
    }
}

fn list(context: &Context, place: &Place, arguments: &ListOnKey) -> Result<(), Error> {
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let selection = super::selection(context, place, &arguments.on, arguments.pin.pin_stdin);
    let (mut managed, dialect) = select(&interrupt, &selection)?;
    let fingerprints = listed(&mut managed, dialect)?;
    if fingerprints.is_empty() {
        note("The security key knows no fingerprint. Add one: passkey-enroll key fingerprint add");
    }
    context.output.result(&Fingerprints {
        key: Plugged::from(managed.key()),
        fingerprints: fingerprints.iter().map(Into::into).collect(),
    })
}

fn add(context: &Context, place: &Place, arguments: &AddFingerprint) -> Result<(), Error> {
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let selection = super::selection(context, place, &arguments.on, arguments.pin.pin_stdin);
    let (mut managed, dialect) = select(&interrupt, &selection)?;
    let known = listed(&mut managed, dialect)?;
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => default_name::unique(UNNAMED, |name| is_free(&known, name)),
    };
    check_free(&known, &name)?;
    let operation = |pin| Operation::AddFingerprint {
        pin,
        name: name.clone(),
        sample_timeout_ms: arguments.on.timeout.saturating_mul(1000),
    };
    let added = managed.with_pin(dialect, operation, |person, sample| person.show(&progress(sample)))?;
    let Outcome::Added { fingerprint, samples } = added else { return Err(Error::Key(ManageError::Garbled)) };
    if fingerprint.name.is_empty() {
        warning("the fingerprint is enrolled, but the security key did not take its name");
    }
    context.output.result(&FingerprintAdded {
        key: Plugged::from(managed.key()),
        fingerprint: (&fingerprint).into(),
        samples,
    })
}

/// What to do next, and what was wrong with the last sample (CTAP 2.1 §6.7.4).
fn progress(sample: Sample) -> String {
    let remark = match sample.status {
        None | Some(GOOD_SAMPLE) => "",
        Some(0x01) => "That was too high. ",
        Some(0x02) => "That was too low. ",
        Some(0x03) => "That was too far left. ",
        Some(0x04) => "That was too far right. ",
        Some(0x05) => "That was too fast. ",
        Some(0x06) => "That was too slow. ",
        Some(0x07) => "That could not be read well. ",
        Some(0x08) => "The finger was turned too far. ",
        Some(0x09) => "That was too short. ",
        Some(0x0a) => "That did not fit the samples before. ",
        Some(0x0b) => "This fingerprint is known already. ",
        Some(NO_SAMPLE) => "Nothing was felt. ",
        Some(0x0e) => "Lift your finger in between. ",
        Some(_) => "That was not good. ",
    };
    let number = sample.taken.saturating_add(1);
    let total = sample.taken.saturating_add(sample.left).max(number);
    format!("{remark}Touch the reader: sample {number} of {total}.")
}

fn rename(context: &Context, place: &Place, arguments: &RenameFingerprint) -> Result<(), Error> {
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let selection = super::selection(context, place, &arguments.on, arguments.pin.pin_stdin);
    let (mut managed, dialect) = select(&interrupt, &selection)?;
    let known = listed(&mut managed, dialect)?;
    let old = find(&known, &arguments.old)?;
    if old.name != arguments.new {
        check_free(&known, &arguments.new)?;
    }
    let operation =
        |pin| Operation::RenameFingerprint { pin, id: old.id.clone(), name: arguments.new.clone() };
    managed.with_pin(dialect, operation, |_, _| {})?;
    let renamed = Fingerprint { name: arguments.new.clone(), ..old.clone() };
    context.output.result(&FingerprintRenamed {
        key: Plugged::from(managed.key()),
        fingerprint: (&renamed).into(),
        old_name: Some(&old.name).filter(|name| !name.is_empty()).cloned(),
    })
}

fn remove(context: &Context, place: &Place, arguments: &RemoveFingerprint) -> Result<(), Error> {
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let selection = super::selection(context, place, &arguments.on, arguments.pin.pin_stdin);
    let (mut managed, dialect) = select(&interrupt, &selection)?;
    let known = listed(&mut managed, dialect)?;
    let found = find(&known, &arguments.name)?;
    if !arguments.yes {
        let name = if found.name.is_empty() { &arguments.name } else { &found.name };
        let question = format!("Remove the fingerprint “{}” from the security key?", Escaped::text(name));
        super::confirm(&interrupt, &question, "yes")?;
    }
    managed.with_pin(dialect, |pin| Operation::RemoveFingerprint { pin, id: found.id.clone() }, |_, _| {})?;
    context.output.result(&FingerprintRemoved {
        key: Plugged::from(managed.key()),
        removed: found.into(),
        remaining: known.len().saturating_sub(1),
    })
}

fn is_free(known: &[Fingerprint], name: &str) -> bool {
    known.iter().all(|fingerprint| fingerprint.name != name)
}

fn check_free(known: &[Fingerprint], name: &str) -> Result<(), Error> {
    if is_free(known, name) {
        Ok(())
    } else {
        Err(Error::Key(ManageError::FingerprintNameTaken(name.to_owned())))
    }
}

/// The fingerprint of this name, or else of this id.
fn find<'k>(known: &'k [Fingerprint], wanted: &str) -> Result<&'k Fingerprint, Error> {
    let mut namesakes = known.iter().filter(|fingerprint| !wanted.is_empty() && fingerprint.name == wanted);
    let by_id = || known.iter().find(|fingerprint| to_base64url(&fingerprint.id) == wanted);
    match (namesakes.next(), namesakes.next()) {
        (Some(found), None) => Ok(found),
        (Some(_), Some(_)) => {
            by_id().ok_or_else(|| Error::Key(ManageError::AmbiguousFingerprint(wanted.to_owned())))
        }
        (None, _) => by_id().ok_or_else(|| {
            let names = known.iter().map(|fingerprint| fingerprint.name.clone());
            let names = names.filter(|name| !name.is_empty()).collect();
            Error::Key(ManageError::NoSuchFingerprint { name: wanted.to_owned(), names })
        }),
    }
}

#[cfg(test)]
#[path = "fingerprint_tests.rs"]
mod tests;
