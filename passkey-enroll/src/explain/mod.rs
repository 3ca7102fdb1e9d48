//! What the errors of `passkey-core` mean to the person who runs the command, and what they can do.

pub(crate) mod enrol;
pub(crate) mod sign_in;
pub(crate) mod store;
pub(crate) mod this_computer;
