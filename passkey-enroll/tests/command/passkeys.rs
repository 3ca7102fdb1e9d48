//! Commands at work on prepared files.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use serde_json::{Value, json};

use crate::scene::{BLUE, DAMAGED, GREEN, Scene, user};

#[test]
fn a_list_for_reading() {
    let ran = Scene::enrolled(&[BLUE, GREEN]).run(&["list"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(
        ran.stdout,
        "\
NAME   MODEL      ADDED             LAST USED  VERIFIED BY  ON KEY
blue   not known  2026-11-23 02:03  never      PIN          no
green  not known  2026-11-24 02:03  never      touch only   yes
"
    );
}

#[test]
fn a_list_for_programs() {
    let scene = Scene::enrolled(&[BLUE, GREEN]);
    let list = scene.run(&["list", "--json"]).json();
    assert_eq!(list["user"], user());
    assert_eq!(list["user_handle"], "CQkJCQkJCQkJCQkJCQkJCQ");
    assert_eq!(list["path"], scene.credential_file().display().to_string());
    assert_eq!(
        list["credentials"][0],
        json!({
            "id": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
            "name": "blue",
            "rp_id": "machine.example",
            "algorithm": "eddsa",
            "public_key": "pAEBAycgBiFYIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB",
            "aaguid": "01234567-89ab-cdef-0123-456789abcdef",
            "model": null,
            "discoverable": false,
            "user_verification": "pin",
            "cred_protect": null,
            "transports": ["usb"],
            "authenticator": "security_key",
            "attestation": {
                "format": "packed",
                "trusted": false,
                "kind": null,
                "root": null,
                "root_sha256": null,
                "certification": null,
                "serial": null,
                "checked": null,
            },
            "answers_silently": null,
            "enabled": true,
            "added": "2026-11-23T02:03:04Z",
            "last_used": null,
            "sign_count": null,
            "failures": 0,
        })
    );
    assert_eq!(list["credentials"][1]["name"], "green");
    assert_eq!(list["skipped"], json!([]));
}

#[test]
fn an_empty_list_is_an_answer() {
    for scene in [Scene::new(), Scene::enrolled(&[])] {
        let ran = scene.run(&["list"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
        assert!(ran.stderr.contains("has no passkey"), "{}", ran.stderr);
        assert_eq!(scene.run(&["list", "--json"]).json()["credentials"], json!([]));
    }
}

#[test]
fn an_entry_that_cannot_be_read_is_named_and_costs_nothing_but_itself() {
    let scene = Scene::enrolled(&[BLUE, DAMAGED, GREEN]);
    let ran = scene.run(&["list", "--json"]);
    assert_eq!(ran.code, 0);
    let list = ran.json();
    assert_eq!(list["credentials"].as_array().map(Vec::len), Some(2));
    assert_eq!((&list["skipped"][0]["name"], &list["skipped"][0]["line"]), (&json!("red"), &json!(19)));
    assert!(ran.stderr.contains(":19: ") && ran.stderr.contains("red"), "{}", ran.stderr);
    // And it is not lost by a change.
    assert_eq!(scene.run(&["remove", "blue", "--yes"]).code, 0);
    assert!(fs::read_to_string(scene.credential_file()).unwrap().contains(DAMAGED.trim()));
}

#[test]
fn one_passkey_by_its_name() {
    let scene = Scene::enrolled(&[BLUE, GREEN]);
    let ran = scene.run(&["show", "green"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(
        ran.stdout.lines().any(|line| line.starts_with("Name") && line.ends_with("  green")),
        "{}",
        ran.stdout
    );
    let shown = scene.run(&["show", "green", "--json"]).json();
    assert_eq!((&shown["name"], &shown["discoverable"]), (&json!("green"), &json!(true)));

    let ran = scene.run(&["show", "gren"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (9, ""));
    assert!(ran.stderr.contains("“blue”, “green”"), "{}", ran.stderr);
    assert_eq!(scene.run(&["show", "gren", "--json"]).error_code(), "no_such_passkey");
    assert_eq!(Scene::new().run(&["show", "blue", "--json"]).error_code(), "not_enrolled");
}

#[test]
fn removing_takes_one_passkey_away_and_nothing_else() {
    let scene = Scene::enrolled(&[BLUE, GREEN]);
    let removed = scene.run(&["remove", "blue", "--yes", "--json"]);
    assert_eq!(removed.code, 0, "{removed:?}");
    let removed = removed.json();
    assert_eq!((&removed["removed"]["name"], &removed["remaining"]), (&json!("blue"), &json!(1)));
    let list = scene.run(&["list", "--json"]).json();
    let names: Vec<&Value> =
        list["credentials"].as_array().unwrap().iter().map(|entry| &entry["name"]).collect();
    assert_eq!(names, ["green"]);
    assert_eq!(list["user_handle"], "CQkJCQkJCQkJCQkJCQkJCQ");
    assert_eq!(fs::metadata(scene.credential_file()).unwrap().mode() & 0o777, 0o640);

    let again = scene.run(&["remove", "blue", "--yes"]);
    assert_eq!(again.code, 9, "{again:?}");
}

#[test]
fn removing_the_last_one_warns() {
    let scene = Scene::enrolled(&[BLUE]);
    let ran = scene.run(&["remove", "blue", "-y"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("no passkey left"), "{}", ran.stderr);
    assert!(ran.stdout.contains("blue"), "{}", ran.stdout);
    assert_eq!(scene.run(&["list", "--json"]).json()["credentials"], json!([]));
    assert_eq!(scene.run(&["verify"]).code, 9);
}

#[test]
fn what_is_closed_for_want_of_a_passkey_is_named() {
    // No file of PAM's says what this service does, so the configuration is believed.
    const KIOSK: &str = "[service.no-such-kiosk]\ntimeout = 5\n";
    let scene = Scene::enrolled(&[BLUE, GREEN]);
    scene.configure(KIOSK);
    let disabled = scene.run(&["disable", "blue", "--json"]);
    assert_eq!((disabled.code, disabled.stderr.as_str()), (0, ""));
    let disabled = disabled.json();
    assert_eq!((&disabled["usable"], &disabled["closed_services"]), (&json!(1), &json!([])));

    let removed = scene.run(&["remove", "green", "--yes", "--json"]);
    assert_eq!(removed.code, 0, "{removed:?}");
    assert!(removed.stderr.contains("no-such-kiosk does not let them in any more"), "{}", removed.stderr);
    let removed = removed.json();
    assert_eq!((&removed["remaining"], &removed["usable"]), (&json!(1), &json!(0)));
    assert_eq!(removed["closed_services"], json!(["no-such-kiosk"]));
    assert_eq!(scene.run(&["enable", "blue", "--json"]).json()["closed_services"], json!([]));
}

#[test]
fn a_passkey_gets_another_name() {
    let scene = Scene::enrolled(&[BLUE, DAMAGED, GREEN]);
    let ran = scene.run(&["rename", "blue", "my blue key", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let renamed = ran.json();
    assert_eq!((&renamed["old_name"], &renamed["name"]), (&json!("blue"), &json!("my blue key")));
    assert_eq!(renamed["user"], user());
    let list = scene.run(&["list", "--json"]).json();
    assert_eq!(
        (&list["credentials"][0]["name"], &list["credentials"][1]["name"]),
        (&json!("my blue key"), &json!("green"))
    );
    assert!(fs::read_to_string(scene.credential_file()).unwrap().contains(DAMAGED.trim()));

    for (arguments, code, word) in [
        (["rename", "blue", "red"], 9, "no_such_passkey"),
        (["rename", "green", "my blue key"], 10, "name_taken"),
        (["rename", "green", " green"], 2, "usage"),
        (["rename", "green", "gr\u{1b}een"], 2, "usage"),
    ] {
        let ran = scene.run(&[&arguments[..], &["--json"]].concat());
        assert_eq!((ran.code, ran.error_code().as_str()), (code, word), "{arguments:?}");
    }
    assert_eq!(scene.run(&["rename", "green", "green"]).code, 0, "the name that it has");
    assert_eq!(Scene::new().run(&["rename", "blue", "red", "--json"]).error_code(), "not_enrolled");
}

#[test]
fn a_disabled_passkey_stays_and_is_enabled_again() {
    let scene = Scene::enrolled(&[BLUE, GREEN]);
    let ran = scene.run(&["disable", "green"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.stdout, format!("✓ Passkey “green” of {} is disabled.\n", user()));
    assert!(scene.run(&["list"]).stdout.contains("green (disabled)"));
    let again = scene.run(&["disable", "green", "--json"]).json();
    assert_eq!(
        (&again["enabled"], &again["changed"], &again["usable"]),
        (&json!(false), &json!(false), &json!(1))
    );
    let enabled = scene.run(&["enable", "green", "--json"]).json();
    assert_eq!(
        (&enabled["enabled"], &enabled["changed"], &enabled["usable"]),
        (&json!(true), &json!(true), &json!(2))
    );
    assert!(!scene.run(&["list"]).stdout.contains("disabled"));
    for command in ["disable", "enable"] {
        assert_eq!(scene.run(&[command, "red", "--json"]).error_code(), "no_such_passkey");
        assert_eq!(Scene::new().run(&[command, "red", "--json"]).error_code(), "not_enrolled");
    }
}

#[test]
fn disabling_the_last_one_needs_a_yes() {
    let scene = Scene::enrolled(&[BLUE]);
    let disabled = scene.run(&["disable", "blue", "--yes"]);
    assert_eq!(disabled.code, 0, "{disabled:?}");
    assert!(disabled.stderr.contains("no passkey left that can sign in"), "{}", disabled.stderr);
    assert_eq!(scene.run(&["verify"]).code, 9);
    // It is disabled already: nothing to warn of, and nothing to ask.
    let again = scene.run(&["disable", "blue"]);
    assert_eq!((again.code, again.stderr.as_str()), (0, ""));
}

#[test]
fn the_user_handle_outlives_the_last_passkey() {
    let scene = Scene::enrolled(&[BLUE]);
    scene.run(&["remove", "blue", "--yes"]);
    assert_eq!(scene.run(&["list", "--json"]).json()["user_handle"], "CQkJCQkJCQkJCQkJCQkJCQ");
}

#[test]
fn keys_are_listed_with_or_without_passkeys() {
    for scene in [Scene::new(), Scene::enrolled(&[BLUE])] {
        let ran = scene.run(&["keys", "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.json()["keys"].is_array());
    }
}
