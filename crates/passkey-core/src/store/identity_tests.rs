//! Taking on the identity of a user.
