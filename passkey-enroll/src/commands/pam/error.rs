//! Why a service was not switched.

use std::io;
use std::path::{Path, PathBuf};

use crate::doctor::{Finding, Severity};
use crate::pam::change::UndoError;
use crate::pam::change::pam_auth_update::Failed;
use crate::pam::change::rehearsal::NotRehearsed;
use crate::pam::edit::{NoDraft, NotTakenOut};
use crate::report::{ErrorReport, Exit};

/// Why a service was not switched.
#[derive(Debug)]
pub(crate) enum PamError {
    /// The command that was given is root's.
    OnlyRoot(String),
    /// No service can have this name.
    NoName(String),
    /// There is no way to write it down.
    NoDraft(String, NoDraft),
    /// The service's file is no text.
    NotText(String),
    /// The file is a link into what another program keeps.
    Link(PathBuf),
    /// A PAM file cannot be read or written.
    Io(PathBuf, io::Error),
    /// The journal cannot.
    Journal(io::Error),
    /// Nothing watches over a change on trial.
    Unwatched(io::Error),
    /// pam-auth-update does not do its part.
    Common(Failed),
    /// What would come of it.
    Risks(Vec<Finding>),
    /// The rehearsal did not end well.
    NotRehearsed(String, NotRehearsed),
    /// Another process changed the file while the person was asked.
    ChangedMeanwhile(PathBuf),
    /// The service is on trial already.
    OnTrial(String),
    /// It is not.
    NotOnTrial(String),
    /// The change was not confirmed in time.
    NotConfirmed(String),
    /// There was no sign-in with the passkey in time, and no confirmation.
    NoSignIn(String),
    /// The person gave up waiting.
    TakenBack(String),
    /// The session has ended, and the change goes on being on trial; for a sign-in of this account, where one keeps it.
    LeftOnTrial(String, Option<String>),
    /// It was to be undone and could not be; it is tried again.
    UndoFailed(String, String),
    /// Another change of the service came before it was seen what has become of this one.
    Superseded(String),
    /// The change could not be made, or not be taken back.
    NotUndone(String, UndoError),
    /// PAM gives the service nothing.
    Broken(String, String),
    /// The lines stand in a file that others share.
    Elsewhere(String, PathBuf),
    /// The option is no matter of pam-auth-update's profiles; what to put into the configuration instead.
    ProfileOption(&'static str, &'static str),
    /// A change of the way that a service asks was not kept, and it no longer asks in the old way either.
    ReplacedAndUndone(String, Box<PamError>),
    /// The passkey and the password stand side by side at gdm-switchable-auth.
    SideBySide,
    /// The file no longer asks for passkeys as it was given on trial.
    NothingToKeep(String),
    /// The lines cannot be taken out just like that.
    NotTakenOut(String, PathBuf, NotTakenOut),
}

impl PamError {
    pub(crate) fn report(&self) -> ErrorReport {
        let failed = |code, message: String| ErrorReport::new(Exit::Failed, code, message);
        match self {
            Self::OnlyRoot(command) => {
                ErrorReport::new(Exit::NotPermitted, "not_permitted", "Only root can change what services ask for.")
                    .hint(format!("Run it as root: sudo passkey-enroll pam {command}"))
            }
            Self::NoName(name) => {
                ErrorReport::new(Exit::Usage, "usage", format!("“{name}” is no name of a service."))
                    .hint("Services are named as the files in /etc/pam.d: sudo, login, su.")
            }
            Self::NoDraft(service, reason) => no_draft(service, reason),
            Self::NotText(service) => failed("not_text", format!("The file of {service} is not UTF-8 text."))
                .hint("Correct it, or put the lines in by hand: see pam_passkey(8)."),
            Self::Link(path) => {
                let message =
                    format!("{} is a link: another program keeps this file.", path.display());
                failed("kept_by_others", message).hint(
                    "Change it where it is kept: authselect select or enable-feature on Fedora and its kin, the configuration on NixOS.",
                )
            }
            Self::Io(path, error) => {
                failed("file_failed", format!("{}: {error}.", path.display())).hint("Nothing was changed.")
            }
            Self::Journal(error) => {
                ErrorReport::new(Exit::Broken, "ledger_broken", format!("/var/lib/passkey/pam: {error}."))
                    .hint("What was there before a change is kept there, as SERVICE.before: without it nothing is switched.")
            }
            Self::Unwatched(error) => failed(
                "not_watched",
                format!("Nothing would take the change back if it locks you out: its watcher did not start ({error})."),
            )
            .hint("Nothing was changed. Try it again; for what may be wrong: sudo passkey-enroll doctor"),
            Self::Common(reason) => failed("profile_failed", format!("The common files cannot be changed: {reason}.")),
            Self::Risks(risks) => risky(risks),
            Self::NotRehearsed(service, reason) => not_rehearsed(service, reason),
            Self::ChangedMeanwhile(path) => {
                failed("changed_meanwhile", format!("{} was changed by others meanwhile.", path.display()))
                    .hint("Nothing was changed. Run the command again.")
            }
            Self::OnTrial(service) => failed("on_trial", format!("{service} is on trial already."))
                .hint(format!("Keep it: sudo passkey-enroll pam confirm {service}; or not: sudo passkey-enroll pam disable {service}")),
            Self::NotOnTrial(service) => failed("not_on_trial", format!("Nothing of {service} is on trial."))
                .hint(format!("What it asks for now: passkey-enroll pam status {service}")),
            Self::NotConfirmed(service) => {
                not_kept(format!("Nobody confirmed it in time: {service} is as it was before."))
            }
            Self::NoSignIn(service) => {
                not_kept(format!("No sign-in to {service} with the passkey was seen in time: it is as it was before."))
            }
            Self::TakenBack(service) => {
                ErrorReport::new(Exit::Cancelled, "cancelled", format!("Taken back: {service} is as it was before."))
            }
            Self::LeftOnTrial(service, user) => left_on_trial(service, user.as_deref()),
            Self::UndoFailed(service, reason) => {
                failed("undo_failed", format!("The change of {service} could not be undone: {reason}."))
                    .hint(format!(
                        "It is tried again by itself. To try it now: sudo passkey-enroll pam disable {service}"
                    ))
            }
            Self::Superseded(service) => {
                failed("superseded", format!("{service} was switched again by another command meanwhile."))
                    .hint(format!("What it asks for now: passkey-enroll pam status {service}"))
            }
            Self::NotUndone(service, reason) => not_undone(service, reason),
            Self::Broken(service, reason) => {
                ErrorReport::new(Exit::Broken, "service_broken", format!("{service} lets nobody in: {reason}"))
                    .hint("Put the line right. For what else may be wrong: sudo passkey-enroll doctor")
            }
            Self::Elsewhere(service, path) => {
                let name = path.file_name().unwrap_or_default().display();
                let message = format!("{service} asks for passkeys by way of {}, which others share.", path.display());
                failed("in_shared_file", message).hint(format!("Change that one: sudo passkey-enroll pam disable {name}"))
            }
            Self::ProfileOption(option, setting) => {
                ErrorReport::new(Exit::Usage, "usage", format!("{option} cannot be given for common-auth."))
                    .hint(format!("Set {setting} in /etc/passkey/passkey.toml instead."))
            }
            Self::SideBySide => ErrorReport::new(
                Exit::Usage,
                "usage",
                "gdm-switchable-auth lets people choose between the passkey and the password; it cannot ask for both.",
            )
            .hint("For both: sudo passkey-enroll pam enable gdm-password --second-factor"),
            Self::ReplacedAndUndone(service, reason) => replaced_and_undone(service, reason),
            Self::NothingToKeep(service) => {
                let message = format!("{service} no longer asks for passkeys as it was switched on: its file was changed since.");
                failed("changed_meanwhile", message)
                    .hint(format!("See what it asks for now: passkey-enroll pam status {service}"))
            }
            Self::NotTakenOut(service, path, reason) => not_taken_out(service, path, reason),
        }
    }
}

fn replaced_and_undone(service: &str, reason: &PamError) -> ErrorReport {
    let below = reason.report();
    let message = match below.code {
        "not_confirmed" => {
            format!("It was not confirmed in time: {service} no longer asks for passkeys, in either way.")
        }
        "cancelled" => format!("Rolled back: {service} no longer asks for passkeys, in either way."),
        _ => below.message.clone(),
    };
    ErrorReport { message, ..below }
        .hint(format!("Switch it on again: sudo passkey-enroll pam enable {service}"))
}

fn not_kept(message: String) -> ErrorReport {
    ErrorReport::new(Exit::TimedOut, "not_confirmed", message).hint(
        "Give yourself more time with --confirm-within, or find out what was in the way: sudo passkey-enroll doctor",
    )
}

fn left_on_trial(service: &str, user: Option<&str>) -> ErrorReport {
    let unless = user.map_or_else(
        || "you confirm it".to_owned(),
        |user| format!("{user} signs in there with the passkey"),
    );
    let message = format!("{service} is still on trial: it goes back by itself unless {unless}.");
    ErrorReport::new(Exit::Cancelled, "left_on_trial", message)
        .hint(format!("Keep it: sudo passkey-enroll pam confirm {service}"))
}

/// What is left where nothing can be done automatically.
const BY_HAND: &str = "Change that line first, or put the passkey's line in by hand, with a root shell open beside you; \
                       passkey-enroll pam status --explain says what each line does.";

fn not_taken_out(service: &str, path: &Path, reason: &NotTakenOut) -> ErrorReport {
    let path = path.display();
    let message = match reason {
        NotTakenOut::Broken(error) => format!("{service} lets nobody in as it is: {error}."),
        NotTakenOut::JumpedOver(line) => {
            format!("{path}:{line} jumps over the passkey's line, and would jump too far without it.")
        }
        NotTakenOut::Faulty(fault) => {
            format!("The lines for passkeys cannot just be taken out of {path}: without them, {fault}.")
        }
    };
    ErrorReport::new(Exit::Failed, "by_hand_only", message)
        .hint(format!("Edit {path} yourself, with a root shell open beside you."))
}

fn no_draft(service: &str, reason: &NoDraft) -> ErrorReport {
    let failed = |code, message: String| ErrorReport::new(Exit::Failed, code, message);
    match reason {
        NoDraft::AsksAlready => {
            failed("asks_already", format!("{service} asks for passkeys already, in another way."))
                .hint(format!("First: sudo passkey-enroll pam disable {service}"))
        }
        NoDraft::NoLines => failed("no_service", format!("PAM knows no service {service}."))
            .hint("Services are named as the files in /etc/pam.d: ls /etc/pam.d /usr/lib/pam.d"),
        NoDraft::ServesOthers => failed(
            "serves_other_machines",
            format!("{service} lets in people at other machines, who cannot touch a security key here."),
        )
        .hint("Passkeys for SSH are OpenSSH's own: ssh-keygen -t ed25519-sk on the machine that the key is plugged into."),
        NoDraft::NoPassword => {
            failed("no_password", format!("Nothing in the file of {service} asks for a password."))
                .hint("Put the line where it belongs by hand: see pam_passkey(8).")
        }
        NoDraft::Broken(error) => ErrorReport::new(
            Exit::Broken,
            "service_broken",
            format!("{service} lets nobody in as it is: {error}"),
        )
        .hint("Put that right first."),
        NoDraft::NoGdm => failed("no_gdm", "GDM is not installed: there is no gdm-password to make gdm-switchable-auth from.".to_owned())
            .hint("Switch on the greeter that this machine has, such as lightdm or sddm."),
        NoDraft::AsksForMore(line) => failed(
            "asks_for_more",
            format!("gdm-switchable-auth cannot be made from gdm-password: {line} asks for something other than the password."),
        )
        .hint("GNOME's screen offers the passkey and the password there and nothing else. Use gdm-password instead: sudo passkey-enroll pam enable gdm-password"),
        NoDraft::AsksAnew { line, is_mended_by_option } => failed(
            "asks_for_more",
            format!(
                "gdm-switchable-auth cannot be made from gdm-password: {line} asks for the password by itself, where the one that was typed \
                 into GNOME's screen is to be taken."
            ),
        )
        .hint(if *is_mended_by_option {
            "Put try_first_pass behind the module in that line: it takes the password that was typed then, and asks where none was. Or use \
             gdm-password instead: sudo passkey-enroll pam enable gdm-password"
        } else {
            "GNOME's screen has no place for a question of its own. Use gdm-password instead: sudo passkey-enroll pam enable gdm-password"
        }),
        NoDraft::NoPlace => failed(
            "unclear",
            format!(
                "Other lines of the file of {service} jump over every place where the passkey could stand."
            ),
        )
        .hint(BY_HAND),
        NoDraft::Faulty(fault) => {
            let message = format!(
                "No way was found to have {service} ask for passkeys as meant. The plainest fails: {fault}."
            );
            failed("unclear", message).hint(BY_HAND)
        }
    }
}

fn risky(risks: &[Finding]) -> ErrorReport {
    let messages: Vec<&str> = risks.iter().map(|risk| risk.message.as_str()).collect();
    let mut codes: Vec<&str> = risks.iter().map(|risk| risk.code).collect();
    codes.dedup();
    let remedies: Vec<&str> = risks.iter().filter_map(|risk| risk.remedy.as_deref()).collect();
    let remedy = remedies.first().copied().unwrap_or("See passkey-enroll doctor.");
    // What stops everybody is never meant.
    let hint = if risks.iter().all(|risk| risk.severity < Severity::Error) {
        let accepted: Vec<String> = codes.iter().map(|code| format!("--accept {code}")).collect();
        format!("{remedy} If it is meant: {}", accepted.join(" "))
    } else {
        remedy.to_owned()
    };
    ErrorReport::new(Exit::Failed, "would_lock_out", format!("Nothing was changed: {}", messages.join(" ")))
        .hint(hint)
}

fn not_rehearsed(service: &str, reason: &NotRehearsed) -> ErrorReport {
    let failed = |message: String| ErrorReport::new(Exit::Failed, "rehearsal_failed", message);
    let unchanged = "Nothing was changed.";
    match reason {
        NotRehearsed::Refused => failed(format!("The new lines of {service} did not let you in. {unchanged}"))
            .hint(format!("Try the passkey by itself: passkey-enroll verify --service {service}; the log says more: journalctl -t passkey-enroll")),
        NotRehearsed::WithoutPasskey => failed(format!(
            "The sign-in by the new lines of {service} succeeded without a passkey. {unchanged}"
        ))
        .hint("Plug in the key, and use it when it is asked for. If no key was asked for, another line lets you in before: see the lines above."),
        NotRehearsed::Interrupted => ErrorReport::new(Exit::Cancelled, "cancelled", format!("Cancelled. {unchanged}")),
        NotRehearsed::TimedOut => ErrorReport::new(
            Exit::TimedOut,
            "rehearsal_timed_out",
            format!("The sign-in by the new lines of {service} did not come to an end. {unchanged}"),
        ),
        NotRehearsed::Failed(error) => failed(format!("There was no sign-in by the new lines of {service}: {error}. {unchanged}"))
            .hint("Where nobody can sign in, as in a script for many machines: --no-rehearsal"),
    }
}

fn not_undone(service: &str, reason: &UndoError) -> ErrorReport {
    let (message, hint) = match reason {
        UndoError::Io(path, error) => (
            format!("{}: {error}.", path.display()),
            format!(
                "What {service} was before is in /var/lib/passkey/pam/{service}.before. Run it again: sudo passkey-enroll pam disable {service}"
            ),
        ),
        UndoError::ChangedByOthers(path) => (
            format!(
                "{} was changed by others since, and its lines for passkeys cannot be taken out by themselves.",
                path.display()
            ),
            format!(
                "What it was before is in /var/lib/passkey/pam/{service}.before: compare the two, with a root shell open beside you."
            ),
        ),
        UndoError::Link(path) => (
            format!("{} is a link now: another program keeps this file.", path.display()),
            "Change it where it is kept: authselect select or enable-feature on Fedora and its kin, the configuration on NixOS.".to_owned(),
        ),
        UndoError::Profile(reason) => (
            format!("The common files were not changed: {reason}."),
            "Run pam-auth-update yourself.".to_owned(),
        ),
    };
    ErrorReport::new(Exit::Failed, "not_switched", message).hint(hint)
}
