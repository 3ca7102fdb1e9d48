use clap::Parser as _;
use passkey_core::escape::is_dangerous;
use serde::Serialize;
use serde_json::{Value, json};

use super::json::{
    Counts, Credential, Damaged, Exported, ExportedPasskey, Holder, Imported, ImportedPasskey, Key, KeyError,
    Keys, Known, LeftOut, Passkeys, PinState, Plugged, Remark, Removal, Renamed, Shown, Switched, UvState,
};
use crate::cli::{Cli, usage_report, usage_text};
use crate::report::{ErrorReport, Exit, Failure, Human as _, Paint, error_text, json_text};

fn credential(name: &str) -> Credential {
    Credential {
        id: "AAEC".to_owned(),
        name: name.to_owned(),
        rp_id: "machine.example.org".to_owned(),
        algorithm: "es256",
        public_key: "pQEC".to_owned(),
        aaguid: "00000000-0000-0000-0000-000000000000".to_owned(),
        model: None,
        discoverable: false,
        user_verification: "pin",
        cred_protect: None,
        transports: vec!["usb".to_owned()],
        authenticator: Holder::SecurityKey,
        attestation: None,
        answers_silently: None,
        enabled: true,
        added: "2026-11-23T02:31:37Z".parse().unwrap(),
        last_used: None,
        sign_count: Some(1),
        failures: 0,
    }
}

fn passkeys(names: &[&str]) -> Passkeys {
    Passkeys {
        user: "alice".to_owned(),
        user_handle: Some("BBBB".to_owned()),
        path: Some("/etc/passkey/credentials/alice.toml".to_owned()),
        credentials: names.iter().map(|name| credential(name)).collect(),
        skipped: Vec::new(),
        state_known: true,
    }
}

fn key(name: &str) -> Key {
    Key {
        plugged: Plugged {
            path: "/dev/hidraw0".to_owned(),
            name: name.to_owned(),
            vendor_id: Some(0x1050),
            product_id: Some(0x0407),
            holder: Holder::SecurityKey,
        },
        authenticator: Holder::SecurityKey,
        aaguid: Some("00000000-0000-0000-0000-000000000000".to_owned()),
        model: None,
        firmware_version: Some(3),
        versions: vec!["FIDO_2_1".to_owned()],
        extensions: Vec::new(),
        algorithms: vec!["es256".to_owned()],
        options: [("clientPin", true), ("rk", true)].into(),
        pin: PinState { set: Some(true), retries: Some(8), locked: false, must_change: false },
        uv: UvState::default(),
        remaining_discoverable: None,
        enrolled: Some(vec!["blue".to_owned()]),
        error: None,
    }
}

fn value(result: &impl Serialize) -> Value {
    serde_json::from_str(&json_text(result)).unwrap()
}

#[test]
fn the_shape_of_a_list() {
    assert_eq!(
        value(&passkeys(&["blue"])),
        json!({
            "user": "alice",
            "user_handle": "BBBB",
            "path": "/etc/passkey/credentials/alice.toml",
            "credentials": [{
                "id": "AAEC",
                "name": "blue",
                "rp_id": "machine.example.org",
                "algorithm": "es256",
                "public_key": "pQEC",
                "aaguid": "00000000-0000-0000-0000-000000000000",
                "model": null,
                "discoverable": false,
                "user_verification": "pin",
                "cred_protect": null,
                "transports": ["usb"],
                "authenticator": "security_key",
                "attestation": null,
                "answers_silently": null,
                "enabled": true,
                "added": "2026-11-23T02:31:37Z",
                "last_used": null,
                "sign_count": 1,
                "failures": 0,
            }],
            "skipped": [],
            "state_known": true,
        })
    );
}

#[test]
fn state_that_cannot_be_read_is_null_and_said_to_be_unknown() {
    let unknown = Passkeys { state_known: false, ..passkeys(&["blue"]) };
    assert_eq!(value(&unknown)["credentials"][0]["last_used"], Value::Null);
    assert!(unknown.human(Paint::Plain).contains("not known"));
    assert!(passkeys(&["blue"]).human(Paint::Plain).contains("never"));
}

#[test]
fn one_passkey_is_one_object() {
    let shown = value(&Shown { user: "alice".to_owned(), credential: credential("blue") });
    assert_eq!((&shown["user"], &shown["name"]), (&json!("alice"), &json!("blue")));
    let removed = value(&Removal {
        user: "alice".to_owned(),
        removed: credential("blue"),
        remaining: 2,
        usable: 1,
        closed_services: vec!["sudo".to_owned()],
    });
    assert_eq!((&removed["removed"]["name"], &removed["remaining"]), (&json!("blue"), &json!(2)));
    assert_eq!((&removed["usable"], &removed["closed_services"]), (&json!(1), &json!(["sudo"])));
    let renamed =
        Renamed { user: "alice".to_owned(), old_name: "blue".to_owned(), credential: credential("green") };
    assert_eq!((&value(&renamed)["old_name"], &value(&renamed)["name"]), (&json!("blue"), &json!("green")));
    assert_eq!(renamed.human(Paint::Plain), "✓ The passkey “blue” of alice is called “green” now.\n");
}

fn switched(credential: Credential, changed: bool) -> Switched {
    let user = "alice".to_owned();
    Switched { user, credential, changed, usable: 1, closed_services: Vec::new() }
}

#[test]
fn a_switch_says_whether_it_was_turned() {
    for (enabled, changed, words) in [
        (true, true, "is enabled"),
        (true, false, "was enabled already"),
        (false, true, "is disabled"),
        (false, false, "was disabled already"),
    ] {
        let switched = switched(Credential { enabled, ..credential("blue") }, changed);
        let shape = value(&switched);
        assert_eq!((&shape["enabled"], &shape["changed"]), (&json!(enabled), &json!(changed)));
        assert_eq!(switched.human(Paint::Plain), format!("✓ Passkey “blue” of alice {words}.\n"));
    }
}

fn imported(name: &str) -> Imported {
    Imported {
        file: "/etc/u2f_mappings".to_owned(),
        format: "pam-u2f",
        counts: Counts { imported: 1, skipped: 1, damaged: 1 },
        credentials: vec![ImportedPasskey {
            user: name.to_owned(),
            line: 1,
            credential: credential(name),
            remarks: vec![Remark::AlwaysTouched, Remark::ForeignUserHandle],
        }],
        skipped: vec![Known { user: name.to_owned(), line: 2, name: name.to_owned() }],
        damaged: vec![Damaged {
            line: 3,
            user: Some(name.to_owned()),
            code: "unknown_user",
            reason: name.to_owned(),
            hint: "See.".to_owned(),
        }],
    }
}

fn exported(name: &str) -> Exported {
    Exported {
        user: name.to_owned(),
        format: "sssd",
        rp_id: "example.org".to_owned(),
        lines: vec![format!("{name}:AAAA"), "second".to_owned()],
        credentials: vec![ExportedPasskey {
            name: name.to_owned(),
            text: "AAAA".to_owned(),
            options: vec!["presence"],
        }],
        left_out: vec![LeftOut { name: name.to_owned(), reason: "disabled" }],
        use_it: Vec::new(),
    }
}

#[test]
fn the_shape_of_an_import() {
    let import = imported("blue");
    let shape = value(&import);
    assert_eq!(shape["counts"], json!({ "imported": 1, "skipped": 1, "damaged": 1 }));
    assert_eq!(
        (&shape["credentials"][0]["name"], &shape["credentials"][0]["line"]),
        (&json!("blue"), &json!(1))
    );
    assert_eq!(shape["credentials"][0]["remarks"], json!(["always_touched", "foreign_user_handle"]));
    assert_eq!(shape["skipped"], json!([{ "user": "blue", "line": 2, "name": "blue" }]));
    assert_eq!(
        shape["damaged"],
        json!([{ "line": 3, "user": "blue", "code": "unknown_user", "reason": "blue", "hint": "See." }])
    );
    assert_eq!(
        import.human(Paint::Plain),
        "✓ Passkey “blue” is imported for blue.\n  Line 2 is the passkey “blue” of blue, which stays as it is.\n\
         1 imported, 1 known already, 1 not imported.\n"
    );
}

#[test]
fn an_export_is_its_lines_and_nothing_else() {
    let export = exported("blue");
    assert_eq!(export.human(Paint::Colour), "blue:AAAA\nsecond\n");
    let shape = value(&export);
    assert_eq!((&shape["lines"], &shape["rp_id"]), (&json!(["blue:AAAA", "second"]), &json!("example.org")));
    assert_eq!(shape["left_out"], json!([{ "name": "blue", "reason": "disabled" }]));
}

#[test]
fn the_shape_of_keys() {
    assert_eq!(
        value(&Keys { keys: vec![key("Yubico YubiKey")] }),
        json!({ "keys": [{
            "path": "/dev/hidraw0",
            "name": "Yubico YubiKey",
            "vendor_id": 0x1050,
            "product_id": 0x0407,
            "authenticator": "security_key",
            "aaguid": "00000000-0000-0000-0000-000000000000",
            "model": null,
            "firmware_version": 3,
            "versions": ["FIDO_2_1"],
            "extensions": [],
            "algorithms": ["es256"],
            "options": { "clientPin": true, "rk": true },
            "pin": { "set": true, "retries": 8, "locked": false, "must_change": false },
            "uv": { "available": false, "retries": null },
            "remaining_discoverable": null,
            "enrolled": ["blue"],
            "error": null,
        }]})
    );
}

#[test]
fn a_key_that_cannot_be_asked_says_why() {
    let key = Key { error: Some(KeyError::CannotOpen), ..key("Key") };
    assert_eq!(value(&key)["error"], "cannot_open");
    assert!(key_text(key).contains("sudo"));
}

fn key_text(key: Key) -> String {
    Keys { keys: vec![key] }.human(Paint::Plain)
}

fn this_computer() -> Key {
    let mut key = key("tpm");
    key.plugged = Plugged {
        path: "/run/passkey/authenticators/tpm.sock".to_owned(),
        vendor_id: None,
        product_id: None,
        holder: Holder::ThisComputer,
        ..key.plugged
    };
    Key { authenticator: Holder::ThisComputer, ..key }
}

#[test]
fn this_computer_has_no_usb_numbers_and_no_words_of_a_key() {
    let shape = value(&this_computer());
    assert_eq!(
        (&shape["vendor_id"], &shape["product_id"], &shape["authenticator"]),
        (&Value::Null, &Value::Null, &json!("this_computer"))
    );
    let errors = [
        KeyError::CannotOpen,
        KeyError::Silent,
        KeyError::Stuck,
        KeyError::NoProtocol,
        KeyError::Busy,
        KeyError::Refused,
        KeyError::Garbled,
        KeyError::Unplugged,
    ];
    let locked = PinState { set: Some(true), retries: Some(0), ..PinState::default() };
    let troubled = errors.map(|error| Key { error: Some(error), ..this_computer() });
    for key in troubled.into_iter().chain([this_computer(), Key { pin: locked, ..this_computer() }]) {
        let text = key_text(key);
        assert!(text.starts_with("This computer\n"), "{text}");
        for word in ["plug", "USB", "reset", "security key", "Fingerprint"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
    assert!(key_text(this_computer()).contains("set, 8 tries left"));
}

#[test]
fn where_passkeys_are_is_a_column_where_it_is_not_all_the_same() {
    let mut list = passkeys(&["blue", "this computer"]);
    assert!(!list.human(Paint::Plain).contains("WHERE"));
    list.credentials[1].authenticator = Holder::ThisComputer;
    let text = list.human(Paint::Plain);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].ends_with("WHERE") && lines[1].ends_with("security key"), "{text}");
    assert!(lines[2].ends_with("this computer"), "{text}");
    let shown = Shown { user: "alice".to_owned(), credential: list.credentials[1].clone() };
    assert!(shown.human(Paint::Plain).contains("Where"), "{}", shown.human(Paint::Plain));
    assert_eq!(value(&shown)["authenticator"], "this_computer");
}

#[test]
fn the_shape_of_an_error() {
    let report = ErrorReport { exit: Exit::NoKey, code: "no_key", message: "None.".to_owned(), hint: None };
    assert_eq!(
        value(&Failure::from(&report)),
        json!({ "error": { "code": "no_key", "message": "None.", "hint": null } })
    );
}

#[test]
fn a_wrong_command_line_is_an_error_like_any_other() {
    let refusal = Cli::try_parse_from(["passkey-enroll", "doctr", "--json"]).unwrap_err();
    let report = usage_report(&refusal);
    assert_eq!((report.exit, report.code), (Exit::Usage, "usage"));
    assert_eq!(report.message, "unrecognized subcommand 'doctr'");
    assert_eq!(report.hint.as_deref(), Some("a similar subcommand exists: 'doctor'"));
}

/// What a terminal would obey, in every place where text of foreign origin comes out.
const HOSTILE: &str = "\u{1b}[2J\u{9b}31m\u{7f}\n\u{202e}evil\u{feff}";

#[test]
fn nothing_foreign_reaches_the_terminal_unescaped() {
    let mut removed = credential(HOSTILE);
    removed.rp_id = HOSTILE.to_owned();
    removed.transports = vec![HOSTILE.to_owned()];
    let hostile_key =
        Key { versions: vec![HOSTILE.to_owned()], enrolled: Some(vec![HOSTILE.to_owned()]), ..key(HOSTILE) };
    let refusal = Cli::try_parse_from(["passkey-enroll", "show", "blue", HOSTILE]).unwrap_err();
    let texts = [
        usage_text(&refusal, Paint::Plain),
        passkeys(&[HOSTILE]).human(Paint::Plain),
        Shown { user: HOSTILE.to_owned(), credential: removed.clone() }.human(Paint::Plain),
        Removal {
            user: HOSTILE.to_owned(),
            removed: removed.clone(),
            remaining: 0,
            usable: 0,
            closed_services: vec![HOSTILE.to_owned()],
        }
        .human(Paint::Plain),
        Renamed { user: HOSTILE.to_owned(), old_name: HOSTILE.to_owned(), credential: removed.clone() }
            .human(Paint::Plain),
        switched(removed.clone(), true).human(Paint::Plain),
        imported(HOSTILE).human(Paint::Plain),
        exported(HOSTILE).human(Paint::Plain),
        json_text(&imported(HOSTILE)),
        key_text(hostile_key.clone()),
        error_text(
            &ErrorReport {
                exit: Exit::Failed,
                code: "x",
                message: HOSTILE.to_owned(),
                hint: Some(HOSTILE.to_owned()),
            },
            Paint::Plain,
        ),
        json_text(&passkeys(&[HOSTILE])),
        json_text(&Keys { keys: vec![hostile_key] }),
    ];
    for text in texts {
        assert!(!text.contains(|c| c != '\n' && is_dangerous(c)), "{text:?}");
        assert!(text.contains("evil"), "{text:?}");
    }
}

#[test]
fn json_stays_what_it_was_when_escaped() {
    assert_eq!(value(&passkeys(&[HOSTILE]))["credentials"][0]["name"], HOSTILE);
}

#[test]
fn columns_line_up_for_wide_characters_and_without_trailing_space() {
    let text = passkeys(&["鍵鍵", "blue"]).human(Paint::Plain);
    let lines: Vec<&str> = text.lines().collect();
    let [heading, wide, narrow] = lines.as_slice() else { panic!("{text}") };
    assert!(heading.starts_with("NAME  MODEL      ADDED"), "{heading}");
    assert!(wide.starts_with("鍵鍵  not known  2026"), "{wide}");
    assert!(narrow.starts_with("blue  not known  2026"), "{narrow}");
    assert!(lines.iter().all(|line| line.trim_end() == *line), "{text:?}");
}

#[test]
fn colour_is_for_those_who_want_it() {
    let list = passkeys(&["blue"]);
    assert!(!list.human(Paint::Plain).contains('\u{1b}'));
    assert!(list.human(Paint::Colour).contains("\u{1b}[1mNAME\u{1b}[0m"));
    let mut list = passkeys(&["blue", "green"]);
    list.credentials[1].enabled = false;
    assert!(list.human(Paint::Colour).contains("\u{1b}[2mgreen (disabled)\u{1b}[0m"));
}

#[test]
fn whom_passkeys_are_for_is_told_where_it_differs() {
    let mut list = passkeys(&["blue", "green"]);
    assert!(!list.human(Paint::Plain).contains("machine.example.org"));
    list.credentials[1].rp_id = "pam://machine".to_owned();
    let text = list.human(Paint::Plain);
    assert!(text.contains("  FOR\n") && text.contains("  machine.example.org\n"), "{text}");
    assert!(text.contains("  pam://machine\n"), "{text}");
}
