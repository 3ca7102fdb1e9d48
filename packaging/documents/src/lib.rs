//! The documents that come with the programs, made from the programs' own definitions: the command line of
//! `passkey-enroll`, and `config/passkey.toml`, which explains every setting. Also the notices of the linked crates.

#![forbid(unsafe_code)]

mod command;
pub mod licenses;
mod module;
mod page;
pub mod sample;
mod settings;

use jiff::civil::Date;
use passkey_enroll::cli::Shell;
use passkey_enroll::completions;

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its path below `/usr/share`.
    pub path: &'static str,
    /// Its content.
    pub text: String,
}

/// All of them, as of `date`.
pub fn all(date: Date) -> Vec<Document> {
    vec![
        Document { path: "man/man1/passkey-enroll.1", text: command::page(date) },
        Document { path: "man/man8/pam_passkey.8", text: module::page(date) },
        Document { path: "man/man5/passkey.toml.5", text: settings::page(date) },
        Document { path: "bash-completion/completions/passkey-enroll", text: completions(Shell::Bash) },
        Document { path: "zsh/vendor-completions/_passkey-enroll", text: completions(Shell::Zsh) },
        Document { path: "fish/vendor_completions.d/passkey-enroll.fish", text: completions(Shell::Fish) },
    ]
}
