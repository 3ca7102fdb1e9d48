//! Random bytes from the kernel, without ever waiting for them.
//!
//! Early in the life of a machine the kernel may have none yet. A sign-in that waited for them would hang without a word, since no
//! deadline reaches into the system call.

use std::fmt;

use rustix::{
    io::Errno,
    rand::{GetRandomFlags, getrandom},
};

/// Fills `bytes` with random bytes that are fit for keys and challenges (`getrandom(2)` with `GRND_NONBLOCK`).
///
/// # Errors
/// [`NoRandomness`], in which case what is in `bytes` is worth nothing.
pub fn fill(bytes: &mut [u8]) -> Result<(), NoRandomness> {
    fill_from(bytes, |rest| getrandom(rest, GetRandomFlags::NONBLOCK))
}

fn fill_from(
    bytes: &mut [u8],
    mut source: impl FnMut(&mut [u8]) -> Result<usize, Errno>,
) -> Result<(), NoRandomness> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match source(rest) {
            // A source that gives nothing would be asked for ever.
            Ok(0) => return Err(NoRandomness(Errno::IO)),
            Ok(filled) => rest = rest.get_mut(filled..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(NoRandomness(errno)),
        }
    }
    Ok(())
}

/// The kernel gives no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRandomness(Errno);

impl fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Errno::AGAIN => {
                f.write_str("the kernel has no randomness yet: try again when the machine has started")
            }
            errno => write!(f, "the kernel gives no randomness: {errno}"),
        }
    }
}

impl std::error::Error for NoRandomness {}

#[cfg(test)]
#[path = "random_tests.rs"]
mod tests;
