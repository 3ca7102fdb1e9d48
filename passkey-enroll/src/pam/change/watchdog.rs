//! The process that undoes a change on trial in time.
//!
//! Neither a terminal that is closed nor a Ctrl-C, a killed command or a logout ends it: where systemd runs, it is a unit of its own, and
//! elsewhere it has a session of its own. It goes on until the change is confirmed or undone, by itself or by another. Where the change waits for
//! a sign-in with a passkey, it looks for that sign-in: nothing of that may hang for longer than a few seconds. Should it be killed,
//! `passkey-pam-undo.timer` finishes its work, and the next start of the machine does at the latest.

use std::convert::Infallible;
use std::env;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::awaited::Awaited;
use super::entry::{Entry, EntryState, UndoneBecause};
use super::journal::Journal;
use super::sign_ins;
use crate::report::Exit;
use crate::util::process::{self, Waited};

/// What this program is called with to be that process, before a service. It is no command for people.
pub(crate) const COMMAND: &str = "watch-pam-trial";
/// How often the watcher looks.
const INTERVAL: Duration = Duration::from_millis(200);
/// How often it looks for a sign-in.
const SIGN_IN_INTERVAL: Duration = Duration::from_secs(1);
/// How long to wait where the journal could not be read or locked.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a program of the system may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the watcher may take to begin, on a busy machine.
const START_PATIENCE: Duration = Duration::from_secs(30);
/// Where systemd is in charge.
const SYSTEMD: &str = "/run/systemd/system";
/// The unit that has the timer run as long as something is on trial.
const PATH_UNIT: &str = "passkey-pam-undo.path";

/// Has a process watch over the change from now on.
pub(crate) fn watch(journal: &Journal, service: &str) -> io::Result<()> {
    if Path::new(SYSTEMD).is_dir() {
        // Where the unit is not installed, the watcher does without.
        let _ = run(Command::new("systemctl").args(["start", "--no-block", "--quiet", PATH_UNIT]));
        if in_unit(journal, service).is_ok() {
            return Ok(());
        }
    }
    let mut command = Command::new("/proc/self/exe");
    let mut watcher = silent(command.args([COMMAND, service]).env_clear()).spawn()?;
    let is_watched = || journal.is_watched(service).map(|watched| watched.then_some(()));
    match process::wait(&mut watcher, START_PATIENCE, is_watched)? {
        Waited::Event(()) => Ok(()),
        Waited::Ended(status) => Err(io::Error::other(format!("the watcher has ended: {status}"))),
        Waited::TimedOut => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// As a unit of systemd: what logind ends with a session is not among its processes.
fn in_unit(journal: &Journal, service: &str) -> io::Result<()> {
    let mut command = Command::new("systemd-run");
    command.args(["--quiet", "--collect", "--slice=system.slice"]);
    command.arg(format!("--unit=passkey-pam-trial-{}", std::process::id()));
    command.arg(format!("--description=Undo the change of {service} unless it is confirmed"));
    command.arg("--").arg(env::current_exe()?).args([COMMAND, service]);
    run(&mut command)?;
    let start = Instant::now();
    while !journal.is_watched(service)? {
        if start.elapsed() > START_PATIENCE {
            return Err(io::ErrorKind::TimedOut.into());
        }
        thread::sleep(INTERVAL);
    }
    Ok(())
}

fn run(command: &mut Command) -> io::Result<()> {
    let mut process = silent(command).spawn()?;
    match process::wait(&mut process, PATIENCE, || Ok(None::<Infallible>))? {
        Waited::Ended(status) if status.success() => Ok(()),
        Waited::Ended(status) => Err(io::Error::other(format!("{command:?}: {status}"))),
        Waited::Event(never) => match never {},
        Waited::TimedOut => Err(io::ErrorKind::TimedOut.into()),
    }
}

fn silent(command: &mut Command) -> &mut Command {
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

/// That process, from beginning to end.
pub(crate) fn inside(arguments: &[std::ffi::OsString]) -> Exit {
    let [service] = arguments else { return Exit::Usage };
    let Some(service) = service.to_str() else { return Exit::Usage };
    // It fails where the process leads a group already, as one that a shell starts does: then it has what it needs.
    let _ = rustix::process::setsid();
    match watched(&Journal::of_machine(), service) {
        Ok(()) => Exit::Done,
        Err(_) => Exit::Failed,
    }
}

fn watched(journal: &Journal, service: &str) -> io::Result<()> {
    let mark = journal.watch(service)?;
    let (mut looked, mut awaited): (Option<Instant>, Option<Awaited>) = (None, None);
    // The mark goes when the change is kept or undone. One of another change is another file.
    while mark.metadata()?.nlink() > 0 {
        let entry = journal.entry(service).ok().flatten();
        let is_due = entry.as_ref().is_none_or(|entry| entry.state.is_due() || !entry.state.is_open());
        let has_come = (is_due || looked.is_none_or(|last| last.elapsed() >= SIGN_IN_INTERVAL)) && {
            looked = Some(Instant::now());
            awaited = awaited.filter(|awaited| entry.as_ref().is_some_and(|entry| awaited.is_for(entry)));
            // The service files are read once.
            awaited = awaited.or_else(|| sign_ins::awaited(entry.as_ref()?));
            awaited.as_mut().is_some_and(Awaited::has_come)
        };
        if !is_due && !has_come {
            thread::sleep(INTERVAL);
            continue;
        }
        let settled = journal.lock().and_then(|locked| {
            if mark.metadata()?.nlink() == 0 {
                return Ok(());
            }
            // As it is now, locked against changes by others.
            let entry = journal.entry(service)?.filter(|_| has_come);
            let is_same = |entry: &Entry| awaited.as_ref().is_some_and(|awaited| awaited.is_for(entry));
            if let Some(entry) = entry.filter(|entry| is_same(entry) && is_on_trial(entry))
                && locked.keep_signed_in(entry)?
            {
                return Ok(());
            }
            locked.settle(service, UndoneBecause::NotConfirmed, false).map(drop)
        });
        if settled.is_err() {
            thread::sleep(PAUSE);
        }
    }
    Ok(())
}

fn is_on_trial(entry: &Entry) -> bool {
    matches!(entry.state, EntryState::OnTrial { .. })
}
