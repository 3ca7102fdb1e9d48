use super::*;

fn caller(uid: u32, is_root: bool, sudo_uid: Option<&str>) -> Caller {
    Caller { uid, is_root, sudo_uid: sudo_uid.map(str::to_owned) }
}

#[test]
fn root_through_sudo_means_the_calling_user() {
    for (caller, uid) in [
        (caller(0, true, Some("1000")), 1000),
        (caller(0, true, Some("0")), 0),
        (caller(0, true, None), 0),
        (caller(0, true, Some("")), 0),
        (caller(0, true, Some("-1")), 0),
        (caller(0, true, Some("alice")), 0),
        (caller(0, true, Some("99999999999999")), 0),
        // The variable of somebody who is not root says nothing.
        (caller(1000, false, Some("0")), 1000),
        (caller(1000, false, Some("1001")), 1000),
    ] {
        assert_eq!(caller.own_uid(), uid, "{caller:?}");
    }
}

#[test]
fn only_root_names_other_users() {
    let nobody = caller(65_534, false, None);
    assert_eq!(resolve(&nobody, Some("root")), Err(AccountError::NotRoot));
    // Nor does it tell them who exists.
    assert_eq!(resolve(&nobody, Some("no-such-user")), Err(AccountError::NotRoot));
    let root = caller(0, true, None);
    assert_eq!(resolve(&root, Some("root")).unwrap().uid, 0);
    assert_eq!(
        resolve(&root, Some("no-such-user")),
        Err(AccountError::UnknownName("no-such-user".to_owned()))
    );
    assert_eq!(resolve(&root, Some("nul\0name")), Err(AccountError::UnknownName("nul\0name".to_owned())));
}

#[test]
fn a_user_may_name_themself() {
    let root_without_rights = caller(0, false, None);
    assert_eq!(resolve(&root_without_rights, Some("root")).unwrap().name, "root");
}

#[test]
fn a_user_id_without_account_is_an_error() {
    let ghost = caller(4_294_000_001, false, None);
    assert_eq!(resolve(&ghost, None), Err(AccountError::UnknownUid(4_294_000_001)));
}
