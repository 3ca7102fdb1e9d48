//! The border to C: the entry points that libpam calls, and the module's calls to libpam and libc.
//!
//! This folder holds all the unsafe code of the module. What it gives to the rest is safe, owned and bounded.
#![allow(unsafe_code)]

/// Cancellation of the host's thread.
mod cancel;
/// The six `pam_sm_*` entry points.
mod entry;
/// GDM's binary prompt.
pub(crate) mod gdm;
/// Translations, looked up by libc.
mod gettext;
/// Keeps panics away from the host.
pub(crate) mod guard;
/// Libpam's handle: items, environment, conversation, log.
pub(crate) mod handle;
/// Ctrl-C, and what else ends a program, as a file descriptor.
mod interrupt;
/// The allocator, and what it falls back on.
mod memory;
/// The user database.
mod passwd;
/// Who is at the other end of a socket.
mod peer;
/// A stretch of memory that is given out in pieces.
mod region;

pub(crate) use gettext::Catalogue;
pub(crate) use handle::{Answer, NotSet, NotText, Pam, Severity};
pub(crate) use interrupt::InterruptGuard;
pub(crate) use passwd::SystemUsers;
pub(crate) use peer::peer;
