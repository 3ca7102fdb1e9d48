//! The built module in guests, one file per subject: one program, so that two guests can run at a time.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

mod broken;
mod costs;
mod enrol;
mod equipment;
mod hostile;
mod interop;
mod key_care;
mod known_flaws;
mod pin;
mod several_keys;
mod sudo;
mod survival;
mod times;
mod u2f;
mod usernameless;
mod words;
