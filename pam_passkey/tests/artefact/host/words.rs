//! What the module says in a host that has chosen a language.

use std::path::Path;
use std::process::Command;

use super::{AUTHINFO_UNAVAIL, Application, Footprint, assert_error_alone, module};

/// Set in the process that a test starts of itself: the locale belongs to a process, and so does what libc remembers of it.
const LOCALE: &str = "PASSKEY_TEST_LOCALE";

/// Runs the test `name` again, in a process with this locale and `LANGUAGE`; without, this is that process.
fn in_another_process(name: &str, locale: &str, language: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("host::words::{name}"), "--nocapture"])
        .env(LOCALE, locale)
        .env("LANGUAGE", language)
        .env("PASSKEY_RELEASE_DIR", module().parent().unwrap())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success() && text.contains("1 passed"), "{locale}, {language}: {text}");
}

/// What a user without a passkey hears of the module, in this process.
fn assert_heard(expected: &str) {
    let locale = std::ffi::CString::new(std::env::var(LOCALE).unwrap()).unwrap();
    // SAFETY: this process has no other thread that would ask for the locale.
    assert!(!unsafe { libc::setlocale(libc::LC_ALL, locale.as_ptr()) }.is_null());
    let once = || {
        let application = Application::nobody("auth required @\n");
        assert_eq!(application.authenticate(0), AUTHINFO_UNAVAIL);
        assert_error_alone(&application.heard(), expected);
    };
    once();
    let before = Footprint::take();
    once();
    assert_eq!(Footprint::take(), before);
}

/// The catalogues, compiled as they are installed. Where a process is not set-uid, `LANGUAGE` may be a path to them.
fn catalogues() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("../po/build");
    let status = Command::new(build).arg(folder.path()).status().unwrap();
    assert!(status.success());
    folder
}

#[test]
fn a_host_in_german_hears_german() {
    if std::env::var_os(LOCALE).is_some() {
        return assert_heard("Für dieses Konto ist kein Passkey eingerichtet.");
    }
    let folder = catalogues();
    let language = format!("../../..{}/de", folder.path().display());
    in_another_process("a_host_in_german_hears_german", "C.UTF-8", &language);
}

/// A host that has chosen no language, or does not write UTF-8, whatever its environment says.
#[test]
fn any_other_host_hears_english() {
    if std::env::var_os(LOCALE).is_some() {
        return assert_heard("No passkey is set up for this account.");
    }
    let folder = catalogues();
    let language = format!("../../..{}/de", folder.path().display());
    in_another_process("any_other_host_hears_english", "C", &language);
    in_another_process("any_other_host_hears_english", "C.UTF-8", "xx:../../../nowhere");
}
