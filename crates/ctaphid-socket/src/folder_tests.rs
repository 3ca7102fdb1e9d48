//! Which files are services.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, socket};
use rustix::process::getuid;

use super::*;

fn listen(path: &Path) {
    let fd = socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).expect("a socket");
    bind(&fd, &SocketAddrUnix::new(path).expect("a short path")).expect("the name is free");
}

fn own(path: &Path) -> Folder {
    Folder::of(path.to_owned(), getuid().as_raw())
}

#[test]
fn sockets_with_plain_names_are_services() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["tpm.sock", "phone-2.sock", "Tpm.sock", ".sock", "a_b.sock", "tpm", "tpm.sock.bak"] {
        listen(&folder.path().join(name));
    }
    listen(&folder.path().join(format!("{}.sock", "a".repeat(33))));
    fs::write(folder.path().join("file.sock"), "").expect("written");
    symlink(folder.path().join("tpm.sock"), folder.path().join("link.sock")).expect("linked");
    let listed = own(folder.path()).list().expect("listed");
    let names: Vec<&str> = listed.iter().map(|service| service.name.as_str()).collect();
    assert_eq!(names, ["phone-2", "tpm"]);
    assert_eq!(listed[1].path, folder.path().join("tpm.sock"));
}

#[test]
fn there_need_be_no_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(own(&folder.path().join("none")).list().expect("listed"), []);
}

#[test]
fn a_folder_that_others_can_write_to_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    listen(&folder.path().join("tpm.sock"));
    for mode in [0o777, 0o775, 0o757] {
        fs::set_permissions(folder.path(), Permissions::from_mode(mode)).expect("set");
        assert!(matches!(own(folder.path()).list(), Err(ListError::Untrusted(_))), "{mode:o}");
    }
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("set");
    assert_eq!(own(folder.path()).list().expect("listed").len(), 1);
    let another = Folder::of(folder.path().to_owned(), getuid().as_raw().wrapping_add(1));
    assert!(matches!(another.list(), Err(ListError::Untrusted(_))), "another user's");
}

#[test]
fn a_link_is_no_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("link");
    symlink(folder.path(), &link).expect("linked");
    assert!(matches!(own(&link).list(), Err(ListError::Io(_))));
}

#[test]
fn a_socket_that_was_made_anew_is_another_service() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tpm.sock");
    listen(&path);
    let before = own(folder.path()).list().expect("listed");
    assert_eq!(own(folder.path()).list().expect("listed"), before);
    fs::rename(&path, folder.path().join("old")).expect("renamed");
    listen(&path);
    assert_ne!(own(folder.path()).list().expect("listed"), before);
}
