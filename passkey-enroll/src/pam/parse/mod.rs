//! PAM service files (pam.conf(5)), read as libpam reads them. Nothing here changes them.
//!
//! - [`Dialect`]: how this machine's libpam reads them, which is found out.
//! - [`ServiceFile`]: one file, line by line, each with its bytes; put together again they are the file.
//! - [`Rule`], [`Include`], [`Flaw`]: what a line asks for, or why libpam does not take it as one would think.
//! - [`Control`], [`Action`], [`ReturnValue`]: what follows from a module's answer.
//! - [`ServiceFiles`]: the folders, in which one file can hide another.
//! - [`Stack`]: what a service asks of one facility, included files in their place, and what comes of it.
//!
//! The files are foreign text until they are parsed: names in them can hold anything, and they can include each other for ever.

mod control;
mod dialect;
mod file;
mod folders;
mod rule;
mod stack;
mod words;

pub use control::{Action, Control, ReturnValue, Subject};
pub use dialect::{Dialect, Includes, Reader};
pub use file::{Content, Line, ServiceFile};
pub use folders::{ReadError, ServiceFiles};
pub use rule::{Facility, Flaw, Include, IncludeKind, Rule};
pub use stack::{Call, MustFail, Place, Stack, StackError, Step};
