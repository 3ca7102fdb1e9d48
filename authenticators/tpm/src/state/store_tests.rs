use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::super::tries::Tries;
use super::*;

fn account() -> Account {
    Account { tries: Tries { left: 3, since: 5 }, ..Account::default() }
}

#[test]
fn each_account_has_a_file_for_the_service_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.load(1000).unwrap(), Account::default());
    store.save(1000, &account()).unwrap();
    assert_eq!(store.load(1000).unwrap(), account());
    assert_eq!(store.load(1001).unwrap(), Account::default());
    let metadata = std::fs::metadata(folder.path().join("1000.toml")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_interrupted_write_leaves_the_old_state() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    std::fs::write(folder.path().join(".1000.new"), "half of it").unwrap();
    assert_eq!(store.load(1000).unwrap(), Account::default());
    store.save(1000, &account()).unwrap();
    assert_eq!(store.load(1000).unwrap(), account());
}

#[test]
fn a_file_that_is_broken_or_not_ours_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let path = folder.path().join("1000.toml");
    store.save(1000, &account()).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(store.load(1000), Err(StateError::Untrusted(_))));
    std::fs::remove_file(&path).unwrap();
    symlink("/dev/null", &path).unwrap();
    assert!(matches!(store.load(1000), Err(StateError::Untrusted(_))));
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(matches!(store.load(1000), Err(StateError::Untrusted(_))));
    std::fs::remove_dir(&path).unwrap();
    store.save(1000, &account()).unwrap();
    for content in ["", "version = 1", "\u{0}"] {
        std::fs::write(&path, content).unwrap();
        let error = store.load(1000).unwrap_err();
        assert!(matches!(error, StateError::Format { .. }), "{error}");
        assert!(error.to_string().contains("1000.toml"), "{error}");
        assert!(error.to_string().contains("restore the file from a copy"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
}

#[test]
fn one_service_for_each_folder() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert!(matches!(Store::open(folder.path()), Err(StateError::InUse(_))));
    drop(store);
    Store::open(folder.path()).unwrap();
    assert!(matches!(Store::open(&folder.path().join("none")), Err(StateError::Io { .. })));
}
