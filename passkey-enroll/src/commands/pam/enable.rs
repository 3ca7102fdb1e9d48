//! `pam enable`: a service asks for passkeys, without locking anyone out.

use super::super::{Context, change};
use super::error::PamError;
use super::plan::{self, Plan};
use super::{desktop, require_root, service, trial};
use crate::cli::{Global, PamEnable};
use crate::commands::error::Error;
use crate::commands::results::pam::{Draft, Enabled};
use crate::doctor;
use crate::pam::change::journal::Journal;
use crate::pam::change::rehearsal::{self, Answers, NotRehearsed};
use crate::pam::change::{Way, pam_auth_update, sign_ins};
use crate::pam::edit::NoDraft;
use crate::pam::parse::ServiceFiles;
use crate::pam::simulate::GDM_SWITCHABLE;
use crate::report::{self, Output};
use crate::terminal::signals::Interrupt;

pub(super) fn run(global: &Global, output: Output, arguments: &PamEnable) -> Result<(), Error> {
    let service = service(&arguments.service)?;
    if !arguments.dry_run {
        require_root(&format!("enable {service}"))?;
    }
    let context = Context::new(global, output)?;
    let is_switchable = service == GDM_SWITCHABLE;
    if is_switchable && arguments.second_factor {
        return Err(PamError::SideBySide.into());
    }
    let way = if arguments.passwordless || is_switchable { Way::Passwordless } else { Way::SecondFactor };
    let journal = Journal::of_machine();
    // Only root can see what is on trial; a dry run does not need to.
    if !arguments.dry_run {
        // What cannot be read is told of before anything is changed.
        if let Err(error @ PamError::OnTrial(_)) = trial::refuse_open(&journal, &service) {
            return Err(error.into());
        }
    }
    let before = ServiceFiles::of_machine();
    let planned = if service == pam_auth_update::SERVICE {
        // The profile is a file of the package's: what it allows is the configuration's to say.
        if arguments.recovery_codes {
            return Err(PamError::ProfileOption("--recovery-codes", "recovery = \"allow\"").into());
        }
        if arguments.ignore_unenrolled {
            return Err(PamError::ProfileOption("--ignore-unenrolled", "unenrolled = \"ignore\"").into());
        }
        Plan::of_common(&before, &context.config, way)
    } else {
        Plan::of_file(&before, &context.config, &service, way, arguments, None)
    };
    let plan = match planned {
        Err(PamError::NoDraft(_, NoDraft::AsksAlready))
            if plan::asks(&before, &context.config, &service, way, arguments) =>
        {
            let exempt = plan::exempt(&before, &context.config, &service);
            plan::refuse_risks(&doctor::exempted(&service, &exempt), &arguments.accept)?;
            return context.output.result(&Enabled::unchanged(&service, way));
        }
        // In another way: what this command has put in itself makes room for it.
        Err(error @ PamError::NoDraft(_, NoDraft::AsksAlready)) => {
            let Some(originals) = journal.originals(&service).ok().flatten() else {
                return Err(error.into());
            };
            Plan::of_file(&before, &context.config, &service, way, arguments, Some(&originals))?
        }
        plan => plan?,
    };
    let risks = plan::risks(&context, global, &service, &before, &plan, arguments.no_rehearsal);
    let time = arguments.confirm_within(desktop::usual_time(&service));
    let drafted = Draft::new(&before, &plan.after, &risks);
    report::block(&drafted);
    plan::refuse_risks(&risks, &arguments.accept)?;
    let terms = time.map(|time| trial::Terms::of(&service, &context.account, &plan.after, time));
    for words in desktop::announcements(&service, way, terms.as_ref()) {
        report::note(&words);
    }
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
    let entry = trial::switch(&journal, &service, Some(way), &plan, terms.as_ref())?;
    if let Some(terms) = &terms {
        let otherwise =
            if plan.replaces { "it does not ask for passkeys any more" } else { "all is as before" };
        report::note(&trial::begun(&service, terms, otherwise));
        trial::wait(&journal, &entry, &interrupt).map_err(|error| match error {
            Error::Pam(reason) if plan.replaces => {
                PamError::ReplacedAndUndone(service.clone(), reason).into()
            }
            error => error,
        })?;
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
    let failed = |reason| PamError::NotRehearsed(plan.rehearsable.clone(), reason);
    let rehearsed =
        rehearsal::rehearse(&plan.after, &plan.rehearsable, user, answers, interrupt).map_err(failed)?;
    let stores = sign_ins::stores(&plan.after, &plan.rehearsable, &context.config);
    let is_proved = stores.iter().any(|store| {
        let sign_in = sign_ins::last(&context.config, &context.account, store, &plan.rehearsable);
        sign_in.is_some_and(|sign_in| rehearsed.is_proved_by(&sign_in))
    });
    if is_proved { Ok(()) } else { Err(failed(NotRehearsed::WithoutPasskey).into()) }
}
