//! `completions`: what makes a shell complete this command.

use clap_complete::shells;

use crate::cli::{self, Completions, Shell};
use crate::error::Error;
use crate::output;

pub(super) fn run(arguments: &Completions) -> Result<(), Error> {
    output::plain(&text(arguments.shell))
}

/// The completions for a shell.
fn text(shell: Shell) -> String {
    let mut command = cli::visible();
    let name = command.get_name().to_owned();
    let mut bytes = Vec::new();
    match shell {
        Shell::Bash => clap_complete::generate(shells::Bash, &mut command, name, &mut bytes),
        Shell::Zsh => clap_complete::generate(shells::Zsh, &mut command, name, &mut bytes),
        Shell::Fish => clap_complete::generate(shells::Fish, &mut command, name, &mut bytes),
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
