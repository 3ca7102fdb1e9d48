//! Security keys in software, for tests.
//!
//! The firmware is Google's OpenSK, run as a library, so that what our own protocol code believes is checked by an
//! implementation that shares none of it. Around it stand a clock, a person with a finger, and a USB port:
//! - [`Bench`] holds several keys in one process under one fake clock: no real time passes and every run is the same.
//!   A [`Sabotage`] makes an honest key misbehave at one step; an [`Impostor`] was never enrolled and claims what it
//!   likes in clean CTAPHID; anything else sits at the same bench through the [`Behaviour`] trait.
//! - the program `virtual-key` hosts keys on `/dev/uhid`, where the kernel takes them for real ones.
#![forbid(unsafe_code)]
// Test equipment: whatever is not as expected here is a broken test, and a panic is how a test says so.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used
)]

mod attestation;
mod behaviour;
mod bench;
mod config;
mod corruption;
mod counts;
mod hand;
mod impostor;
mod key;
pub mod live;
mod message;
mod metadata;
mod sabotage;
mod timeline;

pub use attestation::{attestation_root, metadata_root};
pub use behaviour::Behaviour;
pub use bench::{Bench, KeyId, PortError};
pub use config::{
    Attestation, Fingerprints, Form, HmacSecret, Hybrid, KeyConfig, PinProtocols, Profile, Quirks, Refusal,
    UserTimeout,
};
pub use corruption::Corruption;
pub use counts::Counts;
pub use hand::Touch;
pub use impostor::{
    Answer, Blink, Claim, ClaimedInfo, Impostor, ImpostorConfig, Keepalive, PRESETS, Record, Request,
    Requested,
};
pub use key::Memory;
pub use metadata::{Model, metadata};
pub use sabotage::{Asked, Misbehaviour, Sabotage};
pub use timeline::Timeline;

/// Size of a CTAPHID report in bytes (CTAP 2.1 §11.2.4).
pub const REPORT_LEN: usize = 64;

/// One CTAPHID report, without the report number that hidraw puts in front.
pub type Report = [u8; REPORT_LEN];
