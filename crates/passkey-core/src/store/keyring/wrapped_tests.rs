use super::*;
use crate::account::PasswdEntry;
use crate::credential::UvCapability;
use ctap::cose::PublicKey;

fn account(name: &str) -> Account {
    Account::from_entry(PasswdEntry { name: name.into(), uid: 1000, gid: 1000, home: "/home".into() })
}

fn credential(id: u8, rp_id: &str) -> Credential {
    Credential {
        id: CredentialId::new(vec![id; 16]).unwrap(),
        name: "blue".into(),
        rp_id: rp_id.into(),
        public_key: PublicKey::EdDsa { x: [1; 32] },
        aaguid: ctap::Aaguid::ZERO,
        discoverable: false,
        user_verification: UvCapability::Pin,
        cred_protect: None,
        transports: vec![],
        added: Timestamp::UNIX_EPOCH,
        answers_silently: None,
        enabled: true,
        attestation: None,
        imported_options: None,
        hmac_secret: true,
    }
}

fn secret(byte: u8) -> Secret {
    Secret::new(vec![byte; 32])
}

fn wrap(password: &[u8]) -> Result<WrappedPassword, WrapError> {
    let (alice, blue) = (account("alice"), credential(1, "desk"));
    let salt = WrappedPassword::new_salt().unwrap();
    let password = Secret::new(password.to_vec());
    WrappedPassword::wrap(&alice, &blue, salt, &secret(7), &password, None, Timestamp::UNIX_EPOCH)
}

#[test]
fn what_was_wrapped_is_unwrapped() {
    let (alice, blue) = (account("alice"), credential(1, "desk"));
    for password in [&b"x"[..], "Füße".as_bytes(), b"correct horse battery staple", &[b'a'; MAX_PASSWORD_LEN]]
    {
        let wrapped = wrap(password).unwrap();
        assert_eq!(wrapped.unwrap(&alice, &blue, &secret(7)).unwrap().as_bytes(), password);
        // Nothing of it can be read.
        assert!(!wrapped.ciphertext.windows(password.len().max(4)).any(|window| window == password));
    }
}

#[test]
fn it_is_bound_to_secret_account_passkey_and_relying_party() {
    let wrapped = wrap(b"a password").unwrap();
    let unwrap = |name: &str, id, rp_id: &str, byte| {
        wrapped.unwrap(&account(name), &credential(id, rp_id), &secret(byte)).is_ok()
    };
    assert!(unwrap("alice", 1, "desk", 7));
    assert!(!unwrap("alice", 1, "desk", 8));
    assert!(!unwrap("bob", 1, "desk", 7));
    assert!(!unwrap("alice", 2, "desk", 7));
    assert!(!unwrap("alice", 1, "deskt", 7));
}

#[test]
fn every_changed_bit_is_noticed() {
    let (alice, blue) = (account("alice"), credential(1, "desk"));
    let wrapped = wrap(b"a password").unwrap();
    for bit in 0..wrapped.ciphertext.len() * 8 {
        let mut changed = wrapped.clone();
        changed.ciphertext[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(changed.unwrap(&alice, &blue, &secret(7)), Err(NotUnwrapped), "{bit}");
    }
    let mut changed = wrapped.clone();
    changed.nonce[0] ^= 1;
    assert_eq!(changed.unwrap(&alice, &blue, &secret(7)), Err(NotUnwrapped));
    for length in 0..wrapped.ciphertext.len() {
        let mut cut = wrapped.clone();
        cut.ciphertext.truncate(length);
        assert_eq!(cut.unwrap(&alice, &blue, &secret(7)), Err(NotUnwrapped), "{length}");
    }
}

#[test]
fn the_length_of_a_password_does_not_show() {
    let length = |password: &[u8]| wrap(password).unwrap().ciphertext.len();
    assert_eq!(length(b"1"), length(&[b'a'; 62]));
    assert_ne!(length(b"1"), length(&[b'a'; 63]));
}

#[test]
fn what_is_no_password_is_not_wrapped() {
    for password in [&b""[..], &[b'a'; MAX_PASSWORD_LEN + 1], b"a\0b"] {
        assert_eq!(wrap(password), Err(WrapError::NoPassword));
    }
}

#[test]
fn no_two_wrappings_of_a_password_are_alike() {
    let (one, two) = (wrap(b"a password").unwrap(), wrap(b"a password").unwrap());
    assert_ne!(one.salt, two.salt);
    assert_ne!(one.nonce, two.nonce);
    assert_ne!(one.ciphertext, two.ciphertext);
}

#[test]
fn a_mark_changes_with_the_password_and_not_with_a_lock() {
    let mark = PasswordMark::of_field(b"$y$j9T$salt$hash");
    let other = PasswordMark::of_field(b"$y$j9T$salt$other");
    assert!(mark.is_some() && mark != other);
    assert_eq!(PasswordMark::of_field(b"!$y$j9T$salt$hash"), mark);
    let wrapped = WrappedPassword { mark, ..wrap(b"a password").unwrap() };
    assert!(!wrapped.is_stale(mark) && wrapped.is_of(mark));
    assert!(!wrapped.is_stale(None), "where nothing is known of the password, it may be the same");
    assert!(!wrapped.is_of(None));
    assert!(wrapped.is_stale(other));
    assert!(WrappedPassword { stale: true, ..wrapped }.is_stale(mark));
}

#[test]
fn a_field_without_a_hash_tells_nothing() {
    for field in [&b""[..], b"*", b"x", b"!", b"!!", b"!*", b"*LK*", b"*NP*"] {
        assert_eq!(PasswordMark::of_field(field), None, "{}", String::from_utf8_lossy(field));
    }
}
