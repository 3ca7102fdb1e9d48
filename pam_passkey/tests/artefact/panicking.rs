//! A module with a defect: the guard of the real one around a panic, in a library that is linked like the real one.
#![allow(unsafe_code, reason = "speaks C, as a module does")]
#![allow(clippy::panic, clippy::indexing_slicing, reason = "panicking is what it is for")]
#![allow(dead_code, missing_docs, unreachable_pub, reason = "the guard's file is shared with the module")]

// Brings along the unwinder as well.
#[path = "../../src/ffi/guard.rs"]
mod guard;

/// 0 if a panic deep inside ended at the guard, which knows where it was.
#[unsafe(no_mangle)]
pub extern "C" fn panic_under_guard(index: usize) -> std::ffi::c_int {
    guard::silence_panics();
    for _ in 0..3 {
        match guard::caught(|| deeper(index, 8)) {
            Err(panic) if panic.place().contains("panicking.rs") => {}
            Err(_) => return 1,
            Ok(_) => return 2,
        }
    }
    match guard::caught(|| deeper(0, 8)) {
        Ok(7) => 0,
        _ => 3,
    }
}

#[inline(never)]
fn deeper(index: usize, depth: u32) -> u32 {
    // Something to drop on the way up.
    let text = std::hint::black_box(format!("{depth}"));
    let result = if depth == 0 { [7][index] } else { deeper(index, depth.saturating_sub(1)) };
    drop(text);
    result
}
