//! A PAM module by itself: does the dynamic linker take it, as libpam would have it?
#![allow(unsafe_code, reason = "the dynamic linker is called from C")]

use std::ffi::{CStr, CString};
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// What libpam looks for in a module that signs people in.
const ENTRY_POINT: &CStr = c"pam_sm_authenticate";

/// Why libpam would not load a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotLoaded {
    /// The dynamic linker refuses it, in its own words: something other than a library of this machine, or one that needs a
    /// library or the version of a symbol that is not here.
    Linker(String),
    /// A library that loads, and has no `pam_sm_authenticate`.
    NotAModule,
}

impl fmt::Display for NotLoaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linker(words) => f.write_str(words),
            Self::NotAModule => f.write_str("it has no pam_sm_authenticate"),
        }
    }
}

impl std::error::Error for NotLoaded {}

/// Loads the module at `path` as libpam does: at once with everything that it needs (`RTLD_NOW`). It stays loaded.
///
/// What a library does when it is loaded runs in this process, and a file that is cut short can end it (`SIGBUS`). A process that
/// matters leaves this to one of its own.
///
/// # Errors
/// [`NotLoaded`]
pub fn load(path: &Path) -> Result<(), NotLoaded> {
    let name = CString::new(path.as_os_str().as_bytes())
        .map_err(|_| NotLoaded::Linker("the path holds a zero byte".to_owned()))?;
    // SAFETY: the path ends with a zero. What the library does is the caller's affair, as documented.
    let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW) };
    if library.is_null() {
        return Err(NotLoaded::Linker(linker_error()));
    }
    // SAFETY: the library stays loaded, and the name ends with a zero.
    let entry_point = unsafe { libc::dlsym(library, ENTRY_POINT.as_ptr()) };
    if entry_point.is_null() { Err(NotLoaded::NotAModule) } else { Ok(()) }
}

/// What the dynamic linker says of the failure that has just been.
fn linker_error() -> String {
    // SAFETY: the text is the thread's own until its next call of the dynamic linker, and is copied before.
    let words = unsafe {
        let words = libc::dlerror();
        (!words.is_null()).then(|| CStr::from_ptr(words).to_string_lossy().into_owned())
    };
    words.unwrap_or_else(|| "the dynamic linker does not say why".to_owned())
}

#[cfg(test)]
#[path = "module_tests.rs"]
mod tests;
