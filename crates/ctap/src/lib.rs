//! CTAPHID framing, CTAP 2.1 and U2F messages, and the PIN/UV auth protocols.
//!
//! Bytes in, bytes out: no I/O, no clock, no files, no threads. The caller carries reports to and from a security key and
//! decides how long to wait; every byte that comes from a key is hostile until it is parsed here.
//!
//! - Transport: [`hid`] frames messages into reports; [`status`] parts a reply from its status code.
//! - Commands: [`info`], [`make_credential`], [`get_assertion`], [`client_pin`], [`authenticator_config`], [`selection`], [`reset`]; for keys that
//!   know no CTAP2, [`u2f`]; for services of the machine, [`show`].
//! - What they carry: [`authenticator_data`], [`attestation`], [`cose`], [`extensions`], [`hmac_secret`], [`pin`],
//!   [`pin_uv_auth`], [`secret`].

#![forbid(unsafe_code)]
#![warn(clippy::disallowed_methods)]

pub mod hid;
pub mod status;

pub mod authenticator_config;
pub mod client_pin;
pub mod get_assertion;
pub mod info;
pub mod make_credential;
pub mod reset;
pub mod selection;
pub mod show;
pub mod u2f;

pub mod attestation;
pub mod authenticator_data;
pub mod cbor;
pub mod cose;
pub mod extensions;
pub mod hmac_secret;
pub mod pin;
pub mod pin_uv_auth;
pub mod secret;

mod entity;
mod nfc;

pub use authenticator_data::{Aaguid, AuthenticatorData, Flags};
pub use info::Info;
pub use pin::{NotAPin, Pin};
pub use secret::Secret;
pub use status::{ReplyError, Status};

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod vectors;
