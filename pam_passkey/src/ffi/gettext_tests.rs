use super::*;

/// Gives this thread a locale of its own.
fn with_locale<T>(name: &CStr, work: impl FnOnce() -> T) -> T {
    // SAFETY: the name ends with NUL; the locale is in use by this thread alone, and freed once it no longer is.
    unsafe {
        let locale = libc::newlocale(libc::LC_ALL_MASK, name.as_ptr(), std::ptr::null_mut());
        assert!(!locale.is_null(), "{name:?}");
        let before = libc::uselocale(locale);
        let result = work();
        libc::uselocale(before);
        libc::freelocale(locale);
        result
    }
}

/// Translations are tried with the built module (`tests/artefact`) and in guests.
#[test]
fn what_has_no_translation_stays_as_it_is() {
    for (locale, readable) in [(c"C", false), (c"C.UTF-8", true)] {
        with_locale(locale, || {
            let catalogue = Catalogue::open();
            assert_eq!(catalogue.readable, readable, "{locale:?}");
            assert_eq!(catalogue.singular("no such sentence"), "no such sentence");
            for (number, form) in [(0, "keys"), (1, "key"), (2, "keys"), (u32::MAX, "keys")] {
                assert_eq!(catalogue.plural("key", "keys", number), form, "{number}");
            }
        });
    }
}

#[test]
fn only_text_comes_back() {
    // SAFETY: null is allowed, and the others end with NUL.
    unsafe {
        assert_eq!(copied(std::ptr::null()), None);
        assert_eq!(copied(c"\xff\xfe".as_ptr()), None);
        assert_eq!(copied(c"Schlüssel".as_ptr()).unwrap(), "Schlüssel");
    }
}
