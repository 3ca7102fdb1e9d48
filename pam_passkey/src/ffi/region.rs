//! A stretch of memory that is given out in pieces: the first free one that is long enough, neighbours joined again when they come back.
//!
//! The size of a piece is known to its owner, so the list of the free ones, which lies in them, is all there is to keep.

#![allow(clippy::cast_ptr_alignment, reason = "everything here is aligned to 16 bytes")]

use std::alloc::Layout;
use std::cmp::Ordering;
use std::ptr;

/// Sizes and addresses of pieces are multiples of it: what malloc aligns to, and room for a [`Free`].
const UNIT: usize = 16;

/// The head of a free piece. The list is in the order of addresses.
#[derive(Clone, Copy)]
#[repr(C)]
struct Free {
    len: usize,
    next: *mut Free,
}

/// A stretch of memory. This is its beginning: zeros until the first piece is taken.
#[repr(C, align(16))]
pub(super) struct Region {
    free: *mut Free,
    in_use: usize,
}

impl Region {
    /// How many pieces are given out.
    ///
    /// # Safety
    /// It is a region.
    pub(super) unsafe fn in_use(region: *const Self) -> usize {
        // SAFETY: as the caller says.
        unsafe { (*region).in_use }
    }

    /// A piece of this layout; null where none is long enough.
    ///
    /// # Safety
    /// The region is `whole` bytes long, a multiple of 16, its own beginning included, and for nothing else as long as it is used.
    /// (Of its pointer, since a reference would be one to the beginning alone.)
    pub(super) unsafe fn take(region: *mut Self, layout: Layout, whole: usize) -> *mut u8 {
        // SAFETY: there is room for it behind the beginning.
        unsafe {
            if (*region).free.is_null() && (*region).in_use == 0 {
                let free: *mut Free = region.add(1).cast();
                free.write(Free { len: whole.wrapping_sub(size_of::<Self>()), next: ptr::null_mut() });
                (*region).free = free;
            }
        }
        let Some(len) = piece_len(layout) else { return ptr::null_mut() };
        // SAFETY: `link` is the head of the list or lies in a free piece of it, and pieces of the list are nobody's but ours.
        unsafe {
            let mut link = &raw mut (*region).free;
            while !(*link).is_null() {
                let free = *link;
                let rest = match (*free).len.cmp(&len) {
                    Ordering::Less => {
                        link = &raw mut (*free).next;
                        continue;
                    }
                    Ordering::Equal => {
                        *link = (*free).next;
                        0
                    }
                    // Its end is taken, and its head stays where it is.
                    Ordering::Greater => {
                        (*free).len = (*free).len.wrapping_sub(len);
                        (*free).len
                    }
                };
                (*region).in_use = (*region).in_use.wrapping_add(1);
                return free.cast::<u8>().add(rest);
            }
        }
        ptr::null_mut()
    }

    /// # Safety
    /// `piece` was taken from this region for this very layout, and is not used any more.
    pub(super) unsafe fn give_back(region: *mut Self, piece: *mut u8, layout: Layout) {
        let Some(len) = piece_len(layout) else { return };
        let piece = piece.cast::<Free>();
        // SAFETY: the piece is aligned, `len` long and ours again. `before` and `after` are of the list, between which it belongs.
        unsafe {
            (*region).in_use = (*region).in_use.wrapping_sub(1);
            let mut before: *mut Free = ptr::null_mut();
            let mut after = (*region).free;
            while !after.is_null() && after < piece {
                (before, after) = (after, (*after).next);
            }
            piece.write(Free { len, next: after });
            join(piece);
            if before.is_null() {
                (*region).free = piece;
            } else {
                (*before).next = piece;
                join(before);
            }
        }
    }
}

/// How long the piece for a layout is, which no allocator is asked for without a size. None: it is not to be had here.
fn piece_len(layout: Layout) -> Option<usize> {
    (layout.align() <= UNIT).then(|| layout.size().checked_next_multiple_of(UNIT))?
}

/// Makes one of a free piece and the next one, if nothing lies between them.
///
/// # Safety
/// It is of the list.
unsafe fn join(free: *mut Free) {
    // SAFETY: it is of the list, as its next one is.
    unsafe {
        let Free { len, next } = *free;
        if !next.is_null() && free.cast::<u8>().add(len) == next.cast() {
            *free = Free { len: len.wrapping_add((*next).len), next: (*next).next };
        }
    }
}

#[cfg(test)]
#[path = "region_tests.rs"]
mod tests;
