//! Completion scripts for shells.

use clap_complete::shells;

use crate::cli::{self, Shell};

/// The file for a shell.
pub fn completions(shell: Shell) -> String {
    let mut command = cli::command();
    let name = command.get_name().to_owned();
    let mut bytes = Vec::new();
    match shell {
        Shell::Bash => clap_complete::generate(shells::Bash, &mut command, name, &mut bytes),
        Shell::Zsh => clap_complete::generate(shells::Zsh, &mut command, name, &mut bytes),
        Shell::Fish => clap_complete::generate(shells::Fish, &mut command, name, &mut bytes),
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match shell {
        // clap_complete 4.6 spells a hyphen in the program's name in two ways, and so never finds the commands' own options.
        Shell::Bash => text.replace("passkey__subcmd__enroll", "passkey__enroll"),
        Shell::Zsh | Shell::Fish => text,
    }
}
