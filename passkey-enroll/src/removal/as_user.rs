//! This program once more, with the rights of a user and apart from the caller's terminal.
//!
//! What runs as a user is at the user's mercy, and so is what it starts. With root's terminal it could type into it (`TIOCSTI`), stop root's
//! shell by job control, or write escape sequences to it. So it has a session of its own before it has the user's rights, nothing to read, and
//! pipes to write to; what comes out of them is escaped.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::AsFd as _;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::{Gid, Uid};
use passkey_core::account::Account;
use passkey_core::escape::Escaped;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group, set_parent_process_death_signal, setsid};

use crate::account;
use crate::terminal::signals::Interrupt;
use crate::util::process::{self, Waited};

/// What this program is called with to be that process, before user id, group id, the supplementary groups with commas, and the command line.
pub(crate) const COMMAND: &str = "run-as-user";
/// The longest line that is passed on in one piece, in bytes.
const MAX_LINE: usize = 64 * 1024;
/// How long the process may take to end once it is told to.
const END_PATIENCE: Duration = Duration::from_secs(5);

/// Runs `passkey-enroll ARGUMENTS` as the user, and passes on what it says. Without `patience`, until it ends or is interrupted.
///
/// # Errors
/// When it cannot be started, or takes too long.
pub(crate) fn run(
    user: &Account,
    arguments: &[OsString],
    patience: Option<Duration>,
    interrupt: &Interrupt,
) -> io::Result<ExitStatus> {
    let groups: Vec<String> = account::groups(user).into_iter().map(|group| group.to_string()).collect();
    let mut command = Command::new("/proc/self/exe");
    command.arg(COMMAND).args([user.uid.to_string(), user.gid.to_string(), groups.join(",")]).args(arguments);
    command.env_clear().env("HOME", &user.home).current_dir("/");
    relay(&mut command, patience, interrupt)
}

/// Runs a program that has nothing to read, and passes its lines on, escaped.
fn relay(command: &mut Command, patience: Option<Duration>, interrupt: &Interrupt) -> io::Result<ExitStatus> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut deadline = patience.map(|patience| (Instant::now(), patience));
    let mut running = Running(command.spawn()?);
    let mut stdout = running.0.stdout.take().map(|pipe| Pipe::new(pipe, io::stdout()));
    let mut stderr = running.0.stderr.take().map(|pipe| Pipe::new(pipe, io::stderr()));
    let mut is_told = false;
    while stdout.is_some() || stderr.is_some() {
        let left = match deadline {
            Some((start, patience)) => {
                Some(patience.checked_sub(start.elapsed()).ok_or(io::ErrorKind::TimedOut)?)
            }
            None => None,
        };
        let [out, err, raised] =
            ready(stdout.as_ref(), stderr.as_ref(), (!is_told).then_some(interrupt), left)?;
        if raised {
            is_told = true;
            running.signal(Signal::TERM);
            deadline = Some((Instant::now(), END_PATIENCE));
        }
        if out && stdout.as_mut().is_some_and(|pipe| !pipe.pass_on().unwrap_or(false)) {
            stdout = None;
        }
        if err && stderr.as_mut().is_some_and(|pipe| !pipe.pass_on().unwrap_or(false)) {
            stderr = None;
        }
    }
    // It has closed both, and ends: its output is complete.
    let left = deadline.map_or(END_PATIENCE, |(start, patience)| patience.saturating_sub(start.elapsed()));
    match process::wait(&mut running.0, left, || Ok(None::<Infallible>))? {
        Waited::Ended(status) => Ok(status),
        Waited::Event(never) => match never {},
        Waited::TimedOut => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// Waits, and tells which of the three has something.
fn ready<O: Write, E: Write>(
    stdout: Option<&Pipe<ChildStdout, O>>,
    stderr: Option<&Pipe<ChildStderr, E>>,
    interrupt: Option<&Interrupt>,
    left: Option<Duration>,
) -> io::Result<[bool; 3]> {
    let fds = [
        stdout.map(|pipe| pipe.from.as_fd()),
        stderr.map(|pipe| pipe.from.as_fd()),
        interrupt.map(Interrupt::fd),
    ];
    let mut polled: Vec<PollFd<'_>> =
        fds.iter().flatten().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
    let timeout = left.and_then(|left| Timespec::try_from(left).ok());
    match poll(&mut polled, timeout.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(errno) => return Err(errno.into()),
    }
    let mut polled = polled.iter();
    Ok(fds.map(|fd| fd.is_some() && polled.next().is_some_and(|fd| !fd.revents().is_empty())))
}

/// One way from the process to the person.
struct Pipe<R, W> {
    from: R,
    to: W,
    line: Vec<u8>,
}

impl<R: Read, W: Write> Pipe<R, W> {
    fn new(from: R, to: W) -> Self {
        Self { from, to, line: Vec::new() }
    }

    /// Passes on what there is to read; false at the end.
    fn pass_on(&mut self) -> io::Result<bool> {
        let mut chunk = [0; 16 * 1024];
        let read = match self.from.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(true),
            read => read?,
        };
        self.line.extend_from_slice(chunk.get(..read).unwrap_or_default());
        while let Some(end) = self.line.iter().position(|byte| *byte == b'\n') {
            let rest = self.line.split_off(end.saturating_add(1));
            self.write_line();
            self.line = rest;
        }
        if !self.line.is_empty() && (read == 0 || self.line.len() > MAX_LINE) {
            self.write_line();
        }
        Ok(read > 0)
    }

    fn write_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        let (text, end) = text.strip_suffix('\n').map_or((&*text, ""), |text| (text, "\n"));
        // The reader has closed the pipe.
        let _ = write!(self.to, "{}{end}", Escaped::name(text, MAX_LINE)).and_then(|()| self.to.flush());
    }
}

/// A process that does not outlive this, nor does what it has started.
struct Running(Child);

impl Running {
    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // The process leads a group of its own once it runs.
            let _ = kill_process_group(pid, signal);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that was waited for is left alone: its number may belong to another by now.
        if matches!(self.0.try_wait(), Ok(Some(_))) {
            return;
        }
        self.signal(Signal::KILL);
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// In that process: takes on the user's rights. What is left is the command line;
/// `None` where it is not called as it should be, or the rights cannot be changed.
pub(crate) fn become_user(arguments: &[OsString]) -> Option<&[OsString]> {
    let [uid, gid, groups, rest @ ..] = arguments else { return None };
    let number = |text: &str| text.parse::<u32>().ok();
    let (uid, gid) = (Uid::from_raw(number(uid.to_str()?)?), Gid::from_raw(number(gid.to_str()?)?));
    let groups = groups.to_str()?.split(',').filter(|group| !group.is_empty());
    let groups: Vec<Gid> = groups.map(|group| number(group).map(Gid::from_raw)).collect::<Option<_>>()?;
    // First of all: the kernel lets no user near the process before it has the user's rights, and afterwards there is no terminal.
    setsid().ok()?;
    nix::unistd::setgroups(&groups).ok()?;
    nix::unistd::setresgid(gid, gid, gid).ok()?;
    nix::unistd::setresuid(uid, uid, uid).ok()?;
    // A change of rights takes it away, so it comes last.
    set_parent_process_death_signal(Some(Signal::KILL)).ok()?;
    Some(rest)
}

#[cfg(test)]
#[path = "as_user_tests.rs"]
mod tests;
