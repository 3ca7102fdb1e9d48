//! Shared parts of the command: reading files with a bound, processes with a deadline, base64 and hexadecimal.

pub(crate) mod bounded_read;
pub(crate) mod encoding;
pub(crate) mod process;
