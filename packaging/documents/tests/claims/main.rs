//! What documents claim is so: what they refer to is there, what is to be typed is understood, what people read is what they are told,
//! the words are plain, and a test that is named for something exists, is run, and can fail.
#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod commands;
mod english;
mod references;
mod rescue;
mod sentences;
mod settings;
mod tests_can_fail;
mod tree;
