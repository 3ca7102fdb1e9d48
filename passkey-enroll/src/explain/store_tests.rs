use super::*;
use std::io;
use std::path::PathBuf;

fn path() -> PathBuf {
    PathBuf::from("/etc/passkey/credentials/alice.toml")
}

#[test]
fn the_wrong_person_is_told_so() {
    for (error, message) in [
        (
            StoreError::Write { path: path(), error: io::ErrorKind::PermissionDenied.into() },
            "Only root can change /etc/passkey/credentials/alice.toml.",
        ),
        (
            StoreError::File(SafeFileError::Denied { path: path() }),
            "Only root can look into /etc/passkey/credentials/alice.toml.",
        ),
    ] {
        let report = report_to(&error, false);
        assert_eq!((report.exit, report.code), (Exit::NotPermitted, "not_permitted"));
        assert_eq!(report.message, message);
        assert_eq!(report.hint.as_deref(), Some("Run the command with sudo."));
    }
}

#[test]
fn root_is_told_what_stands_in_the_way() {
    let error = StoreError::Write { path: path(), error: io::ErrorKind::PermissionDenied.into() };
    assert_eq!(report_to(&error, true).exit, Exit::Broken);
    let error = StoreError::File(SafeFileError::WritableByOthers { path: path(), mode: 0o666 });
    for is_root in [true, false] {
        let report = report_to(&error, is_root);
        assert_eq!((report.exit, report.code), (Exit::Broken, "store_not_trusted"));
        assert!(report.message.contains("chmod go-w"), "{}", report.message);
    }
}

#[test]
fn another_writer_is_no_damage() {
    assert_eq!(report_to(&StoreError::Locked { path: path() }, true).exit, Exit::Failed);
}
