use crate::doctor::finding::Severity;
use passkey_core::account::PasswdEntry;

use super::*;

fn account() -> Account {
    Account::from_entry(PasswdEntry {
        name: "alice".to_owned(),
        uid: 1000,
        gid: 1000,
        home: "/home/alice".into(),
    })
}

fn view(keys: Vec<Seen>) -> View {
    View { hidraw: true, container: None, keys, trouble: None, seated: None }
}

fn key(opened: Result<(), OpenError>, open_to_user: Option<bool>) -> Seen {
    Seen { path: "/dev/hidraw0".into(), name: "Blue".to_owned(), opened, open_to_user }
}

fn found(view: &View) -> Vec<(Severity, &'static str)> {
    check(view, &account()).iter().map(|finding| (finding.severity, finding.code)).collect()
}

#[test]
fn each_way_not_to_get_at_a_key_has_its_word() {
    use Severity::{Error, Note, Ok as Fine, Warning};
    for (seen, expected) in [
        (key(Ok(()), Some(true)), &[(Fine, "key_opens")][..]),
        (key(Ok(()), None), &[(Fine, "key_opens")]),
        (key(Ok(()), Some(false)), &[(Fine, "key_opens"), (Note, "key_not_for_user")]),
        (key(Err(OpenError::Denied), Some(false)), &[(Warning, "key_denied")]),
        (key(Err(OpenError::Gone), None), &[(Error, "key_without_node")]),
        (key(Err(OpenError::Hidden), None), &[(Error, "key_without_node")]),
        (key(Err(OpenError::NotADevice), None), &[(Error, "key_not_opened")]),
        (key(Err(OpenError::Busy), None), &[(Error, "key_not_opened")]),
        (key(Err(OpenError::NoDescriptors), None), &[(Error, "key_not_opened")]),
    ] {
        assert_eq!(found(&view(vec![seen])), expected);
    }
    assert_eq!(found(&view(Vec::new())), [(Note, "no_key")]);
    assert_eq!(found(&View { hidraw: false, ..view(Vec::new()) }), [(Warning, "no_hidraw")]);
    let contained = View { hidraw: false, container: Some("Docker"), ..view(Vec::new()) };
    assert_eq!(found(&contained), [(Error, "no_hidraw")]);
    assert!(check(&contained, &account())[0].remedy.as_ref().unwrap().contains("Docker"));
    assert_eq!(
        found(&View { trouble: Some("no".to_owned()), ..view(Vec::new()) }),
        [(Error, "keys_not_listed")]
    );
    // One that cannot be looked at hides none of the others.
    assert_eq!(
        found(&View { trouble: Some("no".to_owned()), ..view(vec![key(Ok(()), None)]) }),
        [(Error, "keys_not_listed"), (Fine, "key_opens")]
    );
}

#[test]
fn who_sits_at_the_machine_should_have_the_key() {
    for (seated, expected) in
        [(Some(true), Severity::Warning), (Some(false), Severity::Note), (None, Severity::Note)]
    {
        let view = View { seated, ..view(vec![key(Ok(()), Some(false))]) };
        assert_eq!(found(&view)[1], (expected, "key_not_for_user"));
    }
}

#[test]
fn a_machine_is_seen_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    let machine = Machine::below(root.path());
    let seen = View::of(&machine, &account());
    assert!(!seen.hidraw && seen.container.is_none() && seen.seated.is_none() && seen.keys.is_empty());
    for folder in ["sys/class/hidraw", "run/systemd/seats"] {
        std::fs::create_dir_all(root.path().join(folder)).unwrap();
    }
    std::fs::write(root.path().join("run/systemd/container"), "lxc").unwrap();
    std::fs::write(root.path().join("run/systemd/seats/seat0"), "ACTIVE=c1\nACTIVE_UID=1000\n").unwrap();
    let seen = View::of(&machine, &account());
    assert_eq!((seen.hidraw, seen.container, seen.seated), (true, Some("systemd"), Some(true)));
    assert_eq!(seated(&machine, 1001), Some(false));
}
