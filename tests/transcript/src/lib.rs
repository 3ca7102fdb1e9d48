//! Transcripts: Markdown that shows a command at work, played step by step and held against what the command does now.
//!
//! A block fenced as `console` holds commands of a script, with no terminal about; one fenced as `terminal` holds one command
//! and what a person at a terminal sees and types. Everything else is prose.
//!
//! | a line that begins with | is |
//! |---|---|
//! | `$ ` | a command for the shell |
//! | `< ` | a line of its standard input |
//! | `? ` | its exit status, where that is not 0 |
//! | `! ` | a line on standard error |
//! | `> ` | typed at the terminal, and seen there |
//! | `* ` | typed at the terminal, and not shown, as a secret |
//! | `^C` | typed at the terminal: the person gives up |
//! | `% ` | what happens to the scene, in words of the stage: `% unplug blue` |
//! | anything else | a line on standard output, or on the terminal |
//!
//! What differs from run to run is replaced by the stage, the same on every run. With [`UPDATE`] in the environment a transcript is
//! written anew with what the commands did; what is typed and what happens stay as they are.
#![forbid(unsafe_code)]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "test equipment: a panic is how a test fails, and what it prints says where"
)]

mod document;
mod play;
mod redact;

pub use document::{Act, Beat, Block, Document, Scripted};
pub use play::{Dialogue, Ran, Stage, play};
pub use redact::{Ids, codes, dates, json_numbers};

/// The environment variable that has transcripts written anew.
pub const UPDATE: &str = "UPDATE_TRANSCRIPTS";
