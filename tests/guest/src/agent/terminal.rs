//! Programs on a terminal of their own.

use std::io::{self, Read, Write};
use std::os::unix::fs::chown;
use std::sync::mpsc;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use pty_process::Size;
use pty_process::blocking::{Command, Pty};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::account::Account;
use super::{Host, exit_status};
use crate::protocol::Answer;

const MOMENT: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// The master side of a pseudo-terminal; dropping it hangs up.
pub(super) struct Terminal {
    pty: Arc<Pty>,
}

impl Terminal {
    /// Starts the user's shell as leader of a session whose controlling terminal is the new one.
    pub(super) fn open(
        host: &Host,
        id: u64,
        user: &str,
        command: Option<&str>,
        size: (u16, u16),
    ) -> io::Result<Self> {
        let account = Account::find(user)?;
        let words = account.shell(command);
        let (pty, pts) = pty_process::blocking::open().map_err(io::Error::other)?;
        pty.resize(Size::new(size.0, size.1)).map_err(io::Error::other)?;
        // As after a sign-in, the terminal is the person's own.
        let name = rustix::pty::ptsname(&pty, Vec::new())?;
        chown(name.to_string_lossy().as_ref(), Some(account.uid), None)?;
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .env_clear()
            .envs(account.environment())
            .current_dir(&account.home)
            .env("TERM", "xterm-256color")
            .spawn(pts)
            .map_err(io::Error::other)?;

        let pty = Arc::new(pty);
        let (drained, all_read) = mpsc::channel();
        let (reader, to_host) = (Arc::downgrade(&pty), host.clone());
        thread::spawn(move || {
            pass_on(&reader, id, &to_host);
            let _ = drained.send(());
        });
        let to_host = host.clone();
        thread::spawn(move || {
            let status = child.wait().map_or(-1, exit_status);
            // What the program wrote last comes first, unless a child in the background keeps the terminal open.
            let _ = all_read.recv_timeout(Duration::from_secs(1));
            to_host.tell(id, Answer::Exited { status });
        });
        Ok(Self { pty })
    }

    pub(super) fn input(&self, data: &[u8]) -> io::Result<()> {
        (&*self.pty).write_all(data)
    }

    pub(super) fn resize(&self, size: (u16, u16)) -> io::Result<()> {
        self.pty.resize(Size::new(size.0, size.1)).map_err(io::Error::other)
    }
}

/// Ends with the program, or with the terminal: so that its last owner hangs up, this one holds it only for moments.
fn pass_on(pty: &Weak<Pty>, id: u64, host: &Host) {
    let mut buffer = [0; 4096];
    while let Some(pty) = pty.upgrade() {
        let mut readable = [PollFd::new(&pty, PollFlags::IN)];
        if poll(&mut readable, Some(&MOMENT)).is_ok_and(|ready| ready == 0) {
            continue;
        }
        // The end of a terminal reads as EIO.
        let Ok(length @ 1..) = (&*pty).read(&mut buffer) else { break };
        host.tell(id, Answer::Output { data: buffer[..length].to_vec() });
    }
}
