//! U2F messages for keys that know no CTAP2 (FIDO U2F Raw Message Formats 1.2), as `CTAPHID_MSG` carries them.
//!
//! Where U2F says challenge parameter, we put the SHA-256 of the client data; where it says application parameter, the SHA-256 of
//! the RP ID; a key handle is a credential id. What a key signs is then what a CTAP2 authenticator would have signed (CTAP 2.1
//! §7.2 and §7.3), so one verification serves both.

mod apdu;
pub mod authenticate;
mod der;
pub mod register;
mod reply;
pub mod version;

#[cfg(test)]
mod mutation_tests;
#[cfg(test)]
mod vectors;

pub use reply::{ReplyError, StatusWord};

/// Length in bytes of the longest key handle that a message can carry.
pub const MAX_KEY_HANDLE_LEN: usize = 255;
