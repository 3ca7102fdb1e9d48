use super::*;

fn naming(cid: Cid, payload: &[u8]) -> Report {
    packet::fragment(cid, COMMAND, payload).unwrap()[0]
}

#[test]
fn root_names_anyone_and_a_user_only_themselves() {
    let alice = naming(Cid::BROADCAST, &1000_u32.to_be_bytes());
    assert_eq!(named(&alice, 0), Named::As(1000));
    assert_eq!(named(&alice, 1000), Named::As(1000));
    assert_eq!(named(&alice, 1001), Named::Refused);
    let root = naming(Cid::BROADCAST, &0_u32.to_be_bytes());
    assert_eq!(named(&root, 1000), Named::Refused);
}

#[test]
fn what_is_no_user_has_no_account() {
    for uid in NOT_USERS {
        assert_eq!(named(&naming(Cid::BROADCAST, &uid.to_be_bytes()), 0), Named::Refused);
        assert_eq!(named(&packet::fragment(Cid::BROADCAST, 0x06, &[0; 8]).unwrap()[0], uid), Named::Refused);
    }
}

#[test]
fn a_malformed_name_is_refused() {
    for payload in [&[][..], &[0, 0, 3], &[0, 0, 0, 3, 232]] {
        assert_eq!(named(&naming(Cid::BROADCAST, payload), 0), Named::Refused, "{payload:?}");
    }
    assert_eq!(named(&naming(Cid([0, 0, 0, 1]), &1000_u32.to_be_bytes()), 0), Named::Refused);
}

#[test]
fn without_a_name_it_is_the_peers_own() {
    let init = packet::fragment(Cid::BROADCAST, 0x06, &[0; 8]).unwrap()[0];
    assert_eq!(named(&init, 1000), Named::Own(1000));
    assert!(!is_naming(&init));
}
