use std::path::Path;

use ctap::cose::PublicKey;
use jiff::Timestamp;
use passkey_core::credential::UvCapability;

use super::*;

#[test]
fn an_answer_counts_for_the_device_that_was_asked_only() {
    let text = br#"{"sysfs":"/sys/devices/a","proved":["Ymx1ZQ"],"claimed":[]}"#;
    let blue = CredentialId::new(b"blue".to_vec()).unwrap();
    assert_eq!(
        parse(text, Path::new("/sys/devices/a")),
        Some(Holds { proved: vec![blue], claimed: Vec::new() })
    );
    assert_eq!(parse(text, Path::new("/sys/devices/b")), None, "its node was used again");
    for text in ["", "{}", "[]", r#"{"sysfs":"/sys/devices/a","proved":["!"],"claimed":[]}"#] {
        assert_eq!(parse(text.as_bytes(), Path::new("/sys/devices/a")), None, "{text}");
    }
}

/// Any device can say that it speaks U2F, and that any credential id is its own.
#[test]
fn a_yes_by_u2f_proves_nothing_and_is_believed_of_passkeys_from_u2f_keys_only() {
    let passkey = |name: &str, aaguid| Credential {
        id: CredentialId::new(name.as_bytes().to_vec()).unwrap(),
        name: name.to_owned(),
        rp_id: "desk.example".to_owned(),
        public_key: PublicKey::Es256 { x: [1; 32], y: [1; 32] },
        aaguid,
        discoverable: false,
        user_verification: UvCapability::None,
        cred_protect: None,
        transports: Vec::new(),
        added: Timestamp::UNIX_EPOCH,
        answers_silently: None,
        enabled: true,
        attestation: None,
        imported_options: None,
        hmac_secret: false,
    };
    let (old, new) = (passkey("old", Aaguid::ZERO), passkey("new", Aaguid([7; 16])));
    let yes = [old.id.clone(), new.id.clone()];
    assert_eq!(
        shown_by_u2f(&yes, &[&old, &new]),
        Holds { proved: Vec::new(), claimed: vec![old.id.clone()] }
    );
    assert_eq!(shown_by_u2f(&[], &[&old, &new]), Holds::default());
}
