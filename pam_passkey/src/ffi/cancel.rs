//! Threads that are cancelled.

use std::ffi::c_int;
use std::ptr;

/// `PTHREAD_CANCEL_DISABLE` (`pthread.h`).
const DISABLE: c_int = 1;

unsafe extern "C" {
    fn pthread_setcancelstate(state: c_int, old: *mut c_int) -> c_int;
}

/// While it lives, a cancellation of this thread (`pthread_cancel(3)`) waits: the thread would be unwound through frames of Rust, which end
/// the process instead. Every wait of the module has its deadline.
#[derive(Debug)]
pub(super) struct CancelHeld {
    before: c_int,
}

impl CancelHeld {
    pub(super) fn new() -> Self {
        let mut before = DISABLE;
        // SAFETY: there is room for the state before. It fails for unknown states only.
        unsafe { pthread_setcancelstate(DISABLE, &raw mut before) };
        Self { before }
    }
}

impl Drop for CancelHeld {
    fn drop(&mut self) {
        // SAFETY: nobody wants to know the state before.
        unsafe { pthread_setcancelstate(self.before, ptr::null_mut()) };
    }
}
