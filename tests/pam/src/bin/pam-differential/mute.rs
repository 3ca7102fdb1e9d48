//! Thousands of stacks leave no trace in the log of the machine on which they are tried: libpam calls these in place of libc's and
//! libaudit's.
#![allow(unsafe_code, reason = "functions that C calls by their names")]

use std::ffi::{c_char, c_int, c_void};

/// What `audit_open` sets where the kernel has no audit, which is no failure to libpam.
const NO_AUDIT: c_int = libc::EPROTONOSUPPORT;

/// syslog(3), of which the arguments behind the format are not looked at.
#[unsafe(no_mangle)]
extern "C" fn syslog(_priority: c_int, _format: *const c_char) {}

/// syslog(3) of programs built with `_FORTIFY_SOURCE`.
#[unsafe(no_mangle)]
extern "C" fn __syslog_chk(_priority: c_int, _flag: c_int, _format: *const c_char) {}

/// vsyslog(3).
#[unsafe(no_mangle)]
extern "C" fn vsyslog(_priority: c_int, _format: *const c_char, _arguments: *mut c_void) {}

/// vsyslog(3) of programs built with `_FORTIFY_SOURCE`.
#[unsafe(no_mangle)]
extern "C" fn __vsyslog_chk(_priority: c_int, _flag: c_int, _format: *const c_char, _arguments: *mut c_void) {
}

/// `audit_open(3)`: there is none.
#[unsafe(no_mangle)]
extern "C" fn audit_open() -> c_int {
    // SAFETY: the thread's own errno.
    unsafe { *libc::__errno_location() = NO_AUDIT };
    -1
}
