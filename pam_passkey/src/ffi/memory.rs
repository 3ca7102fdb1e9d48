//! The memory of a sign-in, which does not run out in the middle of it.
//!
//! Where malloc(3) has nothing left, Rust's standard library ends the process, and the process is the host's. So a call of the module begins
//! with a `Reserve` or is refused, and whatever malloc denies the call from then on comes from there.

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
    /// This thread's memory behind its [`Reserve`]. No reference to it outlives a function here.
    static REGION: Cell<Held> = const { Cell::new(NOTHING) };
}

/// A mapping.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Held {
    /// Null where there is none.
    region: *mut Region,
    len: usize,
    /// Whether a call is under way. Without one, a piece of it is still in use.
    is_reserve: bool,
}

const NOTHING: Held = Held { region: ptr::null_mut(), len: 0, is_reserve: false };

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
        let held = REGION.get();
        if held.is_reserve {
            return Ok(Self { is_outermost: false });
        }
        held.unmap_if_free();
        if REGION.get() != NOTHING {
            // A piece has outlived the last call; the rest is for this one, if it is as much.
            if held.len < len {
                return Err(NoMemory);
            }
            REGION.set(Held { is_reserve: true, ..held });
            return Ok(Self { is_outermost: true });
        }
        // SAFETY: where there is no address and MAP_FIXED is not among the flags, the kernel takes one at which nothing is.
        let mapping = unsafe {
            mmap_anonymous(ptr::null_mut(), len, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
        };
        let mapping = mapping.map_err(|_| NoMemory)?;
        REGION.set(Held { region: mapping.cast(), len, is_reserve: true });
        Ok(Self { is_outermost: true })
    }
}

impl Drop for Reserve {
    fn drop(&mut self) {
        if self.is_outermost {
            let held = Held { is_reserve: false, ..REGION.get() };
            REGION.set(held);
            // What outlives the call, which nothing is meant to, keeps the memory that it lies in.
            held.unmap_if_free();
        }
    }
}

impl Held {
    /// Gives back this thread's mapping if nothing in it is in use.
    fn unmap_if_free(self) {
        if self.region.is_null() {
            return;
        }
        // SAFETY: it is mapped as long as it stands in `REGION`, and the kernel has filled it with zeros.
        let in_use = IN_USE.load(Ordering::Relaxed) > 0 && unsafe { Region::in_use(self.region) } > 0;
        if !in_use {
            REGION.set(NOTHING);
            // SAFETY: it is the whole mapping, and nothing in it is in use.
            let _ = unsafe { munmap(self.region.cast(), self.len) };
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
        unsafe { Region::give_back(REGION.get().region, piece, layout) };
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
    let Held { region, len, .. } = REGION.get();
    if region.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: it is this thread's region, to which nothing else refers now: zeros at first, and so long.
    let piece = unsafe { Region::take(region, layout, len) };
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
    let Held { region, len, .. } = REGION.get();
    piece.addr().wrapping_sub(region.addr()) < len
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
