//! Whom the configuration trusts to vouch for security keys, and what models are called.

pub(crate) mod explain;
pub(crate) mod models;
pub(crate) mod roots;
