//! Signing in with passkeys held on local security keys, and enrolling them: what `pam_passkey.so` and `passkey-enroll` share.
//!
//! - [`ceremony`]: signing in, enrolling and looking around, over all plugged-in keys at once.
//! - [`account`]: who an account is, by the user database's own name for it. [`session`]: one sign-in, from its passkeys to its record.
//! - [`verify`]: what an authenticator signed; the only maker of a [`verify::Verified`]. [`client_data`]: what it signs.
//! - [`credential`], [`store`], [`safe_file`]: passkeys, the files they are kept in, and opening those safely;
//!   [`store::recovery`]: codes for the day a key is lost. [`attestation`]: what is known of where keys come from.
//! - [`config`]: what the administrator decides.
//! - [`messages`]: what the person is told; [`host`]: what the program that asks makes of it; [`gdm`]: an exchange of GDM's own; [`escape`]: foreign text in it.
//! - [`random`], [`memory`]: what the kernel may not have to give, asked for in a way that can be refused.

#![forbid(unsafe_code)]
#![warn(clippy::disallowed_methods)]

pub mod account;
pub mod attestation;
pub mod ceremony;
pub mod client_data;
pub mod config;
pub mod credential;
pub mod escape;
pub mod gdm;
pub mod host;
pub mod memory;
pub mod messages;
pub mod random;
pub mod safe_file;
pub mod session;
pub mod store;
pub mod time;
mod toml_text;
pub mod verify;
