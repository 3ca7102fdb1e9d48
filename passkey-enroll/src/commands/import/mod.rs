//! `import`: imports passkeys from another program. Nothing that is on file is changed.

mod draft;
mod format;
mod keys;
mod not_found;
mod origin;

use std::collections::BTreeMap;
use std::path::Path;

use passkey_core::config::Settings;
use passkey_core::credential::{Credential, UserHandle};
use passkey_core::store::{CredentialFile, UpdateError};

use super::Context;
use super::add::is_free;
use crate::account::{self, Caller};
use crate::cli::{ForeignFormat, Import};
use crate::commands::error::Error;
use crate::commands::results::json::{self, Counts, Damaged, Imported, ImportedPasskey, Known, Remark};
use crate::interop::TransferError;
use crate::interop::{self, Entry, ForeignPasskey, MAX_ENTRIES, RpId, file::ReadError};
use crate::pam::parse::ServiceFiles;
use crate::report::Exit;
use crate::report::{self};
use draft::Draft;
use keys::Asking;
use origin::{Origin, Source};

pub(super) fn run(context: &Context, arguments: &Import) -> Result<Exit, Error> {
    if arguments.all_users && !context.is_root {
        return Err(TransferError::AllUsersOnlyRoot.into());
    }
    // Nothing in such a file says what kind of key it is about, and the policy is for every passkey that is new here.
    if context.attestation.is_demanding() {
        return Err(TransferError::OriginUnknown { add: context.add_command() }.into());
    }
    let (format, entries) = read(arguments)?;
    let mut report = Imported {
        file: arguments.file.display().to_string(),
        format: format.as_str(),
        counts: Counts::default(),
        credentials: Vec::new(),
        skipped: Vec::new(),
        damaged: Vec::new(),
    };
    let mut rp_ids = RpIds { arguments, format, found: None };
    for (user, drafts) in sorted(context, arguments, entries, &mut rp_ids, &mut report)? {
        match arguments.all_users.then(|| account::resolve(&Caller::of_process(), Some(&user))) {
            None => import_for(context, arguments, format, drafts, &mut report)?,
            Some(Ok(account)) => {
                import_for(&context.for_account(account), arguments, format, drafts, &mut report)?;
            }
            Some(Err(error)) => report.damaged.extend(drafts.iter().map(|draft| Damaged {
                line: draft.line,
                user: Some(user.clone()),
                code: "unknown_user",
                reason: format!("there is no user {user}"),
                hint: error.remedy().to_owned(),
            })),
        }
    }
    conclude(context, arguments, report)
}

/// The sound entries of the file by their users; damaged ones go to the report. Without `--all-users` only those that are
/// the user's, or no one's.
fn sorted(
    context: &Context,
    arguments: &Import,
    entries: Vec<Entry>,
    rp_ids: &mut RpIds<'_>,
    report: &mut Imported,
) -> Result<BTreeMap<String, Vec<Draft>>, Error> {
    let mut users: BTreeMap<String, Vec<Draft>> = BTreeMap::new();
    for Entry { line, user, passkey } in entries {
        if user.as_ref().is_some_and(|user| !arguments.all_users && *user != context.account.name) {
            continue;
        }
        match passkey {
            Ok(passkey) => {
                let whose = match (user, arguments.all_users) {
                    (Some(user), _) => user,
                    (None, false) => context.user(),
                    (None, true) => return Err(TransferError::NoUsers(arguments.shown_path()).into()),
                };
                let rp_id = rp_ids.of(&passkey)?;
                users.entry(whose).or_default().push(Draft { line, passkey, rp_id, seen: None });
            }
            Err(damage) => report.damaged.push(Damaged {
                line,
                user,
                code: "damaged",
                reason: damage.to_string(),
                hint: damage.remedy().to_owned(),
            }),
        }
    }
    Ok(users)
}

/// What the file holds, and which format it is read as: the given one, or the one that its content shows.
fn read(arguments: &Import) -> Result<(ForeignFormat, Vec<Entry>), Error> {
    let refused = |error| TransferError::File { path: arguments.shown_path(), error };
    let bytes = match arguments.path() {
        Some(path) => interop::file::read(path).map_err(refused)?,
        None if arguments.pin.pin_stdin => return Err(TransferError::StdinTaken.into()),
        None => interop::file::read_stdin().map_err(refused)?,
    };
    let format = if let Some(format) = arguments.format {
        format
    } else {
        let format = format::guess(&arguments.shown_path(), &bytes)?;
        report::note(&format!("The format is {}, judging by the content.", format.as_str()));
        format
    };
    let entries = format::parse(format, &bytes);
    if entries.len() < MAX_ENTRIES {
        Ok((format, entries))
    } else {
        Err(refused(ReadError::TooLong { max_len: interop::file::MAX_LEN }).into())
    }
}

/// The RP IDs of the passkeys in one file.
struct RpIds<'a> {
    arguments: &'a Import,
    format: ForeignFormat,
    /// pam_u2f's, once it has been asked for.
    found: Option<Origin>,
}

impl RpIds<'_> {
    fn of(&mut self, passkey: &ForeignPasskey) -> Result<String, Error> {
        let given = self.arguments.rp_id.as_ref();
        match (&passkey.rp_id, given, self.format) {
            (RpId::Stated(stated), Some(given), _) if stated != given => {
                Err(TransferError::OtherRpId(stated.clone()).into())
            }
            (RpId::Stated(stated), _, _) => Ok(stated.clone()),
            (RpId::Programs | RpId::AppId, Some(given), _) => Ok(given.clone()),
            (RpId::Programs, None, ForeignFormat::PamU2f) => Ok(self.of_pam_u2f()?.origin.clone()),
            (RpId::AppId, None, _) => Ok(self.of_pam_u2f()?.app_id.clone()),
            (RpId::Programs, None, ForeignFormat::Sssd | ForeignFormat::Openssh) => {
                Err(TransferError::RpIdNeeded.into())
            }
        }
    }

    fn of_pam_u2f(&mut self) -> Result<&Origin, Error> {
        if self.found.is_none() {
            let (origin, source) = origin::find(&ServiceFiles::of_machine(), self.arguments.path())?;
            let source = match source {
                Source::Pam => "as pam_u2f is called in the service files of PAM",
                Source::Assumed => "as pam_u2f assumes where nobody says otherwise",
            };
            report::note(&format!(
                "The passkeys are taken for those of the RP ID {}, {source}.",
                origin.origin
            ));
            self.found = Some(origin);
        }
        // It was put there a line ago.
        self.found.as_ref().ok_or_else(|| TransferError::BadOrigin.into())
    }
}

/// Takes over the passkeys of one user.
fn import_for(
    context: &Context,
    arguments: &Import,
    format: ForeignFormat,
    mut drafts: Vec<Draft>,
    report: &mut Imported,
) -> Result<(), Error> {
    let existing = context.load()?.map(|loaded| loaded.file);
    // What is on file need not be asked for.
    if let Some(file) = &existing {
        drafts.retain(|draft| match known(file, draft) {
            None => true,
            Some(name) => {
                report.skipped.push(Known { user: context.user(), line: draft.line, name });
                false
            }
        });
    }
    if drafts.is_empty() {
        return Ok(());
    }
    let random = UserHandle::random().map_err(|_| TransferError::NoRandomness)?;
    let on_file = existing.as_ref().map(|file| file.user_handle.clone());
    context.check_writable(on_file.as_ref().unwrap_or(&random))?;
    let asking = Asking {
        device: arguments.device.as_deref(),
        pin_stdin: arguments.pin.pin_stdin,
        pin_attempts: context.config.policy("", &Settings::default()).pin_attempts,
        // The keys of all users are hardly plugged in here.
        complete: !arguments.all_users,
    };
    let why = keys::ask(&mut drafts, format, asking)?;
    let (found, lost): (Vec<_>, Vec<_>) =
        drafts.into_iter().enumerate().partition(|(_, draft)| draft.id().is_some());
    for (index, draft) in lost {
        let (reason, hint) = not_found::words(&draft.passkey.id, why.get(&index).copied());
        report.damaged.push(Damaged {
            line: draft.line,
            user: Some(context.user()),
            code: "not_found_on_key",
            reason,
            hint,
        });
    }
    let found: Vec<Draft> = found.into_iter().map(|(_, draft)| draft).collect();
    if found.is_empty() { Ok(()) } else { store(context, format, &found, random, report) }
}

/// The name of the entry on file that is this passkey.
fn known(file: &CredentialFile, draft: &Draft) -> Option<String> {
    let credential = file.credentials.iter().find(|credential| draft.is(credential));
    credential.map(|credential| credential.name.clone()).or_else(|| {
        let id = draft.id()?.to_base64url();
        let damaged = file.skipped.iter().find(|entry| entry.id.as_deref() == Some(id.as_str()))?;
        Some(damaged.name.clone().unwrap_or_else(|| "(damaged)".to_owned()))
    })
}

/// Adds the passkeys to the user's file, all at once.
fn store(
    context: &Context,
    format: ForeignFormat,
    drafts: &[Draft],
    random: UserHandle,
    report: &mut Imported,
) -> Result<(), Error> {
    let handle = drafts
        .iter()
        .find_map(Draft::own_handle)
        .filter(|handle| is_free_handle(context, handle))
        .cloned()
        .unwrap_or(random);
    let stored = context.store.update_or_create(&context.account, &handle, |file| {
        let mut outcome = (Vec::new(), Vec::new());
        for draft in drafts {
            match add(file, format, draft) {
                Ok((credential, remarks)) => outcome.0.push((draft.line, credential, remarks)),
                // The file has it twice, or another process was quicker.
                Err(name) => outcome.1.push((draft.line, name)),
            }
        }
        // Nothing new is nothing to write.
        if outcome.0.is_empty() { Err(outcome.1) } else { Ok(outcome) }
    });
    let (imported, skipped) = match stored {
        Ok(outcome) => outcome,
        Err(UpdateError::Change(skipped)) => (Vec::new(), skipped),
        Err(UpdateError::Store(error)) => return Err(context.store_error(error)),
    };
    let user = context.user();
    report.skipped.extend(skipped.into_iter().map(|(line, name)| Known { user: user.clone(), line, name }));
    report.credentials.extend(imported.into_iter().map(|(line, credential, remarks)| ImportedPasskey {
        user: user.clone(),
        line,
        credential: json::Credential::new(&credential, None),
        remarks,
    }));
    Ok(())
}

/// Adds one passkey; the name under which it is on file already, if it is.
fn add(
    file: &mut CredentialFile,
    format: ForeignFormat,
    draft: &Draft,
) -> Result<(Credential, Vec<Remark>), String> {
    if let Some(name) = known(file, draft) {
        return Err(name);
    }
    let credential = draft.credential(format, |name| is_free(file, name)).ok_or_else(String::new)?;
    // Id and name are new, as was just seen.
    file.add(credential.clone()).map_err(|_| credential.name.clone())?;
    Ok((credential, draft.remarks(&file.user_handle)))
}

/// Whether this user handle is unique: it tells users apart.
fn is_free_handle(context: &Context, handle: &UserHandle) -> bool {
    context
        .store
        .user_of_handle(handle)
        .is_ok_and(|user| user.is_none_or(|user| user == context.account.name))
}

/// Tells what came of it all.
fn conclude(context: &Context, arguments: &Import, mut report: Imported) -> Result<Exit, Error> {
    report.damaged.sort_by_key(|damaged| damaged.line);
    report.counts = Counts {
        imported: report.credentials.len(),
        skipped: report.skipped.len(),
        damaged: report.damaged.len(),
    };
    let Counts { imported, skipped, damaged } = report.counts;
    if (imported, skipped, damaged) == (0, 0, 0) {
        let user = (!arguments.all_users).then(|| context.user());
        return Err(TransferError::NothingThere { path: arguments.shown_path(), user }.into());
    }
    for damaged in &report.damaged {
        warn_of(&arguments.shown_path(), damaged);
    }
    for (remark, names) in by_remark(&report.credentials) {
        report::note(&remark.sentence(&names.join(", ")));
    }
    context.output.result::<Error>(&report)?;
    Ok(match (imported, damaged) {
        (_, 1..) => Exit::Failed,
        (0, 0) => Exit::AlreadyEnrolled,
        (1.., 0) => Exit::Done,
    })
}

fn warn_of(file: &Path, damaged: &Damaged) {
    report::warning(&format!("{}:{}: {}. {}", file.display(), damaged.line, damaged.reason, damaged.hint));
}

/// The names of the passkeys that a remark is about, each remark once.
fn by_remark(imported: &[ImportedPasskey]) -> BTreeMap<Remark, Vec<String>> {
    let mut remarks: BTreeMap<Remark, Vec<String>> = BTreeMap::new();
    for passkey in imported {
        for remark in &passkey.remarks {
            remarks.entry(*remark).or_default().push(format!("“{}”", passkey.credential.name));
        }
    }
    remarks
}
