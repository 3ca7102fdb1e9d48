//! The person at the terminal.
//!
//! - `input`: what they type, secrets unseen.
//! - `prompter`: asks and tells for the ceremonies.
//! - `status_line`: moves while the command waits for a person.
//! - `signals`: their Ctrl-C.

pub(crate) mod input;
pub(crate) mod prompter;
pub(crate) mod signals;
pub(crate) mod status_line;
