//! Commands without a terminal.

use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::thread;

use super::account::Account;
use super::exit_status;
use crate::protocol::Answer;

/// Runs the command to its end.
pub(super) fn run(user: &str, command: &str, stdin: &[u8]) -> io::Result<Answer> {
    let account = Account::find(user)?;
    let words = account.shell(Some(command));
    let mut child = Command::new(&words[0])
        .args(&words[1..])
        .env_clear()
        .envs(account.environment())
        .current_dir(&account.home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().expect("piped");
    let output = thread::scope(|scope| {
        // A command that does not read all of its input is none of our business.
        scope.spawn(move || drop(input.write_all(stdin)));
        child.wait_with_output()
    })?;
    Ok(Answer::Finished { status: exit_status(output.status), stdout: output.stdout, stderr: output.stderr })
}
