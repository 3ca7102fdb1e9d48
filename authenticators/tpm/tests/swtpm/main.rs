//! The authenticator on a TPM in software (swtpm), a process of its own.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says by a panic that it fails"
)]

mod client;
mod fingers;
mod flows;
mod hostile;
#[path = "../../../../tests/shared/machine.rs"]
mod machine;
mod management;
mod objects;
mod reader;
mod rivals;
mod service;
mod simulator;
mod socket;
mod tries;
mod trouble;
