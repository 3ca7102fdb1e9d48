//! The built module in guests, one file per subject: one program, so that two guests can run at a time.
#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod attestation;
mod broken;
mod differential;
mod disks;
mod doctor;
mod endurance;
mod enrol;
mod equipment;
mod figures;
mod gate;
mod gdm_json;
mod greeters;
mod hanging;
mod hostile;
mod identity;
mod interop;
mod key;
mod keyring;
mod known_flaws;
mod leftovers;
mod lock_on_removal;
mod lockout;
mod migrate;
mod nixos;
mod package;
mod pin;
mod power;
mod recipes;
mod recovery;
mod saved;
mod several_keys;
mod shown;
mod starved;
mod sudo;
mod survival;
mod switch;
mod this_computer;
mod tpm_trouble;
mod transcripts;
mod trials;
mod two_hundred;
mod u2f;
mod unproven;
mod usernameless;
mod words;
