//! Passkeys that come from other programs and go to them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::machine;
use crate::scene::{BLUE, GREEN, Ran, Scene, as_stranger, user};

/// A device node that no key has: what is plugged into the machine that runs the tests is not for us.
const NO_KEY: &str = "--device=/dev/hidraw-of-nobody";

/// What another program wrote, for the user who runs the tests in place of alice.
fn foreign(scene: &Scene, name: &str) -> PathBuf {
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/foreign").join(name);
    let text = fs::read_to_string(recorded).unwrap().replace("alice:", &format!("{}:", user()));
    write(scene, name, text.as_bytes())
}

fn write(scene: &Scene, name: &str, content: &[u8]) -> PathBuf {
    let path = scene.dir().join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    path
}

fn import(scene: &Scene, file: &Path, more: &[&str]) -> Ran {
    let file = file.display().to_string();
    scene.run(&[&["import", &file, NO_KEY, "--json"], more].concat())
}

/// Names of the passkeys on file with their RP IDs.
fn on_file(scene: &Scene) -> BTreeMap<String, String> {
    let list = scene.run(&["list", "--json"]).json();
    let credentials = list["credentials"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    credentials.map(|entry| (text(&entry["name"]), text(&entry["rp_id"]))).collect()
}

fn counts(ran: &Ran) -> [u64; 3] {
    let counts = &ran.json()["counts"];
    ["imported", "skipped", "damaged"].map(|count| counts[count].as_u64().unwrap())
}

#[test]
fn every_line_of_the_user_is_taken_over_and_what_is_left_to_the_key_is_told() {
    let scene = Scene::enrolled(&[BLUE]);
    let file = foreign(&scene, "u2f_keys");
    let ran = import(&scene, &file, &["--format", "pam-u2f", "--rp-id", "pam://there"]);
    // The old form of the first passkey is the first passkey.
    assert_eq!((ran.code, counts(&ran)), (1, [5, 1, 3]), "{ran:?}");
    let names = ["From pam_u2f", "From pam_u2f 2", "From pam_u2f 3", "From pam_u2f 4", "From pam_u2f 5"];
    let mut expected: BTreeMap<String, String> =
        names.map(|name| (name.to_owned(), "pam://there".to_owned())).into();
    expected.insert("blue".to_owned(), "machine.example".to_owned());
    assert_eq!(on_file(&scene), expected);

    let result = ran.json();
    let first = &result["credentials"][0];
    assert_eq!(
        (&first["line"], &first["algorithm"], &first["user"]),
        (&json!(2), &json!("es256"), &json!(user()))
    );
    assert_eq!(first["remarks"], json!([]));
    let with_pin = &result["credentials"][1];
    assert_eq!(with_pin["user_verification"], "pin");
    assert_eq!(with_pin["remarks"], json!(["verification_is_the_services"]));
    assert_eq!(
        result["credentials"][3]["remarks"],
        json!(["verification_is_the_services", "always_touched"])
    );
    assert_eq!(result["skipped"], json!([{ "user": user(), "line": 10, "name": "From pam_u2f" }]));
    let damaged = result["damaged"].as_array().unwrap();
    assert_eq!(damaged.iter().map(|entry| entry["line"].as_u64().unwrap()).collect::<Vec<_>>(), [5, 5, 8]);
    assert_eq!(damaged[0]["code"], "not_found_on_key");
    let place = format!("warning: {}:8: the id of this passkey is on the security key alone", file.display());
    assert!(ran.stderr.contains(&place), "{}", ran.stderr);
    assert!(ran.stderr.contains("Plug in the key that holds it"), "{}", ran.stderr);
    assert!(ran.stderr.contains("verification = \"required\""), "{}", ran.stderr);
    assert!(ran.stderr.contains("a touch is always asked for"), "{}", ran.stderr);

    // Once more, and nothing changes.
    let before = fs::read(scene.credential_file()).unwrap();
    let again = import(&scene, &file, &["--format", "pam-u2f", "--rp-id", "pam://there"]);
    assert_eq!((again.code, counts(&again)), (1, [0, 6, 3]), "{again:?}");
    assert_eq!(fs::read(scene.credential_file()).unwrap(), before);
}

#[test]
fn how_it_ended_is_told_by_the_exit_status() {
    let scene = Scene::new();
    let sound =
        format!("{}:AQIDBAUGBwg=,LpQP+xyOjupzQTMQ2L6B5kv1SnAntUC5zANmZ8Zntdo=,eddsa,+presence", user());
    let format = ["--format", "pam-u2f", "--rp-id", "pam://there"];
    let file = write(&scene, "keys", sound.as_bytes());
    let ran = import(&scene, &file, &format);
    assert_eq!((ran.code, counts(&ran)), (0, [1, 0, 0]), "{ran:?}");
    let ran = import(&scene, &file, &format);
    assert_eq!((ran.code, counts(&ran)), (10, [0, 1, 0]), "{ran:?}");
    let file = write(&scene, "keys", format!("{sound}\n{sound},x").as_bytes());
    let ran = import(&scene, &file, &format);
    assert_eq!((ran.code, counts(&ran)), (1, [0, 1, 1]), "{ran:?}");

    let human = scene.run(&[
        "import",
        file.to_str().unwrap(),
        NO_KEY,
        "--format",
        "pam-u2f",
        "--rp-id",
        "pam://there",
    ]);
    assert_eq!(human.code, 1);
    assert!(human.stdout.ends_with("0 imported, 1 known already, 1 not imported.\n"), "{}", human.stdout);
    assert!(
        human.stderr.contains(
            ":2: there are more fields than an entry has. Separate the passkeys of one user with a colon"
        ),
        "{}",
        human.stderr
    );

    for (content, code) in
        [("", 9), ("# nothing\n", 9), ("somebody-else:AAAA,AAAA\n", 9), ("somebody-else\n", 1)]
    {
        let file = write(&scene, "keys", content.as_bytes());
        let ran = import(&scene, &file, &format);
        assert_eq!(ran.code, code, "{content} {ran:?}");
    }
}

#[test]
fn whom_pam_u2f_s_passkeys_are_for_is_found_out_and_said() {
    let scene = Scene::new();
    let file = foreign(&scene, "u2f_rs256");
    let ran = import(&scene, &file, &["--format", "pam-u2f"]);
    // Unless the machine that runs the tests uses pam_u2f in several ways.
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("are taken for those of the RP ID pam://"), "{}", ran.stderr);
    assert!(on_file(&scene)["From pam_u2f"].starts_with("pam://"));
}

#[test]
fn sssd_s_passkeys_need_their_domain() {
    let scene = Scene::new();
    let file = foreign(&scene, "sssd");
    let ran = import(&scene, &file, &["--format", "sssd"]);
    assert_eq!((ran.code, ran.error_code().as_str()), (2, "rp_id_needed"));
    let ran = import(&scene, &file, &["--format", "sssd", "--rp-id", "example.org"]);
    assert_eq!((ran.code, counts(&ran)), (1, [3, 0, 1]), "a curve that is not known there: {ran:?}");
    let result = ran.json();
    assert_eq!(result["damaged"][0]["line"], 11);
    let discoverable: Vec<&Value> =
        result["credentials"].as_array().unwrap().iter().map(|entry| &entry["discoverable"]).collect();
    assert_eq!(discoverable, [&json!(false), &json!(true), &json!(false)]);
    // Nobody had a user handle, so the one that the security key knows is taken.
    assert_eq!(result["credentials"][1]["remarks"], json!([]));
    let list = scene.run(&["list", "--json"]).json();
    assert_eq!(list["user_handle"], "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");

    // Who has one keeps it.
    let scene = Scene::enrolled(&[BLUE]);
    let ran = import(&scene, &foreign(&scene, "sssd"), &["--format", "sssd", "--rp-id", "example.org"]);
    assert_eq!(ran.json()["credentials"][1]["remarks"], json!(["foreign_user_handle"]));
    assert_eq!(scene.run(&["list", "--json"]).json()["user_handle"], "CQkJCQkJCQkJCQkJCQkJCQ");
    assert!(ran.stderr.contains("under another user handle"), "{}", ran.stderr);
}

#[test]
fn ssh_keys_bring_their_names_and_their_rp_ids() {
    let scene = Scene::new();
    for (name, code) in [("ecdsa_sk", 0), ("ed25519_sk", 0), ("work_sk", 0), ("ecdsa_sk", 10)] {
        let ran = import(&scene, &foreign(&scene, name), &["--format", "openssh"]);
        assert_eq!(ran.code, code, "{name} {ran:?}");
    }
    let expected = [("alice@laptop", "ssh:"), ("alice@laptop 2", "ssh:"), ("alice@laptop 3", "ssh:work")];
    assert_eq!(on_file(&scene), expected.map(|(name, rp_id)| (name.to_owned(), rp_id.to_owned())).into());

    // One that hides from whoever does not know its PIN.
    let ran = import(&scene, &foreign(&scene, "verify_sk"), &["--format", "openssh"]);
    let hidden = &ran.json()["credentials"][0];
    assert_eq!((ran.code, &hidden["cred_protect"]), (0, &json!(3)), "{ran:?}");
    assert_eq!(hidden["remarks"], json!(["verification_is_the_services", "hides_on_unknown_model"]));

    // pam_u2f's `sshformat`.
    let other = Scene::new();
    let ran = import(&other, &foreign(&other, "ecdsa_sk"), &["--format", "pam-u2f"]);
    assert_eq!((ran.code, counts(&ran)), (0, [1, 0, 0]), "{ran:?}");

    for (name, words) in [
        ("ed25519_sk.pub", "a public key does not name the passkey on the security key"),
        ("encrypted_sk", "protected by a passphrase"),
        ("ordinary", "not on a security key"),
        ("sssd", "not an entry of such a file"),
    ] {
        let scene = Scene::new();
        let ran = import(&scene, &foreign(&scene, name), &["--format", "openssh"]);
        assert_eq!(ran.code, 1, "{name} {ran:?}");
        assert!(ran.stderr.contains(words), "{name} {}", ran.stderr);
        assert!(!scene.credential_file().exists(), "nobody is enrolled by that");
    }
    // What is on file already need not be named.
    let ran = import(&scene, &foreign(&scene, "ed25519_sk.pub"), &["--format", "openssh"]);
    assert_eq!((ran.code, counts(&ran)), (10, [0, 1, 0]), "{ran:?}");
    let ran =
        import(&scene, &foreign(&scene, "ecdsa_sk"), &["--format", "openssh", "--rp-id", "example.org"]);
    assert_eq!((ran.code, ran.error_code().as_str()), (2, "other_rp_id"));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let scene = Scene::new();
    for (file, code, word) in [
        (scene.dir().join("nothing"), 1, "file_unreadable"),
        (scene.dir().to_owned(), 1, "file_unreadable"),
        (PathBuf::from("/dev/zero"), 1, "file_unreadable"),
    ] {
        let ran = import(&scene, &file, &["--format", "sssd", "--rp-id", "example.org"]);
        assert_eq!((ran.code, ran.error_code().as_str()), (code, word), "{ran:?}");
        assert!(ran.json()["error"]["message"].as_str().unwrap().contains(&file.display().to_string()));
    }
    let scene = Scene::enrolled(&[BLUE]);
    let file = foreign(&scene, "u2f_rs256");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    let arguments = ["import", file.to_str().unwrap(), "--format", "pam-u2f", "--json"];
    let ran = Ran::new(&as_stranger(&scene, &arguments).output().unwrap());
    assert_eq!((ran.code, ran.error_code().as_str()), (8, "not_permitted"), "{ran:?}");
}

/// The wrong file, and a secret one.
#[test]
fn nothing_of_a_wrong_file_is_shown() {
    let scene = Scene::new();
    let user = user();
    let secrets = [
        format!("{user}:$y$j9T$SECRET$SECRET:19000:0:99999:7:::"),
        format!("{user}:SECRET,SECRET,SECRET,SECRET"),
        "SECRET".to_owned(),
        ":SECRET".to_owned(),
        "passkey:SECRET,SECRET".to_owned(),
        "-----BEGIN OPENSSH PRIVATE KEY-----\nSECRET\n-----END OPENSSH PRIVATE KEY-----".to_owned(),
        "sk-ssh-ed25519@openssh.com SECRET SECRET".to_owned(),
        "\u{1b}[31mSECRET:SECRET".to_owned(),
    ];
    for format in ["pam-u2f", "sssd", "openssh"] {
        for secret in &secrets {
            let file = write(&scene, "file", secret.as_bytes());
            let arguments =
                ["import", file.to_str().unwrap(), NO_KEY, "--format", format, "--rp-id", "example.org"];
            let human = scene.run(&arguments);
            assert!([1, 9].contains(&human.code), "{human:?}");
            let json = scene.run(&[&arguments[..], &["--json"]].concat());
            for text in [human.stdout, human.stderr, json.stdout, json.stderr] {
                assert!(!text.contains("SECRET") && !text.contains('\u{1b}'), "{format} {secret}: {text}");
            }
        }
    }
}

#[test]
fn all_users_are_for_root() {
    let scene = Scene::enrolled(&[BLUE]);
    let key = |byte: u8| {
        format!(
            "AQIDBAUGBw{}=,LpQP+xyOjupzQTMQ2L6B5kv1SnAntUC5zANmZ8Zntdo=,eddsa,+presence",
            char::from(byte)
        )
    };
    let text =
        format!("root:{}\ndaemon:{}\nno-such-user:{}\nroot:{}\n", key(b'g'), key(b'k'), key(b'o'), key(b's'));
    let file = write(&scene, "mappings", text.as_bytes());
    let arguments = ["--format", "pam-u2f", "--rp-id", "pam://there", "--all-users"];
    let stranger = [&["import", file.to_str().unwrap(), "--json"], &arguments[..]].concat();
    let ran = Ran::new(&as_stranger(&scene, &stranger).output().unwrap());
    assert_eq!((ran.code, ran.error_code().as_str()), (8, "not_permitted"), "{ran:?}");
    if !machine::has(user() == "root", "root, for other accounts") {
        return;
    }
    let ran = import(&scene, &file, &arguments);
    assert_eq!((ran.code, counts(&ran)), (1, [3, 0, 1]), "{ran:?}");
    let result = ran.json();
    assert_eq!(result["damaged"][0]["code"], "unknown_user");
    assert_eq!(
        (&result["damaged"][0]["line"], &result["damaged"][0]["user"]),
        (&json!(3), &json!("no-such-user"))
    );
    let list = scene.run(&["list", "--user", "daemon", "--json"]).json();
    assert_eq!(list["credentials"].as_array().map(Vec::len), Some(1));
    assert_eq!(on_file(&scene).len(), 3, "blue, and two lines of root's");
    // What does not say whose it is cannot be for all.
    let ran = import(&scene, &foreign(&scene, "ecdsa_sk"), &["--format", "openssh", "--all-users"]);
    assert_eq!((ran.code, ran.error_code().as_str()), (2, "no_users"));
    let ran = scene.run(&["import", "x", "--format", "openssh", "--all-users", "--user", "daemon"]);
    assert_eq!(ran.code, 2);
}

#[test]
fn what_came_in_goes_out_as_it_was() {
    let scene = Scene::new();
    let file = foreign(&scene, "u2f_keys");
    import(&scene, &file, &["--format", "pam-u2f", "--rp-id", "pam://there"]);
    let ran = scene.run(&["export", "--format", "pam-u2f"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let line = ran.stdout.strip_suffix('\n').unwrap();
    let (name, rows) = line.split_once(':').unwrap();
    assert_eq!((name, rows.split(':').count()), (user().as_str(), 5));
    let text = fs::read_to_string(&file).unwrap();
    // Whole, with what pam_u2f asks for: more than a touch, and in one case no touch at all, which is warned of.
    for row in rows.split(':') {
        assert!(text.split([':', '\n']).any(|before| before == row), "{row}");
    }
    assert!(ran.stderr.contains("“From pam_u2f 4” is exported as it was imported"), "{}", ran.stderr);
    let call =
        "  auth required pam_u2f.so authfile=/etc/u2f_mappings origin=pam://there appid=pam://there cue";
    assert!(ran.stderr.lines().any(|line| line == call), "{}", ran.stderr);

    // Where a service asks for a PIN, so shall pam_u2f.
    scene.configure("[service.sudo]\nmode = \"passwordless\"\n");
    let ran = scene.run(&["export", "--format", "pam-u2f", "--json"]);
    let result = ran.json();
    let attributes: Vec<&str> = result["credentials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["text"].as_str().unwrap().rsplit_once(',').unwrap().1)
        .collect();
    assert_eq!(
        attributes,
        ["+presence", "+presence+pin", "+presence+verification", "+verification+pin", "+presence"]
    );
    assert_eq!(result["lines"].as_array().map(Vec::len), Some(1));
}

#[test]
fn exports_are_of_one_rp_id_and_leave_out_what_the_other_does_not_know() {
    let scene = Scene::new();
    for (name, format, rp_id) in [("u2f_rs256", "pam-u2f", "pam://there"), ("sssd", "sssd", "example.org")] {
        import(&scene, &foreign(&scene, name), &["--format", format, "--rp-id", rp_id]);
    }
    let ran = scene.run(&["export", "--format", "sssd", "--json"]);
    assert_eq!((ran.code, ran.error_code().as_str()), (2, "several_rp_ids"));
    let ran = scene.run(&["export", "--format", "sssd", "--rp-id", "nowhere", "--json"]);
    assert_eq!((ran.code, ran.error_code().as_str()), (9, "no_such_rp_id"));
    scene.run(&["disable", "From SSSD"]);
    let ran = scene.run(&["export", "--format", "sssd", "--rp-id", "example.org"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("“From SSSD” is left out: it is disabled"), "{}", ran.stderr);
    let text = fs::read_to_string(scene.dir().join("sssd")).unwrap().replace("\n ", "");
    let values: Vec<&str> = ran.stdout.lines().collect();
    // The RSA key is the one of pam_u2f's file, where it was taken from first. Whose user the key takes the other for is not known.
    assert_eq!(values.len(), 1, "{values:?}");
    assert!(text.contains(&format!("{},", values[0])), "{}", values[0]);

    assert_eq!(Scene::new().run(&["export", "--format", "sssd", "--json"]).error_code(), "not_enrolled");
    let es384 = "
[[credential]]
name = \"large\"
id = \"BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ\"
rp_id = \"machine.example\"
public_key = \"pQECAzgiIAIhWDCqh8oivou3imyA6ii4bXnGgMo3Z-7Uk1v3pP9k1qK6dXGrLr2rP1WxU9Jc1nZsjqsiWDA2F94qlihiwUXyGTaGE0AmDYnsFTykS1jUJPgt9Fn3Xq91pVGY3gQRxJt-6rcRBeg\"
algorithm = \"es384\"
aaguid = \"00000000-0000-0000-0000-000000000000\"
discoverable = false
user_verification = \"none\"
transports = []
added = \"2026-11-24T02:03:04Z\"
enabled = true
";
    let ran = Scene::enrolled(&[es384]).run(&["export", "--format", "pam-u2f", "--json"]);
    assert_eq!((ran.code, ran.error_code().as_str()), (9, "nothing_to_export"), "{ran:?}");
    assert!(ran.stderr.contains("does not support its algorithm"), "{}", ran.stderr);
}

#[test]
fn a_long_export_is_whole() {
    let entries: Vec<String> = (0..60)
        .map(|number| {
            let id = format!("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB{number:02}E").replace('=', "A");
            GREEN
                .replace("\"green\"", &format!("\"green {number}\""))
                .replace("AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI", &id)
        })
        .collect();
    let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
    let ran = Scene::enrolled(&entries).run(&["export", "--format", "pam-u2f"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.stdout.matches(",eddsa,+presence").count(), 60);
    assert!(ran.stdout.len() > 4096 && !ran.stdout.contains('…'));
    assert!(ran.stderr.contains(" max_devices=60"), "{}", ran.stderr);
}
