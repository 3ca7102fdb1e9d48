//! The makers that the configuration trusts to vouch for security keys, and the names of models.

pub(crate) mod explain;
pub(crate) mod models;
pub(crate) mod roots;
