//! What the person is told where a sign-in ends before any security key is asked. What they are told of keys is in
//! `passkey_core::messages`, shared with the command line.
//!
//! Written for a person: no error codes, no words of the protocol, and what to do where there is something to do.

pub(crate) const NOT_ENROLLED: &str =
    "No passkey is set up for this account. Add one with: passkey-enroll add";
pub(crate) const ALL_DISABLED: &str = "All passkeys of this account are disabled.";
pub(crate) const BROKEN: &str =
    "Passkey sign-in is not set up correctly on this computer. The system log says more.";
pub(crate) const STORE_BROKEN: &str =
    "The passkeys of this account cannot be read. The system log says more.";
pub(crate) const KEY_NOT_ALLOWED: &str = "The security key cannot be opened: permission denied.";
