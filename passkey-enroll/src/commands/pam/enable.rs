//! `pam enable`: a service asks for passkeys, and nobody is locked out by it.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;
use std::time::Duration;

use passkey_core::config::Config;

use super::super::{Context, change};
use super::error::PamError;
use super::{require_root, service};
use crate::cli::{Global, PamEnable};
use crate::commands::error::Error;
use crate::commands::results::pam::{Draft, Enabled};
use crate::doctor::{self, Finding, Machine, Severity, Subject};
use crate::pam::change::ledger::{Change, Entry, Ledger, Standing};
use crate::pam::change::rehearsal::{self, Answers};
use crate::pam::change::{Way, common, trial};
use crate::pam::edit::{self, NoDraft};
use crate::pam::parse::ServiceFiles;
use crate::pam::simulate::ServiceAccess;
use crate::report::{self, Output};
use crate::terminal::signals::Interrupt;
use crate::terminal::status_line::LivingPrompt;

/// Of service files that there were none of.
const MODE: u32 = 0o644;
/// How often it is looked whether a change has been confirmed.
const INTERVAL: Duration = Duration::from_millis(200);
/// Services that include Debian's common files, for a rehearsal of those.
const REHEARSABLE: [&str; 3] = ["sudo", "login", "su"];

pub(super) fn run(global: &Global, output: Output, arguments: &PamEnable) -> Result<(), Error> {
    let service = service(&arguments.service)?;
    if !arguments.dry_run {
        require_root(&format!("enable {service}"))?;
    }
    let context = Context::new(global, output)?;
    let way = if arguments.passwordless { Way::Passwordless } else { Way::SecondFactor };
    let ledger = Ledger::of_machine();
    // Only root can see what is on trial; whoever looks ahead need not.
    if !arguments.dry_run && matches!(ledger.standing(&service), Ok(Standing::OnTrial { .. })) {
        return Err(PamError::OnTrial(service).into());
    }
    let before = ServiceFiles::of_machine();
    let planned = if service == common::SERVICE {
        Plan::of_common(&before, way)
    } else {
        Plan::of_file(&before, &context.config, &service, way, arguments)
    };
    let plan = match planned {
        Err(PamError::NoDraft(_, NoDraft::AsksAlready)) if asks(&before, &context.config, &service, way) => {
            return context.output.result(&Enabled::unchanged(&service, way));
        }
        plan => plan?,
    };
    let subject = Subject {
        machine: Machine::this(),
        account: context.account.clone(),
        user_option: context.user_option.clone(),
        config: global.config.clone(),
    };
    let risks = doctor::foresee(&subject, &service, &before, &plan.after);
    let drafted = Draft::new(&before, &plan.after, &risks);
    report::block(&drafted);
    refuse_risks(&risks, &arguments.accept)?;
    if arguments.dry_run {
        return context.output.result(&Enabled::dry_run(&service, way, drafted));
    }
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    if !arguments.no_rehearsal {
        // Without a passkey there is nothing to rehearse with.
        context.load_enrolled()?;
    }
    if !arguments.yes {
        change::confirm(&format!("Have {service} ask for passkeys like this?"))?;
    }
    if !arguments.no_rehearsal {
        rehearse(&context, &plan, arguments, &interrupt)?;
    }
    let entry = Entry::new(&service, way, plan.change.clone());
    switch(&ledger, &entry, &plan, arguments.confirm_within())?;
    if let Some(time) = arguments.confirm_within() {
        wait(&ledger, &entry, time, &interrupt)?;
    }
    context.output.result(&Enabled::done(&service, way, drafted, !arguments.no_rehearsal))
}

/// Whether the service asks in this way already.
fn asks(files: &ServiceFiles, config: &Config, service: &str, way: Way) -> bool {
    let gate = ServiceAccess::asking(files, service, config).ok().flatten();
    gate.is_some_and(|gate| match way {
        Way::SecondFactor => !gate.passkey_is_enough() && !gate.password_is_enough(),
        Way::Passwordless => gate.passkey_is_enough(),
    })
}

/// What is to be done.
struct Plan {
    /// The service files as they would be.
    after: ServiceFiles,
    /// What is written down of it.
    change: Change,
    /// The file as it is; `None` where there is none, or the change is not one of a single file.
    before: Option<Vec<u8>>,
    /// What a person signs in to, to try it.
    rehearsable: String,
}

impl Plan {
    fn of_file(
        files: &ServiceFiles,
        config: &Config,
        service: &str,
        way: Way,
        arguments: &PamEnable,
    ) -> Result<Self, PamError> {
        let module_arguments: Vec<String> =
            arguments.ignore_unenrolled.then(|| "unenrolled=ignore".to_owned()).into_iter().collect();
        let bytes = edit::with_passkeys(files, config, service, way, &module_arguments)
            .map_err(|reason| PamError::NoDraft(service.to_owned(), reason))?;
        let after = String::from_utf8(bytes.clone()).map_err(|_| PamError::NotText(service.to_owned()))?;
        // A vendor's file stays as it is: the administrator's folder hides it.
        let path = files.own_path(service);
        let failed = |error| PamError::Io(path.clone(), error);
        let (before, mode) = match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => return Err(PamError::Link(path)),
            Ok(metadata) => (Some(fs::read(&path).map_err(failed)?), metadata.permissions().mode() & 0o777),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (None, MODE),
            Err(error) => return Err(failed(error)),
        };
        Ok(Self {
            after: files.clone().with(service, bytes),
            change: Change::File { path, existed: before.is_some(), mode, after },
            before,
            rehearsable: service.to_owned(),
        })
    }

    fn of_common(files: &ServiceFiles, way: Way) -> Result<Self, PamError> {
        if common::enabled().is_some() {
            return Err(PamError::NoDraft(common::SERVICE.to_owned(), NoDraft::AsksAlready));
        }
        let name = common::profile(way).to_owned();
        let after = common::draft(&name, files.clone()).map_err(PamError::Common)?;
        let rehearsable = REHEARSABLE.into_iter().find(|service| files.read(service).is_ok());
        Ok(Self {
            after,
            change: Change::Profile { name },
            before: None,
            rehearsable: rehearsable.unwrap_or(common::SERVICE).to_owned(),
        })
    }
}

/// What would come of it is a reason to leave it, unless whoever decides has named it.
fn refuse_risks(risks: &[Finding], accepted: &[String]) -> Result<(), Error> {
    let is_refused = |risk: &&Finding| match risk.severity {
        Severity::Ok | Severity::Note => false,
        Severity::Warning => !accepted.iter().any(|code| code == risk.code),
        Severity::Error => true,
    };
    let refused: Vec<Finding> = risks.iter().filter(is_refused).cloned().collect();
    if refused.is_empty() { Ok(()) } else { Err(PamError::Risks(refused).into()) }
}

fn rehearse(
    context: &Context,
    plan: &Plan,
    arguments: &PamEnable,
    interrupt: &Interrupt,
) -> Result<(), Error> {
    let answers = if arguments.answers_stdin { Answers::Stdin } else { Answers::Terminal };
    let user = &context.account.name;
    report::note(&format!("Sign in once by the new lines, as {user}. Nothing is changed yet."));
    rehearsal::rehearse(&plan.after, &plan.rehearsable, user, answers, interrupt)
        .map_err(|reason| PamError::NotRehearsed(plan.rehearsable.clone(), reason).into())
}

fn switch(ledger: &Ledger, entry: &Entry, plan: &Plan, trial_time: Option<Duration>) -> Result<(), Error> {
    let failed = |error| Error::from(PamError::Ledger(error));
    let _lock = ledger.lock().map_err(failed)?;
    if let Change::File { path, .. } = &entry.change {
        let current = crate::pam::change::read(path).map_err(|error| PamError::Io(path.clone(), error))?;
        if current != plan.before {
            return Err(PamError::ChangedMeanwhile(path.clone()).into());
        }
    }
    ledger.begin(entry, plan.before.as_deref(), trial_time.is_some()).map_err(failed)?;
    let made = match trial_time {
        Some(time) => trial::watch(ledger, &entry.service, time).map_err(failed),
        None => Ok(()),
    }
    .and_then(|()| entry.make().map_err(|error| PamError::NotUndone(entry.service.clone(), error).into()));
    if made.is_err() {
        // Nothing was changed, or not all of it.
        let _ = ledger.undo(entry);
    }
    made
}

/// Waits until the change is confirmed. Whoever gives up has it taken back at once.
fn wait(ledger: &Ledger, entry: &Entry, time: Duration, interrupt: &Interrupt) -> Result<(), Error> {
    let service = &entry.service;
    report::note(&format!(
        "{service} asks for passkeys now, on trial: in {} seconds all is as before, unless you keep it from a new sign-in.",
        time.as_secs()
    ));
    report::note(&format!(
        "Open another terminal, sign in anew, and run there: sudo passkey-enroll pam confirm {service}"
    ));
    let mut prompt = LivingPrompt::new();
    prompt.show("Waiting for the confirmation. Ctrl-C takes it back at once.");
    loop {
        thread::sleep(INTERVAL);
        let entry_now = ledger.entry(service).map_err(PamError::Ledger)?;
        if entry_now.as_ref() != Some(entry) {
            prompt.clear();
            return Err(PamError::NotConfirmed(service.clone()).into());
        }
        match ledger.standing(service).map_err(PamError::Ledger)? {
            Standing::Kept => return Ok(()),
            // The watcher is gone and has not done its work: somebody has to.
            Standing::OnTrial { watched } if interrupt.is_raised() || !watched => {
                prompt.clear();
                let _lock = ledger.lock().map_err(PamError::Ledger)?;
                ledger.undo(entry).map_err(|error| PamError::NotUndone(service.clone(), error))?;
                return Err(PamError::TakenBack(service.clone()).into());
            }
            Standing::OnTrial { .. } => {}
        }
    }
}
