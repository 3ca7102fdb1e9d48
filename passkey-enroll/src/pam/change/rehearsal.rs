//! A real sign-in by files that are not in place yet: libpam and all modules, with the person's own key and password.
//!
//! Modules can do to their process what they like, so it gets one of its own, and a deadline. The service keeps its name, and
//! with it what the configuration says of it; what is put aside are the folders: libpam is given another one.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use jiff::Timestamp;

use pam_client::{Answer, NotStarted, Person, Tone, Transaction};
use passkey_core::store::ServiceSignIn;
use passkey_core::time;
use zeroize::Zeroizing;

use super::rehearsal_files;
use crate::pam::parse::ServiceFiles;
use crate::report;
use crate::report::Exit;
use crate::terminal::input::{Line, StdinSecrets, Terminal};
use crate::terminal::signals::Interrupt;
use crate::util::process::{self, Waited};

/// What this program is called with to be that process, before service, user, folder and where answers come from. It is no
/// command for people.
pub(crate) const COMMAND: &str = "rehearse-pam";
/// A person may take their time over a password and three PINs; a module that hangs may not.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long the process may take to end once it is told to.
const CANCEL_PATIENCE: Duration = Duration::from_secs(5);

/// Where answers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    /// The person at the terminal.
    Terminal,
    /// The lines of stdin, in the order of the questions.
    Stdin,
}

/// Why the rehearsal did not end well.
#[derive(Debug)]
pub(crate) enum NotRehearsed {
    /// PAM did not let the person in.
    Refused,
    /// PAM let them in, and the module did not verify a passkey of theirs for it, or could not write that down.
    WithoutPasskey,
    /// The person gave up.
    Interrupted,
    /// It took too long.
    TimedOut,
    /// It could not take place.
    Failed(io::Error),
}

impl From<io::Error> for NotRehearsed {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

/// A sign-in that has worked: what the module's own record of it has to say.
#[derive(Debug)]
pub(crate) struct Rehearsed {
    /// The process that has called the module.
    pid: u32,
    /// It was not running before.
    since: Timestamp,
}

impl Rehearsed {
    /// Whether this is the record that the module has made in it.
    pub(crate) fn is_proved_by(&self, sign_in: &ServiceSignIn) -> bool {
        sign_in.pid == self.pid && sign_in.time >= self.since
    }
}

/// Signs `user` in to `service` by these files. What the modules say stands on stderr.
pub(crate) fn rehearse(
    files: &ServiceFiles,
    service: &str,
    user: &str,
    answers: Answers,
    interrupt: &Interrupt,
) -> Result<Rehearsed, NotRehearsed> {
    // Only root can look in, as into what may be private in the files.
    let folder = tempfile::Builder::new().prefix("passkey-rehearsal-").tempdir()?;
    rehearsal_files::lay_out(files, service, folder.path())?;
    let mut command = Command::new("/proc/self/exe");
    command.arg(COMMAND).args([service, user]).arg(folder.path());
    command.arg(match answers {
        Answers::Terminal => "terminal",
        Answers::Stdin => "stdin",
    });
    // stdout is the result's alone.
    command.stdout(Stdio::null());
    let since = time::now_precisely();
    let process = command.spawn()?;
    let pid = process.id();
    let status = wait(process, interrupt)?;
    match status.code() {
        Some(0) => Ok(Rehearsed { pid, since }),
        Some(code) if code == i32::from(Exit::Cancelled.code()) => Err(NotRehearsed::Interrupted),
        Some(_) => Err(NotRehearsed::Refused),
        None => {
            let signal = status.signal().unwrap_or_default();
            Err(NotRehearsed::Failed(io::Error::other(format!("a module has ended it with signal {signal}"))))
        }
    }
}

fn wait(mut process: Child, interrupt: &Interrupt) -> Result<ExitStatus, NotRehearsed> {
    match process::wait(&mut process, PATIENCE, || Ok(interrupt.is_raised().then_some(())))? {
        Waited::Ended(_) if interrupt.is_raised() => Err(NotRehearsed::Interrupted),
        Waited::Ended(status) => Ok(status),
        Waited::TimedOut => Err(NotRehearsed::TimedOut),
        Waited::Event(()) => {
            // The terminal's Ctrl-C has reached it as well, and lets the module put the key out.
            process::wait(&mut process, CANCEL_PATIENCE, || Ok(None::<Infallible>))?;
            Err(NotRehearsed::Interrupted)
        }
    }
}

/// That process, from beginning to end.
pub(crate) fn inside(arguments: &[OsString]) -> Exit {
    let [service, user, folder, answers] = arguments else { return Exit::Usage };
    let (Some(service), Some(user)) = (service.to_str(), user.to_str()) else { return Exit::Usage };
    let Ok(interrupt) = Interrupt::install() else { return Exit::Failed };
    let mut applicant =
        Applicant { interrupt: &interrupt, stdin: (answers == "stdin").then(StdinSecrets::new) };
    let result = sign_in(service, user, Path::new(folder), &mut applicant);
    match result {
        Ok(()) => Exit::Done,
        Err(_) if interrupt.is_raised() => Exit::Cancelled,
        Err(reason) => {
            report::warning(&format!("PAM: {reason}"));
            Exit::Failed
        }
    }
}

fn sign_in(service: &str, user: &str, folder: &Path, person: &mut Applicant<'_>) -> Result<(), String> {
    let mut transaction = Transaction::start(service, user, Some(folder), person)
        .map_err(|error: NotStarted| error.to_string())?;
    let tty = rustix::termios::ttyname(rustix::stdio::stdin(), Vec::new()).ok();
    if let Some(tty) = tty.as_ref().and_then(|tty| tty.to_str().ok()) {
        transaction.set_tty(tty).map_err(|code| code.to_string())?;
    }
    transaction.set_ruser(user).map_err(|code| code.to_string())?;
    transaction.authenticate().and_then(|()| transaction.check_account()).map_err(|code| code.to_string())
}

/// Who signs in.
struct Applicant<'i> {
    interrupt: &'i Interrupt,
    /// `None`: the terminal.
    stdin: Option<StdinSecrets>,
}

impl Person for Applicant<'_> {
    fn tell(&mut self, tone: Tone, text: &str) {
        match tone {
            Tone::Info => report::note(text),
            Tone::Error => report::warning(text),
        }
    }

    fn ask(&mut self, question: &str, echo: bool) -> Answer {
        let question = passkey_core::escape::Escaped::text(question).to_string();
        let line = match &mut self.stdin {
            Some(stdin) => stdin.next(self.interrupt),
            None => match Terminal::open() {
                Some(mut terminal) if echo => terminal.ask(&question, self.interrupt),
                Some(mut terminal) => terminal.ask_secret(&question, self.interrupt),
                None => return Answer::None,
            },
        };
        match line {
            Ok(Line::Typed(secret)) => Answer::Typed(Zeroizing::new(secret.as_bytes().to_vec())),
            Ok(Line::End | Line::Interrupted) | Err(_) => Answer::None,
        }
    }
}
