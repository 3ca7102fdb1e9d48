//! What arrives from keys and files: one function for each fuzz target, which takes any bytes, panics where something is wrong, and
//! says whether there was something to understand in them.
//!
//! The programs in `fuzz_targets` put the fuzzer before them; `tests/replay.rs` runs `corpus` without one.

pub mod arguments;
pub mod certificate;
pub mod channel;
pub mod descriptor;
pub mod files;
pub mod foreign;
pub mod gdm;
pub mod journal;
pub mod metadata;
pub mod pam_files;
pub mod recovery;
pub mod replies;
pub mod service;
pub mod sign_in;
pub mod statement;
pub mod tpm_request;
