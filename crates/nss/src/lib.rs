//! The user database that `/etc/nsswitch.conf` describes, beyond single look-ups: [`entries`] lists it, and [`password`] says
//! whether a password signs an account in.
//!
//! The sources that `nsswitch.conf` names are libraries, loaded into the calling process, and a directory server may keep them
//! waiting: a process that must not hang asks from a process of its own.
#![deny(unsafe_code)]

mod list;
mod shadow;

pub use list::{Entry, entries};
pub use shadow::{Password, password, password_field};
