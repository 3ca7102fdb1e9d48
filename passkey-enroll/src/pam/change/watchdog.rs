//! A change on trial, and the process that takes it back in time.
//!
//! That process is one of its own, in a session of its own: a terminal that is closed, a Ctrl-C or a killed command do not end
//! it. What ends it is that the change is confirmed or taken back by somebody else, or the machine; and then `pam undo` takes
//! the change back when the machine starts.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use super::journal::{EntryState, Journal};
use crate::report::Exit;

/// What this program is called with to be that process, before a service and a number of seconds. It is no command for people.
pub(crate) const COMMAND: &str = "watch-pam-trial";
/// How often the watcher looks.
const INTERVAL: Duration = Duration::from_millis(200);
/// How long the watcher may take to begin.
const PATIENCE: Duration = Duration::from_secs(10);

/// Has a process watch over the change from now on.
pub(crate) fn watch(journal: &Journal, service: &str, time: Duration) -> io::Result<()> {
    let mut command = Command::new("/proc/self/exe");
    command.args([COMMAND, service, &time.as_secs().to_string()]);
    command.env_clear().current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut watcher = command.spawn()?;
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if journal.state(service)? == (EntryState::OnTrial { watched: true }) {
            return Ok(());
        }
        if let Some(status) = watcher.try_wait()? {
            return Err(io::Error::other(format!("the watcher has ended: {status}")));
        }
        thread::sleep(Duration::from_millis(10));
    }
    let _ = watcher.kill();
    Err(io::ErrorKind::TimedOut.into())
}

/// That process, from beginning to end.
pub(crate) fn inside(arguments: &[std::ffi::OsString]) -> Exit {
    let [service, seconds] = arguments else { return Exit::Usage };
    let (Some(service), Some(seconds)) =
        (service.to_str(), seconds.to_str().and_then(|text| text.parse().ok()))
    else {
        return Exit::Usage;
    };
    // It fails where the process leads a group already, as one that a shell starts does: then it has what it needs.
    let _ = rustix::process::setsid();
    match watched(&Journal::of_machine(), service, Duration::from_secs(seconds)) {
        Ok(()) => Exit::Done,
        Err(_) => Exit::Failed,
    }
}

fn watched(journal: &Journal, service: &str, time: Duration) -> io::Result<()> {
    let start = Instant::now();
    let pending = File::open(journal.pending(service))?;
    flock(&pending, FlockOperation::NonBlockingLockExclusive)?;
    while start.elapsed() < time {
        thread::sleep(INTERVAL);
        if is_over(&pending)? {
            return Ok(());
        }
    }
    let _lock = journal.lock()?;
    if is_over(&pending)? {
        return Ok(());
    }
    match journal.entry(service)? {
        // What cannot be taken back stays on trial, for `pam undo` to try again and for the doctor to tell of.
        Some(entry) => journal.undo(&entry).map(|_| ()).map_err(|_| io::ErrorKind::Other.into()),
        None => journal.forget(service),
    }
}

/// Whether the file that says so has been taken away.
fn is_over(pending: &File) -> io::Result<bool> {
    Ok(pending.metadata()?.nlink() == 0)
}
