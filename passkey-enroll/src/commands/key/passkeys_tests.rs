use super::*;

fn held(id: &[u8]) -> KeyPasskey {
    KeyPasskey {
        id: id.to_vec(),
        rp_id: "example.org".to_owned(),
        user_handle: vec![1],
        user_name: String::new(),
        user_display_name: String::new(),
        cred_protect: None,
    }
}

#[test]
fn a_passkey_is_found_by_its_id_or_an_ending_that_only_it_has() {
    let passkeys = [held(b"one and only"), held(b"the first twin"), held(b"another twin")];
    let id = |passkey: &KeyPasskey| to_base64url(&passkey.id);
    for passkey in &passkeys {
        assert_eq!(find(&passkeys, &id(passkey)).unwrap(), passkey);
    }
    let whole = id(&passkeys[0]);
    assert_eq!(find(&passkeys, whole.get(whole.len() - 6..).unwrap()).unwrap(), &passkeys[0]);
    // Three characters could be anything, and nothing at all is every ending.
    for wanted in [whole.get(whole.len() - 3..).unwrap(), "", "nowhere"] {
        let found = find(&passkeys, wanted);
        assert!(matches!(found, Err(Error::Key(ManageError::NoSuchPasskey(_)))), "{wanted}");
    }
}

#[test]
fn an_ending_of_several_is_refused() {
    let passkeys = [held(b"xx the same end"), held(b"yy the same end")];
    let id = to_base64url(&passkeys[0].id);
    let found = find(&passkeys, id.get(id.len() - 8..).unwrap());
    assert!(matches!(found, Err(Error::Key(ManageError::AmbiguousPasskey(_)))));
}
