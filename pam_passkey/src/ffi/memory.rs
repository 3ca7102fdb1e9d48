//! The memory of a sign-in, which does not run out in the middle of it.
//!
//! Where malloc(3) has nothing left, Rust's standard library ends the process, and the process is the host's. So a call of the module begins
//! with a [`Reserve`] or is refused, and whatever malloc denies the call from then on comes from there.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use passkey_core::memory::{NoMemory, SIGN_IN};
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

use super::region::Region;

/// What the line in the log takes that tells of a sign-in for which there is no memory.
const LINE: usize = 64 * 1024;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

thread_local! {
    /// The memory behind this thread's [`Reserve`], and its length; null without one. No reference to it outlives a function here.
    static REGION: Cell<(*mut Region, usize)> = const { Cell::new(NO_REGION) };
}

const NO_REGION: (*mut Region, usize) = (ptr::null_mut(), 0);

/// How many pieces of all regions are in use. As long as there are none, every piece is malloc's.
static IN_USE: AtomicUsize = AtomicUsize::new(0);

/// Memory that this thread falls back on while it lives.
///
/// It is mapped and not touched, so it costs nothing unless it is needed; the kernel counts it against the same limits as what malloc gets.
#[derive(Debug)]
pub(super) struct Reserve {
    /// A call within a call, which a conversation can make, has that of the outer one.
    is_outermost: bool,
}

impl Reserve {
    /// As much as a sign-in needs ([`SIGN_IN`]).
    ///
    /// # Errors
    /// When the system refuses it.
    pub(super) fn for_sign_in() -> Result<Self, NoMemory> {
        Self::of(SIGN_IN)
    }

    /// As much as it takes to say that there is no memory.
    ///
    /// # Errors
    /// When the system refuses it.
    pub(super) fn for_line() -> Result<Self, NoMemory> {
        Self::of(LINE)
    }

    fn of(len: usize) -> Result<Self, NoMemory> {
        if REGION.get() != NO_REGION {
            return Ok(Self { is_outermost: false });
        }
        // SAFETY: where there is no address and MAP_FIXED is not among the flags, the kernel takes one at which nothing is.
        let mapping = unsafe {
            mmap_anonymous(ptr::null_mut(), len, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
        };
        let mapping = mapping.map_err(|_| NoMemory)?;
        REGION.set((mapping.cast(), len));
        Ok(Self { is_outermost: true })
    }
}

impl Drop for Reserve {
    fn drop(&mut self) {
        let (region, len) = REGION.get();
        // SAFETY: it is not null as long as a reserve lives, and the kernel has filled it with zeros.
        let in_use = IN_USE.load(Ordering::Relaxed) > 0 && unsafe { (*region).in_use() } > 0;
        // What outlives the call, which nothing is meant to, keeps the memory that it lies in, for the thread's next call.
        if self.is_outermost && !in_use {
            REGION.set(NO_REGION);
            // SAFETY: it is the mapping that was made above, whole, and nothing in it is in use.
            let _ = unsafe { munmap(region.cast(), len) };
        }
    }
}

/// The system's allocator, and [`REGION`] behind it.
struct Allocator;

// SAFETY: every piece is the system's or the region's. The system's allocator keeps the contract, and a region gives out pieces that are
// aligned, long enough and nobody else's. A piece goes back to where its address says it is from. Nothing here unwinds.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is the same.
        let piece = unsafe { System.alloc(layout) };
        if piece.is_null() { from_region(layout) } else { piece }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        if !is_of_region(piece) {
            // SAFETY: the piece is the system's, and of this layout, as the caller says.
            return unsafe { System.dealloc(piece, layout) };
        }
        // SAFETY: this thread's region has given it out, for this layout, as the caller says.
        unsafe { (*REGION.get().0).give_back(piece, layout) };
        IN_USE.fetch_sub(1, Ordering::Relaxed);
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if !is_of_region(piece) {
            // SAFETY: the piece is the system's, and the rest is the caller's contract.
            let longer = unsafe { System.realloc(piece, layout, new_size) };
            if !longer.is_null() {
                return longer;
            }
        }
        // SAFETY: the caller guarantees that the size is not zero, and, rounded up, no longer than a layout can be.
        let new = unsafe { self.alloc(Layout::from_size_align_unchecked(new_size, layout.align())) };
        if !new.is_null() {
            // SAFETY: both are at least so long, and apart from each other; the old one is the caller's to give back.
            unsafe {
                ptr::copy_nonoverlapping(piece, new, layout.size().min(new_size));
                self.dealloc(piece, layout);
            }
        }
        new
    }
}

/// A piece of this thread's region; null where it has none, or no room.
#[cold]
fn from_region(layout: Layout) -> *mut u8 {
    let (region, len) = REGION.get();
    // SAFETY: it is null or this thread's region, to which nothing else refers now: zeros at first, and so long.
    let piece = unsafe { region.as_mut().map_or(ptr::null_mut(), |region| region.take(layout, len)) };
    if !piece.is_null() {
        IN_USE.fetch_add(1, Ordering::Relaxed);
    }
    piece
}

/// A thread sees its own pieces counted, and it has none of another thread's.
fn is_of_region(piece: *const u8) -> bool {
    if IN_USE.load(Ordering::Relaxed) == 0 {
        return false;
    }
    let (region, len) = REGION.get();
    piece.addr().wrapping_sub(region.addr()) < len
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
