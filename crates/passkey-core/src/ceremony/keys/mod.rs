//! Every authenticator at once: finding, opening, one CTAPHID channel and at most one transaction for each.
//!
//! - `platform` is what a ceremony needs of the machine; `linux` is this machine, with a `hidraw_key` for each device and a `service` for each
//!   authenticator that is not plugged in.
//! - `pool` holds a `connection` for every key that is plugged in, and tells a ceremony what has happened as an `event`.
//! - `protocol` is what a key speaks, CTAP2 or U2F; `trace` puts what happens in words for a log.

mod connection;
mod event;
mod hidraw_key;
mod key_map;
mod linux;
mod platform;
mod pool;
mod protocol;
mod service;
mod trace;
mod transaction;

pub(super) use event::Event;
pub use event::KeyError;
pub(super) use key_map::KeyMap;
pub use linux::LinuxPlatform;
pub(super) use platform::with_randomness;
pub use platform::{
    Attachment, KeyId, ListError, NoRandomness, OpenError, Platform, PluggedKey, TransferError, Wake,
};
pub(super) use pool::KeyPool;
pub(super) use protocol::{Message, Protocol, fits_u2f};
