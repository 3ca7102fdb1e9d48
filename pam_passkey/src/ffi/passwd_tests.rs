use super::*;

#[test]
fn root_is_known() {
    for root in [SystemUsers.by_name("root"), SystemUsers.by_uid(0)] {
        let root = root.unwrap().unwrap();
        assert_eq!((root.name.as_str(), root.uid, root.gid), ("root", 0, 0));
        assert!(root.home.is_absolute());
    }
}

#[test]
fn nobody_else_is_made_up() {
    for name in ["", "no-such-user-here", "root\0", "root:x", "../root", "ROOT\n", &"x".repeat(100_000)] {
        assert_eq!(SystemUsers.by_name(name).unwrap(), None, "{name:?}");
    }
    assert_eq!(SystemUsers.by_uid(4_294_000_001).unwrap(), None);
}
