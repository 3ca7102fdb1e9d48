//! `pam enable`: a service asks for passkeys, and nobody is locked out by it.

use std::thread;
use std::time::Duration;

use super::super::{Context, change};
use super::error::PamError;
use super::plan::{self, Plan};
use super::{require_root, service};
use crate::cli::{Global, PamEnable};
use crate::commands::error::Error;
use crate::commands::results::pam::{Draft, Enabled};
use crate::pam::change::journal::{Change, Entry, EntryState, Journal};
use crate::pam::change::rehearsal::{self, Answers};
use crate::pam::change::{Way, pam_auth_update, watchdog};
use crate::pam::edit::NoDraft;
use crate::pam::parse::ServiceFiles;
use crate::report::{self, Output};
use crate::terminal::signals::Interrupt;
use crate::terminal::status_line::LivingPrompt;

/// How often it is looked whether a change has been confirmed.
const INTERVAL: Duration = Duration::from_millis(200);

pub(super) fn run(global: &Global, output: Output, arguments: &PamEnable) -> Result<(), Error> {
    let service = service(&arguments.service)?;
    if !arguments.dry_run {
        require_root(&format!("enable {service}"))?;
    }
    let context = Context::new(global, output)?;
    let way = if arguments.passwordless { Way::Passwordless } else { Way::SecondFactor };
    let journal = Journal::of_machine();
    // Only root can see what is on trial; whoever looks ahead need not.
    if !arguments.dry_run && matches!(journal.state(&service), Ok(EntryState::OnTrial { .. })) {
        return Err(PamError::OnTrial(service).into());
    }
    let before = ServiceFiles::of_machine();
    let planned = if service == pam_auth_update::SERVICE {
        Plan::of_common(&before, &context.config, way)
    } else {
        Plan::of_file(&before, &context.config, &service, way, arguments)
    };
    let plan = match planned {
        Err(PamError::NoDraft(_, NoDraft::AsksAlready))
            if plan::asks(&before, &context.config, &service, way) =>
        {
            return context.output.result(&Enabled::unchanged(&service, way));
        }
        plan => plan?,
    };
    let risks = plan::risks(&context, global, &service, &before, &plan, arguments.no_rehearsal);
    let drafted = Draft::new(&before, &plan.after, &risks);
    report::block(&drafted);
    plan::refuse_risks(&risks, &arguments.accept)?;
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
    switch(&journal, &entry, &plan, arguments.confirm_within())?;
    if let Some(time) = arguments.confirm_within() {
        wait(&journal, &entry, time, &interrupt)?;
    }
    context.output.result(&Enabled::done(&service, way, drafted, !arguments.no_rehearsal))
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

fn switch(journal: &Journal, entry: &Entry, plan: &Plan, trial_time: Option<Duration>) -> Result<(), Error> {
    let failed = |error| Error::from(PamError::Journal(error));
    let _lock = journal.lock().map_err(failed)?;
    if let Change::File { path, .. } = &entry.change {
        let current = crate::pam::change::read(path).map_err(|error| PamError::Io(path.clone(), error))?;
        if current != plan.before {
            return Err(PamError::ChangedMeanwhile(path.clone()).into());
        }
    }
    journal.begin(entry, plan.before.as_deref(), trial_time.is_some()).map_err(failed)?;
    let made = match trial_time {
        Some(time) => watchdog::watch(journal, &entry.service, time).map_err(failed),
        None => Ok(()),
    }
    .and_then(|()| entry.make().map_err(|error| PamError::NotUndone(entry.service.clone(), error).into()));
    if made.is_err() {
        // Nothing was changed, or not all of it.
        let _ = journal.undo(entry);
    }
    made
}

/// Waits until the change is confirmed. Whoever gives up has it taken back at once.
fn wait(journal: &Journal, entry: &Entry, time: Duration, interrupt: &Interrupt) -> Result<(), Error> {
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
        let entry_now = journal.entry(service).map_err(PamError::Journal)?;
        if entry_now.as_ref() != Some(entry) {
            prompt.clear();
            return Err(PamError::NotConfirmed(service.clone()).into());
        }
        match journal.state(service).map_err(PamError::Journal)? {
            EntryState::Kept => return Ok(()),
            // The watcher is gone and has not done its work: somebody has to.
            EntryState::OnTrial { watched } if interrupt.is_raised() || !watched => {
                prompt.clear();
                let _lock = journal.lock().map_err(PamError::Journal)?;
                journal.undo(entry).map_err(|error| PamError::NotUndone(service.clone(), error))?;
                return Err(PamError::TakenBack(service.clone()).into());
            }
            EntryState::OnTrial { .. } => {}
        }
    }
}
