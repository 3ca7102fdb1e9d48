//! What every part of the command needs of the system, once: reading files with a bound, and processes with a deadline.

pub(crate) mod bounded_read;
pub(crate) mod child;
pub(crate) mod process;
