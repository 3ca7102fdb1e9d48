use std::os::unix::fs::{PermissionsExt as _, symlink};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, socket_with};
use rustix::process::getuid;
use tempfile::TempDir;

use super::*;

/// Services in a folder of the tests' own.
pub(crate) fn services_in(folder: &TempDir) -> Services {
    Services { folder: Folder::of(folder.path().to_owned(), getuid().as_raw()), account: 1000 }
}

fn bound(folder: &TempDir, name: &str) -> PathBuf {
    let path = folder.path().canonicalize().unwrap().join(name);
    let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::empty(), None).unwrap();
    bind(socket, &SocketAddrUnix::new(&path).unwrap()).unwrap();
    path
}

#[test]
fn what_cannot_be_a_key_is_told_from_what_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let services = services_in(&dir);
    let find = |path: &Path| Place::find(Some(path), None, &services).unwrap_err();
    let link = dir.path().join("key");
    assert!(matches!(find(&link), PlaceError::Missing(path) if path == link));
    symlink("/dev/hidraw-of-nobody", &link).unwrap();
    assert!(matches!(find(&link), PlaceError::Missing(path) if path == link));
    std::fs::remove_file(&link).unwrap();
    symlink("/dev/null", &link).unwrap();
    assert!(matches!(find(&link), PlaceError::NotAKey(path) if path == link));
    assert!(matches!(find(dir.path()), PlaceError::NotAKey(path) if path == dir.path()));
    // A socket, and no service by its name.
    let socket = bound(&dir, "tpm.socket");
    assert!(matches!(find(&socket), PlaceError::NotAKey(path) if path == socket));
}

#[test]
fn a_service_is_found_by_its_socket_and_this_computer_by_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let services = services_in(&dir);
    let tpm = dir.path().join("tpm.sock");
    let missing = Place::find(None, Some(On::ThisComputer), &services).unwrap_err();
    assert!(matches!(&missing, PlaceError::NoService(path) if *path == tpm), "{missing}");
    let report = missing.report();
    assert!(report.hint.unwrap().contains("passkey-tpm.socket"));

    let phone = bound(&dir, "phone.sock");
    let found = Place::find(Some(&phone), None, &services).unwrap();
    assert_eq!((found.path(), found.authenticator()), (Some(phone.as_path()), Authenticator::SecurityKey));
    assert!(Place::find(None, Some(On::ThisComputer), &services).is_err());

    let tpm = bound(&dir, "tpm.sock");
    for found in [
        Place::find(Some(&tpm), None, &services).unwrap(),
        Place::find(None, Some(On::ThisComputer), &services).unwrap(),
    ] {
        assert_eq!((found.path(), found.authenticator()), (Some(tpm.as_path()), Authenticator::ThisComputer));
    }
    for keys in [Place::find(None, Some(On::Usb), &services), Place::find(None, None, &services)] {
        assert!(matches!(keys, Ok(Place::Usb)));
    }
}

#[test]
fn a_folder_that_others_can_change_is_believed_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let tpm = bound(&dir, "tpm.sock");
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let services = services_in(&dir);
    let refused = Place::find(None, Some(On::ThisComputer), &services).unwrap_err();
    assert!(matches!(refused, PlaceError::Services { error: ListError::Untrusted(_), .. }), "{refused}");
    assert!(refused.report().hint.unwrap().contains("chmod 0755"));
    assert!(matches!(Place::find(Some(&tpm), None, &services), Err(PlaceError::NotAKey(_))));
}
