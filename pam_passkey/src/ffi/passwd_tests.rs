use super::*;

#[test]
fn root_is_known() {
    let root = lookup("root").unwrap();
    assert_eq!((root.name.as_str(), root.uid, root.gid), ("root", 0, 0));
    assert!(root.home.is_absolute());
}

#[test]
fn nobody_else_is_made_up() {
    for name in ["", "no-such-user-here", "root\0", "root:x", "../root", "ROOT\n", &"x".repeat(100_000)] {
        assert!(matches!(lookup(name), Err(LookupError::Unknown)), "{name:?}");
    }
}
