//! Translations, looked up by libc in the catalogues `/usr/share/locale/LANGUAGE/LC_MESSAGES/pam_passkey.mo`.
//!
//! The language is the host's: the one that it has chosen with `setlocale`, and none where it has not. What libc itself makes of
//! the environment, and why that is safe in set-uid programs, stands in `docs/threat-model.md`.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char, c_ulong};
use std::sync::Once;

use passkey_core::messages::Language;

// What the libc crate leaves out (libintl.h). glibc and musl have them.
unsafe extern "C" {
    fn bindtextdomain(domain: *const c_char, folder: *const c_char) -> *mut c_char;
    fn bind_textdomain_codeset(domain: *const c_char, codeset: *const c_char) -> *mut c_char;
    fn dgettext(domain: *const c_char, text: *const c_char) -> *mut c_char;
    fn dngettext(
        domain: *const c_char,
        one: *const c_char,
        many: *const c_char,
        number: c_ulong,
    ) -> *mut c_char;
}

/// The name of the catalogues.
const DOMAIN: &CStr = c"pam_passkey";
/// Where they are, whatever libc would think by itself: that depends on how it was built.
const FOLDER: &CStr = c"/usr/share/locale";
/// What everything in this module is written in.
const CODESET: &CStr = c"UTF-8";

/// The language of the host, as far as there is a catalogue for it.
#[derive(Debug)]
pub(crate) struct Catalogue {
    /// Whether the host writes UTF-8. What it would make of our letters otherwise is not for people to read, and converting them
    /// would load more code into it.
    readable: bool,
}

impl Catalogue {
    /// The catalogue for whatever language the host has chosen by now.
    pub(crate) fn open() -> Self {
        static ONCE: Once = Once::new();
        // SAFETY: the strings end with NUL, and libc copies them.
        ONCE.call_once(|| unsafe {
            bindtextdomain(DOMAIN.as_ptr(), FOLDER.as_ptr());
            bind_textdomain_codeset(DOMAIN.as_ptr(), CODESET.as_ptr());
        });
        // SAFETY: takes a number, and answers with a string within the locale.
        let codeset = unsafe { libc::nl_langinfo(libc::CODESET) };
        // SAFETY: not null; ends with NUL, and lives until the locale is changed, so not during the comparison.
        let readable = !codeset.is_null() && unsafe { CStr::from_ptr(codeset) } == CODESET;
        Self { readable }
    }
}

impl Language for Catalogue {
    fn singular(&self, text: &'static str) -> Cow<'static, str> {
        let Some(c_text) = self.readable.then(|| CString::new(text).ok()).flatten() else {
            return text.into();
        };
        // SAFETY: both strings end with NUL and outlive the call.
        let found = unsafe { dgettext(DOMAIN.as_ptr(), c_text.as_ptr()) };
        // SAFETY: `found` is `c_text` or a string in a catalogue.
        unsafe { copied(found) }.unwrap_or(text.into())
    }

    fn plural(&self, one: &'static str, many: &'static str, number: u32) -> Cow<'static, str> {
        let original = || if number == 1 { one.into() } else { many.into() };
        let (true, Ok(c_one), Ok(c_many)) = (self.readable, CString::new(one), CString::new(many)) else {
            return original();
        };
        // SAFETY: the strings end with NUL and outlive the call.
        let found = unsafe { dngettext(DOMAIN.as_ptr(), c_one.as_ptr(), c_many.as_ptr(), number.into()) };
        // SAFETY: `found` is `c_one`, `c_many` or a string in a catalogue.
        unsafe { copied(found) }.unwrap_or_else(original)
    }
}

/// What libc has found, unless it is no UTF-8.
///
/// # Safety
/// `found` is null, or ends with NUL and lives during the call. Catalogues stay in memory once they are there.
unsafe fn copied(found: *const c_char) -> Option<Cow<'static, str>> {
    if found.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    let found = unsafe { CStr::from_ptr(found) };
    found.to_str().ok().map(|found| Cow::Owned(found.to_owned()))
}

#[cfg(test)]
#[path = "gettext_tests.rs"]
mod tests;
