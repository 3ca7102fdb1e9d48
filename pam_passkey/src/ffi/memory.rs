//! Asking for the memory of a sign-in before it is needed.

use std::ptr;

use passkey_core::memory::{NoMemory, SIGN_IN};
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// Makes sure of the memory for a sign-in ([`SIGN_IN`]), and gives it back at once.
///
/// The kernel is asked, which counts such memory against the same limits as what malloc(3) gets. malloc itself would write to a page for
/// the head of each piece, more of them than the whole sign-in needs, and once a large piece is freed it deals with the host's memory
/// in another way (`M_MMAP_THRESHOLD`, mallopt(3)).
///
/// # Errors
/// When the system refuses it.
pub(super) fn ensure_for_sign_in() -> Result<(), NoMemory> {
    // SAFETY: where there is no address and MAP_FIXED is not among the flags, the kernel takes one at which nothing is.
    let mapping = unsafe {
        mmap_anonymous(ptr::null_mut(), SIGN_IN, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
    };
    let mapping = mapping.map_err(|_| NoMemory)?;
    // SAFETY: it is the mapping made above, as long as it was made, and nothing refers to it.
    unsafe { munmap(mapping, SIGN_IN) }.map_err(|_| NoMemory)
}
