//! What libpam answers.

use std::ffi::{CStr, c_int};
use std::fmt;
use std::ptr;

use crate::raw;

/// An answer of libpam (`security/_pam_types.h`). Its `Display` is libpam's own sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub c_int);

impl Code {
    /// All is well.
    pub const SUCCESS: Self = Self(raw::SUCCESS);
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the handle is not looked at (pam_strerror(3)); the text is a constant of libpam.
        #[allow(unsafe_code, reason = "a function of C")]
        let text = unsafe {
            let text = raw::pam_strerror(ptr::null_mut(), self.0);
            (!text.is_null()).then(|| CStr::from_ptr(text))
        };
        match text {
            Some(text) => f.write_str(&text.to_string_lossy()),
            None => write!(f, "PAM error {}", self.0),
        }
    }
}
