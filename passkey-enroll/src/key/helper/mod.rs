//! Work on the key, done by `ctap-hid-fido2` in a process of its own: a panic or a hang there takes nothing else down.
//!
//! `parent` starts the process, listens to it and ends it; `child` is that process, with `fingerprints`, `passkeys` and `config`, the last over a `link` of its own; `protocol`
//! is what the two send each other, and `pin` how a PIN is written in it.

mod child;
mod config;
mod fingerprints;
mod link;
mod parent;
mod passkeys;
mod pin;
pub(in crate::key) mod protocol;

pub(crate) use child::main;
pub(crate) use parent::COMMAND;
pub(in crate::key) use parent::{Broken, run};
