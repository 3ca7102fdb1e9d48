//! A running guest.

use std::env;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use crate::PATIENCE;
use crate::builder::GuestBuilder;
use crate::console::Console;
use crate::disk::Disk;
use crate::display::Display;
use crate::image::Root;
use crate::key::{Key, KeyOptions, SOCKET};
use crate::link::Link;
use crate::machine::Machine;
use crate::output::Output;
use crate::protocol::{Action, Answer};
use crate::reader::{self, Announcements, Element, ScreenReader};
use crate::terminal::Terminal;

/// Rows and columns of a terminal that nobody looks at.
const SIZE: (u16, u16) = (40, 100);

/// A machine that runs. It is gone with the last of its owners: the `Guest` and the terminals opened on it.
pub struct Guest {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) link: Link,
    pub(crate) machine: Machine,
}

impl Guest {
    /// A guest on a clean Debian 12, or on the suite that `$GUEST_SUITE` names: so every test can be run on another Debian, or on Ubuntu.
    pub fn debian12() -> GuestBuilder {
        Self::debian(&env::var("GUEST_SUITE").unwrap_or_else(|_| "bookworm".to_owned()))
    }

    /// A guest on a clean Debian of this suite: `bookworm`, `trixie`, `sid`; or on a clean Ubuntu 24.04: `noble`.
    pub fn debian(suite: &str) -> GuestBuilder {
        GuestBuilder::new(Root::Debian { suite: suite.to_owned(), packages: Vec::new() })
    }

    /// A guest on another root.
    pub fn on(root: Root) -> GuestBuilder {
        GuestBuilder::new(root)
    }

    /// Runs a shell command as root, to its end.
    ///
    /// # Panics
    /// When it has not ended within [`PATIENCE`].
    #[track_caller]
    pub fn root(&self, command: &str) -> Output {
        self.run_as("root", command)
    }

    /// Runs a shell command as `user`, without a terminal.
    ///
    /// # Panics
    /// As [`Guest::root`] does.
    #[track_caller]
    pub fn run_as(&self, user: &str, command: &str) -> Output {
        self.run(user, command, b"", PATIENCE)
    }

    /// Runs a shell command with this standard input.
    ///
    /// # Panics
    /// When it has not ended after `patience`.
    #[track_caller]
    pub fn run(&self, user: &str, command: &str, stdin: &[u8], patience: Duration) -> Output {
        let action =
            Action::Run { user: user.to_owned(), command: command.to_owned(), stdin: stdin.to_vec() };
        match self.inner.link.ask(action).1.recv_timeout(patience) {
            Ok(Answer::Finished { status, stdout, stderr }) => Output {
                command: command.to_owned(),
                status,
                stdout: String::from_utf8_lossy(&stdout).into_owned(),
                stderr: String::from_utf8_lossy(&stderr).into_owned(),
            },
            Ok(Answer::Failed { reason }) => panic!("the guest cannot run `{command}`: {reason}"),
            Ok(answer) => panic!("unexpected answer to `{command}`: {answer:?}"),
            Err(RecvTimeoutError::Timeout) => {
                panic!("`{command}` did not end within {patience:?}; the guest runs:\n{}", self.processes())
            }
            Err(RecvTimeoutError::Disconnected) => {
                panic!("the guest is gone, at `{command}`\n{}", self.inner.machine.console())
            }
        }
    }

    /// Runs a shell command as `user` on a terminal of its own.
    pub fn terminal(&self, user: &str, command: &str) -> Terminal {
        self.terminal_sized(user, Some(command), SIZE)
    }

    /// The login shell of `user` on a terminal of its own.
    pub fn shell(&self, user: &str) -> Terminal {
        self.terminal_sized(user, None, SIZE)
    }

    /// A terminal of so many rows and columns; without a command, with the user's login shell.
    pub fn terminal_sized(&self, user: &str, command: Option<&str>, size: (u16, u16)) -> Terminal {
        Terminal::open(Arc::clone(&self.inner), user, command, size)
    }

    /// The machine's own keyboard and screen.
    ///
    /// # Panics
    /// When the guest is gone.
    #[track_caller]
    pub fn console(&self) -> Console<'_> {
        Console::new(self)
    }

    /// The screen of a guest that was [built with one](GuestBuilder::display), its keyboard and its pointer.
    pub fn display(&self) -> Display<'_> {
        Display::new(self)
    }

    /// A screen reader for a program with windows.
    ///
    /// # Panics
    /// When no process of this name runs, or it cannot be read.
    #[track_caller]
    pub fn screen_reader(&self, program: &str) -> ScreenReader<'_> {
        ScreenReader::start(self, program)
    }

    /// What a program shows now, for one that does not tell a screen reader of every change; nothing while it is too busy to say.
    ///
    /// # Panics
    /// When the guest does not answer within `patience`.
    #[track_caller]
    pub fn elements(&self, program: &str, patience: Duration) -> Vec<Element> {
        reader::read_anew(self, program, patience)
    }

    /// Writes down from now on what the labels of a program come to show.
    ///
    /// # Panics
    /// When it does not run, or tells screen readers nothing.
    #[track_caller]
    pub fn announcements(&self, program: &str) -> Announcements<'_> {
        Announcements::listen(self, program)
    }

    /// Writes a file as root, mode 0644; folders on the way are made as needed.
    ///
    /// # Panics
    /// When the guest refuses.
    #[track_caller]
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        self.write_as(path, content, "root", 0o644);
    }

    /// Writes a file that belongs to `owner` and their group, with this mode.
    ///
    /// # Panics
    /// When the guest refuses.
    #[track_caller]
    pub fn write_as(&self, path: &str, content: impl AsRef<[u8]>, owner: &str, mode: u32) {
        let path = quote(path);
        let command = format!(
            "mkdir -p -- \"$(dirname -- {path})\" && cat >{path} && chown -- {owner}:\"$(id -gn {owner})\" {path} && chmod {mode:o} {path}",
            owner = quote(owner)
        );
        self.run("root", &command, content.as_ref(), PATIENCE).ok();
    }

    /// What has been logged so far, one message a line: `authpriv.info Nov 23 … sudo: …`.
    ///
    /// # Panics
    /// When the guest is gone.
    #[track_caller]
    pub fn syslog(&self) -> String {
        self.root("cat /var/log/syslog").ok()
    }

    /// The key of this name.
    pub fn key(&self, name: &str) -> Key<'_> {
        Key::new(self, name)
    }

    /// Plugs in another key, never seen before.
    ///
    /// # Panics
    /// When `virtual-key` refuses.
    #[track_caller]
    pub fn add_key(&self, name: &str, options: &KeyOptions) -> Key<'_> {
        self.start_keys();
        let key = self.key(name);
        key.add(options);
        key
    }

    /// Switches it off without a warning; the disks that it had.
    pub fn power_cut(self) -> Vec<Disk> {
        self.inner.machine.cut_power()
    }

    /// What a power cut would leave of a disk at this moment; the guest goes on.
    ///
    /// # Panics
    /// When it has no disk of this name.
    #[track_caller]
    pub fn copy_of_disk(&self, name: &str) -> Disk {
        self.inner.machine.copy_of_disk(name).unwrap_or_else(|reason| panic!("{reason}"))
    }

    /// Has the process run that is all the keys, if it does not yet.
    #[track_caller]
    fn start_keys(&self) {
        // Whoever sits before the machine can touch its keys.
        let start = format!(
            "[ -S {SOCKET} ] || (umask 0; setsid virtual-key run >/var/log/virtual-key.log 2>&1 </dev/null &)
             for try in $(seq 200); do [ -S {SOCKET} ] && exit 0; sleep 0.05; done; cat /var/log/virtual-key.log >&2; exit 1"
        );
        self.root(&start).ok();
    }

    fn processes(&self) -> String {
        let action =
            Action::Run { user: "root".to_owned(), command: "ps -ef --forest".to_owned(), stdin: Vec::new() };
        match self.inner.link.ask(action).1.recv_timeout(Duration::from_secs(10)) {
            Ok(Answer::Finished { stdout, .. }) => String::from_utf8_lossy(&stdout).into_owned(),
            _ => self.inner.machine.console(),
        }
    }
}

/// As one word of a shell command.
pub(crate) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
