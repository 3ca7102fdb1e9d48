use passkey_core::escape::is_dangerous;
use serde_json::{Value, json};

use super::*;
use crate::report::json_text;

/// What a terminal would obey.
const HOSTILE: &str = "\u{1b}[2J\u{9b}31m\u{7f}\n\u{202e}evil\u{feff}";

fn key(name: &str) -> Plugged {
    Plugged {
        path: "/dev/hidraw0".to_owned(),
        name: name.to_owned(),
        vendor_id: Some(0x1050),
        product_id: Some(0x0407),
        holder: Holder::SecurityKey,
    }
}

fn fingerprint(name: &str) -> Fingerprint {
    Fingerprint::from(&key::Fingerprint { id: vec![1, 2], name: name.to_owned() })
}

fn passkey(text: &str) -> KeyPasskey {
    let passkey = key::KeyPasskey {
        id: vec![7; 32],
        rp_id: text.to_owned(),
        user_handle: vec![1],
        user_name: text.to_owned(),
        user_display_name: String::new(),
        cred_protect: Some(2),
    };
    KeyPasskey::new(&passkey, Some(text.to_owned()))
}

fn value(result: &impl Serialize) -> Value {
    serde_json::from_str(&json_text(result)).unwrap()
}

const KEY: &str = r#"{"path":"/dev/hidraw0","name":"Blue","vendor_id":4176,"product_id":1031}"#;

fn with_key(rest: &Value) -> Value {
    let mut shape = json!({ "key": serde_json::from_str::<Value>(KEY).unwrap() });
    shape.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    shape
}

#[test]
fn the_shapes_of_the_results() {
    let given = PinGiven { key: key("Blue"), pin: PinPresence { set: true }, changed: false };
    assert_eq!(value(&given), with_key(&json!({ "pin": { "set": true } })));
    let settings = Settings { always_uv: true, min_pin_length: 6, pin_must_change: false };
    assert_eq!(
        value(&KeyConfigured { key: key("Blue"), settings, changed: true }),
        with_key(&json!({
            "settings": { "always_uv": true, "min_pin_length": 6, "pin_must_change": false },
            "changed": true
        }))
    );
    assert_eq!(
        value(&PinVerified { key: key("Blue"), verified: true, retries_before: Some(8) }),
        with_key(&json!({ "verified": true, "retries_before": 8 }))
    );
    assert_eq!(
        value(&Fingerprints { key: key("Blue"), fingerprints: vec![fingerprint("thumb"), fingerprint("")] }),
        with_key(
            &json!({ "fingerprints": [{ "id": "AQI", "name": "thumb" }, { "id": "AQI", "name": null }] })
        )
    );
    assert_eq!(
        value(&FingerprintAdded { key: key("Blue"), fingerprint: fingerprint("thumb"), samples: 5 }),
        with_key(&json!({ "fingerprint": { "id": "AQI", "name": "thumb" }, "samples": 5 }))
    );
    assert_eq!(
        value(&FingerprintRenamed {
            key: key("Blue"),
            fingerprint: fingerprint("thumb"),
            old_name: Some("toe".to_owned())
        }),
        with_key(&json!({ "fingerprint": { "id": "AQI", "name": "thumb" }, "old_name": "toe" }))
    );
    assert_eq!(
        value(&FingerprintRemoved { key: key("Blue"), removed: fingerprint("thumb"), remaining: 0 }),
        with_key(&json!({ "removed": { "id": "AQI", "name": "thumb" }, "remaining": 0 }))
    );
    let github = json!({
        "id": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
        "rp_id": "github.com",
        "user_handle": "AQ",
        "user_name": "github.com",
        "user_display_name": null,
        "cred_protect": 2,
        "enrolled": "github.com",
    });
    assert_eq!(
        value(&KeyPasskeys {
            key: key("Blue"),
            passkeys: vec![passkey("github.com")],
            remaining_discoverable: None
        }),
        with_key(&json!({ "passkeys": [github], "remaining_discoverable": null }))
    );
    assert_eq!(
        value(&PasskeyRemoved { key: key("Blue"), removed: passkey("github.com"), remaining: 3 }),
        with_key(&json!({ "removed": github, "remaining": 3 }))
    );
    assert_eq!(
        value(&KeyReset { key: key("Blue"), lost: Some(vec!["blue".to_owned()]), forgotten: Vec::new() }),
        with_key(&json!({ "lost": ["blue"], "forgotten": [] }))
    );
}

#[test]
fn what_a_key_says_is_not_obeyed() {
    let shown = [
        PinGiven { key: key(HOSTILE), pin: PinPresence { set: true }, changed: true }.human(Paint::Plain),
        Fingerprints { key: key(HOSTILE), fingerprints: vec![fingerprint(HOSTILE)] }.human(Paint::Plain),
        FingerprintAdded { key: key(HOSTILE), fingerprint: fingerprint(HOSTILE), samples: 1 }
            .human(Paint::Plain),
        FingerprintRenamed { key: key(HOSTILE), fingerprint: fingerprint(HOSTILE), old_name: None }
            .human(Paint::Plain),
        FingerprintRemoved { key: key(HOSTILE), removed: fingerprint(HOSTILE), remaining: 1 }
            .human(Paint::Plain),
        KeyPasskeys { key: key(HOSTILE), passkeys: vec![passkey(HOSTILE)], remaining_discoverable: Some(1) }
            .human(Paint::Plain),
        PasskeyRemoved { key: key(HOSTILE), removed: passkey(HOSTILE), remaining: 1 }.human(Paint::Plain),
        KeyReset { key: key(HOSTILE), lost: None, forgotten: vec![HOSTILE.to_owned()] }.human(Paint::Plain),
        json_text(&KeyPasskeys {
            key: key(HOSTILE),
            passkeys: vec![passkey(HOSTILE)],
            remaining_discoverable: None,
        }),
    ];
    for text in shown {
        assert!(!text.contains(|c| c != '\n' && is_dangerous(c)), "{text:?}");
        assert!(text.contains("evil"), "{text:?}");
    }
}

#[test]
fn a_list_for_reading() {
    let text = KeyPasskeys {
        key: key("Blue"),
        passkeys: vec![passkey("github.com")],
        remaining_discoverable: Some(24),
    }
    .human(Paint::Plain);
    assert_eq!(
        text,
        "\
FOR         USER        YOURS ON THIS MACHINE  ID
github.com  github.com  github.com             HBwcHBwcHBwc
Room for 24 more.
"
        .replace("HBwcHBwcHBwc", &text_of_last_ten())
    );
}

/// The short form of the id, as everywhere else.
fn text_of_last_ten() -> String {
    CredentialId::new(vec![7; 32]).unwrap().to_string()
}
