use super::*;

fn subject(uid: u32, groups: &[u32]) -> Subject {
    Subject { uid, groups: groups.to_vec() }
}

fn rights(owner: u32, group: u32, mode: u32, acl: &[(Tag, u32)]) -> Rights {
    Rights {
        owner,
        group,
        mode,
        acl: acl.iter().map(|(tag, rights)| Entry { tag: *tag, rights: *rights }).collect(),
    }
}

#[test]
fn who_is_meant_first_is_not_asked_again() {
    let alice = subject(1000, &[1000, 20]);
    for (file, want, expected) in [
        (rights(0, 0, 0o600, &[]), Want::Read, false),
        (rights(0, 0, 0o644, &[]), Want::Read, true),
        (rights(0, 0, 0o644, &[]), Want::ReadWrite, false),
        (rights(0, 1000, 0o640, &[]), Want::Read, true),
        (rights(0, 20, 0o660, &[]), Want::ReadWrite, true),
        (rights(1000, 1000, 0o077, &[]), Want::Read, false),
        (rights(0, 1000, 0o604, &[]), Want::Read, false),
        (rights(0, 0, 0o711, &[]), Want::Search, true),
    ] {
        assert_eq!(file.permit(&alice, want as u32), expected, "{file:?} {want:?}");
    }
    assert!(rights(1000, 1000, 0, &[]).permit(&subject(0, &[]), Want::ReadWrite as u32));
    assert!(!rights(1000, 1000, 0o770, &[]).permit(&Subject::nobody(), Want::Search as u32));
}

#[test]
fn udevs_list_lets_the_seated_user_in() {
    let uaccess = rights(
        0,
        0,
        0o660,
        &[(Tag::Owner, 6), (Tag::User(1000), 6), (Tag::OwningGroup, 0), (Tag::Mask, 6), (Tag::Others, 0)],
    );
    assert!(uaccess.permit(&subject(1000, &[1000]), Want::ReadWrite as u32));
    assert!(!uaccess.permit(&subject(1001, &[1001]), Want::Read as u32));
    let masked =
        rights(0, 0, 0o640, &[(Tag::User(1000), 6), (Tag::Group(20), 6), (Tag::Mask, 4), (Tag::Others, 6)]);
    assert!(!masked.permit(&subject(1000, &[]), Want::ReadWrite as u32));
    assert!(masked.permit(&subject(1001, &[20]), Want::Read as u32));
    assert!(!masked.permit(&subject(1001, &[20]), Want::ReadWrite as u32));
    assert!(masked.permit(&subject(1001, &[7]), Want::ReadWrite as u32));
}

#[test]
fn lists_are_read_as_the_kernel_writes_them() {
    let mut bytes = vec![2, 0, 0, 0];
    for (tag, rights, id) in [
        (1_u16, 6_u16, u32::MAX),
        (2, 6, 1000),
        (4, 0, u32::MAX),
        (8, 4, 20),
        (0x10, 6, u32::MAX),
        (0x20, 0, u32::MAX),
    ] {
        bytes.extend([tag.to_le_bytes(), rights.to_le_bytes()].concat());
        bytes.extend(id.to_le_bytes());
    }
    let entries = parse_acl(&bytes).unwrap();
    assert_eq!(entries.len(), 6);
    assert_eq!(entries[1], Entry { tag: Tag::User(1000), rights: 6 });
    assert_eq!(entries[3], Entry { tag: Tag::Group(20), rights: 4 });
    for broken in
        [&bytes[..3], &bytes[..bytes.len() - 1], &[3, 0, 0, 0][..], &[2, 0, 0, 0, 9, 9, 0, 0, 0, 0, 0, 0][..]]
    {
        assert_eq!(parse_acl(broken), None, "{broken:?}");
    }
}

#[test]
fn a_file_is_reached_through_its_folders() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    set(dir.path(), 0o755);
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    set(&file, 0o644);
    assert_eq!(reaches(&Subject::nobody(), &file, Want::Read), Some(true));
    set(dir.path(), 0o700);
    assert_eq!(reaches(&Subject::nobody(), &file, Want::Read), Some(false));
    assert_eq!(reaches(&Subject::nobody(), &dir.path().join("nosuch/file"), Want::Read), None);
}
