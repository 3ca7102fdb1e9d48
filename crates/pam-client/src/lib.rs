//! libpam as an application uses it: one sign-in from start to end, its questions answered by a [`Person`].
//!
//! - [`Transaction`]: the sign-in. The service files can be those of a folder of one's own, so that a stack can be tried
//!   before it is put in place.
//! - [`module::load`]: a module by itself, as libpam would load it.
//! - [`Code`]: what libpam answers; no number is lost.
//! - [`raw`]: the declarations of `security/pam_appl.h` that this crate needs, for tests that want something else of them.

mod code;
mod conversation;
pub mod module;
pub mod raw;
mod transaction;

pub use code::Code;
pub use conversation::{Answer, Person, Tone};
pub use transaction::{NotStarted, Transaction};
