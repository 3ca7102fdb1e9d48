//! The ceremonies against virtual keys in process, under a fake clock.
#![allow(
    clippy::unchecked_time_subtraction,
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs
)] // A panic is how a test says that something is not as expected.

mod adversary;
mod care;
mod costs;
mod elsewhere;
mod enrol;
mod hostile;
mod invitation;
mod locate;
mod matrix;
mod own_words;
mod pins;
mod recovery;
mod search;
mod secret;
mod several_keys;
mod standing;
mod support;
mod this_computer;
mod transfers;
mod u2f;
mod usernameless;
mod waiting;
mod wire;
