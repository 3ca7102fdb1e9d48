//! `pam_passkey.so`: a PAM module that signs a person in with a passkey held on a local security key.
//!
//! [`ffi`] is the border to libpam and libc and holds all the unsafe code. [`auth`] is the way of one sign-in from the
//! arguments to an [`outcome`]; what happens with the keys in between is `passkey_core`'s.
#![warn(clippy::disallowed_methods)]
#![allow(
    rustdoc::private_intra_doc_links,
    reason = "a PAM module has no public items; its documentation is for its readers"
)]

mod audit;
mod auth;
mod build_settings;
mod conversation;
mod ffi;
mod gdm;
mod host;
mod logind;
mod outcome;
mod password_change;
mod recovery;
#[cfg(test)]
mod redeemed;
mod remote;
#[cfg(test)]
mod verified;
