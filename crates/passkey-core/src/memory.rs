//! Asking for memory before it is needed.
//!
//! Where memory runs out, Rust's standard library ends the process, and the process is the host's. So what a sign-in may need is
//! asked for in advance, in a way that can be refused, and given back at once.

use std::hint::black_box;

/// What a sign-in needs at most, in bytes, which the module asks for: above all for reading the longest configuration, and for sixteen
/// keys that talk without end. The files of the store and hashing a recovery code are apart from it.
pub const SIGN_IN: usize = 16 * 1024 * 1024;
/// What reading a text in TOML needs at most, in bytes for each byte of it, down to texts that are made to be costly.
pub const PER_BYTE_OF_TEXT: usize = 256;
/// In pieces of this many bytes: freeing a larger one has the C library deal with the host's memory in another way from then on
/// (`M_MMAP_THRESHOLD`, mallopt(3)).
const PIECE: usize = 64 * 1024;

/// The memory that is asked for is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

/// Makes sure of the memory for reading a text of so many bytes ([`PER_BYTE_OF_TEXT`]).
///
/// # Errors
/// When the system refuses it.
pub(crate) fn ensure_for_text(len: usize) -> Result<(), NoMemory> {
    ensure(len.saturating_mul(PER_BYTE_OF_TEXT))
}

fn ensure(bytes: usize) -> Result<(), NoMemory> {
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    let count = bytes.div_ceil(PIECE);
    pieces.try_reserve_exact(count).map_err(|_| NoMemory)?;
    for _ in 0..count {
        let mut piece = Vec::new();
        piece.try_reserve_exact(PIECE).map_err(|_| NoMemory)?;
        // What is never looked at need not be allocated, as far as the compiler is concerned.
        pieces.push(black_box(piece));
    }
    Ok(())
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
