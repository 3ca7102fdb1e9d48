//! What the commands come to: shapes in JSON, and how a person reads them.

pub(crate) mod diagnosis;
mod human;
pub(crate) mod json;
pub(crate) mod key;
pub(crate) mod keyring;
pub(crate) mod lock_on_removal;
pub(crate) mod pam;
pub(crate) mod recovery;
pub(crate) mod rehearsal;
#[cfg(test)]
mod tests;
pub(crate) mod users;
