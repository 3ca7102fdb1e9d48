//! Whether a password is an account's, by PAM.
//!
//! The modules that know passwords are asked, not a service of this machine: a service may let people in by other means. They run in
//! a process of their own, with a deadline, by a service file that no other process sees.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ctap::Secret;
use pam_client::{Answer, NotStarted, Person, Tone, Transaction};
use passkey_core::store::keyring::MAX_PASSWORD_LEN;
use zeroize::Zeroizing;

use crate::report::Exit;
use crate::terminal::signals::Interrupt;
use crate::util::process::{self, Waited};

/// What this program is called with to be that process, before user and folder. It is no command for people.
pub(crate) const COMMAND: &str = "check-password";
/// The service's name in the log.
const SERVICE: &str = "passkey-keyring";
/// Every module that checks a password against its source of accounts. One that is not installed is passed over.
const STACK: &str = "\
-auth sufficient pam_unix.so
-auth sufficient pam_sss.so use_first_pass
-auth sufficient pam_winbind.so use_first_pass
-auth sufficient pam_krb5.so use_first_pass
-auth sufficient pam_ldap.so use_first_pass
auth required pam_deny.so
";
/// A directory server may take its time; a module that hangs may not.
const PATIENCE: Duration = Duration::from_secs(60);

/// What has become of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// It is the account's password.
    Right,
    /// It is not, or the account is locked.
    Wrong,
    /// The person gave up.
    Interrupted,
}

/// Whether `password` is that of the account `user`.
///
/// # Errors
/// When it cannot be determined.
pub(crate) fn is_password_of(user: &str, password: &Secret, interrupt: &Interrupt) -> io::Result<Checked> {
    let folder = tempfile::Builder::new().prefix("passkey-password-").tempdir()?;
    fs::write(folder.path().join(SERVICE), STACK)?;
    // What libpam looks for first of all.
    fs::write(folder.path().join("other"), "auth required pam_deny.so\n")?;
    let mut command = Command::new("/proc/self/exe");
    // By this name it is known in the system log. Ctrl-C is for this process, which ends it.
    command.arg0("passkey-enroll").process_group(0).arg(COMMAND).arg(user).arg(folder.path());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let written = write(&mut child, password);
    match process::wait(&mut child, PATIENCE, || Ok(interrupt.is_raised().then_some(())))? {
        Waited::Ended(status) => match status.code() {
            Some(0) => written.map(|()| Checked::Right),
            Some(code) if code == i32::from(Exit::Failed.code()) => Ok(Checked::Wrong),
            Some(_) | None => Err(io::Error::other(format!("the check ended with {status}"))),
        },
        Waited::TimedOut => Err(io::Error::new(io::ErrorKind::TimedOut, "there was no answer in a minute")),
        Waited::Event(()) => {
            child.kill()?;
            child.wait()?;
            Ok(Checked::Interrupted)
        }
    }
}

/// A pipe takes it whole, whether the process reads it or not.
fn write(child: &mut Child, password: &Secret) -> io::Result<()> {
    match child.stdin.take() {
        Some(mut stdin) => stdin.write_all(password.as_bytes()),
        None => Err(io::ErrorKind::BrokenPipe.into()),
    }
}

/// That process, from beginning to end.
pub(crate) fn inside(arguments: &[OsString]) -> Exit {
    let [user, folder] = arguments else { return Exit::Usage };
    let Some(user) = user.to_str() else { return Exit::Usage };
    let mut password = Zeroizing::new(Vec::with_capacity(MAX_PASSWORD_LEN + 1));
    let limit = u64::try_from(MAX_PASSWORD_LEN + 1).unwrap_or(u64::MAX);
    if io::stdin().take(limit).read_to_end(&mut password).is_err() {
        return Exit::Broken;
    }
    let mut person = Typist(password);
    let started: Result<_, NotStarted> =
        Transaction::start(SERVICE, user, Some(Path::new(folder)), &mut person);
    let Ok(mut transaction) = started else { return Exit::Broken };
    match transaction.authenticate() {
        Ok(()) => Exit::Done,
        Err(_) => Exit::Failed,
    }
}

/// Knows one password, and types it wherever something is asked for without echo.
struct Typist(Zeroizing<Vec<u8>>);

impl Person for Typist {
    fn tell(&mut self, _: Tone, _: &str) {}

    fn ask(&mut self, _: &str, echo: bool) -> Answer {
        if echo { Answer::None } else { Answer::Typed(self.0.clone()) }
    }
}
