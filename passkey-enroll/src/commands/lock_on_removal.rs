//! `lock-on-removal`: the session is locked when its security key is pulled out.

use std::ffi::OsString;
use std::time::Duration;

use super::Context;
use crate::account::Caller;
use crate::cli::{Global, LockOff, LockOn, LockOnRemovalCommand};
use crate::commands::error::Error;
use crate::commands::results::lock_on_removal::{On, Status, Switched, WatchedSession};
use crate::logind;
use crate::removal::records::Records;
use crate::removal::settings::{self, Settings};
use crate::removal::unit::{self, For};
use crate::removal::{RemovalError, as_user, lockers, watch};
use crate::report::{Exit, note, shell, warning};
use crate::terminal::signals::Interrupt;

/// How long the user's service manager and logind may take in all.
const PATIENCE: Duration = Duration::from_secs(150);

pub(super) fn run(context: &Context, global: &Global, command: LockOnRemovalCommand) -> Result<Exit, Error> {
    unit::require_systemd()?;
    let caller = Caller::of_process();
    let for_everyone = match command {
        LockOnRemovalCommand::On(LockOn { all_users, .. })
        | LockOnRemovalCommand::Off(LockOff { all_users }) => all_users,
        LockOnRemovalCommand::Status | LockOnRemovalCommand::Watch => false,
    };
    if for_everyone && !caller.is_root {
        return Err(RemovalError::OnlyRoot { command: shell::invocation() }.into());
    }
    // Whatever is a user's own is done with no more than the user's rights.
    if !for_everyone && caller.is_root && context.account.uid != caller.uid {
        return by_root(context, global, command);
    }
    match command {
        LockOnRemovalCommand::On(arguments) => on(context, arguments),
        LockOnRemovalCommand::Off(arguments) => off(context, arguments),
        LockOnRemovalCommand::Status => status(context, global),
        LockOnRemovalCommand::Watch => watch(context, global),
    }
    .map(|()| Exit::Done)
}

fn on(context: &Context, arguments: LockOn) -> Result<(), Error> {
    let settings = Settings { grace_seconds: arguments.grace, any_key: arguments.any_key };
    if arguments.all_users {
        settings.write(&settings::machine())?;
        unit::enable(For::Everyone, &context.account.name)?;
        note("It takes effect at each user's next sign-in. Users can change the settings for themselves.");
    } else {
        let loaded = context.load_enrolled()?;
        if loaded.file.enabled().next().is_none() {
            let (user, add) = (context.user(), context.add_command());
            return Err(Error::NoneUsable { user, damage: None, add });
        }
        settings.write(&settings::user(&context.account.home))?;
        unit::enable(For::Self_, &context.account.name)?;
        warn_without_locker(context);
    }
    context.output.result(&Switched {
        user: (!arguments.all_users).then(|| context.user()),
        on: true,
        grace_seconds: Some(settings.grace_seconds),
        any_key: Some(settings.any_key),
    })
}

fn off(context: &Context, arguments: LockOff) -> Result<(), Error> {
    if arguments.all_users {
        unit::disable(For::Everyone, &context.account.name)?;
        settings::remove(&settings::machine())?;
    } else {
        unit::disable(For::Self_, &context.account.name)?;
        settings::remove(&settings::user(&context.account.home))?;
        if unit::is_enabled_for_everyone() {
            warning(
                "it is on for every user of this machine, and begins again with your next sign-in: \
                 sudo passkey-enroll lock-on-removal off --all-users",
            );
        }
    }
    context.output.result(&Switched {
        user: (!arguments.all_users).then(|| context.user()),
        on: false,
        grace_seconds: None,
        any_key: None,
    })
}

fn status(context: &Context, global: &Global) -> Result<(), Error> {
    let settings = Settings::of_user(&context.account.home)?;
    let state = unit::state(&context.account.name)?;
    let mut records = Records::new(global.config.as_deref());
    records.read();
    let sessions = logind::sessions(context.account.uid).unwrap_or_else(|reason| {
        warning(&format!("could not list the sessions: logind: {reason}"));
        Vec::new()
    });
    let sessions = sessions.into_iter().map(|session| {
        let signed_in = records.sign_ins().of_session(&session.service, session.start);
        let passkeys = if signed_in.iter().any(|id| records.stays(id)) {
            // Nothing that is pulled out locks it.
            Vec::new()
        } else if settings.any_key {
            records.passkeys().map(|(_, name)| name.to_owned()).collect()
        } else {
            signed_in.iter().map(|id| records.name(id)).collect()
        };
        WatchedSession { id: session.id, service: session.service, passkeys }
    });
    let sessions: Vec<WatchedSession> = sessions.collect();
    if state.is_running {
        warn_without_locker(context);
    }
    let machine = unit::is_enabled_for_everyone();
    let user = unit::is_users_own(&state, machine, &context.account.home);
    context.output.result(&Status {
        user: context.user(),
        on: On { user, machine },
        running: state.is_running,
        grace_seconds: settings.grace_seconds,
        any_key: settings.any_key,
        watcher: state.status,
        sessions,
        lockers: lockers::running(context.account.uid),
    })
}

fn watch(context: &Context, global: &Global) -> Result<(), Error> {
    // A setting that is not understood must not leave the session open.
    let settings = Settings::of_user(&context.account.home).unwrap_or_else(|error| {
        warning(&format!("{} The built-in settings are used.", error.report().message));
        Settings::default()
    });
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    watch::watch(settings, global.config.as_deref(), &interrupt).map_err(Error::from)
}

/// logind only passes the wish on.
fn warn_without_locker(context: &Context) {
    if lockers::running(context.account.uid).is_empty() {
        warning(
            "no program is running that is known to lock the screen when logind asks for it. \
             Try it: loginctl lock-session",
        );
    }
}

/// Runs the same command as the user whom it is about, who may have put anything into their home.
fn by_root(context: &Context, global: &Global, command: LockOnRemovalCommand) -> Result<Exit, Error> {
    let mut arguments: Vec<OsString> = Vec::new();
    if global.json {
        arguments.push("--json".into());
    }
    if let Some(config) = &global.config {
        arguments.extend(["--config".into(), config.into()]);
    }
    arguments.push("lock-on-removal".into());
    let mut patience = Some(PATIENCE);
    match command {
        LockOnRemovalCommand::On(LockOn { grace, any_key, all_users: _ }) => {
            arguments.extend(["on".into(), "--grace".into(), grace.to_string().into()]);
            arguments.extend(any_key.then(|| "--any-key".into()));
        }
        LockOnRemovalCommand::Off(LockOff { all_users: _ }) => arguments.push("off".into()),
        LockOnRemovalCommand::Status => arguments.push("status".into()),
        LockOnRemovalCommand::Watch => {
            arguments.push("watch".into());
            patience = None;
        }
    }
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let status =
        as_user::run(&context.account, &arguments, patience, &interrupt).map_err(RemovalError::AsUser)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(Exit::ALL.into_iter().find(|exit| Some(exit.code()) == code).unwrap_or(Exit::Failed))
}
