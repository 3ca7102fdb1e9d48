//! How a service's file would have to read for the service to ask for passkeys, and for it to stop asking.
//!
//! Nothing here knows the files of any distribution. A few ways of writing it down are tried, the plainest first, and each is
//! simulated: who would get in with what. The first that does what is meant, and nothing else, is taken; of those, one that passes by no
//! module which unlocks something with the password.

mod outline;
mod password_line;
mod switchable;
mod way;

use passkey_core::config::{Config, Remote, Settings, serves_other_machines};

use super::parse::{Content, Facility, Line, Rule, ServiceFiles, StackError};
use super::simulate::{self, Exemption, Fault, MODULE, ServiceAccess};

use outline::Outline;
pub(crate) use password_line::hearing_of_changes;
pub(crate) use switchable::gdm_switchable;
pub(crate) use way::Way;

/// Stands above what was put in.
const REMARK: &str =
    "# By \"passkey-enroll pam enable\"; \"passkey-enroll pam disable\" takes it out again.\n";

/// A file as it would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// The lines that let people in without the passkey, as they do today.
    pub(crate) exempt: Vec<Exemption>,
}

/// Why there is no draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoDraft {
    /// The service asks for passkeys already.
    AsksAlready,
    /// It has no lines of its own: `other` speaks for it.
    NoLines,
    /// It serves people at other machines, whom the module refuses under this policy.
    ServesOthers,
    /// There is no `gdm-password` to make it from.
    NoGdm,
    /// This line asks for what the greeter has no place for.
    AsksForMore(simulate::Line),
    /// This line asks for the password once more.
    AsksAnew {
        /// Where it stands.
        line: simulate::Line,
        /// Whether `try_first_pass` would have it take the one that is there.
        is_mended_by_option: bool,
    },
    /// Nothing in it asks for a password that a passkey could stand beside.
    NoPassword,
    /// It is not as it should be today.
    Broken(StackError),
    /// Lines of the file jump over every place where the call could stand.
    NoPlace,
    /// What would come of the plainest way is not what is meant; and no other way does it.
    Faulty(Fault),
}

/// The file with the lines that make `service` ask for passkeys. `arguments` stand behind the module's mode.
///
/// # Errors
/// When there is no way to write it down that does what is meant.
pub(crate) fn with_passkeys(
    files: &ServiceFiles,
    config: &Config,
    service: &str,
    way: Way,
    arguments: &[String],
) -> Result<Draft, NoDraft> {
    let before = ServiceAccess::of(files, service, config).map_err(NoDraft::Broken)?;
    if before.asks() {
        return Err(NoDraft::AsksAlready);
    }
    if before.stack.is_other {
        return Err(NoDraft::NoLines);
    }
    let policy = config.policy(service, &Settings::default());
    if serves_other_machines(service) && policy.remote == Remote::Refuse {
        return Err(NoDraft::ServesOthers);
    }
    let (_, file) = files.read(service).map_err(|error| NoDraft::Broken(StackError::NoFile(error)))?;
    let outline = Outline::of(files, service, &file);
    let password = outline.password().ok_or(NoDraft::NoPassword)?;
    let call = |control: &str| call(way, control, arguments);
    let candidates = match way {
        Way::SecondFactor => outline.second_factor(&password, &call("required")),
        Way::Passwordless => outline.passwordless(&password, call),
    };
    let mut first_fault = None;
    let mut best: Option<(PassedBy, Draft)> = None;
    for bytes in candidates {
        if !leaves_others_alone(files, service, &bytes) {
            continue;
        }
        let judged = judged(files, config, &before, way, &bytes)
            .and_then(|exempt| Ok((exempt, PassedBy::of(files, config, &before, &bytes)?)));
        match judged {
            Ok((exempt, passed_by)) => {
                if best.as_ref().is_none_or(|(least, _)| passed_by < *least) {
                    best = Some((passed_by, Draft { bytes, exempt }));
                }
                if passed_by == PassedBy::NONE {
                    break;
                }
            }
            Err(fault) => first_fault = first_fault.or(Some(fault)),
        }
    }
    let fault = || first_fault.map_or(NoDraft::NoPlace, NoDraft::Faulty);
    best.map(|(_, draft)| draft).ok_or_else(fault)
}

/// The line that calls the module, and the remark above it.
fn call(way: Way, control: &str, arguments: &[String]) -> String {
    let mut call = format!("{REMARK}auth\t{control}\t{MODULE} mode={}", way.as_str());
    for argument in arguments {
        call.extend([" ", argument]);
    }
    call + "\n"
}

/// Whether a file calls the same modules as before for all that is not about signing in.
fn leaves_others_alone(files: &ServiceFiles, service: &str, bytes: &[u8]) -> bool {
    let after = files.clone().with(service, bytes.to_vec());
    let others = [Facility::Account, Facility::Password, Facility::Session];
    others.into_iter().all(|facility| calls_alike(files, &after, service, facility))
}

/// Whether a service calls the same modules in both.
fn calls_alike(one: &ServiceFiles, other: &ServiceFiles, service: &str, facility: Facility) -> bool {
    match (one.stack(service, facility), other.stack(service, facility)) {
        (Ok(one), Ok(other)) => {
            one.is_other == other.is_other && (one.is_other || one.rules() == other.rules())
        }
        (Err(_), Err(_)) => true,
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
    }
}

/// What would come of a file: the lines that exempt people.
fn judged(
    files: &ServiceFiles,
    config: &Config,
    before: &ServiceAccess,
    way: Way,
    bytes: &[u8],
) -> Result<Vec<Exemption>, Fault> {
    judge(before, &with_file(files, config, &before.service, bytes)?.0, way)
}

/// The service, had its file these bytes.
fn with_file(
    files: &ServiceFiles,
    config: &Config,
    service: &str,
    bytes: &[u8],
) -> Result<(ServiceAccess, ServiceFiles), Fault> {
    let files = files.clone().with(service, bytes.to_vec());
    let access = ServiceAccess::of(&files, service, config).map_err(|_| Fault::Shut)?;
    Ok((access, files))
}

/// How many modules that take the password would be passed by, those that are known to first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PassedBy {
    known: usize,
    unknown: usize,
}

impl PassedBy {
    const NONE: Self = Self { known: 0, unknown: 0 };

    fn of(
        files: &ServiceFiles,
        config: &Config,
        before: &ServiceAccess,
        bytes: &[u8],
    ) -> Result<Self, Fault> {
        let (after, files) = with_file(files, config, &before.service, bytes)?;
        let passed_by = after.passed_by(before, &files)?;
        let known = passed_by.iter().filter(|consumer| consumer.is_known).count();
        Ok(Self { known, unknown: passed_by.len().saturating_sub(known) })
    }
}

/// Whether a service would ask as it should, without making anyone worse off. Gives the lines that exempt people, as they do
/// today.
///
/// # Errors
/// When it would not.
pub(crate) fn judge(
    before: &ServiceAccess,
    after: &ServiceAccess,
    way: Way,
) -> Result<Vec<Exemption>, Fault> {
    if after.passkeys.iter().any(|call| call.asked.is_err()) {
        return Err(Fault::Shut);
    }
    match way {
        Way::SecondFactor => simulate::second_factor(before, after),
        Way::Passwordless => simulate::passwordless(before, after),
    }
}

/// Why the lines cannot be taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotTakenOut {
    /// It is not as it should be today.
    Broken(StackError),
    /// A line of the file, counted from 1, counts on them: it jumps over them.
    JumpedOver(usize),
    /// What would come of it.
    Faulty(Fault),
}

/// The file's bytes without the calls of the module.
///
/// # Errors
/// When another line counts on them, or without them the service would let no one in, or let a person in without a password.
pub(crate) fn without_passkeys(
    files: &ServiceFiles,
    config: &Config,
    service: &str,
) -> Result<Vec<u8>, NotTakenOut> {
    let (_, file) = files.read(service).map_err(|error| NotTakenOut::Broken(StackError::NoFile(error)))?;
    let outline = Outline::of(files, service, &file);
    let mut text = Vec::new();
    let mut lines = file.lines().iter().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let is_call = |line: &Line| matches!(&line.content, Content::Rule(rule) if is_ours(rule));
        // The remark goes with its line.
        let goes_with_next =
            line.bytes == REMARK.as_bytes() && lines.peek().is_some_and(|(_, next)| is_call(next));
        if is_call(line)
            && let Some(jump) = outline.jump_over(index)
        {
            return Err(NotTakenOut::JumpedOver(jump));
        }
        if !goes_with_next && !is_call(line) {
            text.extend_from_slice(&line.bytes);
        }
    }
    judge_without(files, config, service, &text)?;
    Ok(text)
}

/// Judges bytes in which a service's file no longer asks for passkeys.
///
/// # Errors
/// When the service would let no one in, or let a person in without a password.
pub(crate) fn judge_without(
    files: &ServiceFiles,
    config: &Config,
    service: &str,
    bytes: &[u8],
) -> Result<(), NotTakenOut> {
    let before = ServiceAccess::of(files, service, config).map_err(NotTakenOut::Broken)?;
    let after = files.clone().with(service, bytes.to_vec());
    // It is about changing passwords only, as passwd's.
    if !before.asks() && calls_alike(files, &after, service, Facility::Auth) {
        return Ok(());
    }
    let after = ServiceAccess::of(&after, service, config).map_err(NotTakenOut::Broken)?;
    if after.stack.is_other {
        return Err(NotTakenOut::Faulty(Fault::Shut));
    }
    simulate::without_passkeys(&before, &after).map_err(NotTakenOut::Faulty)
}

/// Whether this calls the module for signing in, or has it hear of changed passwords.
fn is_ours(rule: &Rule) -> bool {
    matches!(rule.facility, Facility::Auth | Facility::Password) && rule.module_name() == MODULE
}

#[cfg(test)]
mod authtok_tests;
#[cfg(test)]
pub(super) mod stacks_tests;
#[cfg(test)]
mod switchable_tests;
#[cfg(test)]
mod tests;
