use std::fmt;
use std::io;
use std::path::PathBuf;

use super::license::ACCEPTED;

/// Why the notices of a package cannot be made.
#[derive(Debug)]
pub enum LicensesError {
    /// Cargo cannot be run.
    Run(io::Error),
    /// Cargo refuses.
    Cargo {
        /// What it was asked.
        command: String,
        /// What it said.
        stderr: String,
    },
    /// Cargo's answer is not understood.
    Answer {
        /// What it was asked.
        command: String,
        /// The part of the answer.
        part: String,
    },
    /// A crate names no licence that is accepted, or none at all.
    Expression {
        /// Name and version.
        linked: String,
        /// As its Cargo.toml has it.
        expression: String,
    },
    /// A crate comes without the text of a licence that it is used under.
    NoText {
        /// Name and version.
        linked: String,
        /// Where its files are.
        folder: PathBuf,
        /// SPDX's name of the licence.
        license: &'static str,
    },
    /// A file cannot be read.
    Read(PathBuf, io::Error),
}

impl fmt::Display for LicensesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(error) => write!(f, "cargo cannot be run: {error}"),
            Self::Cargo { command, stderr } => write!(f, "`{command}` fails: {}", stderr.trim()),
            Self::Answer { command, part } => write!(f, "`{command}` gives something unexpected: {part}"),
            Self::Expression { linked, expression } => {
                let accepted: Vec<&str> = ACCEPTED.iter().map(|license| license.id()).collect();
                write!(
                    f,
                    "{linked} is under \"{expression}\", of which nothing is accepted: leave it out, or see \
                     packaging/documents/src/licenses/license.rs, which has {}",
                    accepted.join(", ")
                )
            }
            Self::NoText { linked, folder, license } => {
                let name = linked.split(' ').next().unwrap_or(linked);
                write!(
                    f,
                    "{linked} brings no text of {license} in {}: put the text from its repository into \
                     packaging/documents/licenses/{name}",
                    folder.display()
                )
            }
            Self::Read(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for LicensesError {}
