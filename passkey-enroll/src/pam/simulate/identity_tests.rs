use super::*;
use crate::pam::parse::{Content, Dialect, ServiceFile};

fn fulfils(call: &str, name: &str, uid: Option<u32>) -> Option<bool> {
    let file = ServiceFile::parse(format!("auth required {call}").as_bytes(), &Dialect::default());
    let Content::Rule(rule) = &file.lines()[0].content else { panic!("{file:?}") };
    Identity { name, uid }.fulfils(rule)
}

#[test]
fn conditions_are_known_as_far_as_they_are_about_the_account() {
    for (call, root, alice) in [
        ("pam_succeed_if.so user != root quiet_success", Some(false), Some(true)),
        ("pam_succeed_if.so user = root", Some(true), Some(false)),
        ("pam_succeed_if.so quiet user in alice:bob", Some(false), Some(true)),
        ("pam_succeed_if.so user notin alice:bob", Some(true), Some(false)),
        ("pam_succeed_if.so uid >= 1000 quiet", Some(false), None),
        ("pam_succeed_if.so uid eq 0", Some(true), None),
        ("pam_succeed_if.so user ingroup wheel", None, None),
        ("pam_succeed_if.so user != root user ingroup wheel", Some(false), None),
        ("pam_succeed_if.so use_uid user ingroup wheel", None, None),
        ("pam_succeed_if.so user", None, None),
        ("pam_succeed_if.so", None, None),
        ("pam_usertype.so isregular", Some(false), None),
        ("pam_usertype.so issystem", Some(true), None),
        ("pam_localuser.so", None, None),
    ] {
        assert_eq!((fulfils(call, "root", Some(0)), fulfils(call, "alice", None)), (root, alice), "{call}");
    }
    assert_eq!(fulfils("pam_succeed_if.so uid >= 1000", "alice", Some(1000)), Some(true));
    assert_eq!(fulfils("pam_usertype.so isregular", "alice", Some(1000)), Some(true));
}
