//! The journal.

use std::fmt;
use std::io::Write as _;

/// Writes one line to standard error, which is the journal for a service of systemd's. Text of a peer must be escaped before.
pub fn log(line: impl fmt::Display) {
    // There is nowhere to say that it cannot be written.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
