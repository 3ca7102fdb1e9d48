use super::*;

#[test]
fn folders_are_read_from_the_library() {
    let library =
        b"\x7fELF\0/etc/pam.d/%s\0x\0/usr/lib/pam.d/%s\0/usr/etc/pam.d/%s\0%s/pam.d/%s\0/etc/pam.d\0";
    assert_eq!(
        vendor_folders(library),
        ["/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d"].map(PathBuf::from)
    );
    assert!(vendor_folders(b"").is_empty());
}

#[test]
fn this_machines_libpam_has_the_usual_folders() {
    let dialect = Dialect::of_machine().unwrap();
    assert_eq!(dialect.folders[..2], FOLDERS.map(PathBuf::from));
    let library = library().unwrap();
    assert_eq!(vendor_folders(&library)[..2], FOLDERS.map(PathBuf::from));
}
