//! A command of this program, run as a step.

use std::io::{self, Write as _};
use std::process::{Command, Stdio};

use ctap::Secret;
use serde_json::Value;

use crate::cli::Global;
use crate::report::Exit;

/// What a command came to.
#[derive(Debug)]
pub(super) struct Ended {
    /// Its exit code.
    pub(super) exit: u8,
    /// Its result, where it was asked for one.
    pub(super) result: Option<Value>,
}

impl Ended {
    /// Whether it did what it was asked to.
    pub(super) fn is_done(&self) -> bool {
        self.exit == Exit::Done.code()
    }
}

/// How a command is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// The person reads its result.
    Shown,
    /// Its result is read here, and nothing of it is shown.
    Read,
}

/// Runs `passkey-enroll ARGUMENTS`. Questions and messages go between it and the terminal.
pub(super) fn run(
    global: &Global,
    arguments: &[String],
    output: Output,
    pin: Option<&Secret>,
) -> io::Result<Ended> {
    let mut command = Command::new("/proc/self/exe");
    command.args(arguments);
    if let Some(user) = &global.user {
        command.args(["--user", user]);
    }
    if let Some(config) = &global.config {
        command.arg("--config").arg(config);
    }
    if output == Output::Read {
        command.arg("--json").stdout(Stdio::piped());
    }
    command.stdin(if pin.is_some() { Stdio::piped() } else { Stdio::inherit() });
    let mut child = command.spawn()?;
    if let (Some(pin), Some(mut stdin)) = (pin, child.stdin.take()) {
        stdin.write_all(pin.as_bytes())?;
        stdin.write_all(b"\n")?;
    }
    let ended = child.wait_with_output()?;
    // A signal is no exit code: nothing was done.
    let exit = ended.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(Exit::Cancelled.code());
    let result = (output == Output::Read).then(|| serde_json::from_slice(&ended.stdout).ok()).flatten();
    Ok(Ended { exit, result })
}
