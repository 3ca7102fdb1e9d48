use super::*;

#[test]
fn people_are_told_from_other_accounts() {
    let (account, shell) = parse("alice:x:1000:1001:Alice,,,:/home/alice:/bin/bash").unwrap();
    let expected = Account::from_entry(PasswdEntry {
        name: "alice".to_owned(),
        uid: 1000,
        gid: 1001,
        home: "/home/alice".into(),
    });
    assert_eq!((account, shell), (expected, "/bin/bash"));
    for line in ["", "alice", "alice:x:x:1:::", "+::::::", "#alice:x:1:1:::", ":x:1:1:::"] {
        assert!(parse(line).is_none(), "{line}");
    }
    assert_eq!(id_range("# UID_MIN 5\nUID_MIN\t\t  500\nUID_MAX 600\n"), (500, 600));
    assert_eq!(id_range("UID_MIN many\n"), PEOPLE);
    assert!(has_password("root:$6$x$y:19000:0:99999:7:::\n", "root"));
    for shadow in ["root:*:19000::::::\n", "root:!:1::::::\n", "rooter:$6$x:1::::::\n", ""] {
        assert!(!has_password(shadow, "root"), "{shadow}");
    }
}
