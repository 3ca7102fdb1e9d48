//! The built command, as scripts and people meet it, as far as it goes without a security key.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod attestation;
mod covered;
mod key;
#[path = "../../../tests/shared/machine.rs"]
mod machine;
mod passkeys;
mod people;
mod probe;
mod recovery;
mod scene;
mod structure;
mod transcripts;
mod transfer;
mod trouble;
mod usage;
