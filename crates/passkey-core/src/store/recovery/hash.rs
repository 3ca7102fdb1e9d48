//! Argon2id (RFC 9106) over a recovery code.
//!
//! One salt for a user's whole set: a typed code is hashed once and compared with all, so that the time tells nothing.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use ctap::Secret;
use zeroize::Zeroizing;

use super::Code;

/// The length of a hash in bytes.
pub(super) const HASH_LEN: usize = 32;
/// The length of a salt in bytes (RFC 9106, section 3.1).
pub(super) const SALT_LEN: usize = 16;

/// What a hash costs. It stands in the file and can be raised for new codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// Memory in KiB.
    pub(super) memory_kib: u32,
    /// Passes over the memory.
    pub(super) passes: u32,
    /// Lanes. They are computed one after the other.
    pub(super) lanes: u32,
}

impl Cost {
    /// For new codes. sudo on a small machine must afford it, and it suffices for 80 random bits.
    pub(super) const NEW: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };

    /// Whether a file may ask this of a machine: at most 64 MiB, eight times over.
    pub(super) fn is_bearable(&self) -> bool {
        self.memory_kib <= 64 * 1024 && self.passes <= 8 && self.lanes <= 4 && self.params().is_some()
    }

    fn params(&self) -> Option<Params> {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(HASH_LEN)).ok()
    }
}

/// There is no memory for a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoMemory;

/// Parameters and the memory for them, which is wiped in the end.
pub(super) struct Hasher {
    argon2: Argon2<'static>,
    memory: Zeroizing<Vec<Block>>,
}

impl Hasher {
    /// Reserves the memory: a lack of it must not end the host.
    pub(super) fn new(cost: &Cost) -> Result<Self, NoMemory> {
        let params = cost.params().ok_or(NoMemory)?;
        let blocks = params.block_count();
        let mut memory = Zeroizing::new(Vec::new());
        memory.try_reserve_exact(blocks).map_err(|_| NoMemory)?;
        memory.resize(blocks, Block::new());
        Ok(Self { argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params), memory })
    }

    /// The hash of `code`; `None` only for parameters that were refused before.
    pub(super) fn hash(&mut self, code: &Code, salt: &[u8; SALT_LEN]) -> Option<Secret> {
        let mut hash = vec![0; HASH_LEN];
        self.argon2
            .hash_password_into_with_memory(code.secret(), salt, &mut hash, self.memory.as_mut_slice())
            .ok()
            .map(|()| Secret::new(hash))
    }
}

#[cfg(test)]
#[path = "hash_tests.rs"]
mod tests;
